//! Entries that are removed and made again within three seconds (mount.md §5): never is a note lost by it.

use std::fs::{self, File};
use std::time::Duration;

use crate::support::{Mounted, eventually, ls};

const OLD: &str = "---\ntags: [x]\n---\nold\n";
const OTHER: &str = "---\ntags: []\n---\nother\n";

#[test]
fn a_note_that_was_open_while_its_entry_was_made_anew_kept_its_contents_and_a_new_one_got_them() {
    let mounted = Mounted::with(&[("a.md", OLD)]);
    let reader = File::open(mounted.lab("a.md")).unwrap();
    fs::remove_file(mounted.at("tags/x/a.md")).unwrap();
    fs::write(mounted.at("tags/x/a.md"), "new\n").unwrap();
    eventually(Duration::from_secs(5), "the note has the new contents", || {
        fs::read_to_string(mounted.lab("a.md")).unwrap().contains("new")
    });
    drop(reader);
    eventually(Duration::from_secs(5), "the note has its tag", || ls(mounted.at("tags/x")) == ["a.md"]);
    assert!(!mounted.lab("inbox").exists());
}

#[test]
fn a_copy_of_another_note_of_the_name_went_into_the_note_that_had_lost_the_entry() {
    let mounted = Mounted::with(&[("a.md", OLD), ("d/a.md", OTHER)]);
    fs::create_dir(mounted.at("tags/y")).unwrap();
    fs::remove_file(mounted.at("tags/x/a.md")).unwrap();
    fs::copy(mounted.lab("d/a.md"), mounted.at("tags/x/a.md")).unwrap();
    eventually(Duration::from_secs(5), "the other note has the tag", || {
        fs::read_to_string(mounted.lab("d/a.md")).unwrap().contains("[x]")
    });
    assert!(fs::read_to_string(mounted.lab("a.md")).unwrap().ends_with("old\n"));
}

#[test]
fn a_copy_of_a_note_went_into_the_one_that_had_its_name_before() {
    let mounted = Mounted::with(&[("a.md", OLD), ("b.md", OTHER)]);
    fs::create_dir(mounted.at("tags/y")).unwrap();
    fs::remove_file(mounted.at("tags/x/a.md")).unwrap();
    fs::rename(mounted.lab("a.md"), mounted.lab("c.md")).unwrap();
    fs::rename(mounted.lab("b.md"), mounted.lab("a.md")).unwrap();
    fs::create_dir(mounted.at("tags/x")).ok();
    fs::copy(mounted.lab("a.md"), mounted.at("tags/x/a.md")).unwrap();
    eventually(Duration::from_secs(5), "the copied note has the tag", || {
        fs::read_to_string(mounted.lab("a.md")).unwrap().contains("[x]")
    });
    assert!(fs::read_to_string(mounted.lab("c.md")).unwrap().ends_with("old\n"));
}
