//! Crash safety: a real daemon under a mixed load, killed at random moments, started again and verified.
//!
//! A failure prints its seed; `CDX_CRASH_SEED` and `CDX_CRASH_LOOPS` repeat and lengthen it. With `CDX_CRASH_KEEP` the
//! workspace of a failure is copied there.

mod ailing;
mod daemon;
mod faults;
mod kept;
mod ledger;
mod limits;
mod load;
mod midway;
mod points;
mod power;
mod verify;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use daemon::{Daemon, Site, Watchdog};
use load::{Fate, Worker};
use verify::verify;

use crate::support::random::{Random, seed, setting};

/// Workers of the load.
const WORKERS: usize = 4;

/// A workspace is used for so many loops; then a new one, since a history that grows makes every look at it longer.
const LIFE: u64 = 50;

/// What the loops came to.
#[derive(Default)]
struct Tally {
    kills: u64,
    starts_killed: u64,
    done: u64,
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9_at_any_moment() {
    let (seed, loops) = (seed("CDX_CRASH_SEED"), setting("CDX_CRASH_LOOPS", 50));
    println!("crash: seed {seed}, {loops} loops");
    let began = Instant::now();
    let mut tally = Tally::default();
    let mut at = 0;
    while at < loops {
        let life = (loops - at).min(LIFE);
        live(seed.wrapping_add(at), life, &mut tally);
        at += life;
    }
    let Tally { kills, starts_killed, done } = tally;
    println!(
        "crash: {kills} kills ({starts_killed} during the start), {done} operations acknowledged, 0 lost, seed {seed}, \
         {:.0} s",
        began.elapsed().as_secs_f64()
    );
}

/// One workspace through so many kills.
fn live(seed: u64, loops: u64, tally: &mut Tally) {
    let site = Site::new();
    let mut random = Random::of(seed);
    let mut workers: Vec<Worker> = (0..WORKERS).map(|id| Worker::new(id, random.next())).collect();
    let what = format!("crash, seed {seed}");
    let dog = Watchdog::over(site.mnt(), Duration::from_secs(120), what.clone());
    let mut daemon = Daemon::start(&site);
    for number in 0..=loops {
        dog.alive();
        if random.below(8) == 0 {
            std::thread::sleep(Duration::from_millis(random.below(250)));
            daemon = kill(daemon, &site, tally);
            tally.starts_killed += 1;
        }
        daemon.wait_until_ready(&site);
        if let Err(lost) = verify(&site, &mut workers) {
            let kept = site.keep_if_asked();
            panic!("{what}, after kill {number}: {lost}{kept}");
        }
        if number == loops {
            break;
        }
        let time = Duration::from_millis(random.below(700));
        let (dead, failures) = work_until_killed(daemon, &site, &mut workers, time, tally);
        daemon = dead;
        assert!(failures.is_empty(), "{what}, before kill {number}: {failures:#?}");
    }
    tally.done += workers.iter().map(|worker| worker.done).sum::<u64>();
}

/// Lets the workers work for a while, kills the daemon and starts the next: it, and what failed before the kill.
fn work_until_killed(
    mut daemon: Daemon,
    site: &Site,
    workers: &mut [Worker],
    time: Duration,
    tally: &mut Tally,
) -> (Daemon, Vec<String>) {
    let fate = Fate::default();
    std::thread::scope(|scope| {
        let working: Vec<_> = workers.iter_mut().map(|worker| scope.spawn(|| worker.work(site, &fate))).collect();
        std::thread::sleep(time);
        fate.is_sealed.store(true, Ordering::SeqCst);
        daemon = kill(daemon, site, tally);
        let failures = working.into_iter().filter_map(|worker| worker.join().expect("a worker").err()).collect();
        (daemon, failures)
    })
}

/// Kills a daemon, which its guard lets end whatever its threads wait for, and starts the next over what it left.
fn kill(mut daemon: Daemon, site: &Site, tally: &mut Tally) -> Daemon {
    daemon.kill();
    tally.kills += 1;
    if !daemon.has_ended_within(Duration::from_secs(20)) {
        let threads = daemon.threads();
        // Who waits for it could never end either.
        cdx::fs::abort(&site.mnt());
        panic!("a killed daemon does not end, and its guard does not free it:\n{threads}");
    }
    Daemon::start(site)
}
