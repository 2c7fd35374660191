//! POST `/workspaces/{ws}/notebooks/{nb}/files`.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{FileOut, inside};
use crate::api::error::{Answer, Conflict, Full, Refusals};
use crate::api::extract::{Body, Checked, InNotebook, NotebookPath, Write};
use crate::engine::edit::{NewNote, property_edits};
use crate::types::Properties;

/// A file to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFile {
    /// Relative to the notebook; folders on the way are made.
    #[schema(example = "runs/2026/adam.md")]
    path: String,
    /// The whole text.
    content: String,
    /// Merged into its frontmatter; of other files into a sidecar.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    properties: Option<Properties>,
}

impl Checked for NewFile {}

/// Makes a file of a text
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks/{nb}/files",
    tag = "files",
    params(NotebookPath),
    request_body = NewFile,
    responses((status = 201, description = "The file", body = FileOut), Conflict, Full, Refusals)
)]
pub(super) async fn create(at: InNotebook<Write>, Body(new): Body<NewFile>) -> Answer<Response> {
    let made = inside(&at, move |inside| {
        let path = inside.new_path("path", &new.path)?;
        let edits = property_edits(&new.properties.unwrap_or_default())?;
        let note = NewNote { bytes: new.content.as_bytes(), edits: &edits };
        inside.engine.create_note(inside.notebook, &path, note, inside.by)?;
        inside.show_at(&path)
    });
    Ok(made.await?.answer(StatusCode::CREATED))
}
