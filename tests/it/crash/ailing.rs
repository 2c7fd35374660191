//! A disk that fails under a real daemon: that cannot be read, takes no writes any more, or has no room left for its user.
//! Whoever asks is told what is wrong, nothing that was there goes, and all is well once the disk is.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cdx::engine::Command as Ask;

use super::daemon::{Daemon, Site};
use super::load::{Fate, Worker};
use super::verify::{agreement, verify};
use crate::support::disk::{Disk, Fault};
use crate::support::random::{Random, seed};
use crate::support::{errno, eventually, ls, note, read, write};

/// How soon all is well after the disk is.
const RECOVERS: Duration = Duration::from_secs(20);

/// A daemon over a note `lab/a.md` on a disk of its own. The disk goes before the site.
struct Bench {
    daemon: Daemon,
    disk: Disk,
    site: Site,
}

impl Bench {
    fn new() -> Self {
        let site = Site::new();
        let disk = site.on_disk();
        write(site.ws().join("lab/a.md"), note("tags: [x]\nn: 1", "text"));
        write(site.ws().join("lab/b.md"), note("tags: [x]", "other"));
        let mut daemon = Daemon::start(&site);
        daemon.wait_until_ready(&site);
        let bench = Self { daemon, disk, site };
        assert_eq!(bench.ls("tags/x"), ["a.md", "b.md"]);
        bench.site.ask("ada", &Ask::Flush).unwrap();
        bench
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.site.mnt().join(path)
    }

    fn ls(&self, path: &str) -> Vec<String> {
        ls(self.at(path))
    }

    fn set(&self, n: u64) -> Result<(), String> {
        let values = vec![("n".to_owned(), serde_json::Value::from(n))];
        self.site.ask("ada", &Ask::Set { file: "lab/a.md".to_owned(), values }).map(drop)
    }

    fn problems(&self) -> String {
        self.site.ask("ada", &Ask::Status).unwrap()["problems"].to_string()
    }

    /// The disk is well: so is everything, by itself.
    fn heals(&self) {
        self.disk.fail(Vec::new());
        eventually(RECOVERS, "edits are taken again", || self.set(77).is_ok());
        let began = Instant::now();
        while let Err(error) = self.site.ask("ada", &Ask::Flush) {
            assert!(began.elapsed() < RECOVERS, "a flush is not done: {error}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let began = Instant::now();
        while self.problems() != "[]" || agreement(&self.site).is_err() {
            let left = || format!("{} {:?}", self.problems(), agreement(&self.site));
            assert!(began.elapsed() < RECOVERS, "it is not well by itself: {}", left());
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(read(self.at("lab/a.md")).contains("n: 77"));
    }
}

/// What a program is told is what the disk says.
#[test]
fn a_disk_that_takes_no_writes_says_so_to_everybody_and_costs_nothing() {
    for (number, words) in [
        (libc::EROFS, "Read-only file system"),
        (libc::EDQUOT, "quota exceeded"),
        (libc::ENOSPC, "No space left"),
        (libc::EIO, "Input/output error"),
    ] {
        let bench = Bench::new();
        let mut open = std::fs::OpenOptions::new().append(true).open(bench.at("lab/b.md")).unwrap();
        let before = read(bench.at("lab/a.md"));
        bench.disk.fail(vec![Fault::of_writes("", number)]);
        assert_eq!(errno(std::fs::write(bench.at("lab/new.md"), "x")), number);
        assert_eq!(errno(std::io::Write::write_all(&mut open, b"more")), number);
        assert_eq!(errno(std::fs::remove_file(bench.at("lab/b.md"))), number);
        assert_eq!(errno(std::fs::rename(bench.at("lab/b.md"), bench.at("lab/c.md"))), number);
        let refused = bench.set(2).unwrap_err();
        assert!(refused.to_lowercase().contains(&words.to_lowercase()), "{words}: {refused}");
        // The real tree is served, tags and search too.
        assert_eq!(read(bench.at("lab/a.md")), before);
        assert_eq!(bench.ls("tags/x"), ["a.md", "b.md"]);
        assert_eq!(bench.ls(".codex/search/other"), ["b.md"]);
        bench.heals();
        assert_eq!(bench.ls("tags/x"), ["a.md", "b.md"]);
    }
}

/// As with `errors=remount-ro`: while programs write, and files are open for it.
#[test]
fn a_disk_that_becomes_read_only_under_load_loses_nothing() {
    let seed = seed("CDX_CRASH_SEED");
    println!("read only under load: seed {seed}");
    let (mut bench, mut random) = (Bench::new(), Random::of(seed));
    let mut workers: Vec<Worker> = (0..3).map(|id| Worker::new(id, random.next())).collect();
    for round in 0..4 {
        let number = [libc::EROFS, libc::EDQUOT, libc::EIO][random.index(3)];
        let fate = Fate::default();
        std::thread::scope(|scope| {
            let working: Vec<_> =
                workers.iter_mut().map(|worker| scope.spawn(|| worker.work(&bench.site, &fate))).collect();
            std::thread::sleep(Duration::from_millis(200 + random.below(600)));
            fate.is_sealed.store(true, Ordering::SeqCst);
            bench.disk.fail(vec![Fault::of_writes("", number)]);
            for worker in working {
                worker.join().expect("a worker").unwrap_or_else(|error| panic!("seed {seed}, round {round}: {error}"));
            }
        });
        std::thread::sleep(Duration::from_millis(random.below(1500)));
        bench.heals();
        // A daemon that starts anew sees the same.
        bench.daemon.terminate();
        assert!(bench.daemon.has_ended_within(Duration::from_secs(20)), "seed {seed}: it does not end");
        bench.daemon = Daemon::start(&bench.site);
        bench.daemon.wait_until_ready(&bench.site);
        verify(&bench.site, &mut workers).unwrap_or_else(|lost| panic!("seed {seed}, round {round}: {lost}"));
    }
}

/// What cannot be read is neither empty nor gone.
#[test]
fn a_note_that_cannot_be_read_keeps_its_tags_until_it_can() {
    let bench = Bench::new();
    bench.disk.fail(vec![Fault::of_reads("/lab/a.md", libc::EIO)]);
    write(bench.site.ws().join("lab/a.md"), note("tags: [x, y]\nn: 5", "changed"));
    assert_eq!(errno(std::fs::read(bench.at("lab/a.md"))), libc::EIO);
    eventually(RECOVERS, "it is said", || bench.problems().contains("a.md"));
    assert_eq!(bench.ls("tags/x"), ["a.md", "b.md"]);
    let refused = bench.set(6).unwrap_err();
    assert!(refused.contains("Input/output error"), "{refused}");
    assert_eq!(read(bench.at("lab/b.md")), read(bench.site.ws().join("lab/b.md")), "others are read");
    bench.disk.fail(Vec::new());
    eventually(RECOVERS, "it is read by itself", || Path::new(&bench.at("tags/y/a.md")).exists());
    bench.heals();
}

#[test]
fn folders_that_cannot_be_listed_take_no_note_away() {
    let bench = Bench::new();
    bench.disk.fail(vec![Fault::of_reads("/lab", libc::EIO)]);
    let _ = bench.site.ask("ada", &Ask::Index { rebuild: false });
    assert_eq!(bench.ls("tags/x"), ["a.md", "b.md"]);
    bench.heals();
    assert_eq!(bench.ls("tags/x"), ["a.md", "b.md"]);
}

#[test]
fn an_index_or_a_history_that_cannot_be_read_is_said_and_the_files_are_served() {
    let bench = Bench::new();
    for within in ["/notebook.db", "/history.git", "/journal.db"] {
        bench.disk.fail(vec![Fault::of_reads(within, libc::EIO), Fault::of_writes(within, libc::EIO)]);
        write(bench.at("lab/c.md"), note("tags: [x]", within));
        assert!(read(bench.at("lab/c.md")).contains(within));
        std::thread::sleep(Duration::from_millis(300));
        // Whether it can be seen or not: it ends, and in time.
        let _ = std::fs::read_dir(bench.at("tags/x")).map(Iterator::count);
        let _ = bench.site.ask("ada", &Ask::Flush);
        assert!(read(bench.at("lab/b.md")).contains("other"));
        bench.heals();
        assert_eq!(bench.ls("tags/x"), ["a.md", "b.md", "c.md"], "{within}");
    }
}

#[test]
fn a_start_over_a_disk_that_takes_no_writes_says_why_and_a_later_one_is_well() {
    let mut bench = Bench::new();
    bench.daemon.terminate();
    assert!(bench.daemon.has_ended_within(Duration::from_secs(20)));
    for number in [libc::EROFS, libc::EIO, libc::EDQUOT] {
        bench.disk.fail(vec![Fault::of_writes("", number)]);
        bench.daemon = Daemon::start(&bench.site);
        // It may serve what it can, or refuse; it hangs in neither case.
        if bench.daemon.try_until_ready().is_ok() {
            assert_eq!(errno(std::fs::write(bench.at("lab/new.md"), "x")), number);
            assert!(read(bench.at("lab/a.md")).contains("n: 1"));
            bench.daemon.terminate();
        }
        assert!(bench.daemon.has_ended_within(Duration::from_secs(20)), "{number}: it does not end");
        bench.disk.fail(Vec::new());
    }
    bench.daemon = Daemon::start(&bench.site);
    bench.daemon.wait_until_ready(&bench.site);
    bench.heals();
}
