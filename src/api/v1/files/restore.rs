//! POST `/workspaces/{ws}/notebooks/{nb}/files/{file_id}/restore`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{FileOut, FilePath, inside};
use crate::api::error::{Answer, Conflict, Full, Refusals};
use crate::api::extract::{Body, Checked, FileParam, InNotebook, Write};

/// Which version is to be there again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRestore {
    /// At least 4 digits of the id of its commit, or a date.
    commit: String,
}

impl Checked for FileRestore {}

/// Makes a file what it was at a commit, as a new change
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}/restore",
    tag = "history",
    params(FilePath),
    request_body = FileRestore,
    responses((status = 200, description = "The file", body = FileOut), Conflict, Full, Refusals)
)]
pub(super) async fn restore(
    at: InNotebook<Write>,
    FileParam(id): FileParam,
    Body(wanted): Body<FileRestore>,
) -> Answer<Response> {
    let restored = inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        inside.engine.restore(inside.notebook, &path, Some(&wanted.commit), inside.by)?;
        inside.show_at(&path)
    });
    Ok(restored.await?.answer(StatusCode::OK))
}
