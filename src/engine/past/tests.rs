//! Log, diff, show, restore and undo on real workspaces.

use super::UndoReply;
use crate::engine::edit::scratch::{Workspace, ada, path, tag};
use crate::engine::{EngineError, Requester};
use crate::index::parse::edit::MetaEdit;
use crate::types::Actor;

fn flush(w: &Workspace) {
    w.engine.flush_history().unwrap();
}

fn undo(w: &Workspace, count: usize) -> Result<UndoReply, EngineError> {
    w.engine.undo(count, false, &ada())
}

/// `lab/a.md` with two recorded versions, `one` and `two`.
fn two_versions() -> Workspace {
    let w = Workspace::new();
    w.create("lab/a.md", "one\n");
    flush(&w);
    w.write("lab/a.md", "two\n");
    flush(&w);
    w
}

#[test]
fn versions_are_listed_shown_and_compared() {
    let w = two_versions();
    let lab = w.notebook("lab");
    let commits = w.engine.log(Some((&lab, &path("a.md"))), 10).unwrap();
    assert_eq!(commits.len(), 2);
    let first = commits[1].1.id.to_string();
    let show = |revision: Option<&str>| w.engine.show(&lab, &path("a.md"), revision).map(|file| file.bytes.to_vec());
    assert_eq!(show(None).unwrap(), b"two\n");
    assert_eq!(show(Some(&first[..8])).unwrap(), b"one\n");
    assert_eq!(show(Some("today")).unwrap(), b"two\n");
    assert!(matches!(show(Some("2001-01-01")), Err(EngineError::NotFound(_))));
    assert!(matches!(show(Some("no such")), Err(EngineError::Invalid(_))));
    let diff = |from, to| w.engine.diff(&lab, &path("a.md"), from, to).unwrap();
    assert!(diff(Some(&first), None).contains("-one\n+two"));
    assert_eq!(diff(None, None), "");
    w.write("lab/a.md", "three\n");
    assert!(diff(None, None).contains("-two\n+three"));
    let second = commits[0].1.id.to_string();
    assert!(diff(Some(&first), Some(&second)).contains("-one\n+two"));
    assert!(w.engine.diff(&lab, &path(""), Some(&first), None).unwrap().contains("+three"));
}

#[test]
fn a_renamed_file_is_shown_under_the_name_that_it_had() {
    let w = two_versions();
    let lab = w.notebook("lab");
    let first = w.engine.log(Some((&lab, &path("a.md"))), 10).unwrap()[1].1.id.to_string();
    w.engine.move_file(&lab, &path("a.md"), &path("sub/b.md"), &ada()).unwrap();
    flush(&w);
    let past = w.engine.show(&lab, &path("sub/b.md"), Some(&first)).unwrap();
    assert_eq!((&*past.bytes, past.path), (&b"one\n"[..], path("a.md")));
    let restored = w.engine.restore(&lab, &path("sub/b.md"), Some(&first), &ada()).unwrap();
    assert_eq!(restored, [path("sub/b.md")]);
    assert_eq!(w.read("lab/sub/b.md").unwrap(), "one\n");
}

#[test]
fn restoring_brings_back_files_and_folders_even_after_they_were_removed() {
    let w = two_versions();
    let lab = w.notebook("lab");
    w.create("lab/runs/1.md", "1");
    w.create("lab/runs/deep/2.md", "2");
    flush(&w);
    w.write("lab/a.md", "unrecorded\n");
    w.engine.restore(&lab, &path("a.md"), None, &ada()).unwrap();
    assert_eq!(w.read("lab/a.md").unwrap(), "two\n");
    // What was there was recorded before it was replaced.
    flush(&w);
    let versions = w.engine.log(Some((&lab, &path("a.md"))), 10).unwrap();
    assert_eq!(versions.len(), 4);

    w.engine.delete_file(&lab, &path("runs"), &ada()).unwrap();
    flush(&w);
    assert!(w.read("lab/runs/1.md").is_none());
    let restored = w.engine.restore(&lab, &path("runs"), None, &ada()).unwrap();
    assert_eq!(restored.len(), 2);
    assert_eq!(w.read("lab/runs/deep/2.md").unwrap(), "2");
    assert!(matches!(w.engine.restore(&lab, &path("never.md"), None, &ada()), Err(EngineError::NotFound(_))));
    w.assert_clean();
}

#[test]
fn undo_reverts_the_last_gestures_over_all_notebooks_and_is_not_undone_itself() {
    let w = Workspace::holding(&[("lab/a.md", "---\ntags: [x]\n---\n"), ("home/b.md", "---\ntags: [x]\n---\n")]);
    flush(&w);
    w.engine.rename_tag(&tag("x"), &tag("y"), false, &ada()).unwrap();
    flush(&w);
    w.create("lab/new/n.md", "n");
    let undone = undo(&w, 1).unwrap();
    assert_eq!(undone.undone[0].files, ["lab/new/n.md"]);
    assert!(w.read("lab/new/n.md").is_none());
    assert!(w.notebook("lab").dir.stat(&path("new")).is_err());
    let undone = undo(&w, 1).unwrap();
    assert_eq!(undone.undone[0].files.len(), 2);
    assert_eq!((w.tags("lab/a.md"), w.tags("home/b.md")), (vec!["x".to_owned()], vec!["x".to_owned()]));
    w.assert_clean();
}

#[test]
fn edits_that_follow_each_other_at_once_are_undone_one_by_one() {
    let w = Workspace::holding(&[("lab/a.md", "---\ntags: [first]\n---\n")]);
    let bob = Requester { actor: Actor::User("bob".into()), gesture: None };
    let add = |name: &str, by: &Requester| {
        let edits = vec![MetaEdit::AddTag(tag(name))];
        w.engine.edit_metadata(&[(w.key("lab/a.md"), edits)], by).unwrap();
    };
    add("ada", &ada());
    add("bob", &bob);
    assert_eq!(w.tags("lab/a.md"), ["ada", "bob", "first"]);
    w.engine.undo(1, false, &bob).unwrap();
    assert_eq!(w.tags("lab/a.md"), ["ada", "first"]);
    undo(&w, 1).unwrap();
    assert_eq!(w.tags("lab/a.md"), ["first"]);
    w.assert_clean();
}

#[test]
fn undo_merges_later_edits_or_refuses_by_name_and_writes_nothing() {
    let w = Workspace::new();
    let text = |first: &str, last: &str| format!("{first}\n\n\n\n\n\n\n\n{last}\n");
    w.create("lab/a.md", text("a", "z"));
    flush(&w);
    w.write("lab/a.md", &text("changed", "z"));
    flush(&w);
    let bob = Requester { actor: Actor::User("bob".into()), gesture: None };
    let lab = w.notebook("lab");
    let later = text("changed", "bob's");
    w.engine.write_contents_at(&lab, &path("a.md"), None, later.as_bytes(), &bob).unwrap();
    flush(&w);
    undo(&w, 1).unwrap();
    assert_eq!(w.read("lab/a.md").unwrap(), text("a", "bob's"));

    w.write("lab/a.md", &text("mine", "bob's"));
    flush(&w);
    let over = text("bob again", "bob's");
    w.engine.write_contents_at(&lab, &path("a.md"), None, over.as_bytes(), &bob).unwrap();
    flush(&w);
    match undo(&w, 1) {
        Err(EngineError::Conflict(text)) => assert!(text.contains("a.md"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(w.read("lab/a.md").unwrap(), over);
    // Bob's own last gesture merges with nothing and is reverted.
    assert_eq!(w.engine.undo(1, false, &bob).unwrap().undone.len(), 1);
    assert_eq!(w.read("lab/a.md").unwrap(), text("mine", "bob's"));
    let nobody = Requester { actor: Actor::User("eve".into()), gesture: None };
    assert!(matches!(w.engine.undo(1, false, &nobody), Err(EngineError::NotFound(_))));
}
