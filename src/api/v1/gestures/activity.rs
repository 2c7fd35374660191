//! GET `/workspaces/{ws}/activity`.

use std::collections::HashSet;

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ChangeOut;
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InWorkspace, Query, Read, Shelf, WorkspacePath};
use crate::api::live::FileChange;
use crate::history::CommitInfo;
use crate::types::{Instant, NotebookId};

/// Entries, unless the caller says how many.
const LIMIT: usize = 50;

/// Entries at most.
const LIMIT_MAX: usize = 1000;

/// How many.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityParams {
    /// How many at most.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<usize>,
}

/// What has happened, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Activity)]
pub(crate) struct ActivityOut {
    activity: Vec<EntryOut>,
}

/// What somebody did.
#[derive(Serialize, ToSchema)]
#[schema(as = ActivityEntry)]
struct EntryOut {
    notebook_id: i64,
    /// The commit that recorded it; null while none has.
    hash: Option<String>,
    gesture: Option<String>,
    /// A login, `Agent NAME`, `unknown` (somebody behind Codex's back) or `Codex`.
    author: String,
    #[schema(format = DateTime)]
    date: String,
    message: String,
    changes: Vec<ChangeOut>,
    #[serde(skip)]
    at: Instant,
}

/// Recent changes and who made them, newest first
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/activity",
    tag = "history",
    params(WorkspacePath, ActivityParams),
    responses((status = 200, description = "Newest first", body = ActivityOut), Refusals)
)]
pub(super) async fn activity(at: InWorkspace<Read>, Query(params): Query<ActivityParams>) -> Answer<Json<ActivityOut>> {
    let limit = params.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("a number from 1 to {LIMIT_MAX} is expected")));
    }
    let (app, workspace) = (std::sync::Arc::clone(at.app()), at.workspace.id);
    let entries = at.with_shelf(move |_, shelf| {
        let changed = |of: NotebookId| app.hub.feed.recent(workspace, |notebook| notebook == of);
        entries(shelf, changed, limit)
    });
    Ok(Json(ActivityOut { activity: entries.await? }))
}

fn entries(shelf: &Shelf, changed: impl Fn(NotebookId) -> Vec<FileChange>, limit: usize) -> Answer<Vec<EntryOut>> {
    let mut entries: Vec<EntryOut> = Vec::new();
    for one in shelf.all() {
        let commits = one.notebook.history.log(None, limit)?;
        entries.extend(pending(commits.first(), changed(one.row.id)));
        entries.extend(commits.into_iter().map(|commit| recorded(one.row.id, commit)));
    }
    // Stable: what is of one second stays in its order.
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    entries.truncate(limit);
    Ok(entries)
}

fn recorded(notebook: NotebookId, commit: CommitInfo) -> EntryOut {
    EntryOut {
        notebook_id: notebook.0,
        hash: Some(commit.id.to_string()),
        gesture: commit.gesture.map(|gesture| gesture.0),
        author: commit.actor.author_name(),
        date: commit.time.to_string(),
        message: commit.summary,
        changes: commit.changes.iter().map(|(kind, path)| ChangeOut::of(notebook, *kind, path)).collect(),
        at: commit.time,
    }
}

/// What the newest commit does not have yet, the last of each file. Commits know whole seconds.
fn pending(newest: Option<&CommitInfo>, changes: Vec<FileChange>) -> Vec<EntryOut> {
    let is_pending = |change: &FileChange| {
        newest.is_none_or(|commit| {
            let (changed, recorded) = (change.timestamp.as_second(), commit.time.as_second());
            let is_in = || commit.changes.iter().any(|(_, path)| path.to_string() == change.path);
            changed > recorded || (changed == recorded && !is_in())
        })
    };
    let mut seen = HashSet::new();
    let news = changes.into_iter().filter(is_pending).filter(|change| seen.insert(change.path.clone()));
    let entry = |change: FileChange| {
        let event_type = change.event_type.name();
        EntryOut {
            notebook_id: change.notebook_id.0,
            hash: None,
            gesture: None,
            author: change.actor,
            date: change.timestamp.to_string(),
            message: format!("{event_type} {}", change.path),
            changes: vec![ChangeOut { notebook_id: change.notebook_id.0, event_type, path: change.path }],
            at: change.timestamp,
        }
    };
    news.map(entry).collect()
}
