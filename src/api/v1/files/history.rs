//! GET `/workspaces/{ws}/notebooks/{nb}/files/{file_id}/history`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::{FilePath, inside};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{FileParam, InNotebook, Page, PageParams, Read};
use crate::history::CommitInfo;

/// The first commit of a notebook has all of its files.
const CHANGES_SHOWN: usize = 100;

/// Commits, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = History)]
pub(crate) struct HistoryOut {
    pub(in crate::api::v1) history: Vec<CommitOut>,
}

/// A commit of a notebook's history.
#[derive(Serialize, ToSchema)]
#[schema(as = Commit)]
pub(crate) struct CommitOut {
    /// Its id.
    hash: String,
    /// Who made the change.
    author: String,
    #[schema(format = DateTime)]
    date: String,
    /// What was done.
    message: String,
    /// What it belongs to and is undone with.
    gesture: Option<String>,
    /// The first hundred files that it changed.
    changes: Vec<ChangeOut>,
    /// How many files it changed.
    change_count: usize,
}

/// A file that a commit changed.
#[derive(Serialize, ToSchema)]
#[schema(as = CommitChange)]
pub(crate) struct ChangeOut {
    kind: ChangeKind,
    /// Where it is after that.
    path: String,
}

/// What was done to it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ChangeKind {
    Added,
    Modified,
    Deleted,
    Moved,
}

impl From<CommitInfo> for CommitOut {
    fn from(commit: CommitInfo) -> Self {
        let change = |(kind, path): (char, crate::types::NotePath)| {
            let kind = match kind {
                'A' => ChangeKind::Added,
                'D' => ChangeKind::Deleted,
                'R' => ChangeKind::Moved,
                _ => ChangeKind::Modified,
            };
            ChangeOut { kind, path: path.to_string() }
        };
        Self {
            hash: commit.id.to_string(),
            author: commit.actor.author_name(),
            date: commit.time.to_string(),
            message: commit.summary,
            gesture: commit.gesture.map(|gesture| gesture.0),
            change_count: commit.changes.len(),
            changes: commit.changes.into_iter().take(CHANGES_SHOWN).map(change).collect(),
        }
    }
}

/// The commits that changed a file, under whatever name, newest first
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}/history",
    tag = "history",
    params(FilePath, PageParams),
    responses((status = 200, description = "Newest first", body = HistoryOut), Refusals)
)]
pub(super) async fn history(at: InNotebook<Read>, FileParam(id): FileParam, page: Page) -> Answer<Json<HistoryOut>> {
    let history = inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        let (skip, limit) = page.as_sizes();
        let commits = inside.engine.log(Some((inside.notebook, &path)), skip.saturating_add(limit))?;
        Ok(commits.into_iter().skip(skip).map(|(_, commit)| commit.into()).collect())
    });
    Ok(Json(HistoryOut { history: history.await? }))
}
