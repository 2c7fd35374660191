//! mount.md §4, read your writes, where the kernel holds entries of tag folders: each test looks an entry up until it is
//! cached, changes something, and looks again at once.

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use cdx::fs::MountOptions;

use crate::support::run::sh_ok;
use crate::support::{Mounted, errno, ls, note, read, write};

fn lab() -> Mounted {
    let tagged = |tags: &str| note(&format!("tags: [{tags}]\nstatus: todo"), "Body.");
    Mounted::with(&[
        ("a.md", &tagged("x, other")),
        ("b.md", &tagged("x, y")),
        ("runs/c.md", &tagged("y")),
        ("plot.png", "\u{89}PNG not really"),
        ("plot.png.json", "{\"tags\": [\"x\"]}"),
    ])
}

/// Looks entries up until the kernel holds them.
fn hold(entries: &[&Path]) {
    // Nothing is held while changes follow one another.
    std::thread::sleep(Duration::from_millis(130));
    for _ in 0..2 {
        for entry in entries {
            fs::metadata(entry).unwrap_or_else(|error| panic!("{}: {error}", entry.display()));
        }
    }
}

fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.raw_os_error() == Some(libc::ENOENT))
}

/// How many times each: what goes wrong once in a while is wrong.
const ROUNDS: usize = 12;

#[test]
fn a_write_that_takes_a_tag_away_is_seen_at_once_where_the_entry_was_cached() {
    let m = lab();
    let (entry, other, real) = (m.at("tags/x/a.md"), m.at("tags/other/a.md"), m.lab("a.md"));
    for round in 0..ROUNDS {
        hold(&[&entry, &other]);
        write(&real, note("tags: [other]", "Body."));
        assert!(is_gone(&entry), "round {round}");
        assert!(other.exists(), "round {round}");
        write(&real, note("tags: [x, other]", "Body."));
        assert!(entry.exists(), "round {round}");
    }
}

#[test]
fn a_tag_that_nobody_bears_any_more_is_gone_at_once() {
    let m = lab();
    let (folder, entry, real) = (m.at("tags/other"), m.at("tags/other/a.md"), m.lab("a.md"));
    for round in 0..ROUNDS {
        hold(&[&folder, &entry]);
        write(&real, note("tags: [x]", "Body."));
        assert!(is_gone(&folder), "round {round}");
        assert!(fs::read_dir(&folder).is_err(), "round {round}");
        write(&real, note("tags: [x, other]", "Body."));
        assert_eq!(ls(&folder), ["a.md"], "round {round}");
    }
    hold(&[&folder]);
    write(&real, note("tags: [x]", "Body."));
    fs::create_dir(&folder).expect("a tag may be declared anew");
}

#[test]
fn removal_and_renaming_of_a_note_are_seen_at_once_where_its_entries_were_cached() {
    let m = lab();
    for round in 0..ROUNDS {
        hold(&[&m.at("tags/x/a.md"), &m.at("tags/x/b.md"), &m.at("tags/y/b.md")]);
        fs::rename(m.lab("a.md"), m.lab("n.md")).unwrap();
        assert!(is_gone(&m.at("tags/x/a.md")) && m.at("tags/x/n.md").exists(), "round {round}");
        let old = fs::read(m.lab("b.md")).unwrap();
        fs::remove_file(m.lab("b.md")).unwrap();
        assert!(is_gone(&m.at("tags/x/b.md")) && is_gone(&m.at("tags/y/b.md")), "round {round}");
        hold(&[&m.at("tags/x/n.md")]);
        write(m.lab("b.tmp"), &old);
        fs::rename(m.lab("b.tmp"), m.lab("b.md")).unwrap();
        fs::rename(m.lab("n.md"), m.lab("a.md")).unwrap();
        assert!(is_gone(&m.at("tags/x/n.md")) && m.at("tags/x/a.md").exists(), "round {round}");
    }
}

#[test]
fn a_note_that_another_file_takes_the_place_of_is_seen_at_once() {
    let m = lab();
    for round in 0..ROUNDS {
        hold(&[&m.at("tags/x/a.md")]);
        write(m.lab("new"), note("tags: [other]", "New."));
        fs::rename(m.lab("new"), m.lab("a.md")).unwrap();
        assert!(is_gone(&m.at("tags/x/a.md")), "round {round}");
        write(m.lab("new"), note("tags: [x, other]", "Old."));
        fs::rename(m.lab("new"), m.lab("a.md")).unwrap();
        let (entry, real) = (m.at("tags/x/a.md"), m.lab("a.md"));
        assert_eq!(fs::metadata(entry).unwrap().ino(), fs::metadata(real).unwrap().ino(), "round {round}");
    }
}

#[test]
fn truncation_without_a_handle_and_edits_of_sidecars_are_seen_at_once() {
    let m = lab();
    for round in 0..ROUNDS {
        hold(&[&m.at("tags/x/a.md"), &m.at("tags/x/plot.png")]);
        sh_ok(m.mnt(), "perl -e 'truncate(\"lab/a.md\", 0) or die'");
        assert!(is_gone(&m.at("tags/x/a.md")), "round {round}");
        write(m.lab("plot.png.json"), "{\"tags\": []}");
        assert!(is_gone(&m.at("tags/x/plot.png")), "round {round}");
        write(m.lab("plot.png.json"), "{\"tags\": [\"x\"]}");
        write(m.lab("a.md"), note("tags: [x, other]", "Body."));
        assert!(m.at("tags/x/plot.png").exists() && m.at("tags/x/a.md").exists(), "round {round}");
    }
}

#[test]
fn changes_in_one_tag_folder_are_seen_at_once_in_the_others() {
    let m = lab();
    for round in 0..ROUNDS {
        hold(&[&m.at("tags/x/a.md"), &m.at("tags/other/a.md"), &m.at("tags/x/b.md"), &m.at("tags/y/b.md")]);
        fs::rename(m.at("tags/x/a.md"), m.at("tags/y/a.md")).unwrap();
        assert!(is_gone(&m.at("tags/x/a.md")) && m.at("tags/y/a.md").exists(), "round {round}");
        fs::remove_file(m.at("tags/y/b.md")).unwrap();
        assert!(is_gone(&m.at("tags/y/b.md")) && m.at("tags/x/b.md").exists(), "round {round}");
        sh_ok(m.mnt(), "setfattr -n user.xdg.tags -v y lab/b.md");
        assert!(is_gone(&m.at("tags/x/b.md")) && m.at("tags/y/b.md").exists(), "round {round}");
        sh_ok(m.mnt(), "setfattr -n user.xdg.tags -v x,y lab/b.md; setfattr -n user.xdg.tags -v x,other lab/a.md");
        assert!(m.at("tags/x/b.md").exists() && is_gone(&m.at("tags/y/a.md")), "round {round}");
    }
}

#[test]
fn commands_and_other_mounts_are_seen_at_once_where_an_entry_was_cached() {
    let mut m = lab();
    let second = m.mount_again(&MountOptions::default());
    let by = m.engine().default_requester();
    let files = vec!["lab/a.md".to_owned()];
    let perform = |m: &Mounted, command| m.engine().perform(&command, &by).unwrap();
    for round in 0..ROUNDS {
        let (here, there) = (m.at("tags/x/a.md"), second.join("tags/x/a.md"));
        hold(&[&here, &there]);
        let tag = || "x".to_owned();
        perform(&m, cdx::engine::Command::TagRemove { tag: tag(), files: files.clone() });
        assert!(is_gone(&here) && is_gone(&there), "round {round}");
        perform(&m, cdx::engine::Command::TagAdd { tag: tag(), files: files.clone() });
        assert!(here.exists() && there.exists(), "round {round}");
        hold(&[&here, &there]);
        fs::remove_file(second.join("lab/a.md")).unwrap();
        assert!(is_gone(&here) && is_gone(&there), "round {round}");
        write(second.join("lab/a.md"), note("tags: [x, other]", "Body."));
    }
}

#[test]
fn a_second_note_of_the_same_name_qualifies_the_first_ones_cached_entry() {
    let m = lab();
    hold(&[&m.at("tags/x/a.md")]);
    write(m.lab("runs/a.md"), note("tags: [x]", "Another."));
    crate::support::eventually(Duration::from_secs(2), "two qualified names", || {
        ls(m.at("tags/x")).iter().filter(|name| name.starts_with("a~")).count() == 2 && is_gone(&m.at("tags/x/a.md"))
    });
    for name in ls(m.at("tags/x")) {
        assert!(read(m.at("tags/x").join(&name)).len() > 3, "{name}");
    }
}

#[test]
fn an_entry_that_is_being_written_through_is_looked_up_each_time() {
    let m = lab();
    let entry = m.at("tags/x/a.md");
    let file = fs::OpenOptions::new().write(true).open(m.lab("a.md")).unwrap();
    hold(&[&entry]);
    file.write_at(b"---\ntags: [other]   \n---\n", 0).unwrap();
    drop(file);
    assert!(is_gone(&entry));
    assert_eq!(errno(fs::metadata(&entry)), libc::ENOENT);
}
