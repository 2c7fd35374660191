//! GET `/workspaces/{ws}`.

use axum::Json;

use super::WorkspaceOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InWorkspace, See, WorkspacePath};

/// A workspace
#[utoipa::path(
    get,
    path = "/workspaces/{ws}",
    tag = "workspaces",
    params(WorkspacePath),
    responses((status = 200, description = "The workspace", body = WorkspaceOut), Refusals)
)]
pub(super) async fn show(at: InWorkspace<See>) -> Answer<Json<WorkspaceOut>> {
    // A workspace that cannot be opened can be looked at all the same.
    if let Err(error) = at.open().await {
        tracing::info!(workspace = at.workspace.id.0, ?error, "shown without its files");
    }
    let count = at.app().file_count(&at.caller, at.workspace.id, at.role);
    Ok(Json(WorkspaceOut::of(&at.workspace, at.role, count)))
}
