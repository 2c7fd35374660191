//! What people did, over all notebooks of a workspace: listed, recorded at once, taken back.

mod activity;
mod flush;
mod list;
mod undo;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::App;
use crate::types::NotebookId;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(flush::flush))
        .routes(routes!(list::list))
        .routes(routes!(undo::undo))
        .routes(routes!(activity::activity))
}

/// What happened to a file.
#[derive(Serialize, ToSchema)]
#[schema(as = PastChange)]
pub(crate) struct ChangeOut {
    notebook_id: i64,
    #[schema(example = "modified")]
    event_type: &'static str,
    path: String,
}

impl ChangeOut {
    /// Of a commit's `A`, `M`, `D`, `R`.
    fn of(notebook: NotebookId, kind: char, path: &crate::types::NotePath) -> Self {
        let event_type = match kind {
            'A' => "created",
            'D' => "deleted",
            'R' => "moved",
            _ => "modified",
        };
        Self { notebook_id: notebook.0, event_type, path: path.to_string() }
    }
}
