//! PUT `/workspaces/{ws}/notebooks/{nb}/files/{file_id}`.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::condition::expected;
use super::{FileOut, FilePath, inside};
use crate::api::error::{Answer, Changed, Conflict, Full, Refusals};
use crate::api::extract::{Body, Checked, Faults, FileParam, InNotebook, Write};
use crate::engine::edit::{Save, property_edits};
use crate::types::Properties;

/// What of a file is to change; what is left out stays, and what is empty becomes empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileChange {
    /// The text after the frontmatter, which stays.
    content: Option<String>,
    /// The whole text, with frontmatter; not together with `content`.
    raw: Option<String>,
    /// Keys that are set; null removes one. A dot in a key leads into a mapping.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    properties: Option<Properties>,
    /// Whether the properties that `properties` does not name go.
    #[serde(default)]
    #[schema(default = false)]
    replace_properties: bool,
    /// The hash that the file has to have; as `If-Match` with its `ETag`.
    expected_hash: Option<String>,
}

impl Checked for FileChange {
    fn check(&self, faults: &mut Faults) {
        if self.content.is_some() && self.raw.is_some() {
            faults.add("raw", "either `content` or `raw` is expected");
        }
        if self.replace_properties && self.properties.is_none() {
            faults.add("properties", "the properties to replace the others with are expected");
        }
    }
}

/// Changes the text or the properties of a file
///
/// All of it or nothing. With `If-Match` or `expected_hash` only if nobody else has changed it meanwhile.
#[utoipa::path(
    put,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}",
    tag = "files",
    params(FilePath, ("If-Match" = Option<String>, Header, description = "The ETag that the file has to have")),
    request_body = FileChange,
    responses((status = 200, description = "The file", body = FileOut), Changed, Conflict, Full, Refusals)
)]
pub(super) async fn change(
    at: InNotebook<Write>,
    FileParam(id): FileParam,
    headers: HeaderMap,
    Body(change): Body<FileChange>,
) -> Answer<Response> {
    let expected = expected(&headers, change.expected_hash.as_deref())?;
    let changed = inside(&at, move |inside| {
        let save = Save {
            raw: change.raw.map(String::into_bytes),
            body: change.content.map(String::into_bytes),
            edits: property_edits(&change.properties.unwrap_or_default())?,
            replaces_properties: change.replace_properties,
        };
        let path = inside.path_of(id)?;
        inside.engine.save_note(inside.notebook, &path, &save, expected.as_deref(), inside.by)?;
        inside.show(id)
    });
    Ok(changed.await?.answer(StatusCode::OK))
}
