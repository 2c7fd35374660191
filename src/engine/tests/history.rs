//! What is recorded, by whom and in which commits.

use super::*;
use crate::engine::history_thread::Recording;
use crate::history::{CommitInfo, PastKind};
use crate::index::parse::edit::MetaEdit;

impl Lab {
    fn log(&self) -> Vec<CommitInfo> {
        self.lab().history.log(None, 100).unwrap()
    }

    fn flush(&self) {
        self.engine().flush_history().unwrap();
    }

    /// The newest recorded contents of a path.
    fn recorded(&self, path: &str) -> Option<String> {
        let history = &self.lab().history;
        let entry = history.entry(history.head().unwrap()?, &at(path)).unwrap()?;
        Some(String::from_utf8_lossy(&history.blob(entry.id).unwrap()).into_owned())
    }

    fn save_as(&self, actor: &Actor, path: &str, text: &str) {
        self.write(path, text);
        let by = Requester { actor: actor.clone(), gesture: None };
        self.engine().note(Change { notebook: self.lab().number, op: ChangeOp::Written, path: at(path), by });
    }
}

#[test]
fn a_new_notebook_is_adopted_in_one_commit() {
    let lab = Lab::with(&[("a.md", "# a\n"), ("x/b.bin", "b"), ("plot.png", "p"), (".plot.png.json", "{}")], false);
    lab.flush();
    let log = lab.log();
    assert_eq!((log.len(), log[0].actor.clone()), (1, Actor::Codex));
    assert_eq!(log[0].summary, "adopt notebook");
    assert_eq!(lab.recorded(".plot.png.json").as_deref(), Some("{}"));
}

/// An edit that came before the first commit of a notebook was recorded as part of what the notebook was adopted with.
#[test]
fn an_edit_before_a_notebook_is_adopted_is_a_commit_of_its_own() {
    let lab = Lab::new();
    lab.flush();
    let held = lab.engine().core.history.held.lock();
    std::fs::create_dir(lab.root().join("new")).unwrap();
    for (name, text) in [("a.md", "---\nn: 1\n---\n"), ("b.md", "# b\n")] {
        std::fs::write(lab.root().join("new").join(name), text).unwrap();
    }
    lab.engine().core.scans.request_folders();
    lab.until("it is opened", || lab.engine().notebook_named("new").is_some());
    let new = lab.engine().notebook_named("new").unwrap();
    let id = || lab.engine().catalog().by_path(new.number, &at("a.md"));
    lab.until("it is read", || id().is_some());
    let (grace, edits) =
        (Actor::User("grace".to_owned()), vec![MetaEdit::Set { key: "n".to_owned(), value: 2.into() }]);
    let grace = Requester { actor: grace, gesture: None };
    lab.engine().edit_metadata(&[(id().unwrap(), edits)], &grace).unwrap();
    drop(held);
    lab.flush();
    let log = new.history.log(None, 10).unwrap();
    let shown: Vec<_> = log.iter().map(|commit| (commit.actor.author_name(), commit.changes.len())).collect();
    assert_eq!(shown, [("grace".to_owned(), 1), ("Codex".to_owned(), 2)], "{log:#?}");
    lab.engine().undo(1, false, &grace).unwrap();
    assert_eq!(std::fs::read_to_string(lab.root().join("new/a.md")).unwrap(), "---\nn: 1\n---\n");
}

#[test]
fn changes_are_grouped_by_actor() {
    let lab = Lab::with(&[("a.md", "# a\n")], false);
    lab.flush();
    let tidy = Actor::Agent("tidy".to_owned());
    lab.save("b.md", "# b\n");
    lab.save("c.md", "# c\n");
    lab.save_as(&tidy, "d.md", "# d\n");
    lab.save("b.md", "# b, later\n");
    lab.flush();
    let log = lab.log();
    let actors: Vec<_> = log.iter().map(|commit| (commit.actor.author_name(), commit.changes.len())).collect();
    assert_eq!(actors, [("Agent tidy".to_owned(), 1), ("ada".to_owned(), 2), ("Codex".to_owned(), 1)]);
    assert!(log[0].gesture.is_some() && log[0].gesture != log[1].gesture);
    assert_eq!(lab.recorded("b.md").as_deref(), Some("# b, later\n"));
}

/// A note whose old inode another note got was recorded as changed by whoever had written the other, in their gesture:
/// undoing that took it back too.
#[test]
fn a_note_that_was_another_name_of_a_file_belongs_to_who_wrote_it_since() {
    let lab = Lab::with(&[("a.md", "# one\n")], false);
    std::fs::hard_link(lab.root().join("lab/a.md"), lab.root().join("lab/b.md")).unwrap();
    lab.engine().rescan(None, false).unwrap();
    lab.flush();
    let (tidy, grace) = (Actor::Agent("tidy".to_owned()), Actor::User("grace".to_owned()));
    lab.write("b.md", "# written by grace\n");
    lab.save_as(&tidy, "a.md", "# written by tidy\n");
    lab.barrier();
    let by = Requester { actor: grace.clone(), gesture: None };
    lab.engine().note(Change { notebook: lab.lab().number, op: ChangeOp::Written, path: at("b.md"), by });
    lab.flush();
    let author = |path: &str| lab.lab().history.log(Some(&at(path)), 1).unwrap()[0].actor.clone();
    assert_eq!((author("a.md"), author("b.md")), (tidy, grace));
}

/// A change that was there when an earlier report of the same note was looked at was recorded as that report's: an undo
/// right after it took back an older gesture.
#[test]
fn of_two_reports_that_are_looked_at_together_the_later_says_whose_the_note_is() {
    let lab = Lab::with(&[("a.md", "# a\n")], false);
    lab.flush();
    let (tidy, grace) = (Actor::Agent("tidy".to_owned()), Actor::User("grace".to_owned()));
    let note = |actor: &Actor| {
        let by = Requester { actor: actor.clone(), gesture: None };
        lab.engine().note(Change { notebook: lab.lab().number, op: ChangeOp::Written, path: at("a.md"), by });
    };
    // The index thread is kept until both have written and the first report has come.
    let (hold, held) = std::sync::mpsc::channel::<()>();
    lab.engine().core.queue.push_task(Box::new(move |_| held.recv().unwrap_or(())));
    lab.write("a.md", "# by grace, after tidy\n");
    note(&tidy);
    let first = lab.engine().core.queue.push_task(Box::new(|_| ()));
    lab.engine().core.history.mark(lab.lab().number, &at("a.md"), &Requester { actor: grace.clone(), gesture: None });
    hold.send(()).unwrap();
    lab.barrier();
    note(&grace);
    lab.flush();
    assert!(first);
    let newest = &lab.lab().history.log(Some(&at("a.md")), 1).unwrap()[0];
    assert_eq!(newest.actor, grace);
}

/// An edit that the watcher saw, and a flush recorded, before it was reported was nobody's: an undo of it took back an
/// older gesture.
#[test]
fn an_edit_that_is_seen_before_it_is_reported_is_its_makers() {
    let lab = Lab::with(&[("a.md", "# a\n")], false);
    lab.flush();
    let (number, grace) = (lab.lab().number, Requester { actor: Actor::User("grace".to_owned()), gesture: None });
    let seen = || {
        let history = &lab.engine().core.history;
        history.push(number, Recording::Written(at("a.md")), crate::engine::batch::unknown());
        history.flush().unwrap();
        lab.lab().history.log(Some(&at("a.md")), 1).unwrap()[0].actor.clone()
    };
    // Ada's write is recorded by then, or waits.
    for waits in [false, true] {
        lab.save("a.md", &format!("# by ada, {waits}\n"));
        lab.barrier();
        if !waits {
            lab.flush();
        }
        lab.engine().core.keep_before_edit(&lab.lab(), &at("a.md"), &grace);
        lab.write("a.md", &format!("# by grace, {waits}\n"));
        assert_eq!(seen(), grace.actor, "ada's waits: {waits}");
        lab.engine().note(Change { notebook: number, op: ChangeOp::Written, path: at("a.md"), by: grace.clone() });
        lab.flush();
        // What was foretold has happened; nobody knows who does the next.
        lab.write("a.md", &format!("# by nobody, {waits}\n"));
        assert_eq!(seen(), Actor::Unknown, "ada's waits: {waits}");
    }
}

/// Versions that were kept were recorded by who wrote them, and so an older one after a newer.
#[test]
fn versions_that_were_kept_are_recorded_in_their_order_whoever_wrote_them() {
    let lab = Lab::with(&[("a.md", "# third\n"), ("b.md", "# b\n")], false);
    lab.flush();
    let keep = |actor: &str, path: &str, text: &str| {
        let recorded =
            crate::history::Recorded::Written { path: at(path), bytes: text.as_bytes().into(), executable: false };
        let by = Requester { actor: Actor::User(actor.to_owned()), gesture: None };
        let kept = crate::engine::history_thread::Kept { recorded, by, size: text.len() };
        lab.engine().core.history.keep(lab.lab().number, kept);
    };
    keep("tidy", "b.md", "# b, before\n");
    keep("grace", "a.md", "# first\n");
    keep("tidy", "a.md", "# second\n");
    lab.flush();
    let actors = |path: &str| -> Vec<Actor> {
        lab.lab().history.log(Some(&at(path)), 2).unwrap().into_iter().map(|commit| commit.actor).collect()
    };
    assert_eq!(actors("a.md"), [Actor::User("tidy".to_owned()), Actor::User("grace".to_owned())]);
    assert_eq!(lab.recorded("a.md").as_deref(), Some("# second\n"));
}

/// A note that was written, moved and edited by three within one round had the version that the edit replaced recorded
/// before the move: an undo of the edit brought back what the note was before all of it.
#[test]
fn an_undo_of_an_edit_of_a_note_that_moved_meanwhile_brings_back_what_it_replaced() {
    let text = |n: u64| format!("---\nn: {n}\n---\n");
    let lab = Lab::with(&[("a.md", &text(1))], false);
    lab.flush();
    let user = |name: &str| Requester { actor: Actor::User(name.to_owned()), gesture: None };
    let note = |op: ChangeOp, path: &str, who: &str| {
        lab.engine().note(Change { notebook: lab.lab().number, op, path: at(path), by: user(who) });
    };
    lab.write("a.md", &text(2));
    note(ChangeOp::Written, "a.md", "grace");
    lab.rename("a.md", "b.md");
    note(ChangeOp::Renamed(at("a.md")), "b.md", "alan");
    lab.barrier();
    let key = FileKey { notebook: lab.lab().number, id: lab.id("b.md").unwrap() };
    let edits = vec![MetaEdit::Set { key: "n".to_owned(), value: 3.into() }];
    lab.engine().edit_metadata(&[(key, edits)], &user("ada")).unwrap();
    lab.engine().undo(1, false, &user("ada")).unwrap();
    assert_eq!(std::fs::read_to_string(lab.root().join("lab/b.md")).unwrap(), text(2));
    let versions = lab.lab().history.versions(&at("b.md"), 10).unwrap();
    let blobs = versions.iter().filter_map(|version| lab.lab().history.blob(version.blob?).ok());
    let texts: Vec<String> = blobs.map(|blob| String::from_utf8_lossy(&blob).into_owned()).collect();
    assert_eq!(texts, [text(2), text(3), text(2), text(1)], "{versions:?}");
}

#[test]
fn the_version_before_a_removal_is_recorded() {
    let lab = Lab::with(&[("a.md", "# a\n")], false);
    lab.flush();
    lab.save("b.md", "never committed otherwise\n");
    lab.engine().keep_before_removal(lab.lab().number, &at("b.md"));
    lab.remove("b.md");
    lab.note(ChangeOp::Removed, "b.md");
    lab.flush();
    assert_eq!(lab.recorded("b.md"), None);
    let versions = lab.lab().history.versions(&at("b.md"), 10).unwrap();
    assert_eq!(versions.len(), 2, "{versions:?}");
    let blob = versions[1].blob.unwrap();
    assert_eq!(&*lab.lab().history.blob(blob).unwrap(), b"never committed otherwise\n");
}

#[test]
fn a_move_is_recorded_as_one_and_what_is_ignored_is_not() {
    let lab = Lab::with(&[("x/a.md", "# a\n"), (".gitignore", "*.log\n"), ("b.log", "noise")], false);
    lab.flush();
    assert_eq!(lab.recorded("b.log"), None);
    lab.rename("x", "y");
    lab.note(ChangeOp::Renamed(at("x")), "y");
    lab.flush();
    assert_eq!((lab.recorded("x/a.md"), lab.recorded("y/a.md").as_deref()), (None, Some("# a\n")));
    lab.save("c.log", "noise");
    lab.save("x.tmp", "noise");
    lab.flush();
    assert_eq!(lab.log().len(), 2);
}

#[test]
fn names_that_are_no_text_links_and_execute_bits_are_recorded() {
    let lab = Lab::new();
    let dir = &lab.lab().dir;
    let strange = NotePath::new(b"caf\xe9").unwrap();
    dir.write_durably(&strange, b"latin", Replace::Never).unwrap();
    dir.make_symlink(b"a.md", &at("link")).unwrap();
    lab.write("run.sh", "#!/bin/sh\n");
    dir.set_executable(&at("run.sh"), true).unwrap();
    for path in [strange.clone(), at("link"), at("run.sh")] {
        let by = lab.engine().default_requester();
        lab.engine().note(Change { notebook: lab.lab().number, op: ChangeOp::Written, path, by });
    }
    lab.flush();
    let history = &lab.lab().history;
    let kind = |path: &NotePath| history.entry(history.head().unwrap().unwrap(), path).unwrap().map(|entry| entry.kind);
    assert_eq!(kind(&strange), Some(PastKind::File { executable: false }));
    assert_eq!(kind(&at("link")), Some(PastKind::Symlink));
    assert_eq!(kind(&at("run.sh")), Some(PastKind::File { executable: true }));
}

#[test]
fn what_was_not_recorded_before_a_stop_is_recorded_after_the_start() {
    let mut lab =
        Lab::with(&[("a.md", "# a\n"), ("gone.md", "# gone\n"), ("plot.png", "x"), ("plot.png.json", "{}")], false);
    lab.flush();
    lab.close();
    lab.write("a.md", "# changed offline\n");
    lab.write("plot.png.json", "{\"a\": 1}");
    lab.write("b.md", "# new\n");
    lab.remove("gone.md");
    lab.open();
    lab.flush();
    assert_eq!(lab.recorded("a.md").as_deref(), Some("# changed offline\n"));
    assert_eq!(lab.recorded("plot.png.json").as_deref(), Some("{\"a\": 1}"));
    assert_eq!((lab.recorded("b.md").as_deref(), lab.recorded("gone.md")), (Some("# new\n"), None));
    assert_eq!(lab.log()[0].actor, Actor::Unknown);
    let commits = lab.log().len();
    lab.close();
    lab.open();
    lab.flush();
    assert_eq!(lab.log().len(), commits, "a start without changes records nothing");
}

/// README: "five seconds after the last change".
#[test]
fn a_quiet_moment_is_enough() {
    let lab = Lab::with(&[("a.md", "# a\n")], false);
    lab.flush();
    lab.save("b.md", "# b\n");
    lab.until("it is committed after five seconds", || lab.log().len() == 2);
}

/// README: "`history:` in `.codex/workspace.yaml`".
#[test]
fn sizes_beyond_the_limits_are_not_recorded() {
    let lab = Lab::new();
    std::fs::write(lab.root().join(".codex/workspace.yaml"), "history: {text_max: 100, binary_max: 10}\n").unwrap();
    lab.engine().reload_settings().unwrap();
    lab.save("long.md", &"x".repeat(101));
    lab.save("short.md", &"x".repeat(100));
    lab.save("blob.bin", "0123456789a");
    lab.flush();
    assert_eq!((lab.recorded("long.md"), lab.recorded("blob.bin")), (None, None));
    assert!(lab.recorded("short.md").is_some());
}
