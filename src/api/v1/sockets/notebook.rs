//! GET `/ws/notebooks/{notebook_id}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::opening::{Handshake, Opener, SocketParams};
use crate::api::error::{Answer, ApiError, ErrorBody, Refusals};
use crate::api::extract::{Id, InWorkspace, Query, Read};
use crate::api::live::{Holder, Subscription};
use crate::api::state::App;
use crate::types::NotebookId;

/// Events of one notebook, over a WebSocket
#[utoipa::path(
    get,
    path = "/ws/notebooks/{notebook_id}",
    tag = "events",
    params(("notebook_id" = i64, Path, description = "Which"), SocketParams),
    responses(
        (status = 101, description = "The socket is open"),
        (status = 426, description = "It is no handshake of a WebSocket", body = ErrorBody),
        Refusals
    )
)]
pub(super) async fn notebook(
    State(app): State<Arc<App>>,
    Opener(caller): Opener,
    Id(id): Id,
    Query(params): Query<SocketParams>,
    handshake: Handshake,
) -> Answer<Response> {
    let missing = || ApiError::not_found(format!("no notebook `{id}`"));
    let id = NotebookId(id);
    let workspace = caller.roster.notebook(id).map(|row| row.workspace).ok_or_else(missing)?;
    if !Holder::of(&caller).may_read(&caller.roster, workspace, id) {
        return Err(missing());
    }
    let at = InWorkspace::<Read>::enter(caller.clone(), &app, &workspace.to_string()).map_err(|_| missing())?;
    let subscription = Subscription::to(&at, Some(id)).await?;
    handshake.open(&app, &caller, (subscription, params.since), Some((workspace, id)))
}
