//! How programs save: each dance on the store's own files is seen through contents and tags of the mount, and the
//! note stays the same note.

use std::os::unix::fs::MetadataExt;

use super::{clean, shows};
use crate::support::run::sh_ok;
use crate::support::{Mounted, eventually, note, read};

/// Name, script (`$new` holds the new text), whether the note keeps its number in the mount.
const SAVES: [(&str, &str); 9] = [
    ("truncate and write", "cat $new > a.md"),
    ("temporary file renamed over", "cp $new .a.md.tmp1 && mv .a.md.tmp1 a.md"),
    ("temporary file of another folder", "mkdir -p ../spare && cp $new ../spare/t && mv ../spare/t a.md"),
    ("backup by rename, then made anew", "mv a.md a.md~ && cp $new a.md && rm a.md~"),
    ("backup by copy, then written in place", "cp a.md a.md~ && cat $new > a.md && rm a.md~"),
    ("hard-link backup that is broken", "ln a.md a.md~ && cp $new t.tmp && mv t.tmp a.md && rm a.md~"),
    (
        "atomic exchange",
        "cp $new swap.tmp && python3 -c '
import ctypes
c = ctypes.CDLL(None, use_errno=True)
assert c.renameat2(-100, b\"swap.tmp\", -100, b\"a.md\", 2) == 0, ctypes.get_errno()
' && rm swap.tmp",
    ),
    ("removed and made anew", "rm a.md && cp $new a.md"),
    ("sed in place", "sed -i \"s/.*/$(sed -z 's/\\n/\\\\n/g' $new)/;2,\\$d\" a.md"),
];

#[test]
fn every_way_of_saving_is_seen_through_contents_and_tags() {
    let mnt = Mounted::with(&[("a.md", &note("tags: [t]", "begin")), ("b.md", "b")]);
    let fresh = tempfile::tempdir().unwrap();
    for (n, (how, script)) in SAVES.iter().enumerate() {
        let tag = format!("way{n}");
        let text = note(&format!("tags: [{tag}]"), how);
        let new = fresh.path().join("new");
        std::fs::write(&new, &text).unwrap();
        // The kernel holds what was there before.
        read(mnt.lab("a.md"));
        sh_ok(mnt.store_lab(""), &format!("new={}; {script}", new.display()));
        eventually(super::SOON, how, || read(mnt.lab("a.md")).trim() == text.trim());
        shows(&mnt, &tag, &["a.md"]);
        assert_eq!(read(mnt.at(&format!("tags/{tag}/a.md"))), read(mnt.store_lab("a.md")), "{how}");
        let stat = std::fs::metadata(mnt.lab("a.md")).unwrap();
        assert_eq!(stat.len(), std::fs::metadata(mnt.store_lab("a.md")).unwrap().len(), "{how}");
        assert_eq!(stat.ino(), std::fs::metadata(mnt.at(&format!("tags/{tag}/a.md"))).unwrap().ino(), "{how}");
    }
    clean(&mnt);
    // What was only on the way was never a note, and history has each version once.
    assert_eq!(mnt.engine().catalog().file_count(mnt.engine().notebooks()[0].number), 2);
}

#[test]
fn a_file_that_is_replaced_by_a_folder_and_back_is_followed() {
    let mnt = Mounted::with(&[("x.md", &note("tags: [t]", "file"))]);
    for round in 0..5 {
        sh_ok(mnt.store_lab(""), "rm x.md && mkdir x.md && printf -- '---\\ntags: [below]\\n---\\n' > x.md/in.md");
        shows(&mnt, "below", &["in.md"]);
        shows(&mnt, "t", &[]);
        eventually(super::SOON, "it is a folder", || mnt.lab("x.md").is_dir());
        sh_ok(mnt.store_lab(""), "rm -r x.md && printf -- '---\\ntags: [t]\\n---\\n' > x.md");
        shows(&mnt, "t", &["x.md"]);
        shows(&mnt, "below", &[]);
        eventually(super::SOON, "it is a file", || mnt.lab("x.md").is_file());
        assert!(read(mnt.lab("x.md")).contains("tags: [t]"), "round {round}");
    }
    clean(&mnt);
}

#[test]
fn links_that_loop_are_neither_followed_nor_indexed() {
    let mnt = Mounted::with(&[("a.md", &note("tags: [t]", "a"))]);
    sh_ok(
        mnt.store_lab(""),
        "ln -s . loop; ln -s self self; mkdir -p d/e; ln -s ../.. d/e/up; ln -s ../d/e d/twin; ln -s gone dangling;
         printf -- '---\\ntags: [t]\\n---\\n' > d/e/deep.md",
    );
    shows(&mnt, "t", &["a.md", "deep.md"]);
    eventually(super::SOON, "the links show", || mnt.lab("d/twin/deep.md").exists());
    sh_ok(mnt.store_lab(""), "rm loop self dangling d/twin d/e/up");
    clean(&mnt);
}
