//! Changes of the store behind the mount: by programs that know nothing of it, in bulk, in odd orders, and by disks
//! that come and go.

mod disks;
mod editors;
mod folders;
mod limits;
mod overflow;
mod storms;

use std::time::Duration;

use crate::support::{Mounted, eventually};

/// "1 s at the worst" (mount.md §4), with room for a machine that does much else.
const SOON: Duration = Duration::from_secs(5);

/// Waits until a tag's folder shows just these.
#[track_caller]
fn shows(mnt: &Mounted, tag: &str, expected: &[&str]) {
    let at = mnt.at("tags").join(tag);
    // A tag without notes has no folder, and may lose it at any moment.
    let now = || {
        std::fs::read_dir(&at).map_or_else(
            |_| Vec::new(),
            |entries| {
                let mut names: Vec<String> =
                    entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
                names.sort();
                names
            },
        )
    };
    let what = || format!("tags/{tag} shows {expected:?}, it shows {:?}", now());
    let start = std::time::Instant::now();
    while now() != expected {
        assert!(start.elapsed() < SOON, "{}", what());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Files, index and history say the same, and no problem is left.
#[track_caller]
fn clean(mnt: &Mounted) {
    eventually(SOON, "nothing is scanned any more", || mnt.engine().scans_end_within(Duration::from_millis(500)));
    let found = mnt.engine().check(false).expect("a check");
    assert!(found.clean, "{:#?}", found.differences);
    let status = mnt.engine().status();
    assert_eq!(status["problems"], serde_json::json!([]));
    assert_eq!(status["watcher"]["state"], "watching");
}
