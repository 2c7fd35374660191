//! GET `/workspaces/{ws}/notebooks/{nb}/files/{file_id}/text`.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::object::etag_of;
use super::{FilePath, Inside, inside};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{FileParam, InNotebook, Read};
use crate::types::{FileId, NotePath, Properties};

/// The text of a file.
#[derive(Serialize, ToSchema)]
pub(crate) struct TextOut {
    id: i64,
    path: String,
    /// Without the frontmatter.
    content: String,
    /// As it is on disk.
    pub(super) raw: String,
    /// From its frontmatter and its sidecars.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    properties: Properties,
    /// SHA-256 of `raw`, in hex.
    pub(super) hash: String,
}

impl TextOut {
    /// The text of the file of an id, at a path; of so many bytes at most.
    pub(super) fn read(inside: &Inside<'_>, id: FileId, path: &NotePath, most: usize) -> Answer<Self> {
        if inside.notebook.dir.stat(path)?.size > most as u64 {
            let detail = format!("the text is larger than {} MiB; read it as content", most >> 20);
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
        }
        let note = inside.engine.read_note(inside.notebook, path)?;
        let hash = note.hash.to_string();
        let raw = String::from_utf8(note.bytes).map_err(|_| {
            let detail = "the file is no text; read it as content";
            ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        })?;
        let content = raw[note.body..].to_owned();
        Ok(Self { id: id.0, path: path.to_string(), content, raw, properties: note.parsed.properties, hash })
    }

    /// An answer that is this text, with its `ETag`.
    pub(super) fn answer(self) -> Response {
        ([(header::ETAG, etag_of(&self.hash))], Json(self)).into_response()
    }
}

/// The text of a file, with and without its frontmatter
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}/text",
    tag = "files",
    params(FilePath),
    responses((status = 200, description = "The text; `ETag` is for `If-Match`", body = TextOut), Refusals)
)]
pub(super) async fn text(at: InNotebook<Read>, FileParam(id): FileParam) -> Answer<Response> {
    let most = at.app().config.body_max;
    let text = inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        TextOut::read(inside, id, &path, most)
    });
    Ok(text.await?.answer())
}
