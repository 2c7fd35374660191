//! GET `/workspaces/{ws}/notebooks/{nb}/files/{file_id}`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::text::TextOut;
use super::{FileOut, FilePath, Inside, inside};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{FileParam, InNotebook, Query, Read};
use crate::types::FileId;

/// How much of a file is shown.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShowParams {
    /// Whether its text comes along.
    #[serde(default)]
    #[param(default = false)]
    content: bool,
}

impl ShowParams {
    /// The file of an id; its text, if it is wanted, of so many bytes at most.
    pub(super) fn show(self, inside: &Inside<'_>, id: FileId, most: usize) -> Answer<FileOut> {
        let file = inside.show(id)?;
        if !self.content {
            return Ok(file);
        }
        let text = TextOut::read(inside, id, &inside.path_of(id)?, most)?;
        Ok(file.with_text(text))
    }
}

/// A file
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}",
    tag = "files",
    params(FilePath, ShowParams),
    responses((status = 200, description = "The file; `ETag` is for `If-Match`", body = FileOut), Refusals)
)]
pub(super) async fn show(
    at: InNotebook<Read>,
    FileParam(id): FileParam,
    Query(params): Query<ShowParams>,
) -> Answer<Response> {
    let most = at.app().config.body_max;
    let file = inside(&at, move |inside| params.show(inside, id, most)).await?;
    Ok(file.answer(StatusCode::OK))
}
