//! Ids of the system database, and what a person or a token may be: values that the database and the rules share.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! row_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
row_id! {
    /// A person's account (`users.id`); never given twice.
    UserId;
    /// A workspace as the server knows it (`workspaces.id`).
    WorkspaceId;
    /// A notebook as the server knows it (`notebooks.id`); its engine counts by [`super::NotebookNumber`].
    NotebookId;
    /// A sign-in and all that was refreshed from it (`sessions.id`).
    SessionId;
    /// A personal access token (`api_tokens.id`).
    TokenId;
    /// A task of a workspace (`tasks.id`).
    TaskId;
}

/// What a member of a workspace is; a greater one may all that a lesser one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and writes.
    Editor,
    /// Also settings, members, and removing what is there.
    Owner,
}

impl Role {
    /// All, least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Owner];

    /// As the database and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// The inverse of [`Role::as_str`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of its owner's rights a personal access token has; a greater one may all that a lesser one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenScope {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
    /// Also what owners of workspaces do. Never passwords, tokens and sessions: those are a person's.
    Admin,
}

impl TokenScope {
    /// All, least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// As the database and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// The inverse of [`TokenScope::as_str`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

impl fmt::Display for TokenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a personal access token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenLimit {
    /// Wherever its owner is let in.
    None,
    /// In one workspace.
    Workspace(WorkspaceId),
    /// In one notebook.
    Notebook(WorkspaceId, NotebookId),
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Nobody has begun.
    Pending,
    /// Somebody has.
    InProgress,
    /// It is done.
    Completed,
    /// It could not be done.
    Failed,
}

impl TaskStatus {
    /// As the database and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// The inverse of [`TaskStatus::as_str`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::InProgress, Self::Completed, Self::Failed].into_iter().find(|one| one.as_str() == name)
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}
