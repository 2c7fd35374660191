//! The trash of a workspace: notebooks that were removed, and files that no history holds.

mod list;
mod restore;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::extract::Shelf;
use crate::api::state::App;
use crate::engine::trash::{TrashEntry, TrashedThing};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(restore::restore))
}

/// Something in the trash.
#[derive(Serialize, ToSchema)]
#[schema(as = TrashEntry)]
pub(crate) struct TrashOut {
    id: String,
    /// `notebook` or `file`.
    #[schema(example = "notebook")]
    kind: &'static str,
    /// What the notebook's folder was called; of a file, that of the notebook it was in.
    notebook: String,
    /// Where the file was; null for a notebook.
    path: Option<String>,
    #[schema(format = DateTime)]
    deleted_at: String,
}

impl TrashOut {
    fn of(entry: TrashEntry) -> Self {
        let (kind, notebook, path) = match entry.what {
            TrashedThing::Notebook { name } => ("notebook", name, None),
            TrashedThing::File { notebook, path } => ("file", notebook, Some(path.to_string())),
        };
        Self { id: entry.id, kind, notebook, path, deleted_at: entry.at.to_string() }
    }
}

/// Whether it is of what the caller may read: a notebook that is gone is of the workspace as a whole.
fn is_readable(entry: &TrashEntry, shelf: &Shelf) -> bool {
    match &entry.what {
        TrashedThing::Notebook { .. } => shelf.is_whole(),
        TrashedThing::File { notebook, .. } => shelf.is_whole() || shelf.of_folder(notebook).is_some(),
    }
}
