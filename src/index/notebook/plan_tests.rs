//! The common shapes of queries walk an index: what SQLite says of its plans.

use rusqlite::params_from_iter;

use super::rowio::{PageTags, TAGS_OF, tags_of};
use super::sql::{Compiler, Fragment, Plan};
use super::tests::{Describe, note, open, upsert};
use crate::index::query::{TimeContext, parse_line};

/// The plan's steps, without the parts that vary.
fn steps(db: &super::NotebookDb, line: &str) -> Vec<String> {
    let query = parse_line(line).unwrap();
    let time = TimeContext {
        now: "2026-11-04T14:30:00Z".parse().unwrap(),
        zone: jiff::tz::TimeZone::UTC,
        week_starts: jiff::civil::Weekday::Monday,
    };
    let reader = db.reader().unwrap();
    let lent = reader.lend().unwrap();
    let compiler = Compiler { connection: lent.connection(), time: &time, notebook: "lab", is_single: false };
    let plan = Plan::of(&compiler, &query.filter, None, false).unwrap();
    let (sql, params) = plan.select("", &Fragment::nothing(), false);
    let mut statement = lent.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = statement.query_map(params_from_iter(params), |row| row.get::<_, String>(3)).unwrap();
    steps.map(|step| step.unwrap().replace("COVERING INDEX", "INDEX")).collect()
}

#[test]
fn tags_of_a_list_were_compiled_anew_for_each_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    let tagged = |n: usize| upsert(note(&format!("{n}.md")).tagged(&[&format!("t{}", n % 7), "all"]));
    db.apply(&(0..300).map(tagged).collect::<Vec<_>>()).unwrap();
    db.optimize().unwrap();
    let reader = db.reader().unwrap();
    let files = reader.files().unwrap();
    let lent = reader.lend().unwrap();
    let mut of_page = PageTags::default();
    for file in &files {
        assert_eq!(tags_of(lent.connection(), file.id.0).unwrap(), file.tags);
        assert_eq!(of_page.of(lent.connection(), file.id.0).unwrap(), file.tags);
    }
    let statement = lent.connection().prepare_cached(TAGS_OF).unwrap();
    assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
}

#[test]
fn common_shapes_are_served_by_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let mut db = open(folder.path());
    let notes: Vec<_> = (0..600)
        .map(|n| {
            let status = ["todo", "doing", "done"][n % 3];
            let tags: &[&str] = if n % 50 == 0 { &["rare", "all"] } else { &["all"] };
            upsert(
                note(&format!("runs/{n}.md"))
                    .tagged(tags)
                    .prop("status", status)
                    .prop("loss", n)
                    .prop("due", format!("2026-11-{:02}", n % 28 + 1))
                    .linking(&["0.md"])
                    .body("adam"),
            )
        })
        .collect();
    db.apply(&notes).unwrap();
    db.optimize().unwrap();
    let tag = "SEARCH t USING INDEX file_by_tag (tag_id=?)";
    for (line, first, then) in [
        ("tag:rare", tag, ""),
        ("tag:rare status:done", tag, "SEARCH p EXISTS USING"),
        (
            "tag:all status:done loss<5",
            "SEARCH p USING INDEX property_by_value (key_id=? AND value<?)",
            "SEARCH t EXISTS USING",
        ),
        ("status:done", "SEARCH p USING INDEX property_by_value (key_id=? AND value=?)", ""),
        ("status:todo,done", "COMPOUND QUERY", "SEARCH p USING INDEX property_by_value (key_id=? AND value=?)"),
        ("loss<0.1", "SEARCH p USING INDEX property_by_value (key_id=? AND value<?)", ""),
        ("due<=2026-11-07", "SEARCH p USING INDEX property_by_value (key_id=? AND value>? AND value<?)", ""),
        ("adam tag:rare", "SCAN search_index VIRTUAL TABLE INDEX", "SEARCH t EXISTS USING"),
        ("path:runs/**", "SEARCH f USING", ""),
        ("folder:runs", "SEARCH f USING INDEX", ""),
        ("modified>=today", "SEARCH f USING INDEX file_by_mtime (mtime_ns>?)", ""),
        ("links-to:0", "SEARCH l USING INDEX link_by_target (to_id=?)", ""),
        ("name:5.md", "SEARCH n USING PRIMARY KEY (stem=?)", "SEARCH f USING INTEGER PRIMARY KEY"),
        ("tag:rare OR loss<3", "COMPOUND QUERY", tag),
    ] {
        let steps = steps(&db, line);
        let shown = steps.join("\n");
        for expected in [first, then] {
            assert!(steps.iter().any(|step| step.starts_with(expected)), "{line}: no `{expected}` in\n{shown}");
        }
        for table in ["f", "p", "t", "l", "n", "file_metadata", "properties", "file_tags"] {
            assert!(!steps.iter().any(|step| *step == format!("SCAN {table}")), "{line}:\n{shown}");
        }
    }
}
