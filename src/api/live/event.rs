//! One event: its number, what it is about, and its text, which is the same for everybody who may hear it.

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;

use super::views::ViewKey;
use crate::types::{Instant, NotebookId, WorkspaceId};

/// Something that has happened.
#[derive(Debug)]
pub(crate) struct Event {
    /// Of all events of this server; what has none of its own bears that of the one before.
    pub(crate) seq: u64,
    pub(crate) workspace: WorkspaceId,
    pub(crate) about: About,
    /// The JSON that is sent.
    pub(crate) text: Utf8Bytes,
}

/// What an event is about, which says who may hear it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A file of a notebook.
    File(Box<FileChange>),
    /// The index of a notebook.
    Indexing(NotebookId),
    /// A view, for those who follow it.
    View(ViewKey),
    /// Nobody knows what has happened: all is to be read anew.
    Gap,
}

/// A file that has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FileChange {
    pub(crate) notebook_id: NotebookId,
    pub(crate) event_type: ChangeKind,
    pub(crate) path: String,
    /// Where it was, of one that was moved.
    pub(crate) old_path: Option<String>,
    pub(crate) file_id: i64,
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    /// A login, `Agent NAME`, `unknown` (somebody behind Codex's back) or `Codex`.
    pub(crate) actor: String,
    pub(crate) timestamp: Instant,
}

/// What happened to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    Created,
    Modified,
    Deleted,
    Moved,
}

impl ChangeKind {
    /// As it is sent.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Moved => "moved",
        }
    }
}

/// How far the index of a notebook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct IndexingState {
    pub(crate) notebook_id: NotebookId,
    /// `in_progress` or `completed`.
    pub(crate) status: &'static str,
    pub(crate) done: u64,
    pub(crate) total: Option<u64>,
}

/// What is sent.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Sent<'a> {
    FileChange {
        workspace_id: WorkspaceId,
        #[serde(flatten)]
        change: &'a FileChange,
        seq: u64,
    },
    Indexing {
        workspace_id: WorkspaceId,
        #[serde(flatten)]
        state: &'a IndexingState,
        timestamp: Instant,
    },
    ViewChange {
        workspace_id: WorkspaceId,
        notebook_id: NotebookId,
        view: String,
        seq: u64,
        timestamp: Instant,
    },
    Resync {
        workspace_id: WorkspaceId,
        seq: u64,
    },
}

/// The text of an event; `state` is that of [`About::Indexing`].
pub(super) fn text_of(workspace_id: WorkspaceId, about: &About, state: Option<&IndexingState>, seq: u64) -> Utf8Bytes {
    let timestamp = jiff::Timestamp::now();
    let sent = match (about, state) {
        (About::File(change), _) => Sent::FileChange { workspace_id, change, seq },
        (About::View(key), _) => {
            Sent::ViewChange { workspace_id, notebook_id: key.notebook, view: key.reference(), seq, timestamp }
        }
        (About::Indexing(_), Some(state)) => Sent::Indexing { workspace_id, state, timestamp },
        (About::Indexing(_), None) | (About::Gap, _) => Sent::Resync { workspace_id, seq },
    };
    serde_json::to_string(&sent).unwrap_or_default().into()
}
