//! What a check finds in real workspaces that were tampered with, and what a repair makes of it.

use std::os::fd::AsFd;

use super::{CheckReply, Kind};
use crate::engine::edit::scratch::{Workspace, path};
use crate::sys::Replace;

fn workspace() -> Workspace {
    let w = Workspace::holding(&[
        ("lab/a.md", "---\ntags: [x]\n---\nfirst\n"),
        ("lab/sub/b.md", "b"),
        ("lab/sub/.metadata", "---\ntitle: It has no row\n---\n"),
        ("lab/p.png", "png"),
        ("lab/.p.png.json", "{\"tags\": [\"y\"]}"),
    ]);
    w.engine.flush_history().unwrap();
    w
}

fn kinds(reply: &CheckReply) -> Vec<(Kind, &str)> {
    let mut kinds: Vec<_> = reply.differences.iter().map(|found| (found.kind, found.path.as_str())).collect();
    kinds.sort_unstable();
    kinds
}

/// What a check finds after `tamper`, and that a repair mends it.
fn check(tamper: impl FnOnce(&Workspace), expected: &[(Kind, &str)]) {
    let w = workspace();
    w.assert_clean();
    tamper(&w);
    assert_eq!(kinds(&w.engine.check(false).unwrap()), expected);
    let repaired = w.engine.check(true).unwrap();
    assert!(repaired.clean, "{:#?}", repaired.differences);
    assert!(repaired.differences.iter().all(|found| found.repaired));
    w.assert_clean();
}

#[test]
fn files_made_changed_and_removed_behind_the_engine_are_named_and_mended() {
    check(|_| (), &[]);
    check(
        |w| {
            w.notebook("lab").dir.write_durably(&path("new.md"), b"n", Replace::Never).unwrap();
        },
        &[(Kind::NotIndexed, "new.md"), (Kind::NotRecorded, "new.md")],
    );
    check(
        |w| w.notebook("lab").dir.remove_file(&path("sub/b.md")).unwrap(),
        &[(Kind::RowWithoutFile, "sub/b.md"), (Kind::RecordedButGone, "sub/b.md")],
    );
    check(
        |w| {
            w.notebook("lab").dir.write_durably(&path("a.md"), b"other", Replace::KeepAttributes).unwrap();
        },
        &[(Kind::Stale, "a.md"), (Kind::TagsDiffer, "a.md"), (Kind::NotRecorded, "a.md")],
    );
}

#[test]
fn contents_that_changed_under_the_same_size_and_time_are_found() {
    let tamper = |w: &Workspace| {
        let lab = w.notebook("lab");
        let stat = lab.dir.stat(&path("sub/b.md")).unwrap();
        lab.dir.open_in_place(&path("sub/b.md")).unwrap().overwrite(b"c").unwrap();
        let time = |ns: i64| rustix::fs::Timespec { tv_sec: ns / 1_000_000_000, tv_nsec: ns % 1_000_000_000 };
        let times = rustix::fs::Timestamps { last_access: time(stat.atime_ns), last_modification: time(stat.mtime_ns) };
        rustix::fs::utimensat(lab.dir.as_fd(), "sub/b.md", &times, rustix::fs::AtFlags::empty()).unwrap();
    };
    check(tamper, &[(Kind::HashDiffers, "sub/b.md"), (Kind::NotRecorded, "sub/b.md")]);
}

#[test]
fn what_only_the_author_can_mend_is_a_note() {
    let w = Workspace::holding(&[
        ("lab/a.md", "---\ntags: [x\n---\n"),
        ("lab/b.md", "---\ntags: ['+bad']\n---\n"),
        ("lab/.gone.png.json", "{}"),
        (".codex/x", ""),
    ]);
    let reply = w.engine.check(false).unwrap();
    assert!(reply.clean, "{:#?}", reply.differences);
    let mut notes: Vec<_> = reply.notes.iter().map(|note| (note.kind, note.path.as_str())).collect();
    notes.sort_unstable();
    assert_eq!(notes, [(Kind::Metadata, "a.md"), (Kind::Metadata, "b.md"), (Kind::OrphanSidecar, ".gone.png.json")]);
}

/// background: "FTS drift of one row is detected and repaired".
#[test]
fn a_row_whose_full_text_drifted_is_named_and_mended() {
    use crate::engine::look::Looker;
    use crate::engine::read::read_record;
    use crate::index::notebook::{NotebookDb, RowChange};
    let tamper = |w: &Workspace| {
        let lab = w.notebook("lab");
        let wanted = Looker::new(&lab).wanted(&path("sub/b.md")).unwrap().unwrap();
        let mut record = read_record(&lab, &path("sub/b.md"), &wanted).unwrap();
        record.parsed.body = "other words".into();
        let (mut db, _) = NotebookDb::open(&w.path().join("lab/.codex/notebook.db")).unwrap();
        db.apply(&[RowChange::Upsert(Box::new(record))]).unwrap();
    };
    check(tamper, &[(Kind::RowDiffers, "sub/b.md")]);
}
