//! Notebooks of a workspace.

mod change;
mod create;
mod delete;
mod indexing;
mod list;
mod show;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::App;
use crate::engine::Engine;
use crate::index::system::NotebookRow;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(show::show, change::change, delete::delete))
        .routes(routes!(indexing::indexing_status))
}

/// A notebook.
#[derive(Serialize, ToSchema)]
#[schema(as = Notebook)]
pub(crate) struct NotebookOut {
    id: i64,
    workspace_id: i64,
    name: String,
    /// Its name in addresses.
    slug: String,
    /// Its folder in the workspace: its name in mounts and on the command line.
    path: String,
    description: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// Files that are indexed; null where it cannot be opened.
    file_count: Option<u64>,
}

impl NotebookOut {
    fn of(row: &NotebookRow, engine: &Engine) -> Self {
        let count = engine.notebook_named(&row.folder).map(|notebook| engine.catalog().file_count(notebook.number));
        Self {
            id: row.id.0,
            workspace_id: row.workspace.0,
            name: row.name.clone(),
            slug: row.slug.clone(),
            path: row.folder.clone(),
            description: row.description.clone(),
            created_at: row.created_at.clone(),
            updated_at: row.updated_at.clone(),
            file_count: count.and_then(|count| u64::try_from(count).ok()),
        }
    }
}
