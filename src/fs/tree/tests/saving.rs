//! Files that are made in synthetic folders, and editors' ways to save (mount.md §5, background/hard-link-entries.md).

use super::lab::{Lab, ME, OTHER, tagged};
use crate::fs::tree::{Created, Found};

#[test]
fn a_copy_of_a_note_becomes_its_tag_at_once() {
    let lab = Lab::new(&[("runs/a.md", "# a\n"), ("b.md", &tagged("t"))]);
    assert_eq!(lab.cp("tags/t/a.md", "# a\n"), Ok(()));
    assert_eq!(lab.note_at("tags/t/a.md"), "runs/a.md");
    assert_eq!(lab.read("runs/a.md"), "---\ntags: [t]\n---\n# a\n");
    assert!(!lab.exists("inbox"));
}

#[test]
fn anything_else_becomes_a_note_of_the_inbox_with_the_tag() {
    let lab = Lab::new(&[("runs/a.md", "# a\n"), ("b.md", &tagged("t"))]);
    assert_eq!(lab.cp("tags/t/a.md", "# other\n"), Ok(()));
    assert!(matches!(lab.find("tags/t/a.md"), Ok(Found::Scratch(_))), "seen at once");
    assert_eq!(lab.ls("tags/t"), ["a.md", "b.md"]);
    lab.settled();
    assert_eq!(lab.note_at("tags/t/a.md"), "inbox/a.md");
    assert_eq!(lab.read("inbox/a.md"), "---\ntags: [t]\n---\n# other\n");
    assert_eq!(lab.read("runs/a.md"), "# a\n");
    assert_eq!(lab.cp("tags/t/c.bin", "binary"), Ok(()));
    lab.settled();
    assert_eq!(lab.note_at("tags/t/c.bin"), "inbox/c.bin");
}

#[test]
fn a_name_that_the_inbox_has_is_qualified() {
    let lab = Lab::new(&[("inbox/a.md", "# first\n"), ("b.md", &tagged("t"))]);
    assert_eq!(lab.cp("tags/t/a.md", "# second\n"), Ok(()));
    lab.settled();
    let name = lab.ls("tags/t").into_iter().find(|name| name.starts_with("a~")).unwrap();
    assert!(lab.note_at(&format!("tags/t/{name}")).starts_with("inbox/a~"));
    assert_eq!(lab.read("inbox/a.md"), "# first\n");
}

#[test]
fn a_file_settles_a_second_after_its_last_close() {
    let lab = Lab::new(&[("b.md", &tagged("t"))]);
    let created = lab.create("tags/t/new.md", "# new\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1300));
    assert!(!lab.exists("inbox/new.md"), "it is open");
    lab.close(&created);
    let started = std::time::Instant::now();
    while !lab.exists("inbox/new.md") {
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(started.elapsed() > std::time::Duration::from_millis(700));
}

#[test]
fn temporary_files_are_private_to_their_folder_and_never_settle() {
    let lab = Lab::new(&[("a.md", &tagged("t, u"))]);
    for name in [".a.md.swp", "a.md~", "#a.md#", "4913", "sedAbCdEf"] {
        assert_eq!(lab.cp(&format!("tags/t/{name}"), "temporary"), Ok(()), "{name}");
    }
    lab.settled();
    assert_eq!(lab.ls("tags/t").len(), 6);
    assert_eq!(lab.ls("tags/u"), ["a.md"]);
    assert!(!lab.exists("inbox"));
    assert_eq!(lab.rm("tags/t/a.md~"), Ok(()));
    assert_eq!(lab.lookup_errno("tags/t/a.md~"), libc::ENOENT);
}

#[test]
fn renaming_a_temporary_file_over_an_entry_saves_the_note() {
    let lab = Lab::new(&[("x/a.md", &tagged("t"))]);
    let key = lab.key("x/a.md");
    let node = lab.engine.catalog().file(key).unwrap().node;
    assert_eq!(lab.cp("tags/t/.a.md.tmp123", &tagged("t, more")), Ok(()));
    assert_eq!(lab.mv("tags/t/.a.md.tmp123", "tags/t/a.md"), Ok(()));
    assert_eq!(lab.read("x/a.md"), tagged("t, more"));
    assert_eq!(lab.ls("tags/t"), ["a.md"]);
    assert_eq!(lab.ls("tags/more"), ["a.md"]);
    assert_eq!(lab.key("x/a.md"), key, "the same note");
    assert_eq!(lab.engine.catalog().file(key).unwrap().node, node);
    assert!(lab.kernel.contents.lock().contains(&node));
    assert!(lab.kernel.entries.lock().iter().any(|(_, name)| name == "a.md"));
}

#[test]
fn saves_through_intersections_and_views_are_saves_too() {
    let view = "---\ntype: view\nquery: tag:t\n---\n";
    let lab = Lab::new(&[("a.md", &tagged("t, u")), ("v.cdx", view)]);
    for (i, folder) in ["tags/t/+u", "views/v.cdx"].iter().enumerate() {
        for temporary in ["a.md.AbCdEf", ".a.md.swx"] {
            let text = format!("{}{i}{temporary}", tagged("t, u"));
            assert_eq!(lab.cp(&format!("{folder}/{temporary}"), &text), Ok(()), "{folder}/{temporary}");
            assert_eq!(lab.mv(&format!("{folder}/{temporary}"), &format!("{folder}/a.md")), Ok(()));
            assert_eq!(lab.read("a.md"), text);
        }
        assert_eq!(lab.cp(&format!("{folder}/new.md"), "x"), Err(libc::EPERM));
    }
}

#[test]
fn unlink_and_create_is_a_save() {
    let lab = Lab::new(&[("a.md", &tagged("t, u"))]);
    let key = lab.key("a.md");
    assert_eq!(lab.rm("tags/t/a.md"), Ok(()));
    let created = lab.create("tags/t/a.md", &tagged("t, u")).unwrap();
    assert!(matches!(created, Created::Note(file) if file == key));
    assert_eq!(lab.note_at("tags/t/a.md"), "a.md");
    assert_eq!(lab.read("a.md"), tagged("t, u"));
    assert_eq!(lab.ls("tags/u"), ["a.md"]);
}

#[test]
fn a_note_that_is_saved_so_keeps_its_tag_whatever_is_written() {
    let lab = Lab::new(&[("a.md", &tagged("t, u"))]);
    assert_eq!(lab.rm("tags/t/a.md"), Ok(()));
    lab.create("tags/t/a.md", "# anew\n").unwrap();
    assert_eq!(lab.ls("tags/t"), ["a.md"], "install(1) now looks for it to set its mode");
    assert_eq!(lab.note_at("tags/t/a.md"), "a.md");
    lab.settled();
    assert_eq!(lab.read("a.md"), "---\ntags: [t]\n---\n# anew\n");
    assert_eq!(lab.ls("tags/t"), ["a.md"]);
    assert_eq!(lab.rm("tags/t/a.md"), Ok(()));
    lab.create("tags/t/a.md", "# again\n").unwrap();
    assert_eq!(lab.rm("tags/t/a.md"), Ok(()));
    lab.settled();
    assert_eq!((lab.lookup_errno("tags/t/a.md"), &*lab.read("a.md")), (libc::ENOENT, "# again\n"));
}

#[test]
fn rsync_s_way_makes_a_tag_or_a_note() {
    let lab = Lab::new(&[("x/a.md", "# a\n"), ("b.md", &tagged("t"))]);
    assert_eq!(lab.cp("tags/t/.a.md.Xy12Zw", "# a\n"), Ok(()));
    assert_eq!(lab.mv("tags/t/.a.md.Xy12Zw", "tags/t/a.md"), Ok(()));
    assert_eq!(lab.note_at("tags/t/a.md"), "x/a.md");
    assert_eq!(lab.cp("tags/t/.c.md.Xy12Zw", "# c\n"), Ok(()));
    assert_eq!(lab.mv("tags/t/.c.md.Xy12Zw", "tags/t/c.md"), Ok(()));
    lab.settled();
    assert_eq!(lab.note_at("tags/t/c.md"), "inbox/c.md");
}

#[test]
fn without_an_inbox_new_notes_are_refused_and_saves_are_not() {
    let lab = Lab::new(&[("a.md", &tagged("t"))]);
    lab.mkdir("bio").unwrap();
    assert_eq!(lab.cp("tags/t/new.md", "x"), Err(libc::EPERM));
    assert_eq!(lab.cp("tags/t/.a.md.swp", &tagged("t, saved")), Ok(()));
    assert_eq!(lab.mv("tags/t/.a.md.swp", "tags/t/a.md"), Ok(()));
    assert_eq!(lab.ls("tags/saved"), ["a.md"]);
}

#[test]
fn entries_bear_the_note_s_name_and_backups_by_rename_are_refused() {
    let lab = Lab::new(&[("a.md", &tagged("t"))]);
    assert_eq!(lab.mv("tags/t/a.md", "tags/t/a.md~"), Err(libc::EPERM));
    assert_eq!(lab.ls("tags/t"), ["a.md"]);
}

#[test]
fn what_a_crash_left_goes_to_the_inbox() {
    let lab = Lab::new(&[("inbox/a.md", "# a\n"), ("b.md", &tagged("t"))]);
    let lab = lab.reopened(|folder| {
        let tmp = folder.join("lab/.codex/tmp");
        std::fs::create_dir_all(&tmp).unwrap();
        for (name, text) in [("new-1x2-7-a.md", "# left\n"), ("new-1x2-8-.b.md.swp", ""), ("new-1x2-9-c.md", "# c\n")] {
            std::io::Write::write_all(&mut std::fs::File::create(tmp.join(name)).unwrap(), text.as_bytes()).unwrap();
        }
    });
    let started = std::time::Instant::now();
    while !lab.exists("inbox/c.md") && started.elapsed() < std::time::Duration::from_secs(5) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(lab.read("inbox/c.md"), "# c\n");
    assert_eq!(lab.read("inbox/a.md"), "# a\n");
    let notes = lab.ls(".codex/search/folder:inbox");
    assert!(notes.len() == 3 && notes.iter().any(|name| name.starts_with("a~")), "{notes:?}");
}

#[test]
fn files_of_a_mount_that_ends_settle_at_once() {
    let lab = Lab::new(&[("b.md", &tagged("t"))]);
    lab.cp("tags/t/new.md", "# new\n").unwrap();
    let lab = lab.reopened(|folder| assert!(folder.join("lab/inbox/new.md").exists()));
    assert_eq!(lab.note_at("tags/t/new.md"), "inbox/new.md");
}

#[test]
fn a_read_only_mount_refuses_every_change() {
    let mut lab = Lab::new(&[("a.md", &tagged("t")), ("b.md", "# b\n")]);
    let kernel = std::sync::Arc::clone(&lab.kernel);
    lab.tree = Some(crate::fs::tree::Tree::new(std::sync::Arc::clone(&lab.engine), kernel as _, true));
    assert_eq!(lab.rm("tags/t/a.md"), Err(libc::EROFS));
    assert_eq!(lab.ln("b.md", "tags/t/b.md"), Err(libc::EROFS));
    assert_eq!(lab.cp("tags/t/new.md", "x"), Err(libc::EROFS));
    assert_eq!(lab.mkdir("tags/new"), Err(libc::EROFS));
    assert_eq!(lab.mv("tags/t", "tags/u"), Err(libc::EROFS));
    assert_eq!(lab.tree().set_xattr(lab.key("a.md"), "user.xdg.tags", Some(b"x"), ME).unwrap_err().errno, libc::EROFS);
    assert_eq!(lab.ls("tags/t"), ["a.md"]);
}

#[test]
fn tags_and_properties_as_extended_attributes() {
    let lab = Lab::new(&[("a.md", "---\ntags: [b, a]\nloss: 0.5\nname: x\n---\n"), ("p.png", "png")]);
    let get = |path: &str, name: &str| {
        lab.tree().get_xattr(lab.key(path), name).unwrap().map(|value| String::from_utf8(value).unwrap())
    };
    let set = |path: &str, name: &str, value: Option<&str>, caller| {
        let value = value.map(str::as_bytes);
        lab.tree().set_xattr(lab.key(path), name, value, caller).map_err(|refused| refused.errno)
    };
    assert_eq!(get("a.md", "user.xdg.tags").as_deref(), Some("b,a"));
    assert_eq!(get("a.md", "user.codex.prop.loss").as_deref(), Some("0.5"));
    assert_eq!(get("a.md", "user.codex.prop.none"), None);
    assert_eq!(get("p.png", "user.xdg.tags"), None);
    assert_eq!(set("a.md", "user.xdg.tags", Some("a,c"), ME), Ok(()));
    assert_eq!(set("a.md", "user.codex.prop.loss", Some("0.25"), ME), Ok(()));
    assert_eq!(set("a.md", "user.codex.prop.name", Some("7"), ME), Ok(()));
    assert_eq!(lab.read("a.md"), "---\ntags: [a, c]\nloss: 0.25\nname: '7'\n---\n");
    assert_eq!(set("p.png", "user.xdg.tags", Some("a"), ME), Ok(()));
    assert_eq!(lab.ls("tags/a"), ["a.md", "p.png"]);
    assert_eq!(set("a.md", "user.codex.prop.loss", None, ME), Ok(()));
    assert_eq!(set("a.md", "user.codex.prop.loss", None, ME), Err(libc::ENODATA));
    assert_eq!(set("a.md", "user.xdg.tags", Some("+no"), ME), Err(libc::EINVAL));
    assert_eq!(set("a.md", "user.codex.other", Some("x"), ME), Err(libc::EINVAL));
    assert_eq!(set("a.md", "user.xdg.tags", Some("z"), OTHER), Err(libc::EACCES));
    assert_eq!(lab.tree().list_xattr(lab.key("a.md")).unwrap(), ["user.xdg.tags", "user.codex.prop.name"]);
}
