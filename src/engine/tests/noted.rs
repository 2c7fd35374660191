//! Changes that are noted, as mounts and the API do.

use super::*;

#[test]
fn what_was_noted_is_there_after_the_barrier() {
    let lab = Lab::new();
    lab.save("runs/a.md", &note_text("gpu", "warmup"));
    lab.barrier();
    assert_eq!(lab.tags("runs/a.md"), ["gpu"]);
    assert!(lab.engine().is_caught_up());
    lab.remove("runs/a.md");
    lab.note(ChangeOp::Removed, "runs/a.md");
    lab.barrier();
    assert_eq!(lab.id("runs/a.md"), None);
    assert!(!lab.engine().catalog().tag_counts().iter().any(|(_, count)| *count > 0));
}

#[test]
fn a_renamed_file_keeps_its_id() {
    let lab = Lab::new();
    lab.save("a.md", "# one\n");
    lab.barrier();
    let id = lab.id("a.md");
    lab.rename("a.md", "b.md");
    lab.note(ChangeOp::Renamed(at("a.md")), "b.md");
    lab.barrier();
    assert_eq!((lab.id("a.md"), lab.id("b.md")), (None, id));
}

#[test]
fn a_chain_of_renames_in_one_batch_keeps_the_id() {
    let lab = Lab::new();
    lab.save("a.md", "# one\n");
    lab.barrier();
    let id = lab.id("a.md");
    lab.rename("a.md", "b.md");
    lab.note(ChangeOp::Renamed(at("a.md")), "b.md");
    lab.rename("b.md", "c.md");
    lab.note(ChangeOp::Renamed(at("b.md")), "c.md");
    lab.save("a.md", "# another\n");
    lab.barrier();
    assert_eq!((lab.id("c.md"), lab.id("b.md")), (id, None));
    assert!(lab.id("a.md").is_some() && lab.id("a.md") != id);
}

#[test]
fn two_files_that_take_each_others_place_keep_their_ids() {
    let lab = Lab::new();
    lab.save("a.md", "# one\n");
    lab.save("b.md", "# two\n");
    lab.barrier();
    let ids = (lab.id("a.md"), lab.id("b.md"));
    lab.rename("a.md", "c.tmp");
    lab.rename("b.md", "a.md");
    lab.rename("c.tmp", "b.md");
    lab.note(ChangeOp::Exchanged(at("a.md")), "b.md");
    lab.barrier();
    assert_eq!((lab.id("b.md"), lab.id("a.md")), ids);
    assert!(lab.rows()[0].contains("\"two\""), "{:?}", lab.rows());
}

#[test]
fn a_renamed_folder_takes_its_notes_along() {
    let lab = Lab::new();
    lab.save("old/x/a.md", &note_text("gpu", "a"));
    lab.save("old/b.md", "# b\n");
    lab.barrier();
    let ids = (lab.id("old/x/a.md"), lab.id("old/b.md"));
    // One that the index has not seen yet goes along, too.
    lab.save("old/new.md", "# new\n");
    lab.rename("old", "moved");
    lab.note(ChangeOp::Renamed(at("old")), "moved");
    lab.barrier();
    assert_eq!((lab.id("moved/x/a.md"), lab.id("moved/b.md")), ids);
    assert!(lab.id("moved/new.md").is_some());
    assert_eq!(lab.id("old/b.md"), None);
}

#[test]
fn a_save_through_a_temporary_file_is_the_same_note() {
    let lab = Lab::new();
    lab.save("a.md", &note_text("one", ""));
    lab.barrier();
    let id = lab.id("a.md");
    for temporary in ["a.md.tmp", ".a.md.new", "a.md~"] {
        lab.save(temporary, &note_text("two", temporary));
        lab.rename(temporary, "a.md");
        lab.note(ChangeOp::Renamed(at(temporary)), "a.md");
        lab.barrier();
        assert_eq!(lab.id("a.md"), id, "{temporary}");
        assert_eq!(lab.tags("a.md"), ["two"]);
        assert_eq!(lab.rows().len(), 1);
    }
}

#[test]
fn a_file_removed_and_made_again_at_once_is_the_same_note() {
    let lab = Lab::new();
    lab.save("a.md", &note_text("one", ""));
    lab.barrier();
    let id = lab.id("a.md");
    lab.remove("a.md");
    lab.note(ChangeOp::Removed, "a.md");
    lab.barrier();
    assert_eq!(lab.id("a.md"), None, "a removed note is gone at once");
    assert!(lab.rows().is_empty(), "from queries, too");
    lab.save("a.md", &note_text("two", ""));
    lab.barrier();
    assert_eq!((lab.id("a.md"), lab.tags("a.md")), (id, vec!["two".to_owned()]));
}

#[test]
fn sidecars_have_no_rows_and_speak_for_their_file() {
    let lab = Lab::new();
    lab.save("plot.png", "png");
    lab.save("plot.png.json", r#"{"tags": ["gpu"], "dpi": 300}"#);
    lab.barrier();
    assert_eq!((lab.tags("plot.png"), lab.id("plot.png.json")), (vec!["gpu".to_owned()], None));
    lab.save("plot.png.json", r#"{"tags": ["cpu"]}"#);
    lab.barrier();
    assert_eq!(lab.tags("plot.png"), ["cpu"]);
    // Without its file it is an ordinary note, and with it a sidecar again.
    lab.remove("plot.png");
    lab.note(ChangeOp::Removed, "plot.png");
    lab.barrier();
    assert!(lab.id("plot.png.json").is_some());
    lab.save("plot.png", "png");
    lab.barrier();
    assert_eq!((lab.tags("plot.png"), lab.id("plot.png.json")), (vec!["cpu".to_owned()], None));
    lab.remove("plot.png.json");
    lab.note(ChangeOp::Removed, "plot.png.json");
    lab.barrier();
    assert!(lab.tags("plot.png").is_empty());
}

#[test]
fn what_is_ignored_has_no_row_and_rules_may_come_late() {
    let lab = Lab::new();
    for path in ["a.log", ".git/config", "x/node_modules/a.md", "keep.md", ".a.md.swp", ".metadata"] {
        lab.save(path, "text");
    }
    lab.barrier();
    assert!(lab.id("a.log").is_some() && lab.rows().len() == 2, "{:?}", lab.rows());
    lab.save(".gitignore", "*.log\n");
    lab.barrier();
    lab.engine().wait_for_scans();
    assert_eq!((lab.id("a.log"), lab.id("keep.md").is_some()), (None, true));
    lab.remove(".gitignore");
    lab.note(ChangeOp::Removed, ".gitignore");
    lab.barrier();
    lab.engine().wait_for_scans();
    assert!(lab.id("a.log").is_some());
}

#[test]
fn a_broken_index_fails_the_barrier_at_once_and_recovers() {
    let lab = Lab::new();
    lab.save("a.md", "# a\n");
    lab.barrier();
    // Another connection holds the database longer than SQLite waits.
    let connection = rusqlite_lock(&lab);
    lab.save("b.md", "# b\n");
    let behind = lab.engine().barrier(Duration::from_secs(30)).unwrap_err();
    assert!(behind.reason.contains("lab"), "{behind}");
    let start = Instant::now();
    assert!(lab.engine().barrier(Duration::from_secs(30)).is_err());
    assert!(start.elapsed() < Duration::from_secs(6), "the second reader learns it at once");
    drop(connection);
    lab.until("the index recovers", || lab.engine().barrier(Duration::from_secs(1)).is_ok());
    assert!(lab.id("b.md").is_some());
}

fn rusqlite_lock(lab: &Lab) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(lab.root().join("lab/.codex/notebook.db")).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    connection
}

#[test]
fn node_numbers_stay_and_are_never_reused() {
    let mut lab = Lab::new();
    lab.save("a.md", "a");
    lab.barrier();
    let number = |lab: &Lab, path: &str| lab.lab().node_number(&lab.lab().dir.stat(&at(path)).unwrap());
    let a = number(&lab, "a.md");
    lab.rename("a.md", "b.md");
    assert_eq!(number(&lab, "b.md"), a);
    lab.close();
    lab.open();
    assert_eq!(number(&lab, "b.md"), a);
    lab.write("c.md", "c");
    assert_ne!(number(&lab, "c.md"), a);
}
