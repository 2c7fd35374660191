//! Commands: what the command line asks of an engine, its own or, over the control socket, a running one.
//! One JSON request and one JSON reply a line.

use serde::{Deserialize, Serialize};

/// What is asked. Paths of files are relative to the workspace: `lab/runs/a.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// What the engine is doing.
    Status,
    /// Runs a query: a search line, or the path of a `.cdx` in the workspace.
    Query {
        /// A search line; empty with `view`.
        line: String,
        /// Path of a `.cdx`.
        view: Option<String>,
        /// Replaces the query's own limit.
        limit: Option<u64>,
        /// Replaces the query's own offset.
        offset: Option<u64>,
        /// Whether to add snippets.
        snippets: bool,
    },
    /// Tags with counts; of one tag: its notes and children.
    Tags {
        /// Which.
        tag: Option<String>,
    },
    /// Links out of and to a file.
    Links {
        /// Which.
        file: String,
    },
    /// Adds a tag to files.
    TagAdd {
        /// The tag.
        tag: String,
        /// The files.
        files: Vec<String>,
    },
    /// Removes a tag from files.
    TagRemove {
        /// The tag.
        tag: String,
        /// The files.
        files: Vec<String>,
    },
    /// Renames a tag.
    TagRename {
        /// As it is.
        from: String,
        /// As it will be.
        to: String,
        /// Into a tag that is there.
        merge: bool,
        /// Only say what would change.
        dry_run: bool,
    },
    /// Sets properties of a file; values as YAML scalars or flow collections.
    Set {
        /// Which file.
        file: String,
        /// Key and value.
        values: Vec<(String, serde_json::Value)>,
    },
    /// Removes properties of a file.
    Unset {
        /// Which file.
        file: String,
        /// Keys.
        keys: Vec<String>,
    },
    /// Commits; of a file where one is given.
    Log {
        /// `notebook`, `notebook/path`, or none for all.
        file: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// A unified diff of a file: two revisions, one and the store, or the newest recorded and the store.
    Diff {
        /// `notebook/path`.
        file: String,
        /// Older revision.
        from: Option<String>,
        /// Newer revision.
        to: Option<String>,
    },
    /// A file's bytes at a revision, as text or base64.
    Show {
        /// `notebook/path`.
        file: String,
        /// Revision: commit prefix, date, `yesterday`.
        revision: Option<String>,
    },
    /// Writes a file (or folder) as it was at a revision.
    Restore {
        /// `notebook/path`.
        file: String,
        /// Revision; without: the newest that has it.
        revision: Option<String>,
    },
    /// Reverts the last gestures.
    Undo {
        /// How many.
        count: usize,
        /// Of anyone.
        anyone: bool,
    },
    /// Records pending history now.
    Flush,
    /// Scans the store; with `rebuild`, from nothing.
    Index {
        /// From nothing.
        rebuild: bool,
    },
    /// Compares files, index and history.
    Check {
        /// Mends what differs.
        repair: bool,
    },
    /// Lists notebooks, with those in the trash.
    NotebookList,
    /// Makes a notebook.
    NotebookAdd {
        /// Its name.
        name: String,
    },
    /// Makes a folder that is there a notebook.
    NotebookAdopt {
        /// Its name.
        name: String,
    },
    /// Renames a notebook.
    NotebookRename {
        /// As it is.
        from: String,
        /// As it will be.
        to: String,
    },
    /// Retires a notebook to the trash.
    NotebookRemove {
        /// Its name.
        name: String,
    },
    /// Brings a notebook back from the trash.
    NotebookRestore {
        /// Its name.
        name: String,
    },
    /// One more mount by the running engine.
    Mount {
        /// Where.
        mountpoint: String,
        /// Nothing can be written through it.
        read_only: bool,
        /// Other users may use it.
        allow_other: bool,
        /// Extended attributes are answered as not supported.
        no_xattr: bool,
    },
    /// Flushes history and unmounts.
    Unmount {
        /// Where.
        mountpoint: String,
    },
}
