//! PATCH `/workspaces/{ws}/notebooks/{nb}/files/{file_id}/move`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{FileOut, FilePath, inside};
use crate::api::error::{Answer, Conflict, Full, Refusals};
use crate::api::extract::{Body, Checked, FileParam, InNotebook, Write};

/// Where a file is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileMove {
    /// Relative to the notebook; folders on the way are made.
    #[schema(example = "archive/adam.md")]
    new_path: String,
    /// Whether links of other notes to it, and relative ones in it, are rewritten.
    #[serde(default)]
    #[schema(default = false)]
    update_links: bool,
}

impl Checked for FileMove {}

/// Moves or renames a file with its sidecar
///
/// Its id, tags and history stay.
#[utoipa::path(
    patch,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}/move",
    tag = "files",
    params(FilePath),
    request_body = FileMove,
    responses((status = 200, description = "The file", body = FileOut), Conflict, Full, Refusals)
)]
pub(super) async fn move_file(
    at: InNotebook<Write>,
    FileParam(id): FileParam,
    Body(to): Body<FileMove>,
) -> Answer<Response> {
    let moved = inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        let new_path = inside.new_path("new_path", &to.new_path)?;
        if to.update_links {
            inside.engine.move_with_links(inside.notebook, &path, &new_path, inside.by)?;
        } else {
            inside.engine.move_file(inside.notebook, &path, &new_path, inside.by)?;
        }
        inside.show_at(&new_path)
    });
    Ok(moved.await?.answer(StatusCode::OK))
}
