//! The order of full text, what connections remember, and merging.

use rusqlite::Connection;

use super::tests::{Describe, note, open, upsert};
use super::*;
use crate::index::query::{TimeContext, parse_line};
use crate::types::NotebookNumber;

fn options() -> QueryOptions {
    let time = TimeContext {
        now: "2026-11-04T14:30:00Z".parse().unwrap(),
        zone: jiff::tz::TimeZone::UTC,
        week_starts: jiff::civil::Weekday::Monday,
    };
    QueryOptions { time, budget: std::time::Duration::from_secs(60), only: None, snippets: false }
}

fn found(db: &NotebookDb, line: &str) -> (Vec<String>, u64) {
    let source = QuerySource { name: "lab".into(), number: NotebookNumber(1), reader: db.reader().unwrap() };
    let result = run_query(&parse_line(line).unwrap(), &[source], &options()).unwrap();
    (result.files.iter().map(|file| file.path.to_string()).collect(), result.total)
}

/// Notes of words that recur, from a fixed sequence.
fn notes(count: u64) -> Vec<RowChange> {
    const WORDS: [&str; 6] = ["adam", "rate", "learning", "sgd", "adamant", "warm"];
    let mut state = 7_u64;
    let mut dice = |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    let mut text = |most: u64| {
        let words = (0..=dice(most)).map(|_| WORDS[usize::try_from(dice(6)).unwrap()]);
        words.collect::<Vec<_>>().join(" ")
    };
    let record = |number: u64| {
        let tags: &[&str] = if number.is_multiple_of(7) { &["adam"] } else { &["other"] };
        let mut record = note(&format!("runs/{number}.md")).tagged(tags).body(&text(12)).prop("n", number % 5);
        record.parsed.title = text(1);
        upsert(record)
    };
    (0..count).map(record).collect()
}

#[test]
fn the_order_of_full_text_is_that_of_fts5s_bm25() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    db.apply(&notes(300)).unwrap();
    // Some are written again, some go: sizes and counts follow.
    db.apply(&notes(40)).unwrap();
    let connection = Connection::open(folder.path().join(".codex/notebook.db")).unwrap();
    for (line, expression) in [
        ("adam", "\"adam\""),
        ("warm*", "\"warm\" *"),
        ("adam*", "\"adam\" *"),
        ("adam rate", "\"adam\" AND \"rate\""),
        ("adam OR warm", "(\"adam\" OR \"warm\")"),
        ("\"learning rate\"", "\"learning rate\""),
        ("\"learning rate\" sgd adam", "\"learning rate\" AND \"sgd\" AND \"adam\""),
    ] {
        let sql = "SELECT f.path FROM search_index s JOIN file_metadata f ON f.id = s.rowid
                   WHERE search_index MATCH ?1 ORDER BY bm25(search_index, 8.0, 1.0, 2.0, 4.0), f.path";
        let mut statement = connection.prepare(sql).unwrap();
        let expected: Vec<String> =
            statement.query_map([expression], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(expected.len() > 3, "{line}");
        assert_eq!(found(&db, line), (expected.clone(), expected.len() as u64), "{line}");
        for (limit, offset) in [(1, 0), (10, 0), (7, 20), (1000, 0)] {
            let page: Vec<String> = expected.iter().skip(offset).take(limit).cloned().collect();
            let line = format!("{line} limit:{limit}");
            let source = QuerySource { name: "lab".into(), number: NotebookNumber(1), reader: db.reader().unwrap() };
            let mut query = parse_line(&line).unwrap();
            query.offset = offset as u64;
            let result = run_query(&query, &[source], &options()).unwrap();
            let paths: Vec<String> = result.files.iter().map(|file| file.path.to_string()).collect();
            assert_eq!((paths, result.total), (page, expected.len() as u64), "{line} offset {offset}");
        }
    }
}

#[test]
fn what_was_remembered_is_forgotten_when_something_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    db.apply(&notes(60)).unwrap();
    let line = "tag:adam n>=0 sort:-n,title limit:3";
    let before = found(&db, line);
    assert_eq!(before.1, 9);
    // From the second time on the order is walked in memory.
    for _ in 0..3 {
        assert_eq!(found(&db, line), before);
    }
    db.apply(&[upsert(note("runs/1.md").tagged(&["adam"]).prop("n", 9))]).unwrap();
    for _ in 0..3 {
        let (paths, total) = found(&db, line);
        assert_eq!((&*paths[0], total), ("runs/1.md", 10));
    }
    db.apply(&[RowChange::Removed(super::tests::path("runs/1.md"))]).unwrap();
    assert_eq!(found(&db, line), before);
}

#[test]
fn texts_with_space_around_them_sort_as_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    let values = ["b", " z", "B", "a", "\u{3000}a", "c ", "c!", "A"];
    let record = |(number, value): (usize, &&str)| {
        upsert(note(&format!("{number}.md")).tagged(&["t"]).prop("k", *value).prop("n", 1))
    };
    db.apply(&values.iter().enumerate().map(record).collect::<Vec<_>>()).unwrap();
    for _ in 0..2 {
        // " z" first, then "A", "a", "B", "b", "c ", "c!", and the wide space last.
        for (limit, last) in [(1, "1.md"), (2, "7.md"), (3, "3.md"), (4, "2.md"), (6, "5.md"), (8, "4.md")] {
            let (paths, total) = found(&db, &format!("tag:t sort:k limit:{limit}"));
            assert_eq!((paths.last().map(String::as_str), total), (Some(last), 8), "limit {limit}");
        }
    }
}

#[test]
fn walks_are_along_indexes_that_have_all_they_need() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    db.apply(&notes(200)).unwrap();
    db.optimize().unwrap();
    let connection = Connection::open(folder.path().join(".codex/notebook.db")).unwrap();
    for (sql, _) in run::walked_orders(1) {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let parameters = statement.parameter_count();
        let steps = statement.query_map(rusqlite::params_from_iter(vec![1; parameters]), |row| row.get::<_, String>(3));
        for step in steps.unwrap() {
            let step = step.unwrap();
            assert!(step.contains("USING COVERING INDEX") || step.contains("USING INDEX"), "{sql}: {step}");
        }
    }
}

#[test]
fn merging_by_steps_leaves_few_segments_and_the_same_matches() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    let changes = notes(90);
    for change in changes.chunks(3) {
        db.apply(change).unwrap();
    }
    let before = found(&db, "adam limit:20");
    assert_eq!(db.segments().unwrap(), 30);
    while db.merge(Merge::Similar).unwrap() {}
    assert!(db.segments().unwrap() < 16, "{}", db.segments().unwrap());
    assert_eq!(found(&db, "adam limit:20"), before);
    db.optimize().unwrap();
    assert_eq!((db.segments().unwrap(), found(&db, "adam limit:20")), (1, before));
    assert!(db.integrity().unwrap().is_empty());
}

#[test]
fn a_merge_of_all_gives_its_pages_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    for change in notes(3000).chunks(500) {
        db.apply(change).unwrap();
    }
    db.optimize().unwrap();
    let connection = Connection::open(folder.path().join(".codex/notebook.db")).unwrap();
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0)).unwrap();
    assert_eq!(free, 0);
}

#[test]
fn folding_the_log_beside_the_writer_brings_all_into_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    let log_folder = db.log_folder().unwrap();
    db.apply(&notes(20)).unwrap();
    log_folder.fold().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(folder.path().join(".codex/notebook.db"), &copy).unwrap();
    let rows: i64 =
        Connection::open(&copy).unwrap().query_row("SELECT count(*) FROM file_metadata", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 20);
    db.apply(&notes(30)).unwrap();
    assert_eq!(db.reader().unwrap().files().unwrap().len(), 30);
}

#[test]
fn a_wrong_size_of_a_text_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    db.apply(&notes(20)).unwrap();
    assert!(db.integrity().unwrap().is_empty());
    let connection = Connection::open(folder.path().join(".codex/notebook.db")).unwrap();
    connection.execute("UPDATE text_sizes SET sizes = CAST(substr(sizes, 1, length(sizes) - 4) AS BLOB)", []).unwrap();
    assert_eq!(db.integrity().unwrap(), ["1 files with a wrong size of their full text"]);
}
