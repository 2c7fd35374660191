//! GET `/workspaces/{ws}/notebooks`.

use axum::Json;

use super::NotebookOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InWorkspace, Read, WorkspacePath};

/// The notebooks of a workspace that the caller may read, by name
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks",
    tag = "notebooks",
    params(WorkspacePath),
    responses((status = 200, description = "By name", body = Vec<NotebookOut>), Refusals)
)]
pub(super) async fn list(at: InWorkspace<Read>) -> Answer<Json<Vec<NotebookOut>>> {
    let open = at.open().await?;
    let roster = at.registered().await?;
    Ok(Json(at.readable(&roster).into_iter().map(|row| NotebookOut::of(row, open.engine())).collect()))
}
