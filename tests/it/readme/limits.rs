//! What README.md says that does not work: the day it does, these words are to be changed.

use std::fs::File;

use rustix::fs::inotify::{CreateFlags, Reader, WatchFlags, add_watch, init};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use crate::support::{Mounted, eventually, note, read, write};

/// README: "`O_TMPFILE` is not offered: the FUSE library has no such request yet."
#[test]
fn a_file_without_a_name_is_refused_as_not_supported() {
    let m = Mounted::with(&[("a.md", "x")]);
    let open =
        |at: std::path::PathBuf| rustix::fs::open(at, OFlags::TMPFILE | OFlags::RDWR, Mode::from_raw_mode(0o600));
    assert_eq!(open(m.lab("")).map(drop), Err(rustix::io::Errno::OPNOTSUPP));
}

/// README: "File locks hold among the programs that use the mount, not between them and programs on the store."
#[test]
fn locks_hold_on_the_mount_and_not_between_it_and_the_store() {
    let m = Mounted::with(&[("a.md", &note("tags: [x]", "a"))]);
    let holder = File::open(m.lab("a.md")).unwrap();
    flock(&holder, FlockOperation::NonBlockingLockExclusive).unwrap();
    for path in [m.lab("a.md"), m.at("tags/x/a.md"), m.at(".codex/search/tag:x/a.md")] {
        let other = File::open(&path).unwrap();
        let refused = flock(&other, FlockOperation::NonBlockingLockExclusive);
        assert_eq!(refused, Err(rustix::io::Errno::WOULDBLOCK), "{}", path.display());
    }
    let behind = File::open(m.store_lab("a.md")).unwrap();
    flock(&behind, FlockOperation::NonBlockingLockExclusive).unwrap();
    drop(holder);
    flock(File::open(m.at("tags/x/a.md")).unwrap(), FlockOperation::NonBlockingLockExclusive).unwrap();
}

/// README: "Changes made behind the mount are seen, but raise no inotify events on it: the kernel has no such message."
#[test]
fn changes_behind_the_mount_are_seen_and_raise_no_events() {
    let m = Mounted::with(&[("a.md", "old")]);
    assert_eq!(read(m.lab("a.md")), "old");
    let watch = init(CreateFlags::NONBLOCK).unwrap();
    add_watch(&watch, m.lab(""), WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE | WatchFlags::CREATE).unwrap();
    let events = || {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(&watch, &mut buffer);
        std::iter::from_fn(|| reader.next().ok().map(|_| ())).count()
    };
    write(m.store_lab("a.md"), "newer");
    write(m.store_lab("b.md"), "new");
    eventually(std::time::Duration::from_secs(2), "what changed is seen", || {
        read(m.lab("a.md")) == "newer" && m.lab("b.md").exists()
    });
    assert_eq!(events(), 0);
    write(m.lab("a.md"), "through the mount");
    assert!(events() > 0);
}
