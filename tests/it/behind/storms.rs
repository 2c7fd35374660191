//! Much at once: branches that are checked out, trees that are copied over, attributes that change by the thousand.

use std::time::{Duration, Instant};

use super::clean;
use crate::support::run::{limited, sh_ok};
use crate::support::{Mounted, eventually, ls, note, read, write};

fn git(dir: &std::path::Path, script: &str) {
    let mut command = std::process::Command::new("bash");
    let isolated = "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b \
                    GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b";
    command.args(["-euc", &format!("{isolated}; {script}")]).current_dir(dir);
    let said = limited(command, Duration::from_secs(120));
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

/// Processor seconds of this process so far.
fn busy() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    std::time::Duration::try_from(used).unwrap().as_secs_f64()
}

#[test]
fn branches_of_thousands_of_files_can_be_checked_out_behind_the_mount() {
    const FILES: usize = 2000;
    let mnt = Mounted::with(&[("keep.md", "k")]);
    let lab = mnt.store_lab("");
    let make = |branch: &str| {
        format!(
            "for d in $(seq 40); do mkdir -p $d/{branch}; for n in $(seq {}); do \
             printf -- '---\\ntags: [{branch}]\\n---\\n{branch} '$d.$n'\\n' > $d/{branch}/n$d-$n.md; \
             printf -- '---\\ntags: [{branch}]\\n---\\n{branch}\\n' > $d/same$n.md; done; done",
            FILES / 80
        )
    };
    git(
        &lab,
        &format!(
            "git init -q -b one; echo .codex > .git/info/exclude; {}; git add -A; git commit -qm one",
            make("one")
        ),
    );
    git(&lab, &format!("git checkout -q -b two; git rm -q -r .; {}; git add -A; git commit -qm two", make("two")));
    for round in 0..3 {
        let began = Instant::now();
        let (there, other) = if round % 2 == 0 { ("one", "two") } else { ("two", "one") };
        git(&lab, &format!("git checkout -q {there}"));
        let count = |tag: &str| {
            let at = mnt.at("tags").join(tag);
            if at.exists() { ls(at).len() } else { 0 }
        };
        eventually(Duration::from_secs(60), "the branch shows in its tag", || {
            count(there) == FILES && count(other) == 0
        });
        eprintln!("checkout of {FILES} files: shown after {:?}", began.elapsed());
        clean(&mnt);
    }
    assert!(!mnt.at("tags/one").join(".git").exists());
}

#[test]
fn a_tree_that_is_synchronised_into_the_store_shows_whole() {
    let mnt = Mounted::with(&[("old.md", &note("tags: [old]", "o"))]);
    let source = tempfile::tempdir().unwrap();
    for n in 0..600 {
        let path = source.path().join(format!("d{}/n{n:03}.md", n % 20));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, note("tags: [synced]", &format!("version 1 of {n}")));
    }
    let rsync = |more: &str| sh_ok(source.path(), &format!("rsync -a {more} ./ {}/", mnt.store_lab("").display()));
    let count = |tag: &str| ls(mnt.at(&format!(".codex/search/tag:{tag}"))).len();
    rsync("--delete --exclude .codex");
    eventually(Duration::from_secs(30), "all came", || count("synced") == 600 && count("old") == 0);
    sh_ok(source.path(), "sed -i 's/version 1/version two/' d3/*.md; rm -r d4; mv d5 d55");
    rsync("--delete --exclude .codex");
    eventually(Duration::from_secs(30), "the difference came", || {
        count("synced") == 570 && ls(mnt.at(".codex/search/\"version two\"")).len() == 30
    });
    assert!(read(mnt.lab("d3/n003.md")).contains("version two"));
    // In place, and with names kept: the other ways that rsync writes.
    sh_ok(source.path(), "sed -i 's/version 1/version three/' d6/*.md");
    rsync("--inplace --no-whole-file");
    eventually(Duration::from_secs(30), "in place too", || ls(mnt.at(".codex/search/\"version three\"")).len() == 30);
    clean(&mnt);
}

#[test]
fn storms_of_touches_and_modes_record_nothing_and_end() {
    const FILES: usize = 2000;
    let mnt = Mounted::with(&[("a.md", "a")]);
    for n in 0..FILES {
        let path = mnt.store_lab(&format!("d{}/n{n}.md", n % 10));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(path, note("tags: [storm]", "s"));
    }
    let all = || ls(mnt.at("tags/storm")).len();
    eventually(Duration::from_secs(60), "all came", || all() == FILES);
    mnt.engine().flush_history().unwrap();
    let history = &mnt.engine().notebooks()[0].history;
    let head = history.head().unwrap();
    let before = busy();
    for _ in 0..5 {
        sh_ok(mnt.store_lab(""), "find . -path ./.codex -prune -o -type f -exec touch {} +");
        sh_ok(mnt.store_lab(""), "chmod -R go+w d*; chmod -R go-w d*");
    }
    std::thread::sleep(Duration::from_secs(1));
    mnt.settle();
    eventually(Duration::from_secs(30), "it ends", || mnt.engine().scans_end_within(Duration::from_millis(500)));
    let used = busy() - before;
    mnt.engine().flush_history().unwrap();
    assert_eq!(history.head().unwrap(), head, "nothing was recorded");
    assert_eq!(all(), FILES);
    eprintln!("5 storms over {FILES} files: {used:.2} s of processor time");
    assert!(used < 60.0, "{used}");
    let quiet = busy();
    std::thread::sleep(Duration::from_secs(1));
    let goes_on = busy() - quiet;
    assert!(goes_on < 0.2, "it goes on: {goes_on}");
    clean(&mnt);
}

/// mount.md §4: within 100 ms at the median, 500 ms at p95. Measured here with a build that is not optimised beside
/// other tests; the bounds are wider, the benchmark holds the figures.
#[test]
fn single_edits_show_in_contents_and_tags_in_time() {
    let files: Vec<(String, String)> =
        (0..300).map(|n| (format!("d{}/n{n}.md", n % 10), note("tags: [before]", "b"))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let mnt = Mounted::with(&files);
    let (mut contents, mut tags) = (Vec::new(), Vec::new());
    for n in 0..100 {
        let (path, tag) = (format!("d{}/n{n}.md", n % 10), format!("after{n}"));
        read(mnt.lab(&path));
        let text = note(&format!("tags: [{tag}]"), "changed");
        let began = Instant::now();
        write(mnt.store_lab(&path), &text);
        eventually(super::SOON, "contents", || read(mnt.lab(&path)) == text);
        contents.push(began.elapsed());
        eventually(super::SOON, "tag", || mnt.at(&format!("tags/{tag}/n{n}.md")).exists());
        tags.push(began.elapsed());
    }
    for (what, times) in [("contents", &mut contents), ("tags", &mut tags)] {
        times.sort();
        let (p50, p95) = (times[49], times[94]);
        eprintln!("seen in {what}: p50 {p50:?}, p95 {p95:?}, at most {:?}", times[99]);
        assert!(p50 < Duration::from_millis(250) && p95 < Duration::from_secs(1), "{what}: {p50:?}, {p95:?}");
    }
    clean(&mnt);
}

/// 100,000 events: none is missed, whether the kernel kept them all or not, and 15 s after the last all is right.
#[test]
fn a_burst_of_a_hundred_thousand_events_is_reconciled() {
    // Made, written, closed: three events each.
    const FILES: usize = 33_400;
    const FOLDERS: usize = 40;
    let mnt = Mounted::with(&[("a.md", "a")]);
    for n in 0..FOLDERS {
        std::fs::create_dir(mnt.store_lab(&format!("d{n}"))).unwrap();
    }
    eventually(Duration::from_secs(10), "they are watched", || {
        mnt.engine().status()["watcher"]["folders"].as_u64() == Some(FOLDERS as u64 + 3)
    });
    for n in 0..FILES {
        let tag = if n % 10 == 0 { "burst" } else { "other" };
        write(mnt.store_lab(&format!("d{}/n{n:05}.md", n % FOLDERS)), note(&format!("tags: [{tag}]"), "b"));
    }
    let began = Instant::now();
    let number = mnt.engine().notebooks()[0].number;
    eventually(Duration::from_secs(60), "all is indexed", || {
        mnt.engine().catalog().file_count(number) == FILES + 1
            && mnt.engine().scans_end_within(Duration::from_millis(200))
            && mnt.engine().status()["watcher"]["state"] == "watching"
    });
    let took = began.elapsed();
    eprintln!("{FILES} files: reconciled {took:?} after the last, {}", mnt.engine().status()["watcher"]);
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(ls(mnt.at("tags/burst")).len(), FILES.div_ceil(10));
    clean(&mnt);
}
