//! A crash at each step of the change path: a daemon that ends itself there, under the same load and with the same look
//! afterwards as the kill -9 loops.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cdx::sys::FaultPoint;

use super::daemon::{Daemon, Site, Watchdog};
use super::load::{Fate, Worker};
use super::verify::verify;
use crate::support::random::{Random, seed};

/// How long a point may take to be reached.
const REACHED: Duration = Duration::from_secs(60);

/// What has to be so for a point to be reached.
enum Needs {
    /// The load alone.
    Load,
    /// A start over files that were written while nothing ran.
    Start,
    /// A start over a notebook without an index.
    NewIndex,
    /// Many packs; without the git program where they are folded in process.
    Packs { has_git: bool },
}

fn needs(point: FaultPoint) -> Needs {
    match point {
        FaultPoint::TakeStock => Needs::Start,
        FaultPoint::MigrateBefore | FaultPoint::MigrateInside => Needs::NewIndex,
        FaultPoint::FoldRuns => Needs::Packs { has_git: true },
        FaultPoint::FoldPacked => Needs::Packs { has_git: false },
        FaultPoint::Request
        | FaultPoint::WatchRead
        | FaultPoint::JournalAppend
        | FaultPoint::InPlaceJournalled
        | FaultPoint::InPlaceHalf
        | FaultPoint::InPlaceWritten
        | FaultPoint::SyncInPlace
        | FaultPoint::SyncTemporary
        | FaultPoint::AtomicWritten
        | FaultPoint::AtomicRenamed
        | FaultPoint::SyncFolder
        | FaultPoint::GesturePartWay
        | FaultPoint::ScratchSettles
        | FaultPoint::IndexBefore
        | FaultPoint::IndexInside
        | FaultPoint::IndexAfter
        | FaultPoint::PackStaged
        | FaultPoint::SyncPack
        | FaultPoint::PackWithoutIndex
        | FaultPoint::PackPlaced
        | FaultPoint::BranchMoved
        | FaultPoint::CommitMarked => Needs::Load,
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_a_crash_at_any_step_of_a_change() {
    let seed = seed("CDX_CRASH_SEED");
    println!("crash points: seed {seed}, {} points", FaultPoint::ALL.len());
    let began = Instant::now();
    // All in one workspace, so that each crash meets what the others left.
    let site = Site::new();
    let mut random = Random::of(seed);
    let mut workers = vec![Worker::new(0, random.next()), Worker::new(1, random.next())];
    for point in FaultPoint::ALL {
        let what = format!("a crash at {}, seed {seed}", point.name());
        let dog = Watchdog::over(site.mnt(), Duration::from_secs(150), what.clone());
        prepare(&site, &mut workers, *point);
        // The first few who come by may pass.
        let skip = if matches!(needs(*point), Needs::Load) { random.below(3) } else { 0 };
        site.ask_for(&format!("{} abort {skip} 1", point.name()));
        crash(&site, &mut workers, *point, &what);
        site.ask_for("");
        dog.alive();
        let mut daemon = Daemon::start(&site);
        daemon.wait_until_ready(&site);
        if let Err(lost) = verify(&site, &mut workers) {
            panic!("{what}: {lost}{}", site.keep_if_asked());
        }
    }
    println!(
        "crash points: {} crashes, 0 lost, seed {seed}, {:.0} s",
        FaultPoint::ALL.len(),
        began.elapsed().as_secs_f64()
    );
}

/// Brings about what a point needs, with a daemon that nothing happens to.
fn prepare(site: &Site, workers: &mut [Worker], point: FaultPoint) {
    match needs(point) {
        Needs::Load | Needs::Start => {}
        Needs::NewIndex => {
            for file in ["notebook.db", "notebook.db-wal", "notebook.db-shm"] {
                let _ = std::fs::remove_file(site.ws().join("lab/.codex").join(file));
            }
        }
        Needs::Packs { .. } => {
            site.ask_for("");
            let mut daemon = Daemon::start(site);
            daemon.wait_until_ready(site);
            let packs = site.ws().join("lab/.codex/history.git/objects/pack");
            let count = || std::fs::read_dir(&packs).map_or(0, Iterator::count);
            // A pack has an index beside it.
            while count() < 2 * 60 {
                let (what, result) = workers[0].save_and_flush(site);
                result.unwrap_or_else(|error| panic!("{what}: {error}"));
            }
        }
    }
}

/// Starts a daemon that dies at the point, and works on it until it has.
fn crash(site: &Site, workers: &mut [Worker], point: FaultPoint, what: &str) {
    let mut env = vec![site.faults()];
    if matches!(needs(point), Needs::Packs { has_git: false }) {
        env.push(("PATH", "/nonexistent".to_owned()));
    }
    let mut daemon = Daemon::start_with(site, &env);
    if daemon.try_until_ready().is_ok() {
        let fate = Fate::default();
        let failures: Vec<String> = std::thread::scope(|scope| {
            let working: Vec<_> = workers.iter_mut().map(|worker| scope.spawn(|| worker.work(site, &fate))).collect();
            let has_crashed = daemon.ends_within(REACHED, site);
            fate.is_sealed.store(true, Ordering::SeqCst);
            if !has_crashed {
                daemon.kill();
            }
            let failures = working.into_iter().filter_map(|worker| worker.join().expect("a worker").err()).collect();
            assert!(has_crashed, "{what}: the point is never reached");
            failures
        });
        assert!(failures.is_empty(), "{what}: {failures:#?}");
    }
    assert!(daemon.ends_within(REACHED, site), "{what}: it does not end");
    assert_eq!(daemon.signal(), Some(libc::SIGABRT), "{what}: it ended otherwise");
}
