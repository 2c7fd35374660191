//! Kill -9 in the middle of what takes a while and nobody waits for: folding packs, with git and without, and bringing a
//! database to the schema of this version. `CDX_MIDWAY_KILLS` lengthens it.

use std::time::{Duration, Instant};

use super::daemon::{Daemon, Site, Watchdog};
use super::load::Worker;
use super::verify::verify;
use crate::support::random::{Random, seed, setting};

/// What is killed.
#[derive(Clone, Copy, Debug)]
enum Midway {
    FoldWithGit,
    FoldInProcess,
    NewIndex,
    OldIndex,
}

const ALL: [Midway; 4] = [Midway::FoldWithGit, Midway::FoldInProcess, Midway::NewIndex, Midway::OldIndex];

impl Midway {
    /// Where it begins, and within how many microseconds it is over.
    fn begins(self) -> (&'static str, u64) {
        match self {
            Self::FoldWithGit | Self::FoldInProcess => ("fold-runs", 60_000),
            Self::NewIndex => ("migrate-before", 30_000),
            Self::OldIndex => ("migrate-before", 5_000),
        }
    }

    fn prepare(self, site: &Site, worker: &mut Worker) {
        let codex = site.ws().join("lab/.codex");
        match self {
            Self::FoldWithGit | Self::FoldInProcess => fill(site, worker),
            Self::NewIndex | Self::OldIndex => {
                for file in ["notebook.db", "notebook.db-wal", "notebook.db-shm"] {
                    let _ = std::fs::remove_file(codex.join(file));
                }
            }
        }
        if matches!(self, Self::OldIndex) {
            let index = rusqlite::Connection::open(codex.join("notebook.db")).expect("a database");
            let first = include_str!("../../../migrations/notebook/0001_initial.sql");
            index.execute_batch(first).and_then(|()| index.pragma_update(None, "user_version", 1)).expect("a schema");
        }
    }
}

/// So many packs that they are folded.
fn fill(site: &Site, worker: &mut Worker) {
    let packs = site.ws().join("lab/.codex/history.git/objects/pack");
    let count = || {
        std::fs::read_dir(&packs).map_or(0, |entries| {
            let names = entries.map_while(Result::ok).map(|entry| entry.file_name());
            names.filter(|name| name.to_string_lossy().ends_with(".pack")).count()
        })
    };
    if count() > 52 {
        return;
    }
    // Without folding, which is an error that costs nothing.
    let mut daemon = Daemon::start_with(site, &[("PATH", "/nonexistent".to_owned())]);
    daemon.wait_until_ready(site);
    while count() <= 52 {
        let (what, result) = worker.save_and_flush(site);
        result.unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    daemon.terminate();
    assert!(daemon.ends_within(Duration::from_secs(20), site));
}

#[test]
fn kill_9_midway_through_a_fold_or_a_migration_loses_nothing() {
    let (seed, kills) = (seed("CDX_CRASH_SEED"), setting("CDX_MIDWAY_KILLS", 2));
    println!("midway: seed {seed}, {kills} kills of each");
    let (began, site, mut random) = (Instant::now(), Site::new(), Random::of(seed));
    let mut workers = vec![Worker::new(0, random.next())];
    let mut late = 0;
    for number in 0..kills {
        for midway in ALL {
            let what = format!("{midway:?} {number}, seed {seed}");
            let _dog = Watchdog::over(site.mnt(), Duration::from_secs(150), what.clone());
            site.ask_for("");
            midway.prepare(&site, &mut workers[0]);
            let (point, within) = midway.begins();
            site.ask_for(&format!("{point} kill:{} 0 1", random.below(within)));
            let mut env = vec![site.faults()];
            if matches!(midway, Midway::FoldInProcess) {
                env.push(("PATH", "/nonexistent".to_owned()));
            }
            let mut daemon = Daemon::start_with(&site, &env);
            if daemon.try_until_ready().is_ok() {
                let began = Instant::now();
                // What failed may have been done: whoever went on would forget it.
                while began.elapsed() < Duration::from_secs(20) && workers[0].save_and_flush(&site).1.is_ok() {}
            }
            assert!(daemon.ends_within(Duration::from_secs(5), &site), "{what}: nobody killed it: {}", site.log());
            late += u64::from(daemon.signal() != Some(libc::SIGKILL));
            site.ask_for("");
            let mut daemon = Daemon::start(&site);
            daemon.wait_until_ready(&site);
            if let Err(lost) = verify(&site, &mut workers) {
                panic!("{what}: {lost}{}", site.keep_if_asked());
            }
            daemon.terminate();
            assert!(daemon.ends_within(Duration::from_secs(20), &site), "{what}: it does not end");
        }
    }
    assert_eq!(late, 0, "some ended otherwise");
    let seconds = began.elapsed().as_secs_f64();
    println!("midway: {} kills, 0 lost, seed {seed}, {seconds:.0} s", kills * ALL.len() as u64);
}
