//! PATCH `/workspaces/{ws}/notebooks/{nb}/folders/{path}/move`, POST `/workspaces/{ws}/notebooks/{nb}/folders/move`.

use axum::Json;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{FolderOut, FolderPath};
use crate::api::error::{Answer, ApiError, Conflict, Full, Refusals};
use crate::api::extract::{Act, Body, Checked, InNotebook, Page, PathParam, Write};
use crate::api::v1::files::{below_root, inside};

/// Where a folder is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderMove {
    /// Relative to the notebook; folders on the way are made.
    #[schema(example = "archive/2026")]
    new_path: String,
    /// Whether links into it, and those out of it, are rewritten.
    #[serde(default)]
    #[schema(default = false)]
    update_links: bool,
}

/// Which folder is to be moved, and where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedFolderMove {
    /// Relative to the notebook.
    #[schema(example = "2026")]
    path: String,
    /// The same; folders on the way are made.
    #[schema(example = "archive/2026")]
    new_path: String,
    /// Whether links into it, and those out of it, are rewritten.
    #[serde(default)]
    #[schema(default = false)]
    update_links: bool,
}

impl Checked for FolderMove {}

impl Checked for NamedFolderMove {}

/// Moves or renames a folder with all in it; the path ends with `/move`
///
/// Ids, tags and histories of the files stay.
#[utoipa::path(
    patch,
    path = "/workspaces/{ws}/notebooks/{nb}/folders/{*path}",
    tag = "folders",
    params(FolderPath),
    request_body = FolderMove,
    responses((status = 200, description = "The folder", body = FolderOut), Conflict, Full, Refusals)
)]
pub(super) async fn move_folder(
    at: InNotebook<Write>,
    PathParam(path): PathParam,
    Body(to): Body<FolderMove>,
) -> Answer<Json<FolderOut>> {
    let path = match path.strip_suffix("/move") {
        Some(path) => path.to_owned(),
        None if path == "move" => String::new(),
        None => return Err(ApiError::not_found("a path that ends with `/move` is expected")),
    };
    moved(&at, NamedFolderMove { path, new_path: to.new_path, update_links: to.update_links }).await
}

/// Moves or renames a folder with all in it; the path is `move`
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks/{nb}/folders/{*path}",
    tag = "folders",
    params(FolderPath),
    request_body = NamedFolderMove,
    responses((status = 200, description = "The folder", body = FolderOut), Conflict, Full, Refusals)
)]
pub(super) async fn move_named(
    at: InNotebook<Write>,
    PathParam(path): PathParam,
    Body(to): Body<NamedFolderMove>,
) -> Answer<Json<FolderOut>> {
    if path != "move" {
        return Err(ApiError::not_found("`move` is expected as the path"));
    }
    moved(&at, to).await
}

async fn moved<A: Act>(at: &InNotebook<A>, to: NamedFolderMove) -> Answer<Json<FolderOut>> {
    let moved = inside(at, move |inside| {
        let path = below_root(&to.path)?;
        let new_path = inside.new_folder("new_path", &to.new_path)?;
        if !inside.notebook.dir.stat(&path)?.is_dir() {
            return Err(ApiError::not_found(format!("no folder `{path}`")));
        }
        if to.update_links {
            inside.engine.move_with_links(inside.notebook, &path, &new_path, inside.by)?;
        } else {
            inside.engine.move_file(inside.notebook, &path, &new_path, inside.by)?;
        }
        FolderOut::read(inside, &new_path, Page::FIRST)
    });
    Ok(Json(moved.await?))
}
