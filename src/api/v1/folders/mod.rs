//! Folders of a notebook.

mod change;
mod create;
mod delete;
mod move_folder;
mod show;

use std::sync::Arc;

use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::files::FileOut;
use crate::api::extract::Pagination;
use crate::api::state::App;
use crate::types::Properties;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(show::show_root, create::create, delete::delete_root)).routes(routes!(
        show::show,
        change::change,
        delete::delete,
        move_folder::move_named,
        move_folder::move_folder
    ))
}

/// `{ws}`, `{nb}` and the rest of a path, for their description.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct FolderPath {
    /// Id (all digits) or slug of a workspace.
    #[param(example = "lab")]
    ws: String,
    /// Id (all digits) or slug of a notebook in it.
    #[param(example = "runs")]
    nb: String,
    /// Relative to the notebook; its slashes as they are.
    #[param(example = "2026")]
    path: String,
}

/// A folder.
#[derive(Serialize, ToSchema)]
#[schema(as = Folder)]
pub(crate) struct FolderOut {
    /// Relative to the notebook; empty for the notebook itself.
    path: String,
    /// The last part of the path.
    name: String,
    /// Of its `.metadata`, as are the next two.
    title: Option<String>,
    description: Option<String>,
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    properties: Properties,
    /// A page of those that stand in it.
    files: Vec<FileOut>,
    pagination: Pagination,
    /// Those that stand in it, by name.
    subfolders: Vec<SubfolderOut>,
    /// Files in it, at any depth.
    file_count: u64,
    subfolder_count: usize,
}

/// A folder in a folder.
#[derive(Serialize, ToSchema)]
#[schema(as = Subfolder)]
pub(crate) struct SubfolderOut {
    path: String,
    name: String,
    /// Files in it, at any depth.
    file_count: u64,
}
