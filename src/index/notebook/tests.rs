//! Helpers of this module's tests, and tests of the schema and of batches.

use std::path::Path;

use super::*;
use crate::index::parse::{LinkKind, ParsedLink, ParsedNote, TagOrigin};
use crate::types::{CommitId, ContentHash, NodeNumber, NotePath, StoreKey, TagName, Value};

pub(super) fn path(text: &str) -> NotePath {
    NotePath::new(text).unwrap()
}

pub(super) fn tag(text: &str) -> TagName {
    TagName::new(text).unwrap()
}

/// A note as the parser would hand it over.
pub(super) fn note(at: &str) -> FileRecord {
    let stem = at.rsplit('/').next().unwrap().trim_end_matches(".md").to_owned();
    FileRecord {
        path: path(at),
        store: StoreKey { dev: 1, ino: 7, btime_ns: 5 },
        node: NodeNumber(9),
        size: 100,
        mtime_ns: 1_700_000_000_000_000_000,
        ctime_ns: 3,
        birth_ns: 1_600_000_000_000_000_000,
        revive: None,
        sidecar_mark: 0,
        hash: Some(ContentHash([7; 32])),
        content_type: "text/markdown",
        sidecar_path: None,
        parsed: ParsedNote { title: stem, ..ParsedNote::default() },
    }
}

pub(super) trait Describe {
    fn tagged(self, tags: &[&str]) -> Self;
    fn body(self, text: &str) -> Self;
    fn prop(self, key: &str, value: impl Into<Value>) -> Self;
    fn linking(self, targets: &[&str]) -> Self;
}

impl Describe for FileRecord {
    fn tagged(mut self, tags: &[&str]) -> Self {
        self.parsed.tags = tags.iter().map(|name| (tag(name), TagOrigin::Frontmatter)).collect();
        self
    }
    fn body(mut self, text: &str) -> Self {
        text.clone_into(&mut self.parsed.body);
        self
    }
    fn prop(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.parsed.properties.insert(key.to_owned(), value.into());
        self
    }
    fn linking(mut self, targets: &[&str]) -> Self {
        self.parsed.links = targets
            .iter()
            .map(|target| ParsedLink { target: (*target).into(), heading: None, kind: LinkKind::Wiki, range: 0..0 })
            .collect();
        self
    }
}

pub(super) fn upsert(record: FileRecord) -> RowChange {
    RowChange::Upsert(Box::new(record))
}

pub(super) fn open(folder: &Path) -> NotebookDb {
    NotebookDb::open(&folder.join(".codex/notebook.db")).unwrap().0
}

fn with_notes(records: Vec<FileRecord>) -> (tempfile::TempDir, NotebookDb) {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    db.apply(&records.into_iter().map(upsert).collect::<Vec<_>>()).unwrap();
    (folder, db)
}

fn paths(db: &NotebookDb) -> Vec<String> {
    let mut paths: Vec<String> =
        db.reader().unwrap().files().unwrap().iter().map(|file| file.path.to_string()).collect();
    paths.sort();
    paths
}

#[test]
fn a_row_comes_back_as_it_was_written() {
    let record = note("runs/a.md").tagged(&["gpu", "Experiment/Adam"]).prop("loss", 0.25).prop("list", vec!["x", "y"]);
    let (_folder, mut db) = with_notes(vec![record]);
    let mark = |hash: u8| {
        let (hash, commit, blob) = (ContentHash([hash; 32]), CommitId([1; 20]), CommitId([hash; 20]));
        RowChange::Committed { path: path("runs/a.md"), hash, commit, blob }
    };
    db.apply(&[mark(7), mark(8)]).unwrap();
    assert_eq!(db.reader().unwrap().recorded_blobs().unwrap(), [(path("runs/a.md"), CommitId([7; 20]))]);
    let row = db.reader().unwrap().by_path(&path("runs/a.md")).unwrap().unwrap();
    assert_eq!(row.tags, [tag("Experiment/Adam"), tag("gpu")]);
    assert_eq!(serde_json::to_string(&row.properties).unwrap(), r#"{"loss":0.25,"list":["x","y"]}"#);
    assert_eq!((row.created.as_str(), row.modified.as_str()), ("2020-09-13T12:26:40Z", "2023-11-14T22:13:20Z"));
    let stat = db.reader().unwrap().stat_of(&path("runs/a.md")).unwrap().unwrap();
    assert_eq!((stat.id, stat.store.ino, stat.hash), (row.id, 7, Some(ContentHash([7; 32]))));
    assert_eq!(db.reader().unwrap().by_id(row.id).unwrap(), Some(row));
    assert!(db.integrity().unwrap().is_empty());
}

#[test]
fn writing_a_row_again_keeps_its_id_and_leaves_nothing_of_the_old_one() {
    let (_folder, mut db) = with_notes(vec![note("a.md").tagged(&["old"]).prop("p", 1).linking(&["b"]).body("before")]);
    let id = db.reader().unwrap().files().unwrap()[0].id;
    let applied = db.apply(&[upsert(note("a.md").tagged(&["new", "new"]).body("after"))]).unwrap();
    assert!(matches!(&applied[..], [Applied::Changed { file, .. }] if file.id == id && file.tags == [tag("new")]));
    let row = db.reader().unwrap().by_id(id).unwrap().unwrap();
    assert_eq!((row.tags, row.properties.read().len()), (vec![tag("new")], 0));
    assert_eq!(db.reader().unwrap().links(&path("a.md")).unwrap(), Links::default());
    assert!(db.integrity().unwrap().is_empty());
}

#[test]
fn ids_are_never_used_twice() {
    let (_folder, mut db) = with_notes(vec![note("a.md")]);
    let first = db.reader().unwrap().files().unwrap()[0].id;
    db.apply(&[RowChange::Removed(path("a.md")), upsert(note("b.md"))]).unwrap();
    assert!(db.reader().unwrap().files().unwrap()[0].id > first);
}

#[test]
fn a_rename_keeps_the_id_and_replaces_what_was_there() {
    let (_folder, mut db) = with_notes(vec![note("a.md").tagged(&["t"]), note("b.md")]);
    let a = db.reader().unwrap().by_path(&path("a.md")).unwrap().unwrap();
    let b = db.reader().unwrap().by_path(&path("b.md")).unwrap().unwrap();
    let applied = db.apply(&[RowChange::Renamed(path("a.md"), path("b.md"))]).unwrap();
    assert!(matches!(&applied[..], [
        Applied::Removed { id, .. },
        Applied::Changed { file, old_path },
    ] if *id == b.id && file.id == a.id && file.tags == [tag("t")] && *old_path == path("a.md")));
    assert_eq!(paths(&db), ["b.md"]);
    assert_eq!(db.reader().unwrap().stale().unwrap(), [path("b.md")]);
    db.apply(&[upsert(note("b.md"))]).unwrap();
    assert!(db.reader().unwrap().stale().unwrap().is_empty());
}

#[test]
fn a_folder_takes_everything_below_it_along_and_nothing_beside_it() {
    let mut sided = note("runs/x/b.png");
    sided.sidecar_path = Some(path("runs/x/.b.png.json"));
    let (folder, mut db) =
        with_notes(vec![note("runs/a.md"), sided, note("runs-old/a.md"), note("runs0.md"), note("to/a.md")]);
    let before = db.reader().unwrap().by_path(&path("runs/x/b.png")).unwrap().unwrap().id;
    db.apply(&[RowChange::FolderRenamed(path("runs"), path("to"))]).unwrap();
    assert_eq!(paths(&db), ["runs-old/a.md", "runs0.md", "to/a.md", "to/x/b.png"]);
    assert_eq!(db.reader().unwrap().by_path(&path("to/x/b.png")).unwrap().unwrap().id, before);
    let sidecar: String = rusqlite::Connection::open(folder.path().join(".codex/notebook.db"))
        .unwrap()
        .query_row("SELECT sidecar_path FROM file_metadata WHERE sidecar_path IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sidecar, "to/x/.b.png.json");
    db.apply(&[RowChange::FolderRemoved(path("to"))]).unwrap();
    assert_eq!(paths(&db), ["runs-old/a.md", "runs0.md"]);
    db.apply(&[RowChange::FolderRemoved(NotePath::root())]).unwrap();
    assert!(paths(&db).is_empty() && db.integrity().unwrap().is_empty());
}

#[test]
fn links_follow_files_as_they_come_go_and_move() {
    let leads = |db: &NotebookDb, from: &str| -> Vec<String> {
        let links = db.reader().unwrap().links(&path(from)).unwrap().outgoing;
        links.into_iter().map(|(_, to)| to.map_or("-".to_owned(), |to| to.to_string())).collect()
    };
    let targets = ["b", "../top.md", "/runs/b", "B.MD", "x/y", "https://b.md", "../../out", "#here"];
    let (_folder, mut db) = with_notes(vec![note("runs/a.md").linking(&targets)]);
    assert_eq!(leads(&db, "runs/a.md"), ["-"; 7]);
    db.apply(&[upsert(note("runs/b.md")), upsert(note("top.md")), upsert(note("x/y.md"))]).unwrap();
    assert_eq!(leads(&db, "runs/a.md"), ["runs/b.md", "top.md", "runs/b.md", "runs/b.md", "x/y.md", "-", "-"]);
    // Another b.md, but the one in the same folder is meant; `B.MD` has become ambiguous.
    db.apply(&[upsert(note("x/b.md"))]).unwrap();
    assert_eq!(leads(&db, "runs/a.md"), ["runs/b.md", "top.md", "runs/b.md", "-", "x/y.md", "-", "-"]);
    db.apply(&[RowChange::Renamed(path("runs/b.md"), path("runs/c.md"))]).unwrap();
    assert_eq!(leads(&db, "runs/a.md"), ["x/b.md", "top.md", "-", "x/b.md", "x/y.md", "-", "-"]);
    assert_eq!(db.reader().unwrap().links(&path("x/b.md")).unwrap().incoming, [path("runs/a.md")]);
    db.apply(&[RowChange::Renamed(path("runs/a.md"), path("x/deep/a.md"))]).unwrap();
    assert_eq!(leads(&db, "x/deep/a.md"), ["x/b.md", "-", "-", "x/b.md", "x/y.md", "-", "-"]);
    db.apply(&[RowChange::FolderRemoved(path("x"))]).unwrap();
    assert!(db.integrity().unwrap().is_empty());
}

#[test]
fn property_keys_and_values_are_counted_by_note() {
    let (_folder, db) = with_notes(vec![
        note("a.md").prop("status", "Done").prop("n", 3),
        note("b.md").prop("status", vec!["done", "todo"]),
    ]);
    let reader = db.reader().unwrap();
    assert_eq!(reader.property_keys().unwrap(), [("status".to_owned(), 2), ("n".to_owned(), 1)]);
    assert_eq!(reader.property_values("status", 9).unwrap(), [("Done".to_owned(), 2), ("todo".to_owned(), 1)]);
    assert_eq!(reader.property_values("n", 9).unwrap(), [("3".to_owned(), 1)]);
}

#[test]
fn problems_and_illegal_tags_are_kept_with_the_file() {
    let mut bad = note("runs/bad.md");
    bad.parsed.illegal_tags = vec!["a:b".to_owned()];
    let (_folder, db) = with_notes(vec![bad]);
    let found = db.reader().unwrap().problems().unwrap();
    assert_eq!(found[0].0, path("runs/bad.md"));
    assert!(found[0].1.to_string().starts_with("bad.md:1:1: `a:b` is no tag"));
}

#[test]
fn nodes_and_meta_survive_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let key = StoreKey { dev: u64::MAX, ino: 5, btime_ns: -1 };
    {
        let mut db = open(folder.path());
        db.save_nodes(&[(NodeNumber(1), key), (NodeNumber(2), key)], &[]).unwrap();
        db.save_nodes(&[], &[NodeNumber(1)]).unwrap();
        db.set_meta("epoch", "3", true).unwrap();
        db.optimize().unwrap();
    }
    let (db, opened) = NotebookDb::open(&folder.path().join(".codex/notebook.db")).unwrap();
    assert_eq!(opened, Opened::Existing);
    assert_eq!(db.reader().unwrap().nodes().unwrap(), [(NodeNumber(2), key)]);
    assert_eq!(db.meta("epoch").unwrap().as_deref(), Some("3"));
    assert_eq!(db.meta("other").unwrap(), None);
}

#[test]
fn a_failed_batch_leaves_nothing_behind() {
    let (folder, mut db) = with_notes(vec![note("a.md")]);
    let other = rusqlite::Connection::open(folder.path().join(".codex/notebook.db")).unwrap();
    other.execute_batch("CREATE TRIGGER no BEFORE INSERT ON tags BEGIN SELECT RAISE(ABORT, 'full'); END").unwrap();
    assert!(db.apply(&[upsert(note("b.md")), upsert(note("c.md").tagged(&["t"]))]).is_err());
    assert_eq!(paths(&db), ["a.md"]);
    other.execute_batch("DROP TRIGGER no").unwrap();
    db.apply(&[upsert(note("c.md").tagged(&["t"]))]).unwrap();
    assert_eq!(paths(&db), ["a.md", "c.md"]);
}
