//! Commands: what the command line asks of an engine, its own or, over the control socket, a running one.
//! One JSON request and one JSON reply a line.
//! Files in replies are `notebook/path`, times ISO 8601 in UTC.

use serde::{Deserialize, Serialize};

/// What is asked. Paths of files are relative to the workspace: `lab/runs/a.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// What the engine is doing.
    /// Reply: as `.codex/status.json`.
    Status,
    /// Runs a query: a search line, or the path of a `.cdx` in the workspace.
    /// Reply: a [`crate::index::notebook::QueryResult`].
    Query {
        /// A search line; empty with `view`.
        line: String,
        /// Path of a `.cdx`.
        view: Option<String>,
        /// Replaces the query's own limit; without either, 100. At most 10,000.
        limit: Option<u64>,
        /// Replaces the query's own offset.
        offset: Option<u64>,
        /// Whether to add snippets.
        snippets: bool,
    },
    /// Tags with counts; of one tag: its notes and children.
    /// Reply: `{tags: [{name, count}]}`; of one: `{name, count, children: [{name, count}], files: [file]}`.
    Tags {
        /// Which.
        tag: Option<String>,
    },
    /// Links out of and to a file.
    /// Reply: `{outgoing: [[as written, file or null]], incoming: [file]}`.
    Links {
        /// Which.
        file: String,
    },
    /// Adds a tag to files.
    /// Reply: `{files: [file]}`, those that changed.
    TagAdd {
        /// The tag.
        tag: String,
        /// The files.
        files: Vec<String>,
    },
    /// Removes a tag from files.
    /// Reply: `{files: [file]}`, those that changed.
    TagRemove {
        /// The tag.
        tag: String,
        /// The files.
        files: Vec<String>,
    },
    /// Renames a tag.
    /// Reply: `{count, files: [file]}`.
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
    /// Reply: `{commits: [CommitInfo and its notebook]}`, newest first.
    Log {
        /// `notebook`, `notebook/path`, or none for all.
        file: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// A unified diff of a file: two revisions, one and the store, or the newest recorded and the store.
    /// Reply: `{diff}`, empty where nothing differs.
    Diff {
        /// `notebook/path`.
        file: String,
        /// Older revision.
        from: Option<String>,
        /// Newer revision.
        to: Option<String>,
    },
    /// A file's bytes at a revision, as text or base64.
    /// Reply: `{file, commit, text}` or `{file, commit, base64}`.
    Show {
        /// `notebook/path`.
        file: String,
        /// Revision: commit prefix, date, `yesterday`.
        revision: Option<String>,
    },
    /// Writes a file (or folder) as it was at a revision.
    /// Reply: `{files: [file]}`, those that were written.
    Restore {
        /// `notebook/path`.
        file: String,
        /// Revision; without: the newest that has it.
        revision: Option<String>,
    },
    /// Reverts the last gestures.
    /// Reply: `{undone: [{gesture, time, summary, files: [file]}]}`, newest first.
    Undo {
        /// How many.
        count: usize,
        /// Of anyone.
        anyone: bool,
    },
    /// Records pending history now.
    /// Reply: `{}`.
    Flush,
    /// Scans the store; with `rebuild`, from nothing.
    /// Reply: `{files}`, how many are indexed.
    Index {
        /// From nothing.
        rebuild: bool,
    },
    /// Compares files, index and history.
    /// Reply: `{clean, differences: [{kind, notebook, path, message, repaired}]}`; `clean` is the state after repair.
    Check {
        /// Mends what differs.
        repair: bool,
    },
    /// Lists notebooks, with those in the trash.
    /// Reply: `{notebooks: [{name, files}], trash: [{name, retired}]}`.
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
    /// The note that a mount shows under an inode number. Reply: `{file}`.
    Locate {
        /// `st_ino`.
        node: u64,
    },
    /// One more mount by the running engine. Reply: `{mountpoint}`.
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
