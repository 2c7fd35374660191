//! Names at the limits of what a store can hold.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::{Mounted, errno, ls, note, read, write};

#[test]
fn names_of_255_bytes_are_notes_like_any_other() {
    let mnt =
        Mounted::of(&["lab", "papers"], &[("lab/a.md", &note("tags: [x]", "a"))], &cdx::fs::MountOptions::default());
    let long = format!("{}.md", "n".repeat(252));
    let wide = format!("{}x.md", "é".repeat(125));
    assert_eq!((long.len(), wide.len()), (255, 254));
    for name in [&long, &wide] {
        write(mnt.lab(name), note("tags: [x]", "long"));
        assert_eq!(read(mnt.at("tags/x").join(name)), note("tags: [x]", "long"));
        std::fs::create_dir_all(mnt.at("tags/z")).unwrap();
        std::fs::rename(mnt.at("tags/x").join(name), mnt.at("tags/z").join(name)).unwrap();
        let text = read(mnt.store_lab(name));
        assert!(text.contains("tags: [z]"), "{name}: {text} {} {:?}", mnt.last_error(), ls(mnt.at("tags/z")));
    }
    // Two of one name: each is shown cut, so that its qualifier fits, and both can be read.
    write(mnt.at("papers").join(&long), note("tags: [z]", "the other"));
    let shown: Vec<String> = ls(mnt.at("tags/z")).into_iter().filter(|name| name.starts_with('n')).collect();
    assert!(shown.len() == 2 && shown.iter().all(|name| name.len() <= 255 && name.contains('~')), "{shown:?}");
    let texts: Vec<String> = shown.iter().map(|name| read(mnt.at("tags/z").join(name))).collect();
    assert!(texts.iter().any(|text| text.contains("long")) && texts.iter().any(|text| text.contains("the other")));
    assert_eq!(errno(std::fs::write(mnt.lab(&"n".repeat(256)), "x")), libc::ENAMETOOLONG);
    // A name that leaves no room for the sidecar which would hold the tag.
    let bare = "d".repeat(255);
    write(mnt.lab(&bare), "data");
    assert_eq!(errno(std::fs::hard_link(mnt.lab(&bare), mnt.at("tags/x").join(&bare))), libc::EINVAL);
    assert!(mnt.last_error().contains("shorten its name"), "{}", mnt.last_error());
    assert_eq!(read(mnt.store_lab(&bare)), "data");
}

/// README: "File names that are not UTF-8 are shown and recorded, but neither indexed nor tagged.".
#[test]
fn names_that_are_not_utf8_are_shown_and_cannot_bear_tags() {
    let mnt = Mounted::with(&[("a.md", &note("tags: [x]", "a"))]);
    let name = OsStr::from_bytes(b"bad\xff.md");
    write(mnt.at("lab").join(name), note("tags: [x]", "quokka"));
    assert!(read(mnt.store().join("lab").join(name)).contains("quokka"));
    assert_eq!(ls(mnt.at("tags/x")), ["a.md"]);
    assert_eq!(errno(std::fs::hard_link(mnt.at("lab").join(name), mnt.at("tags/x").join(name))), libc::EINVAL);
    assert!(mnt.last_error().contains("not UTF-8; rename it"), "{}", mnt.last_error());
    std::fs::rename(mnt.at("lab").join(name), mnt.lab("good.md")).unwrap();
    assert_eq!(ls(mnt.at("tags/x")), ["a.md", "good.md"]);
    for tag in [&b"t\xff"[..], b".x", b"-x", b"~x"] {
        assert_eq!(errno(std::fs::create_dir(mnt.at("tags").join(OsStr::from_bytes(tag)))), libc::EINVAL);
        assert!(mnt.last_error().contains("a tag's name has"), "{}", mnt.last_error());
    }
    // The kernel itself resolves `..`: nothing can be made above the mount by it.
    assert!(std::fs::create_dir(mnt.at("tags/..")).is_err());
}
