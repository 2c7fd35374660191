//! Changes behind Codex's back: what the watcher tells.

use super::*;

#[test]
fn an_edit_behind_the_back_shows_within_a_second() {
    let lab = Lab::watched();
    let mut times = Vec::new();
    for n in 0..10 {
        let start = Instant::now();
        lab.write("a.md", &note_text(&format!("t{n}"), ""));
        lab.until("the tag shows", || lab.id("a.md").is_some() && lab.tags("a.md") == [format!("t{n}")]);
        times.push(start.elapsed());
    }
    times.sort();
    assert!(times[5] < Duration::from_millis(300), "{times:?}");
}

#[test]
fn folders_made_in_one_go_are_seen_to_the_bottom() {
    let lab = Lab::watched();
    lab.write("a/b/c/d/e/f/g/note.md", "# deep\n");
    lab.until("the deep note shows", || lab.id("a/b/c/d/e/f/g/note.md").is_some());
    lab.write("a/b/c/d/e/f/g/second.md", "# deep\n");
    lab.until("its folder is watched", || lab.id("a/b/c/d/e/f/g/second.md").is_some());
}

#[test]
fn renames_behind_the_back_keep_ids_and_watches() {
    let lab = Lab::watched();
    lab.write("x/a.md", "# a\n");
    lab.write("y/b.md", "# b\n");
    lab.until("both show", || lab.id("x/a.md").is_some() && lab.id("y/b.md").is_some());
    let (a, b) = (lab.id("x/a.md"), lab.id("y/b.md"));
    lab.rename("x/a.md", "y/c.md");
    lab.until("the file moved", || lab.id("y/c.md") == a);
    lab.rename("y", "z");
    lab.until("the folder moved", || lab.id("z/b.md") == b && lab.id("z/c.md") == a);
    lab.write("z/d.md", "# d\n");
    lab.until("the folder is watched under its new name", || lab.id("z/d.md").is_some());
    assert_eq!(lab.id("y/d.md"), None);
}

#[test]
fn removals_behind_the_back_are_believed_after_a_look() {
    let lab = Lab::watched();
    lab.write("a/x.md", "# x\n");
    lab.write("b.md", "# b\n");
    lab.until("both show", || lab.rows().len() == 2);
    lab.remove("b.md");
    lab.until("the file went", || lab.id("b.md").is_none());
    std::fs::remove_dir_all(lab.root().join("lab/a")).unwrap();
    lab.until("the folder went", || lab.rows().is_empty());
}

#[test]
fn lost_events_are_made_up_for() {
    let mut lab = Lab::watched();
    lab.write("a.md", "# a\n");
    lab.until("it shows", || lab.id("a.md").is_some());
    let id = lab.id("a.md");
    lab.close();
    lab.watch = false;
    lab.open();
    lab.rename("a.md", "b.md");
    lab.write("c.md", &note_text("new", ""));
    assert_eq!(lab.id("c.md"), None);
    lab.engine().rescan(None, false).unwrap();
    assert_eq!((lab.id("b.md"), lab.id("a.md")), (id, None));
    assert_eq!(lab.tags("c.md"), ["new"]);
}

#[test]
fn an_overflow_rescans_and_tells_mounts() {
    #[derive(Debug, Default)]
    struct Mount(parking_lot::Mutex<Vec<String>>);
    impl MountHooks for Mount {
        fn look_again(&self) {}
        fn is_open(&self, _: StoreKey) -> bool {
            false
        }
        fn store_changed(&self, _: NotebookNumber, _: &NotePath) {}
        fn applied(&self, _: &[AppliedChange]) {}
        fn forget_all(&self) {
            self.0.lock().push("forget".to_owned());
        }
        fn set_watching(&self, holds: bool) {
            self.0.lock().push(format!("watching {holds}"));
        }
    }
    let lab = Lab::watched();
    let mount = Arc::new(Mount::default());
    let hooks: Arc<dyn MountHooks> = mount.clone();
    lab.engine().register_mount(&hooks);
    watcher::overflow(&lab.engine().core);
    lab.engine().wait_for_scans();
    lab.until("watching again", || mount.0.lock().last().is_some_and(|last| last == "watching true"));
    assert_eq!(*mount.0.lock(), ["watching true", "watching false", "forget", "watching true"]);
}

#[test]
fn a_notebook_whose_folder_vanishes_loses_no_row() {
    let lab = Lab::watched();
    lab.write("a.md", "# a\n");
    lab.until("it shows", || lab.id("a.md").is_some());
    let (number, id) = (lab.lab().number, lab.id("a.md"));
    std::fs::rename(lab.root().join("lab"), lab.folder.path().join("elsewhere")).unwrap();
    lab.until("it ceases", || lab.engine().notebook_named("lab").is_none());
    std::fs::rename(lab.folder.path().join("elsewhere"), lab.root().join("lab")).unwrap();
    lab.until("it is back", || lab.engine().notebook_named("lab").is_some());
    assert_eq!((lab.lab().number, lab.id("a.md")), (number, id));
}

#[test]
fn what_others_write_beside_a_file_that_a_mount_writes_all_the_time_shows_within_a_second() {
    use std::io::Write;
    #[derive(Debug)]
    struct Writing;
    impl MountHooks for Writing {
        fn look_again(&self) {}
        fn is_open(&self, _store: crate::types::StoreKey) -> bool {
            true
        }
        fn store_changed(&self, _notebook: NotebookNumber, _path: &NotePath) {}
        fn applied(&self, _changes: &[AppliedChange]) {}
        fn forget_all(&self) {}
        fn set_watching(&self, _all_watches_hold: bool) {}
    }
    let lab = Lab::watched();
    let hooks: Arc<dyn MountHooks> = Arc::new(Writing);
    lab.engine().register_mount(&hooks);
    let busy = lab.root().join("lab/busy.log");
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = std::fs::File::create(&busy).unwrap();
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                file.write_all(b"line\n").unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let mut slowest = Duration::ZERO;
        // Never closed: nothing but its contents tells that it changed.
        let mut other = std::fs::File::create(lab.root().join("lab/a.md")).unwrap();
        for n in 0..6 {
            std::thread::sleep(Duration::from_millis(150));
            let start = Instant::now();
            std::io::Seek::rewind(&mut other).unwrap();
            other.write_all(note_text(&format!("t{n}"), "").as_bytes()).unwrap();
            lab.until("the tag shows", || lab.id("a.md").is_some() && lab.tags("a.md") == [format!("t{n}")]);
            slowest = slowest.max(start.elapsed());
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    });
}
