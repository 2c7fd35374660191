//! POST `/workspaces/{ws}/notebooks/{nb}/folders`.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::FolderOut;
use crate::api::error::{Answer, Conflict, Full, Refusals};
use crate::api::extract::{Body, Checked, InNotebook, NotebookPath, Page, Write};
use crate::api::v1::files::inside;

/// A folder to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFolder {
    /// Relative to the notebook; folders on the way are made.
    #[schema(example = "runs/2026")]
    path: String,
}

impl Checked for NewFolder {}

/// Makes a folder
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks/{nb}/folders",
    tag = "folders",
    params(NotebookPath),
    request_body = NewFolder,
    responses((status = 201, description = "The folder", body = FolderOut), Conflict, Full, Refusals)
)]
pub(super) async fn create(at: InNotebook<Write>, Body(new): Body<NewFolder>) -> Answer<(StatusCode, Json<FolderOut>)> {
    let made = inside(&at, move |inside| {
        let path = inside.new_folder("path", &new.path)?;
        inside.engine.create_folder(inside.notebook, &path, inside.by)?;
        FolderOut::read(inside, &path, Page::FIRST)
    });
    Ok((StatusCode::CREATED, Json(made.await?)))
}
