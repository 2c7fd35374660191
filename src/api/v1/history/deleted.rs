//! GET `/workspaces/{ws}/notebooks/{nb}/deleted`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InNotebook, NotebookPath, Page, PageParams, Read};
use crate::api::v1::files::inside;
use crate::engine::past::Deleted;

/// Files that were removed.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedFiles {
    deleted: Vec<DeletedOut>,
}

/// A file that was removed.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletedFile)]
pub(crate) struct DeletedOut {
    path: String,
    /// The newest commit that has it: what to restore it from.
    commit: String,
    /// When the history took note of its removal.
    #[schema(format = DateTime)]
    deleted_at: String,
    /// Who removed it.
    author: String,
    /// What was done then.
    message: String,
}

impl From<Deleted> for DeletedOut {
    fn from(file: Deleted) -> Self {
        Self {
            path: file.path.to_string(),
            commit: file.commit.to_string(),
            deleted_at: file.time.to_string(),
            author: file.author,
            message: file.message,
        }
    }
}

/// The files that the history has and the notebook has no more, those that were removed last first
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/deleted",
    tag = "history",
    params(NotebookPath, PageParams),
    responses((status = 200, description = "The last first", body = DeletedFiles), Refusals)
)]
pub(super) async fn deleted(at: InNotebook<Read>, page: Page) -> Answer<Json<DeletedFiles>> {
    let deleted = inside(&at, move |inside| {
        let (skip, limit) = page.as_sizes();
        let found = inside.engine.deleted(inside.notebook, skip.saturating_add(limit))?;
        Ok(found.into_iter().skip(skip).map(DeletedOut::from).collect())
    });
    Ok(Json(DeletedFiles { deleted: deleted.await? }))
}
