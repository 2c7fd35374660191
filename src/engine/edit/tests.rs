//! Edits on real workspaces.

use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rustix::fs::{AtFlags, Mode, OFlags};

use super::scratch::{Workspace, ada, path, tag};
use crate::engine::{AppliedChange, EngineError, MountHooks};
use crate::index::parse::edit::MetaEdit;
use crate::types::{NotePath, NotebookNumber, StoreKey};

const NOTE: &str = "---\n# kept\ntags: [gpu, 'x y']   # as is\nstatus: todo\n---\nbody\n";

/// A mount in which some files are open.
#[derive(Debug, Default)]
struct OpenFiles(Mutex<Vec<StoreKey>>);

/// A mount in which every file is opened after it was first asked for.
#[derive(Debug, Default)]
struct OpenedMeanwhile(AtomicUsize);

impl MountHooks for OpenFiles {
    fn look_again(&self) {}
    fn is_open(&self, store: StoreKey) -> bool {
        self.0.lock().contains(&store)
    }
    fn store_changed(&self, _: NotebookNumber, _: &NotePath) {}
    fn applied(&self, _: &[AppliedChange]) {}
    fn forget_all(&self) {}
    fn set_watching(&self, _: bool) {}
}

impl MountHooks for OpenedMeanwhile {
    fn look_again(&self) {}
    fn is_open(&self, _: StoreKey) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) > 0
    }
    fn store_changed(&self, _: NotebookNumber, _: &NotePath) {}
    fn applied(&self, _: &[AppliedChange]) {}
    fn forget_all(&self) {}
    fn set_watching(&self, _: bool) {}
}

fn edit(w: &Workspace, file: &str, edits: &[MetaEdit]) -> Result<(), EngineError> {
    w.engine.edit_metadata(&[(w.key(file), edits.to_vec())], &ada())
}

#[test]
fn a_tag_goes_into_the_frontmatter_and_everything_else_stays() {
    let w = Workspace::holding(&[("lab/a.md", NOTE)]);
    edit(&w, "lab/a.md", &[MetaEdit::AddTag(tag("new"))]).unwrap();
    let text = w.read("lab/a.md").unwrap();
    assert!(text.contains("# kept") && text.contains("'x y'") && text.contains("# as is") && text.ends_with("body\n"));
    assert_eq!(w.tags("lab/a.md"), ["gpu", "new", "x y"]);
    edit(&w, "lab/a.md", &[MetaEdit::RemoveTag(tag("new"))]).unwrap();
    assert_eq!(w.read("lab/a.md").unwrap(), NOTE);
    w.assert_clean();
}

#[test]
fn other_files_get_a_sidecar_that_needs_no_row() {
    let w = Workspace::holding(&[("lab/a.png", "\u{89}PNG")]);
    edit(&w, "lab/a.png", &[MetaEdit::AddTag(tag("gpu"))]).unwrap();
    assert!(w.read("lab/.a.png.json").unwrap().contains("gpu"));
    assert_eq!(w.tags("lab/a.png"), ["gpu"]);
    assert!(w.engine.key_of("lab/.a.png.json").is_err());
    edit(&w, "lab/a.png", &[MetaEdit::Set { key: "status".into(), value: "done".into() }]).unwrap();
    assert!(w.read("lab/.a.png.json").unwrap().contains("done"));
    w.assert_clean();
}

#[test]
fn concurrent_edits_of_one_note_all_arrive() {
    let w = Workspace::holding(&[("lab/a.md", NOTE)]);
    let key = w.key("lab/a.md");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let engine = &w.engine;
            scope.spawn(move || {
                let edits = vec![MetaEdit::AddTag(tag(&format!("t{number}")))];
                engine.edit_metadata(&[(key, edits)], &ada()).unwrap();
            });
        }
    });
    assert_eq!(w.tags("lab/a.md").len(), 10);
}

#[test]
fn bytes_appended_through_an_open_handle_across_a_retag_stay() {
    let w = Workspace::holding(&[("lab/a.md", NOTE)]);
    let lab = w.notebook("lab");
    let before = lab.dir.stat(&path("a.md")).unwrap();
    let mount = Arc::new(OpenFiles::default());
    mount.0.lock().push(before.key);
    let hooks: Arc<dyn MountHooks> = mount.clone();
    w.engine.register_mount(&hooks);
    let append = OFlags::WRONLY | OFlags::APPEND;
    let mut handle = std::fs::File::from(lab.dir.open_at(&path("a.md"), append, Mode::empty()).unwrap());
    for number in 0..4 {
        edit(&w, "lab/a.md", &[MetaEdit::AddTag(tag(&format!("t{number}")))]).unwrap();
        {
            let _guard = w.engine.write_guard(lab.node_number(&before));
            writeln!(handle, "line {number}").unwrap();
        }
    }
    let text = w.read("lab/a.md").unwrap();
    assert!((0..4).all(|number| text.contains(&format!("line {number}\n"))), "{text}");
    assert_eq!(lab.dir.stat(&path("a.md")).unwrap().key, before.key);
    let left = lab.codex.list(&super::tmp()).unwrap();
    assert!(!left.iter().any(|entry| entry.name.to_string_lossy().starts_with(super::JOURNAL_PREFIX)));
}

#[test]
fn a_note_that_is_opened_while_its_new_bytes_are_written_keeps_its_inode() {
    let w = Workspace::holding(&[("lab/a.md", NOTE)]);
    let lab = w.notebook("lab");
    let before = lab.dir.stat(&path("a.md")).unwrap();
    let hooks: Arc<dyn MountHooks> = Arc::new(OpenedMeanwhile::default());
    w.engine.register_mount(&hooks);
    edit(&w, "lab/a.md", &[MetaEdit::AddTag(tag("new"))]).unwrap();
    assert_eq!(lab.dir.stat(&path("a.md")).unwrap().key, before.key);
    assert!(w.read("lab/a.md").unwrap().contains("new"));
    assert!(lab.dir.list(&path("")).unwrap().iter().all(|entry| !entry.name.to_string_lossy().ends_with(".tmp")));
}

#[test]
fn an_atomic_edit_keeps_the_number_that_the_mount_shows() {
    let w = Workspace::holding(&[("lab/a.md", NOTE)]);
    let lab = w.notebook("lab");
    let before = lab.dir.stat(&path("a.md")).unwrap();
    let number = lab.node_number(&before);
    edit(&w, "lab/a.md", &[MetaEdit::AddTag(tag("new"))]).unwrap();
    let after = lab.dir.stat(&path("a.md")).unwrap();
    assert_ne!(after.key, before.key);
    assert_eq!(lab.node_number(&after), number);
    let w = w.reopen(false);
    assert_eq!(w.notebook("lab").node_number(&after), number);
    assert_eq!(w.engine.catalog().by_node(number), Some(w.key("lab/a.md")));
}

#[test]
fn a_note_with_two_links_is_edited_under_both_names() {
    let w = Workspace::holding(&[("lab/a.md", NOTE)]);
    let lab = w.notebook("lab");
    rustix::fs::linkat(lab.dir.as_fd(), "a.md", lab.dir.as_fd(), "b.md", AtFlags::empty()).unwrap();
    edit(&w, "lab/a.md", &[MetaEdit::AddTag(tag("new"))]).unwrap();
    assert_eq!(w.read("lab/a.md"), w.read("lab/b.md"));
    assert!(w.read("lab/b.md").unwrap().contains("new"));
}

#[test]
fn broken_frontmatter_is_refused_and_stays_as_it_is() {
    let broken = "---\ntags: [a\n---\nbody\n";
    let w = Workspace::holding(&[("lab/a.md", broken)]);
    assert!(matches!(edit(&w, "lab/a.md", &[MetaEdit::AddTag(tag("x"))]), Err(EngineError::Edit(_))));
    assert_eq!(w.read("lab/a.md").unwrap(), broken);
}

const VIEW: &str = "---\ntype: view\nview_type: list\nquery:\n  tags: [gpu]\n---\n";

#[test]
fn renaming_a_tag_renames_it_and_those_below_everywhere_in_one_gesture() {
    let w = Workspace::holding(&[
        ("lab/a.md", NOTE),
        ("lab/b.md", "---\ntags: gpu/a100\n---\n"),
        ("lab/v.cdx", VIEW),
        ("home/.p.png.json", "{\"tags\": [\"GPU\"]}\n"),
        ("home/p.png", "png"),
        ("home/other.md", "---\ntags: [gpus]\n---\n"),
    ]);
    w.engine.declare_tag(&tag("gpu/idle"), &ada()).unwrap();
    let plan = w.engine.plan_tag_rename(&tag("gpu"), &tag("card"), false).unwrap();
    assert_eq!(plan.files.len(), 4);
    assert!(plan.declared);
    assert_eq!(w.engine.rename_tag(&tag("gpu"), &tag("card"), false, &ada()).unwrap(), 4);
    assert_eq!(w.tags("lab/a.md"), ["card", "x y"]);
    assert_eq!(w.tags("lab/b.md"), ["card/a100"]);
    assert_eq!(w.tags("home/p.png"), ["card"]);
    assert_eq!(w.tags("home/other.md"), ["gpus"]);
    assert!(w.read("lab/v.cdx").unwrap().contains("card"));
    assert_eq!(w.engine.settings().tags, [tag("card/idle")]);
    w.engine.flush_history().unwrap();
    let newest = |name: &str| w.engine.log(Some((&w.notebook(name), &path(""))), 1).unwrap().remove(0).1;
    assert_eq!(newest("lab").gesture, newest("home").gesture);
    assert_eq!(newest("lab").summary, "Rename tag gpu to card");
    w.assert_clean();
}

#[test]
fn a_tag_is_renamed_onto_another_only_by_merging() {
    let w = Workspace::holding(&[("lab/a.md", "---\ntags: [a, b]\n---\n"), ("lab/b.md", "---\ntags: [a]\n---\n")]);
    let rename = |merge| w.engine.rename_tag(&tag("a"), &tag("b"), merge, &ada());
    assert!(matches!(rename(false), Err(EngineError::Exists(_))));
    assert_eq!(rename(true).unwrap(), 2);
    assert_eq!((w.tags("lab/a.md"), w.tags("lab/b.md")), (vec!["b".to_owned()], vec!["b".to_owned()]));
    assert!(matches!(rename(true), Err(EngineError::NotFound(_))));
    let into_itself = w.engine.rename_tag(&tag("b"), &tag("b/c"), false, &ada());
    assert!(matches!(into_itself, Err(EngineError::Invalid(_))));
}

#[test]
fn declared_tags_stand_in_the_settings_until_they_are_removed() {
    let w = Workspace::holding(&[("lab/a.md", NOTE)]);
    w.engine.declare_tag(&tag("later/on"), &ada()).unwrap();
    assert!(w.engine.catalog().has_tag(&tag("later/on")));
    assert!(matches!(w.engine.declare_tag(&tag("Later/On"), &ada()), Err(EngineError::Exists(_))));
    assert!(matches!(w.engine.undeclare_tag(&tag("later"), &ada()), Err(EngineError::NotEmpty(_))));
    assert!(matches!(w.engine.undeclare_tag(&tag("gpu"), &ada()), Err(EngineError::NotEmpty(_))));
    w.engine.undeclare_tag(&tag("later/on"), &ada()).unwrap();
    assert!(!w.engine.catalog().has_tag(&tag("later/on")));
    assert!(matches!(w.engine.undeclare_tag(&tag("later/on"), &ada()), Err(EngineError::NotFound(_))));
}

#[test]
fn files_are_made_replaced_moved_and_removed_with_their_sidecars() {
    let w = Workspace::holding(&[("lab/p.png", "png"), ("lab/.p.png.json", "{\"tags\": [\"a\"]}\n")]);
    let lab = w.notebook("lab");
    w.create("lab/new/deep/n.md", "one");
    assert!(matches!(
        w.engine.create_file(lab.number, &path("new/deep/n.md"), b"two", &ada()),
        Err(EngineError::Exists(_))
    ));
    w.write("lab/new/deep/n.md", "two");
    assert_eq!(w.read("lab/new/deep/n.md").unwrap(), "two");
    let stale = crate::history::blob_id(b"one");
    let refused = w.engine.write_contents_at(&lab, &path("new/deep/n.md"), stale, b"three", &ada());
    assert!(matches!(refused, Err(EngineError::Conflict(_))));

    w.engine.move_file(&lab, &path("p.png"), &path("img/q.png"), &ada()).unwrap();
    assert_eq!(w.tags("lab/img/q.png"), ["a"]);
    assert!(w.read("lab/img/.q.png.json").is_some() && w.read("lab/.p.png.json").is_none());

    w.engine.delete_file(&lab, &path("img/q.png"), &ada()).unwrap();
    assert!(w.read("lab/img/.q.png.json").is_none() && w.engine.key_of("lab/img/q.png").is_err());
    assert!(matches!(w.engine.create_file(lab.number, &path(".codex/x"), b"", &ada()), Err(EngineError::Denied(_))));
    w.assert_clean();
}

#[test]
fn what_history_does_not_hold_goes_to_the_trash_and_comes_back() {
    let w = Workspace::new();
    let lab = w.notebook("lab");
    let large = vec![0; 3 << 20];
    w.create("lab/large.bin", &large);
    w.engine.delete_file(&lab, &path("large.bin"), &ada()).unwrap();
    assert!(w.read("lab/large.bin").is_none());
    w.engine.restore(&lab, &path("large.bin"), None, &ada()).unwrap();
    assert_eq!(lab.dir.read(&path("large.bin"), u64::MAX).unwrap().0, large);
}

#[test]
fn an_edit_that_a_crash_interrupted_is_put_back_at_the_next_start() {
    let w = Workspace::holding(&[("lab/a.md", "old old old")]);
    let lab = w.notebook("lab");
    let stat = lab.dir.stat(&path("a.md")).unwrap();
    super::in_place::leave_journal(&lab.codex, &path("a.md"), &stat, b"old old old", b"new new new");
    lab.dir.open_in_place(&path("a.md")).unwrap().overwrite(b"new new old").unwrap();
    let w = w.reopen(false);
    assert_eq!(w.read("lab/a.md").unwrap(), "old old old");
    w.assert_clean();
}

#[test]
fn columns_are_added_to_views_that_group_by_a_property() {
    let view = "---\ntype: view\nview_type: kanban\nquery:\n  tags: [a]\n  group_by: status\n---\n";
    let w = Workspace::holding(&[("lab/v.cdx", view), ("lab/flat.cdx", VIEW)]);
    w.engine.edit_view_column(w.key("lab/v.cdx"), "doing", true, &ada()).unwrap();
    assert!(w.read("lab/v.cdx").unwrap().contains("doing"));
    w.engine.edit_view_column(w.key("lab/v.cdx"), "doing", false, &ada()).unwrap();
    assert!(!w.read("lab/v.cdx").unwrap().contains("doing"));
    let flat = w.engine.edit_view_column(w.key("lab/flat.cdx"), "doing", true, &ada());
    assert!(matches!(flat, Err(EngineError::Meaningless(_))));
}

/// Of tags that were declared at the same moment some were forgotten until the next start, although each was in
/// workspace.yaml: an older reading of it was put in force after a newer one.
#[test]
fn tags_that_are_declared_at_the_same_time_are_all_there() {
    let workspace = Workspace::new();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let engine = &workspace.engine;
            scope.spawn(move || {
                for number in 0..20 {
                    let tag = tag(&format!("declared/t{thread}x{number}"));
                    engine.declare_tag(&tag, &ada()).unwrap();
                    assert!(engine.catalog().has_tag(&tag), "{tag} is not there after it was declared");
                }
            });
        }
    });
    assert_eq!(workspace.engine.settings().tags.len(), 320);
}
