//! GET `/workspaces/{ws}/notebooks/{nb}/files/{file_id}`.

use axum::http::StatusCode;
use axum::response::Response;

use super::{FileOut, FilePath, inside};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{FileParam, InNotebook, Read};

/// A file
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}",
    tag = "files",
    params(FilePath),
    responses((status = 200, description = "The file; `ETag` is for `If-Match`", body = FileOut), Refusals)
)]
pub(super) async fn show(at: InNotebook<Read>, FileParam(id): FileParam) -> Answer<Response> {
    let file = inside(&at, move |inside| inside.show(id)).await?;
    Ok(file.answer(StatusCode::OK))
}
