//! DELETE `/workspaces/{ws}/notebooks/{nb}/folders/{path}`, and of the notebook itself, which is refused.

use axum::http::StatusCode;

use super::FolderPath;
use crate::api::error::{Answer, ApiError, Conflict, Refusals};
use crate::api::extract::{InNotebook, NotebookPath, PathParam, Write};
use crate::api::v1::files::{below_root, inside};

/// Is refused: a notebook is no folder of its own
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}/notebooks/{nb}/folders",
    tag = "folders",
    params(NotebookPath),
    responses((status = 204, description = "Never: it is removed as a notebook"), Refusals)
)]
pub(super) async fn delete_root(_: InNotebook<Write>) -> ApiError {
    ApiError::malformed("a path in the notebook is expected, this is the notebook itself")
}

/// Removes a folder with all in it
///
/// What the history holds stays there; what it does not hold goes to the workspace's trash.
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}/notebooks/{nb}/folders/{*path}",
    tag = "folders",
    params(FolderPath),
    responses((status = 204, description = "It is gone"), Conflict, Refusals)
)]
pub(super) async fn delete(at: InNotebook<Write>, PathParam(path): PathParam) -> Answer<StatusCode> {
    let path = below_root(&path)?;
    inside(&at, move |inside| {
        if !inside.notebook.dir.stat(&path)?.is_dir() {
            return Err(ApiError::not_found(format!("no folder `{path}`")));
        }
        inside.engine.delete_file(inside.notebook, &path, inside.by)?;
        inside.catch_up()
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
