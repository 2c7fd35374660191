//! `tags/`: links, moves, removals, folders (mount.md §5).

use std::ffi::OsStr;

use super::lab::{Lab, ME, OTHER, tagged};
use crate::fs::tree::{Found, Place};
use crate::types::NotePath;

#[test]
fn a_link_is_a_tag_and_the_note_stays_where_it_is() {
    let lab = Lab::new(&[("runs/a.md", "# a\n"), ("b.md", &tagged("t"))]);
    assert_eq!(lab.ln("runs/a.md", "tags/t/a.md"), Ok(()));
    assert_eq!(lab.ls("tags/t"), ["a.md", "b.md"]);
    assert_eq!(lab.read("runs/a.md"), "---\ntags: [t]\n---\n# a\n");
    assert_eq!(lab.ln("runs/a.md", "tags/t/a.md"), Err(libc::EEXIST));
    assert_eq!(lab.ln("b.md", "tags/t/other.md"), Err(libc::EPERM));
    let node = lab.engine.catalog().file(lab.key("runs/a.md")).unwrap().node;
    assert!(lab.kernel.attributes.lock().contains(&node));
    assert_eq!(lab.engine.catalog().synthetic_links(lab.key("runs/a.md")), 1);
}

#[test]
fn a_file_of_any_type_gets_a_sidecar() {
    let lab = Lab::new(&[("plot.png", "not really"), ("b.md", &tagged("t"))]);
    assert_eq!(lab.ln("plot.png", "tags/t/plot.png"), Ok(()));
    assert_eq!(lab.ls("tags/t"), ["b.md", "plot.png"]);
    assert!(lab.read(".plot.png.json").contains("\"t\""));
    assert_eq!(lab.rm("tags/t/plot.png"), Ok(()));
    assert_eq!(lab.ls("tags/t"), ["b.md"]);
}

#[test]
fn symbolic_links_are_matched_by_path_or_name() {
    let lab = Lab::new(&[
        ("runs/a.md", "# a\n"),
        ("b.md", "# b\n"),
        ("x/c.md", "# c1\n"),
        ("y/c.md", "# c2\n"),
        ("t.md", &tagged("t, u")),
    ]);
    for (target, name, expected) in [
        ("/mnt/codex/lab/runs/a.md", "a.md", Ok(())),
        ("b.md", "b.md", Ok(())),
        ("x/c.md", "c.md", Ok(())),
        ("/etc/passwd", "passwd", Err(libc::EINVAL)),
        ("../../elsewhere/a.txt", "a.txt", Err(libc::EINVAL)),
        ("b.md", "other.md", Err(libc::EPERM)),
        ("host:1234", ".#b.md", Err(libc::EPERM)),
    ] {
        assert_eq!(lab.ln_s(target, &format!("tags/t/{name}")), expected, "{target}");
    }
    assert_eq!(lab.ls("tags/t"), ["a.md", "b.md", "c.md", "t.md"]);
    assert_eq!(lab.note_at("tags/t/c.md"), "x/c.md");
    assert_eq!(lab.ln_s("c.md", "tags/u/c.md"), Err(libc::EINVAL), "one of two");
    assert_eq!(lab.ln_s("../t/a.md", "tags/u/a.md"), Ok(()));
    assert_eq!(lab.ln_s("../../lab/y/c.md", "tags/u/c.md"), Ok(()));
    assert_eq!(lab.note_at("tags/u/c.md"), "y/c.md");
}

#[test]
fn moving_a_real_note_into_a_tag_tags_it_and_leaves_it() {
    let lab = Lab::new(&[("a.md", "# a\n"), ("b.md", &tagged("t"))]);
    assert_eq!(lab.mv_in("a.md", "tags/t/a.md"), Ok(()));
    assert!(lab.exists("a.md"));
    assert_eq!(lab.ls("tags/t"), ["a.md", "b.md"]);
    assert!(lab.kernel.entries.lock().iter().any(|(_, name)| name == "a.md"));
    assert_eq!(lab.mv_in("a.md", "tags/t/other.md"), Err(libc::EPERM));
    assert_eq!(lab.mv_in("a.md", "tags/a.md"), Err(libc::EPERM));
    assert_eq!(lab.mv_in("a.md", "a.md"), Err(libc::EPERM), "the root takes no files");
}

#[test]
fn removing_an_entry_takes_the_tag_and_never_the_note() {
    let lab = Lab::new(&[("a.md", &tagged("t, u")), ("b.md", &tagged("t"))]);
    assert_eq!(lab.rm("tags/t/a.md"), Ok(()));
    assert_eq!(lab.ls("tags/t"), ["b.md"]);
    assert_eq!(lab.ls("tags/u"), ["a.md"]);
    assert!(lab.exists("a.md"));
    assert_eq!(lab.rm("tags/t/a.md"), Err(libc::ENOENT));
    assert_eq!(lab.rm("tags/t/+t/b.md"), Err(libc::EPERM));
    assert_eq!(lab.rm("tags/t"), Err(libc::EPERM), "tags themselves are folders");
}

#[test]
fn moving_between_tags_is_one_edit() {
    let lab = Lab::new(&[("a.md", &tagged("t, keep")), ("b.md", &tagged("u"))]);
    assert_eq!(lab.mv("tags/t/a.md", "tags/u/a.md"), Ok(()));
    assert_eq!((lab.ls("tags/t"), lab.ls("tags/u")), (vec![], vec!["a.md".to_owned(), "b.md".to_owned()]));
    assert!(lab.read("a.md").starts_with("---\ntags: [keep, u]\n---"), "{}", lab.read("a.md"));
    assert_eq!(lab.mv("tags/u/a.md", "tags/u/c.md"), Err(libc::EPERM));
    assert_eq!(lab.mv("tags/u/a.md", "tags/t/c.md"), Err(libc::EPERM));
    assert_eq!(lab.mv("tags/u/a.md", "tags/keep/+u/a.md"), Err(libc::EPERM));
    assert_eq!(lab.mv("tags/u/a.md", "views/a.md"), Err(libc::EPERM));
    assert_eq!(lab.ls("tags/u"), ["a.md", "b.md"]);
}

#[test]
fn a_move_onto_another_note_s_name_replaces_nothing() {
    let lab = Lab::new(&[("1/a.md", &tagged("t")), ("2/a.md", &tagged("u"))]);
    assert_eq!(lab.mv("tags/t/a.md", "tags/u/a.md"), Err(libc::EEXIST));
    assert_eq!(lab.mv_in("1/a.md", "tags/u/a.md"), Err(libc::EEXIST));
    let qualified = lab.engine.catalog().file(lab.key("1/a.md")).unwrap().qualified_name();
    assert_eq!(lab.mv("tags/t/a.md", &format!("tags/u/{}", qualified.to_str().unwrap())), Ok(()));
    assert_eq!(lab.ls("tags/u").len(), 2);
}

#[test]
fn tags_can_be_declared_and_removed_while_they_are_empty() {
    let lab = Lab::new(&[("a.md", &tagged("t/deep"))]);
    assert_eq!(lab.mkdir("tags/new"), Ok(()));
    assert_eq!(lab.mkdir("tags/new/below"), Ok(()));
    assert_eq!(lab.ls("tags"), ["new/", "t/"]);
    assert!(lab.engine.settings().tags.iter().any(|tag| tag.as_str() == "new/below"));
    for (path, errno) in [
        ("tags/new", libc::EEXIST),
        ("tags/T", libc::EEXIST),
        ("tags/+x", libc::EINVAL),
        ("tags/a:b", libc::EINVAL),
        ("tags/ x", libc::EINVAL),
        ("tags/t/deep/+new/x", libc::EPERM),
        ("views/x", libc::EPERM),
        (".codex/x", libc::EPERM),
        (".codex/by/x", libc::EPERM),
    ] {
        assert_eq!(lab.mkdir(path), Err(errno), "{path}");
    }
    for (path, errno) in [
        ("tags/t", libc::ENOTEMPTY),
        ("tags/t/deep", libc::ENOTEMPTY),
        ("tags/new", libc::ENOTEMPTY),
        ("tags", libc::EPERM),
        ("views", libc::EPERM),
        (".codex", libc::EPERM),
        ("tags/none", libc::ENOENT),
        ("tags/t/deep/a.md", libc::ENOTDIR),
    ] {
        assert_eq!(lab.rmdir(path), Err(errno), "{path}");
    }
    assert_eq!((lab.rmdir("tags/new/below"), lab.rmdir("tags/new")), (Ok(()), Ok(())));
    assert_eq!(lab.ls("tags"), ["t/"]);
}

#[test]
fn rm_r_of_a_tag_ends_well() {
    let lab = Lab::new(&[("a.md", &tagged("t/x")), ("b.md", &tagged("t")), ("c.md", &tagged("t/x"))]);
    for path in ["tags/t/x/a.md", "tags/t/x/c.md"] {
        assert_eq!(lab.rm(path), Ok(()), "{path}");
    }
    assert_eq!(lab.rmdir("tags/t/x"), Ok(()));
    assert_eq!(lab.rm("tags/t/b.md"), Ok(()));
    assert_eq!(lab.rmdir("tags/t"), Ok(()));
    assert_eq!(lab.ls("tags"), [""; 0]);
    assert!(lab.exists("a.md") && lab.exists("b.md") && lab.exists("c.md"));
}

#[test]
fn renaming_the_folder_of_a_tag_renames_it_everywhere() {
    let lab = Lab::new(&[
        ("a.md", &tagged("t, t/x, tt")),
        ("v.cdx", "---\ntype: view\nquery: {tags: [t]}\n---\n"),
        ("b.md", &tagged("u")),
    ]);
    assert_eq!(lab.mv("tags/t", "tags/u"), Err(libc::EEXIST));
    assert_eq!(lab.mv("tags/t", "tags/t/x/y"), Err(libc::EINVAL));
    assert_eq!(lab.mv("tags/t", "tags/new"), Ok(()));
    assert_eq!(lab.ls("tags"), ["new/", "tt/", "u/"]);
    assert_eq!(lab.ls("tags/new/x"), ["a.md"]);
    assert!(lab.read("v.cdx").contains("tags: [new]"), "{}", lab.read("v.cdx"));
    assert_eq!(lab.mv("tags/new/x", "tags/u/z"), Ok(()));
    assert_eq!(lab.ls("tags/u/z"), ["a.md"]);
    assert_eq!(lab.mv("tags/u", "tags/U"), Ok(()), "only its case");
    assert_eq!(lab.ls("tags"), ["U/", "new/", "tt/"]);
    assert_eq!(lab.mv("tags/U", "views/U"), Err(libc::EPERM));
}

#[test]
fn who_may_not_write_the_note_may_not_tag_it() {
    let lab = Lab::new(&[("a.md", &tagged("t")), ("b.md", &tagged("u"))]);
    let (place, name) = lab.at("tags/t/a.md");
    let refused = lab.tree().unlink(&place, name, OTHER).unwrap_err();
    assert_eq!(refused.errno, libc::EACCES);
    assert!(refused.reason.contains("lab/a.md"), "{}", refused.reason);
    let to = lab.place("tags/u");
    assert_eq!(lab.tree().link(lab.key("a.md"), (&to, name), OTHER).unwrap_err().errno, libc::EACCES);
    assert_eq!(lab.tree().create(&to, OsStr::new("new.md"), 0o644, OTHER).unwrap_err().errno, libc::EACCES);
    let notebook = lab.engine.notebook_named("lab").unwrap();
    let file = notebook.dir.open_file(&NotePath::new("a.md").unwrap()).unwrap();
    rustix::fs::fchmod(file, rustix::fs::Mode::from_raw_mode(0o666)).unwrap();
    assert!(lab.tree().unlink(&place, name, OTHER).is_ok());
}

#[test]
fn notebooks_are_folders_of_the_root() {
    let lab = Lab::new(&[("a.md", &tagged("t"))]);
    assert_eq!(lab.mkdir("bio"), Ok(()));
    assert_eq!(lab.ls(""), ["bio/", "lab/", "tags/", "views/"]);
    for (path, errno) in [("bio", libc::EEXIST), (".hidden", libc::EPERM), ("tags", libc::EEXIST)] {
        assert_eq!(lab.mkdir(path), Err(errno), "{path}");
    }
    assert_eq!(lab.mv("bio", "chem"), Ok(()));
    assert_eq!(lab.mv("chem", "lab"), Err(libc::EEXIST));
    assert_eq!(lab.mv("chem", "tags/chem"), Err(libc::EPERM));
    assert_eq!(lab.mv("tags", "labels"), Err(libc::EPERM));
    assert_eq!(lab.rmdir("lab"), Err(libc::ENOTEMPTY));
    assert_eq!(lab.rmdir("chem"), Ok(()));
    assert_eq!(lab.ls(""), ["lab/", "tags/", "views/"]);
    for name in ["file.txt", ".hidden", "x.tmp"] {
        assert_eq!(lab.cp(name, "x"), Err(libc::EPERM), "{name}");
    }
}

#[test]
fn a_tag_is_found_in_every_notebook() {
    let lab = Lab::new(&[("n.md", &tagged("t"))]);
    lab.mkdir("bio").unwrap();
    lab.write_in("bio", "n.md", &tagged("t"));
    let names = lab.ls("tags/t");
    assert!(names.len() == 2 && names.iter().all(|name| name.starts_with("n~")), "{names:?}");
    let before = names.clone();
    let lab = lab.reopened(|_| {});
    assert_eq!(lab.ls("tags/t"), before, "names do not depend on who is first");
}

#[test]
fn refusals_are_remembered_for_the_process_that_met_them() {
    let lab = Lab::new(&[]);
    let node = crate::types::NodeNumber(5);
    lab.tree().remember_refusal(node, OsStr::new("a.md"), ME);
    assert!(lab.tree().is_echo(node, OsStr::new("a.md"), ME));
    assert!(!lab.tree().is_echo(node, OsStr::new("a.md"), OTHER));
}

#[test]
fn the_time_of_a_tag_folder_changes_with_its_members() {
    let lab = Lab::new(&[("a.md", &tagged("t")), ("b.md", &tagged("t"))]);
    let changed = || lab.tree().changed_ns(&lab.place("tags/t")).unwrap();
    let before = changed();
    lab.write("a.md", &format!("{}more", tagged("t")));
    assert_eq!(changed(), before);
    lab.rm("tags/t/b.md").unwrap();
    assert!(changed() > before);
    assert!(matches!(lab.find("tags/t"), Ok(Found::Dir(Place::Tag(_)))));
}
