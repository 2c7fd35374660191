//! mount.md §3 and §5, the rows of `tags/`: what each operation means, through the kernel.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use crate::support::run::{sh, sh_ok};
use crate::support::{Mounted, errno, eventually, ls, note, read, write};

fn lab() -> Mounted {
    let tagged = |tags: &str| note(&format!("title: T\ntags: [{tags}]  # mine\nstatus: todo"), "Body.");
    Mounted::with(&[
        ("runs/a.md", &tagged("experiment, gpu")),
        ("runs/b.md", &tagged("experiment")),
        ("c.md", &tagged("draft")),
        ("plain.md", "No frontmatter.\n"),
        ("plot.png", "\u{89}PNG not really"),
        ("deep.md", &tagged("experiment/gpu")),
    ])
}

/// README: "notes that bear exactly this tag, and its child tags as folders".
#[test]
fn a_tag_folder_lists_the_notes_that_bear_exactly_it_and_child_tags() {
    let m = lab();
    assert_eq!(ls(m.at("tags")), ["draft", "experiment", "gpu"]);
    assert_eq!(ls(m.at("tags/experiment")), ["a.md", "b.md", "gpu"]);
    assert_eq!(ls(m.at("tags/experiment/gpu")), ["deep.md"]);
    assert_eq!(ls(m.at("tags/EXPERIMENT")), ["a.md", "b.md", "gpu"]);
    assert_eq!(errno(fs::metadata(m.at("tags/nothing"))), libc::ENOENT);
}

/// README: "Those folders hold **hard links to your notes**".
#[test]
fn an_entry_is_the_note_itself() {
    let m = lab();
    let (entry, real) = (m.at("tags/experiment/a.md"), m.lab("runs/a.md"));
    assert_eq!(fs::metadata(&entry).unwrap().ino(), fs::metadata(&real).unwrap().ino());
    assert_eq!(read(&entry), read(&real));
    let mut file = OpenOptions::new().append(true).open(&entry).unwrap();
    file.write_all(b"More.\n").unwrap();
    drop(file);
    assert!(read(m.store_lab("runs/a.md")).ends_with("Body.\nMore.\n"));
    assert_eq!(fs::metadata(&entry).unwrap().len(), fs::metadata(&real).unwrap().len());
}

/// README: "… and that tag; … but not that tag".
#[test]
fn operators_intersect_and_subtract_by_lookup_only() {
    let m = lab();
    assert_eq!(ls(m.at("tags/experiment/+gpu")), ["a.md"]);
    assert_eq!(ls(m.at("tags/experiment/-gpu")), ["b.md"]);
    assert_eq!(errno(fs::remove_file(m.at("tags/experiment/+gpu/a.md"))), libc::EPERM);
    assert_eq!(errno(fs::create_dir(m.at("tags/experiment/+gpu/x"))), libc::EPERM);
    write(m.at("tags/experiment/+gpu/a.md"), note("tags: [experiment, gpu]", "New."));
    assert!(read(m.store_lab("runs/a.md")).contains("New."));
}

/// README: "the note loses the tag".
#[test]
fn rm_in_a_tag_folder_takes_the_tag_away_and_nothing_else() {
    let m = lab();
    let before = read(m.lab("runs/a.md"));
    fs::remove_file(m.at("tags/gpu/a.md")).unwrap();
    assert_eq!(read(m.store_lab("runs/a.md")), before.replace("[experiment, gpu]", "[experiment]"));
    assert_eq!(ls(m.at("tags/experiment")), ["a.md", "b.md", "gpu"]);
    assert!(ls(m.at("tags/gpu")).is_empty());
}

/// README: "the note gets the tag; it stays where it is".
#[test]
fn ln_and_ln_s_and_mv_of_a_note_give_it_the_tag_and_leave_it_where_it_is() {
    let m = lab();
    fs::create_dir(m.at("tags/keep")).unwrap();
    sh_ok(m.mnt(), "ln lab/c.md tags/keep/; ln -s ../../lab/plain.md tags/keep/; mv lab/runs/b.md tags/keep/");
    assert_eq!(ls(m.at("tags/keep")), ["b.md", "c.md", "plain.md"]);
    assert_eq!(ls(m.lab("runs")), ["a.md", "b.md"]);
    assert!(m.lab("c.md").is_file() && m.lab("plain.md").is_file());
    assert!(read(m.store_lab("runs/b.md")).contains("tags: [experiment, keep]  # mine"));
    assert!(read(m.store_lab("plain.md")).starts_with("---\n"));
    assert!(read(m.store_lab("plain.md")).ends_with("No frontmatter.\n"));
    assert!(fs::metadata(m.at("tags/keep/plain.md")).unwrap().is_file());
}

#[test]
fn a_file_without_frontmatter_of_its_own_gets_a_sidecar() {
    let m = lab();
    sh_ok(m.mnt(), "mkdir tags/figure; ln lab/plot.png tags/figure/");
    assert_eq!(ls(m.at("tags/figure")), ["plot.png"]);
    assert!(read(m.store_lab(".plot.png.json")).contains("figure"));
    assert_eq!(read(m.store_lab("plot.png")), "\u{89}PNG not really");
}

/// README: "loses one, gets the other".
#[test]
fn mv_between_tags_is_one_change() {
    let m = lab();
    fs::rename(m.at("tags/draft/c.md"), m.at("tags/gpu/c.md")).unwrap();
    assert!(read(m.store_lab("c.md")).contains("tags: [gpu]  # mine"));
    assert!(ls(m.at("tags/draft")).is_empty());
    assert_eq!(ls(m.at("tags/gpu")), ["a.md", "c.md"]);
    assert_eq!(errno(fs::rename(m.at("tags/gpu/c.md"), m.at("tags/gpu/other.md"))), libc::EPERM);
    assert!(!m.last_error().is_empty());
}

#[test]
fn mv_of_an_entry_into_a_notebook_is_refused_and_so_is_its_echo() {
    let m = lab();
    assert_eq!(errno(fs::rename(m.at("tags/draft/c.md"), m.lab("runs/c.md"))), libc::EPERM);
    assert_eq!(errno(fs::write(m.lab("runs/c.md"), "copied")), libc::EPERM);
    assert_eq!(ls(m.at("tags/draft")), ["c.md"]);
    let said = sh(m.mnt(), "python3 -c \"import shutil; shutil.move('tags/draft/c.md', 'lab/runs/c.md')\"");
    assert_ne!(said.code, 0);
    assert!(m.lab("c.md").is_file());
    assert_eq!(ls(m.at("tags/draft")), ["c.md"]);
}

/// README: "declares, renames, removes a tag; notes stay".
#[test]
fn mkdir_declares_a_tag_and_rmdir_removes_it() {
    let mut m = lab();
    fs::create_dir(m.at("tags/empty")).unwrap();
    fs::create_dir(m.at("tags/empty/child")).unwrap();
    assert_eq!(errno(fs::create_dir(m.at("tags/empty"))), libc::EEXIST);
    assert_eq!(errno(fs::remove_dir(m.at("tags/empty"))), libc::ENOTEMPTY);
    assert_eq!(errno(fs::remove_dir(m.at("tags/experiment"))), libc::ENOTEMPTY);
    m.restart();
    assert_eq!(ls(m.at("tags/empty")), ["child"]);
    fs::remove_dir(m.at("tags/empty/child")).unwrap();
    fs::remove_dir(m.at("tags/empty")).unwrap();
    assert!(!ls(m.at("tags")).contains(&"empty".to_owned()));
    for illegal in ["-x", ".x", "~x", "a:b"] {
        assert!(fs::create_dir(m.at("tags").join(illegal)).is_err(), "{illegal}");
    }
}

/// README: "declares, renames, removes a tag; notes stay".
#[test]
fn rm_rf_of_a_tag_leaves_every_note_in_place_and_undo_brings_the_tags_back() {
    let m = lab();
    let before = [read(m.lab("runs/a.md")), read(m.lab("runs/b.md")), read(m.lab("deep.md"))];
    m.engine().flush_history().unwrap();
    sh_ok(m.mnt(), "rm -rf tags/experiment");
    assert!(!m.at("tags/experiment").exists());
    assert_eq!(ls(m.lab("runs")), ["a.md", "b.md"]);
    assert!(!read(m.lab("deep.md")).contains("experiment"));
    let by = m.engine().default_requester();
    m.engine().perform(&cdx::engine::Command::Undo { count: 1, anyone: false }, &by).unwrap();
    let after = [read(m.lab("runs/a.md")), read(m.lab("runs/b.md")), read(m.lab("deep.md"))];
    assert_eq!(before, after);
    assert_eq!(ls(m.at("tags/experiment")), ["a.md", "b.md", "gpu"]);
}

/// README: "declares, renames, removes a tag; notes stay".
#[test]
fn renaming_a_tag_folder_renames_the_tag_everywhere() {
    let m = lab();
    fs::rename(m.at("tags/experiment"), m.at("tags/trial")).unwrap();
    assert_eq!(ls(m.at("tags/trial")), ["a.md", "b.md", "gpu"]);
    assert!(read(m.store_lab("runs/a.md")).contains("tags: [trial, gpu]  # mine"));
    assert!(read(m.store_lab("deep.md")).contains("trial/gpu"));
    assert_eq!(errno(fs::rename(m.at("tags/trial"), m.at("tags/draft"))), libc::EEXIST);
}

#[test]
fn a_new_file_in_a_tag_folder_becomes_a_note_in_the_inbox() {
    let m = lab();
    sh_ok(m.at("tags/draft"), "echo 'A new idea.' > idea.md; cat idea.md");
    eventually(Duration::from_secs(5), "the note", || m.store_lab("inbox/idea.md").exists());
    eventually(Duration::from_secs(5), "the tag", || {
        fs::metadata(m.at("tags/draft/idea.md")).map(|e| e.ino()).ok()
            == fs::metadata(m.lab("inbox/idea.md")).map(|e| e.ino()).ok()
    });
    eventually(Duration::from_secs(5), "the tag in the note", || read(m.lab("inbox/idea.md")).contains("draft"));
    assert!(read(m.lab("inbox/idea.md")).ends_with("A new idea.\n"));
}

/// README: "`cp note tags/a/` | the note gets the tag; it stays where it is".
#[test]
fn cp_of_a_note_into_a_tag_folder_gives_it_the_tag() {
    let m = lab();
    sh_ok(m.mnt(), "cp lab/runs/b.md tags/gpu/");
    eventually(Duration::from_secs(5), "the tag", || read(m.store_lab("runs/b.md")).contains("gpu"));
    assert!(!m.store_lab("inbox").exists());
    assert_eq!(ls(m.at("tags/gpu")), ["a.md", "b.md"]);
}

#[test]
fn temporary_files_are_private_to_the_folder_and_never_become_notes() {
    let m = lab();
    for name in [".hidden", "a.md~", "#a#", "4913", "x.tmp", ".a.md.swp", "sedAbCdEf", "a.md___jb_tmp___"] {
        write(m.at("tags/draft").join(name), "scratch");
        assert_eq!(read(m.at("tags/draft").join(name)), "scratch");
        assert!(!m.at("tags/gpu").join(name).exists());
    }
    std::thread::sleep(Duration::from_millis(1_600));
    assert!(!m.store_lab("inbox").exists());
}

#[test]
fn a_temporary_file_renamed_over_an_entry_is_a_save() {
    let m = lab();
    let before = fs::metadata(m.lab("c.md")).unwrap().ino();
    write(m.at("tags/draft/.c.md.tmp"), note("tags: [draft]", "Saved."));
    fs::rename(m.at("tags/draft/.c.md.tmp"), m.at("tags/draft/c.md")).unwrap();
    assert_eq!(read(m.store_lab("c.md")), note("tags: [draft]", "Saved."));
    assert_eq!(fs::metadata(m.lab("c.md")).unwrap().ino(), before);
    assert_eq!(fs::metadata(m.at("tags/draft/c.md")).unwrap().ino(), before);
}

#[test]
fn unlink_then_create_is_a_save_in_a_tag_folder_and_in_the_real_tree() {
    let m = lab();
    for path in [m.at("tags/draft/c.md"), m.lab("c.md")] {
        let text = note("tags: [draft]", &format!("Saved at {}.", path.display()));
        fs::remove_file(&path).unwrap();
        write(&path, &text);
        assert_eq!(read(m.store_lab("c.md")), text);
        assert_eq!(ls(m.at("tags/draft")), ["c.md"]);
    }
    assert!(!m.store_lab("inbox").exists());
}

#[test]
fn notes_of_one_name_are_each_shown_qualified() {
    let tagged = note("tags: [x]", "b");
    let mut m = Mounted::with(&[("one/n.md", &tagged), ("two/n.md", &tagged), ("three/x.md", &tagged)]);
    let names = ls(m.at("tags/x"));
    assert_eq!(names.len(), 3);
    assert_eq!(names.iter().filter(|name| name.starts_with("n~") && name.ends_with(".md")).count(), 2, "{names:?}");
    assert_eq!(errno(fs::metadata(m.at("tags/x/n.md"))), libc::ENOENT);
    m.restart();
    assert_eq!(ls(m.at("tags/x")), names);
    fs::remove_file(m.at("tags/x").join(&names[0])).unwrap();
    assert_eq!(ls(m.at("tags/x")), ["n.md", "x.md"]);
    assert!(m.at("tags/x").join(&names[1]).exists(), "the qualified name always resolves");
}

#[test]
fn link_counts_tell_tools_to_count_bytes_once() {
    let m = lab();
    let nlink = || fs::metadata(m.lab("runs/a.md")).unwrap().nlink();
    assert_eq!(nlink(), 3);
    fs::remove_file(m.at("tags/gpu/a.md")).unwrap();
    assert!(nlink() >= 2);
    eventually(Duration::from_secs(4), "the count falls", || nlink() == 2);
    let once: u64 = sh_ok(m.mnt(), "du -sb --exclude=.codex lab | cut -f1").trim().parse().unwrap();
    let all: u64 = sh_ok(m.mnt(), "du -sb lab tags | awk '{s+=$1} END {print s}'").trim().parse().unwrap();
    assert!(all < once * 2, "{once} in lab, {all} with tags");
}

#[test]
fn plain_files_cannot_be_made_at_the_root_and_reserved_names_are_kept() {
    let m = lab();
    assert_eq!(errno(fs::write(m.at("x.md"), "x")), libc::EPERM);
    assert!(!m.last_error().is_empty());
    fs::create_dir(m.at("second")).unwrap();
    assert!(m.store().join("second").is_dir());
    write(m.at("second/n.md"), note("tags: [experiment]", "x"));
    assert!(ls(m.at("tags/experiment")).contains(&"n.md".to_owned()));
    assert_eq!(errno(fs::remove_dir(m.at("second"))), libc::ENOTEMPTY);
    fs::remove_file(m.at("second/n.md")).unwrap();
    fs::remove_dir(m.at("second")).unwrap();
    assert!(!m.store().join("second").exists());
    assert_eq!(errno(fs::remove_dir(m.at("tags"))), libc::EPERM);
    assert_eq!(errno(fs::rename(m.at("tags"), m.at("other"))), libc::EPERM);
}

#[test]
fn lookups_and_listings_change_nothing_on_disk() {
    let m = lab();
    let state = || sh_ok(m.store(), "find . -path '*/.codex' -prune -o -printf '%p %T@ %C@\\n' | sort");
    let before = state();
    sh_ok(
        m.mnt(),
        "ls -lR tags lab views > /dev/null; ls tags/nothing 2>/dev/null || true; stat tags/a/+b 2>/dev/null || true; grep -r Body . > /dev/null",
    );
    assert_eq!(state(), before);
}

/// README: "`.codex` is never listed".
#[test]
fn programs_that_walk_the_mount_are_told_to_skip_the_second_copies() {
    let m = lab();
    assert!(read(m.at("tags/CACHEDIR.TAG")).starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
    assert!(read(m.at("views/CACHEDIR.TAG")).starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
    let ignore = read(m.at(".ignore"));
    assert!(ignore.lines().any(|line| line == "/tags/") && ignore.lines().any(|line| line == "/views/"));
    assert_eq!(fs::metadata(m.at(".metadata_never_index")).unwrap().len(), 0);
    assert!(!ls(m.mnt()).iter().any(|name| name.starts_with('.')));
    assert!(!ls(m.at("tags")).contains(&"CACHEDIR.TAG".to_owned()));
}

#[test]
fn metadata_is_read_and_set_as_extended_attributes() {
    let m = lab();
    let path = m.lab("c.md");
    let get = |name: &str| {
        let mut value = [0; 256];
        rustix::fs::getxattr(&path, name, &mut value).map(|len| String::from_utf8_lossy(&value[..len]).into_owned())
    };
    assert_eq!(get("user.xdg.tags").unwrap(), "draft");
    assert_eq!(get("user.codex.prop.status").unwrap(), "todo");
    assert_eq!(get("user.codex.prop.none"), Err(rustix::io::Errno::NODATA));
    let set =
        |name: &str, value: &str| rustix::fs::setxattr(&path, name, value.as_bytes(), rustix::fs::XattrFlags::empty());
    set("user.xdg.tags", "draft,blue").unwrap();
    set("user.codex.prop.status", "done").unwrap();
    assert_eq!(get("user.xdg.tags").unwrap(), "draft,blue");
    let text = read(m.store_lab("c.md"));
    assert!(text.contains("status: done") && text.contains("blue") && text.contains("# mine"), "{text}");
    assert_eq!(ls(m.at("tags/blue")), ["c.md"]);
    assert_eq!(set("user.xdg.tags", "not:legal"), Err(rustix::io::Errno::INVAL));
    set("user.colour", "red").unwrap();
    assert_eq!(get("user.colour").unwrap(), "red");
}

#[test]
fn a_handle_that_is_open_across_a_retag_keeps_writing_to_the_note() {
    let m = lab();
    let mut file = OpenOptions::new().append(true).open(m.lab("c.md")).unwrap();
    file.write_all(b"before\n").unwrap();
    fs::rename(m.at("tags/draft/c.md"), m.at("tags/gpu/c.md")).unwrap();
    file.write_all(b"after\n").unwrap();
    drop(file);
    let text = read(m.store_lab("c.md"));
    assert!(text.contains("[gpu]") && text.ends_with("before\nafter\n"), "{text}");
}

/// README: "What is shown is what was written.".
#[test]
fn every_write_is_seen_by_the_next_reader() {
    let m = lab();
    for i in 0..100 {
        let tag = format!("t{}", i % 7);
        write(m.lab("n.md"), note(&format!("tags: [{tag}]"), &format!("word{i}")));
        assert_eq!(ls(m.at("tags").join(&tag)), ["n.md"], "round {i}");
        assert_eq!(ls(m.at(".codex/search").join(format!("word{i}"))), ["n.md"], "round {i}");
    }
}

#[test]
fn a_file_that_became_a_note_is_followed_like_any_other() {
    let m = lab();
    sh_ok(m.at("tags/draft"), "printf 'first words' > raw.txt");
    eventually(Duration::from_secs(5), "the note", || m.store_lab("inbox/raw.txt").exists());
    eventually(Duration::from_secs(5), "the tag", || {
        ls(m.at(".codex/search/tag:draft")).contains(&"raw.txt".to_owned())
    });
    for i in 0..5 {
        write(m.at("tags/draft/raw.txt"), format!("unheard{i}"));
        assert_eq!(ls(m.at(&format!(".codex/search/unheard{i}"))), ["raw.txt"], "{i}");
    }
}

#[test]
fn a_note_copied_to_the_entry_that_it_lost_a_moment_ago_is_not_emptied() {
    let m = lab();
    let before = read(m.lab("c.md"));
    sh_ok(m.mnt(), "rm tags/draft/c.md; cp lab/c.md tags/draft/c.md");
    eventually(Duration::from_secs(5), "the tag", || read(m.store_lab("c.md")).contains("[draft]"));
    assert_eq!(read(m.store_lab("c.md")), before);
    assert!(!m.store_lab("inbox").exists());
}

#[test]
fn a_note_moved_to_another_notebook_is_edited_there() {
    let m = lab();
    fs::create_dir(m.at("home")).unwrap();
    fs::rename(m.lab("c.md"), m.at("home/c.md")).unwrap();
    fs::rename(m.lab("runs"), m.at("home/runs")).unwrap();
    // What comes with a folder is found by a walk of it.
    eventually(Duration::from_secs(5), "what came with the folder", || {
        m.at("tags/gpu").exists() && ls(m.at("tags/gpu")) == ["a.md"] && ls(m.at("tags/experiment")).len() == 3
    });
    assert_eq!(ls(m.at("tags/draft")), ["c.md"]);
    fs::rename(m.at("tags/draft/c.md"), m.at("tags/gpu/c.md")).unwrap();
    assert!(read(m.at("home/c.md")).contains("tags: [gpu]"));
    fs::remove_file(m.at("tags/gpu/a.md")).unwrap();
    assert!(read(m.at("home/runs/a.md")).contains("tags: [experiment]"));
    write(m.at("home/runs/a.md"), note("tags: [later]", "rewritten"));
    assert_eq!(ls(m.at("tags/later")), ["a.md"]);
    for entry in fs::read_dir(m.at("home/runs")).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(std::os::unix::fs::DirEntryExt::ino(&entry), fs::metadata(entry.path()).unwrap().ino());
    }
}

#[test]
fn a_new_file_that_is_watched_by_readers_becomes_a_note_all_the_same() {
    let m = Mounted::with(&[("a.md", &note("tags: [x]", "a"))]);
    write(m.at("tags/x/new.md"), "new\n");
    let began = std::time::Instant::now();
    // A program that looks at it again and again must not keep it from becoming a note.
    while !read(m.at("tags/x/new.md")).contains("tags: [x]") {
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", ls(m.at("tags/x")));
    }
    let in_inbox = || m.lab("inbox").exists() && ls(m.lab("inbox")) == ["new.md"];
    eventually(Duration::from_secs(2), "the note in the inbox", in_inbox);
}
