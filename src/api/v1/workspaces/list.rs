//! GET `/workspaces`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::WorkspaceOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{OwnAccount, See, visible};
use crate::api::state::App;

/// The workspaces that one is a member of, by name
#[utoipa::path(
    get,
    path = "/workspaces",
    tag = "workspaces",
    responses((status = 200, description = "By name", body = Vec<WorkspaceOut>), Refusals)
)]
pub(super) async fn list(State(app): State<Arc<App>>, me: OwnAccount<See>) -> Answer<Json<Vec<WorkspaceOut>>> {
    let shown = visible(&me.caller).into_iter().map(|(workspace, role)| {
        let count = app.file_count(&me.caller, workspace.id, role);
        WorkspaceOut::of(workspace, role, count)
    });
    Ok(Json(shown.collect()))
}
