//! PUT `/workspaces/{ws}/notebooks/{nb}/folders/{path}`.

use axum::Json;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{FolderOut, FolderPath};
use crate::api::error::{Answer, Conflict, Full, Refusals};
use crate::api::extract::{Body, Checked, InNotebook, Page, PathParam, Write};
use crate::api::v1::files::{inside, note_path};
use crate::engine::edit::{Save, property_edits};
use crate::types::Properties;

/// What a folder is to say of itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderChange {
    /// Keys that are set in its `.metadata`, `title` and `description` among them; null removes one.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    properties: Properties,
    /// Whether the properties that are not named go.
    #[serde(default)]
    #[schema(default = false)]
    replace_properties: bool,
}

impl Checked for FolderChange {}

/// Sets what a folder says of itself
#[utoipa::path(
    put,
    path = "/workspaces/{ws}/notebooks/{nb}/folders/{*path}",
    tag = "folders",
    params(FolderPath),
    request_body = FolderChange,
    responses((status = 200, description = "The folder", body = FolderOut), Conflict, Full, Refusals)
)]
pub(super) async fn change(
    at: InNotebook<Write>,
    PathParam(path): PathParam,
    Body(change): Body<FolderChange>,
) -> Answer<Json<FolderOut>> {
    let path = note_path(&path)?;
    let changed = inside(&at, move |inside| {
        let edits = property_edits(&change.properties)?;
        let save = Save { edits, replaces_properties: change.replace_properties, ..Save::default() };
        inside.engine.describe_folder(inside.notebook, &path, &save, inside.by)?;
        FolderOut::read(inside, &path, Page::FIRST)
    });
    Ok(Json(changed.await?))
}
