//! GET `/ws`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::opening::{Handshake, Opener, SocketParams};
use crate::api::error::{Answer, ErrorBody, Refusals};
use crate::api::extract::{InWorkspace, Query, Read};
use crate::api::live::Subscription;
use crate::api::state::App;

/// Of which workspace.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SocketWorkspace {
    /// Id or slug of a workspace to begin with; without it, all that are open and that the caller may see.
    workspace_id: Option<String>,
}

/// Events of all that the caller may see, over a WebSocket
///
/// The server begins with `{"type":"connected","seq":N}`; then come `file_change`, `indexing`, `view_change`, each with
/// the number `seq` of those that can be heard once more. `{"subscribe": {"workspace": 1, "notebooks": [..], "views":
/// ["<notebook id>:<file id>"], "since": N}}` says what is wanted of a workspace. `{"type":"resync"}`: read everything
/// anew. Closed with 4401 once the session has ended.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "events",
    params(SocketParams, SocketWorkspace),
    responses(
        (status = 101, description = "The socket is open"),
        (status = 426, description = "It is no handshake of a WebSocket", body = ErrorBody),
        Refusals
    )
)]
pub(super) async fn all(
    State(app): State<Arc<App>>,
    Opener(caller): Opener,
    Query(params): Query<SocketParams>,
    Query(begin): Query<SocketWorkspace>,
    handshake: Handshake,
) -> Answer<Response> {
    let subscription = match begin.workspace_id {
        None => Subscription::default(),
        Some(named) => {
            let at = InWorkspace::<Read>::enter(caller.clone(), &app, &named)?;
            Subscription::to(&at, None).await?
        }
    };
    handshake.open(&app, &caller, (subscription, params.since), None)
}
