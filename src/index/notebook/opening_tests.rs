//! Tests of opening: migrations, the original's databases, newer and damaged ones.

#![expect(clippy::disallowed_methods, reason = "damage is done to the file as a whole, behind SQLite's back")]

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::tests::{Describe, note, path, upsert};
use super::*;

/// The original's tables after its last migration, as far as adoption looks at them.
const ORIGINAL: &str = "
    CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
    INSERT INTO alembic_version VALUES ('004');
    CREATE TABLE file_metadata (id INTEGER NOT NULL PRIMARY KEY, notebook_id INTEGER NOT NULL, path VARCHAR NOT NULL,
        filename VARCHAR NOT NULL, content_type VARCHAR NOT NULL, size INTEGER NOT NULL, hash VARCHAR, title VARCHAR,
        description TEXT, file_type VARCHAR, properties TEXT, sidecar_path VARCHAR, created_at DATETIME NOT NULL,
        updated_at DATETIME NOT NULL, file_created_at DATETIME, file_modified_at DATETIME,
        git_tracked BOOLEAN NOT NULL, last_commit_hash VARCHAR);
    CREATE INDEX ix_file_metadata_path ON file_metadata (path);
    CREATE TABLE tags (id INTEGER NOT NULL PRIMARY KEY, notebook_id INTEGER NOT NULL, name VARCHAR NOT NULL,
        color VARCHAR, created_at DATETIME NOT NULL);
    CREATE TABLE file_tags (file_id INTEGER NOT NULL REFERENCES file_metadata (id),
        tag_id INTEGER NOT NULL REFERENCES tags (id), PRIMARY KEY (file_id, tag_id));
    CREATE TABLE search_index (id INTEGER NOT NULL PRIMARY KEY, file_id INTEGER NOT NULL, content TEXT NOT NULL,
        updated_at DATETIME NOT NULL);
    INSERT INTO file_metadata VALUES (5, 1, 'a.md', 'a.md', 'text/markdown', 3, 'ff', NULL, NULL, NULL, '{}', NULL,
        '2026-01-01', '2026-01-01', NULL, NULL, 1, NULL);
    INSERT INTO tags VALUES (1, 1, 'GPU', '#ff0000', '2026-01-01'), (2, 1, 'gpu', '#00ff00', '2026-01-01'),
        (3, 1, 'plain', NULL, '2026-01-01'), (4, 1, 'not:legal', '#123456', '2026-01-01');
    INSERT INTO file_tags VALUES (5, 1);";

fn schema_of(database: &Path) -> Vec<(String, Option<String>)> {
    let connection = Connection::open(database).unwrap();
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_master ORDER BY name").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notebook.db");
    (folder, file)
}

#[test]
fn an_adopted_database_has_the_schema_of_a_new_one_and_keeps_colours() {
    let (folder, file) = scratch();
    Connection::open(&file).unwrap().execute_batch(ORIGINAL).unwrap();
    let (mut db, opened) = NotebookDb::open(&file).unwrap();
    assert_eq!(opened, Opened::Adopted);
    assert_eq!(db.reader().unwrap().tag_colors().unwrap(), [(super::tests::tag("gpu"), "#ff0000".to_owned())]);
    assert!(db.reader().unwrap().files().unwrap().is_empty());
    assert!(folder.path().join("notebook.db.original").exists());
    db.apply(&[upsert(note("a.md"))]).unwrap();
    assert!(db.integrity().unwrap().is_empty());
    drop(db);
    assert_eq!(NotebookDb::open(&file).unwrap().1, Opened::Existing);
    let (_other, fresh) = scratch();
    drop(NotebookDb::open(&fresh).unwrap());
    assert_eq!(schema_of(&file), schema_of(&fresh));
}

#[test]
fn a_newer_database_is_refused_and_not_touched() {
    let (_folder, file) = scratch();
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE future (a); PRAGMA user_version = 999").unwrap();
    let before = std::fs::read(&file).unwrap();
    let error = NotebookDb::open(&file).unwrap_err();
    assert!(matches!(error, IndexError::TooNew { found: 999, .. }), "{error}");
    assert!(error.to_string().contains("install a newer cdx"));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_damaged_database_is_set_aside_and_made_anew() {
    let (folder, file) = scratch();
    for number in 1..=2 {
        std::fs::write(&file, b"this is no database, but long enough to be read as the header of one".repeat(99))
            .unwrap();
        std::fs::write(folder.path().join("notebook.db-wal"), b"nor is this a log").unwrap();
        let (mut db, opened) = NotebookDb::open(&file).unwrap();
        assert_eq!(opened, Opened::Replaced);
        db.apply(&[upsert(note("a.md"))]).unwrap();
        assert!(db.reader().unwrap().by_path(&path("a.md")).unwrap().is_some());
        assert!(folder.path().join(format!("notebook.db.damaged-{number}")).exists());
    }
}

#[test]
fn damage_in_the_middle_is_found_when_the_database_is_opened_or_checked() {
    let (_folder, file) = scratch();
    {
        let (mut db, _) = NotebookDb::open(&file).unwrap();
        let notes: Vec<_> = (0..500).map(|n| upsert(note(&format!("folder/note-{n}.md")))).collect();
        db.apply(&notes).unwrap();
        db.optimize().unwrap();
    }
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xff);
    std::fs::write(&file, bytes).unwrap();
    let (mut db, opened) = NotebookDb::open(&file).unwrap();
    let is_found = opened == Opened::Replaced || !db.integrity().is_ok_and(|found| found.is_empty());
    assert!(is_found);
    drop(db);
    let mut db = NotebookDb::replace(&file).unwrap();
    assert!(db.integrity().unwrap().is_empty() && db.reader().unwrap().files().unwrap().is_empty());
}

#[test]
fn a_database_of_somebody_else_is_set_aside() {
    let (folder, file) = scratch();
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE notes (a); INSERT INTO notes VALUES (1)").unwrap();
    assert_eq!(NotebookDb::open(&file).unwrap().1, Opened::Replaced);
    assert!(folder.path().join("notebook.db.damaged-1").exists());
}

#[test]
fn a_database_from_before_the_orders_is_upgraded_to_what_a_fresh_one_has() {
    let (folder, file) = scratch();
    let (_other, fresh) = scratch();
    let notes = || {
        let texts = ["Größe", "A title of more than sixteen bytes", "Übergrößenträger", ""];
        texts.map(|title| {
            let mut record = note(&format!("{}.md", title.len())).prop("status", " Done").body("one two three two");
            title.clone_into(&mut record.parsed.title);
            upsert(record)
        })
    };
    drop(NotebookDb::open(&fresh).unwrap().0.apply(&notes()).unwrap());
    {
        // What the third step adds is taken away again.
        let (mut db, _) = NotebookDb::open(&file).unwrap();
        db.apply(&notes()).unwrap();
        drop(db);
        let old = "DROP TABLE text_sizes; DROP INDEX file_by_title; DROP INDEX property_with_space;
            ALTER TABLE file_metadata DROP COLUMN title_order; DROP INDEX property_by_value;
            CREATE INDEX property_by_value ON properties (key_id, value); PRAGMA user_version = 2;";
        Connection::open(&file).unwrap().execute_batch(old).unwrap();
    }
    let (mut db, opened) = NotebookDb::open(&file).unwrap();
    assert_eq!(opened, Opened::Existing);
    assert!(folder.path().join("notebook.db.before-3").exists());
    assert!(db.integrity().unwrap().is_empty());
    drop(db);
    let rows = |file: &Path| -> Vec<(i64, String, String)> {
        let sql = "SELECT f.id, f.title_order, hex(s.sizes) FROM file_metadata f, text_sizes s ORDER BY f.id";
        let connection = Connection::open(file).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(rows(&file), rows(&fresh));
    assert_eq!(
        rows(&file).iter().map(|(_, order, _)| &**order).collect::<Vec<_>>()[1..3],
        ["a title of more ", "übergrößentr"]
    );
    assert_eq!(schema_of(&file), schema_of(&fresh));
}
