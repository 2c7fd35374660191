//! DELETE `/workspaces/{ws}/notebooks/{nb}/files/{file_id}`.

use axum::http::{HeaderMap, StatusCode};

use super::condition::expected;
use super::{FilePath, inside};
use crate::api::error::{Answer, Changed, Refusals};
use crate::api::extract::{FileParam, InNotebook, Write};

/// Removes a file with its sidecar
///
/// Its versions stay in the history; what the history does not hold goes to the workspace's trash.
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}",
    tag = "files",
    params(FilePath, ("If-Match" = Option<String>, Header, description = "The ETag that the file has to have")),
    responses((status = 204, description = "It is gone"), Changed, Refusals)
)]
pub(super) async fn delete(at: InNotebook<Write>, FileParam(id): FileParam, headers: HeaderMap) -> Answer<StatusCode> {
    let expected = expected(&headers, None)?;
    inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        inside.engine.delete_file_if(inside.notebook, &path, expected.as_deref(), inside.by)?;
        inside.catch_up()
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
