//! What changed while nothing was running.

use super::*;

#[test]
fn changes_made_offline_are_taken_in_and_renames_recognised() {
    let mut lab = Lab::with(&[("a.md", "# a\n"), ("x/b.md", "# b\n"), ("c.md", "# c\n")], false);
    let (a, b) = (lab.id("a.md"), lab.id("x/b.md"));
    lab.close();
    lab.rename("a.md", "moved.md");
    lab.rename("x", "y");
    lab.remove("c.md");
    lab.write("d.md", &note_text("new", ""));
    lab.open();
    assert_eq!((lab.id("moved.md"), lab.id("y/b.md")), (a, b));
    assert_eq!((lab.id("a.md"), lab.id("x/b.md"), lab.id("c.md")), (None, None, None));
    assert_eq!(lab.tags("d.md"), ["new"]);
}

#[test]
fn a_note_that_was_copied_and_removed_offline_keeps_its_id() {
    let mut lab = Lab::with(&[("a.md", "# contents that nothing else has\n")], false);
    let a = lab.id("a.md");
    lab.close();
    std::fs::copy(lab.root().join("lab/a.md"), lab.root().join("lab/b.md")).unwrap();
    lab.remove("a.md");
    lab.open();
    assert_eq!((lab.id("b.md"), lab.id("a.md")), (a, None));
}

#[test]
fn tags_are_listed_before_the_scan() {
    let mut lab = Lab::with(&[("a.md", &note_text("gpu", ""))], false);
    lab.close();
    let options = EngineOptions { wait_for_scan: false, ..lab.options() };
    lab.engine = Some(Engine::open(&lab.root(), options).unwrap());
    assert!(lab.engine().catalog().has_tag(&tag("gpu")));
}

#[test]
fn an_index_that_followed_changes_equals_one_made_anew() {
    let mut lab = Lab::new();
    for n in 0..30 {
        lab.save(&format!("d{}/n{n}.md", n % 4), &note_text(&format!("t{}", n % 3), &format!("see [[n{}]]", n + 1)));
    }
    lab.save("plot.png", "x");
    lab.save("plot.png.yaml", "tags: [gpu]\n");
    lab.barrier();
    lab.rename("d1", "e1");
    lab.note(ChangeOp::Renamed(at("d1")), "e1");
    lab.rename("d2/n2.md", "e1/moved.md");
    lab.note(ChangeOp::Renamed(at("d2/n2.md")), "e1/moved.md");
    lab.remove("d3/n3.md");
    lab.note(ChangeOp::Removed, "d3/n3.md");
    lab.save("d0/n0.md", "# changed\n");
    lab.barrier();
    let followed = lab.rows();
    lab.close();
    for file in ["notebook.db", "notebook.db-wal", "notebook.db-shm"] {
        let _ = std::fs::remove_file(lab.root().join("lab/.codex").join(file));
    }
    lab.open();
    assert_eq!(lab.rows(), followed);
}

/// A kill between two versions of a note left the older one as the newest in the history, and nobody noticed: the index
/// said that the note had been recorded, which was true of an earlier commit.
#[test]
fn the_history_has_what_the_files_have_whatever_version_a_crash_left_in_it() {
    let mut lab = Lab::with(&[("a.md", "# now\n"), ("b.md", "# same\n"), ("run.sh", "echo\n")], false);
    lab.engine().flush_history().unwrap();
    let older = |path: &str, text: &str| crate::history::Recorded::Written {
        path: at(path),
        bytes: text.as_bytes().into(),
        executable: false,
    };
    let batch = crate::history::Batch {
        changes: vec![older("a.md", "# before\n")],
        actor: Actor::Codex,
        time: jiff::Timestamp::now(),
        summary: None,
        gesture: edit::new_gesture(),
        undoes: Vec::new(),
    };
    lab.lab().history.record(&batch).unwrap();
    lab.close();
    // Recorded under the name that it is renamed over, and renamed while nothing ran.
    lab.rename("b.md", "run.sh");
    lab.open();
    let check = lab.engine().check(false).unwrap();
    assert_eq!(check.differences, []);
}

#[test]
fn a_rebuild_reads_every_file_and_keeps_ids() {
    let lab = Lab::with(&[("a.md", "# a\n"), ("b.md", "# b\n")], false);
    let (rows, id) = (lab.rows(), lab.id("a.md"));
    lab.engine().rescan(None, true).unwrap();
    assert_eq!((lab.rows(), lab.id("a.md")), (rows, id));
}

#[test]
fn an_emptied_mountpoint_in_place_of_a_notebook_deletes_nothing() {
    let mut lab = Lab::with(&[("a.md", "# a\n")], false);
    let id = lab.id("a.md");
    lab.close();
    std::fs::rename(lab.root().join("lab"), lab.folder.path().join("drive")).unwrap();
    std::fs::create_dir(lab.root().join("lab")).unwrap();
    lab.open();
    assert!(lab.engine().notebook_named("lab").is_none(), "it is not taken for a notebook that was emptied");
    assert!(lab.engine().broken_notebooks()[0].1.contains("it held 1 file"));
    lab.close();
    // Nothing was made in it.
    std::fs::remove_dir(lab.root().join("lab")).unwrap();
    std::fs::rename(lab.folder.path().join("drive"), lab.root().join("lab")).unwrap();
    lab.open();
    assert_eq!(lab.id("a.md"), id);
}

#[test]
fn a_store_that_is_only_read_answers_and_is_left_as_it_is() {
    let mut lab = Lab::with(&[("a.md", &note_text("gpu", ""))], false);
    lab.engine().flush_history().unwrap();
    lab.close();
    let before = listing(&lab.root());
    // The lock is not needed: somebody else may hold it.
    let options = EngineOptions { read_only: true, ..lab.options() };
    lab.engine = Some(Engine::open(&lab.root(), options).unwrap());
    assert_eq!(lab.tags("a.md"), ["gpu"]);
    assert!(lab.lab().history.head().unwrap().is_some());
    lab.engine().flush_history().unwrap();
    lab.close();
    assert_eq!(listing(&lab.root()), before);
}

/// Every file with its length and the time of its last change.
fn listing(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let meta = entry.metadata().unwrap();
        found.push(format!("{} {} {:?}", entry.path().display(), meta.len(), meta.modified().unwrap()));
        if meta.is_dir() {
            found.extend(listing(&entry.path()));
        }
    }
    found.sort();
    found
}
