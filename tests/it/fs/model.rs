//! The model and a real mount side by side: after every operation both must show the same (mount.md §2 to §5).
//!
//! One mount serves many sequences, each in folders and tags of its own: 2,000 in all where nothing else is said, 10,000
//! by `make model`. `CDX_MODEL_SEQUENCES` says how many, `CDX_MODEL_SEED` where chance starts. A sequence that fails is
//! made shorter and printed with seed and operations, to be kept as a test in `tests/it/regress`.

#![allow(
    clippy::pedantic,
    clippy::print_stderr,
    reason = "a table of operations reads best an arm each; what a failed sequence shows goes to stderr"
)]

mod compare;
mod drive;
mod inbox;
mod watchdog;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use cdx::engine::Command;
use cdx::fs::MountOptions;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::model::{Draft, Expected, Op, drafts};
use crate::support::Mounted;
use drive::Driver;
use watchdog::Watchdog;

/// How long a change of the store may take to show (mount.md §4: 1 s at the worst; the machine may be busy).
const SHOWS_WITHIN: Duration = Duration::from_secs(3);
/// How long files that `cp` made may take to settle: 1 s after the last close.
const SETTLES_WITHIN: Duration = Duration::from_secs(5);
/// When link counts are what they should be (mount.md §3: a second late).
const LINKS_FALL_WITHIN: Duration = Duration::from_millis(2_500);
/// Tests that share the sequences.
const PARTS: u32 = 4;
/// How many sequences are run in all.
const SEQUENCES: u64 = 2_000;
/// So many of the last sequences are kept, to be compared again after a restart.
const KEPT: u32 = 12;

/// A workspace of two notebooks.
fn workspace() -> Mounted {
    Mounted::of(&["lab", "home"], &[(".codex/workspace.yaml", "inbox: lab\n")], &MountOptions::default())
}

/// Runs operations, comparing after each.
///
/// # Errors
/// What differed after which operation.
fn run(driver: &mut Driver, ops: impl Iterator<Item = Op>) -> Result<(), String> {
    for op in ops {
        step(driver, &op).map_err(|why| format!("after {op:?}: {why}"))?;
    }
    driver.compare_rest().map_err(|why| format!("at the end: {why}"))
}

fn step(driver: &mut Driver, op: &Op) -> Result<(), String> {
    let Some((expected, result)) = driver.perform(op) else { return Ok(()) };
    match (expected, &result) {
        (Expected::Done, Ok(())) => {}
        (Expected::Refused(number), Err(error)) if error.raw_os_error() == Some(number) => {}
        _ => return Err(format!("it ended with {result:?}, not {expected:?}")),
    }
    let patience = match op {
        op if op.settles_later() => SETTLES_WITHIN,
        op if op.is_behind_the_mount() => SHOWS_WITHIN,
        _ => Duration::ZERO,
    };
    let start = Instant::now();
    loop {
        let compared = driver.compare().and_then(|()| match op.is_behind_the_mount() {
            true => driver.compare_all(),
            false => Ok(()),
        });
        match compared {
            Err(_) if start.elapsed() < patience => std::thread::sleep(Duration::from_millis(5)),
            other => return other,
        }
    }
}

/// Runs operations that are written out, on a mount of their own, with a check and a restart at the end.
#[track_caller]
pub fn replay(ops: &[Op]) {
    let mut mounted = workspace();
    let _watchdog = Watchdog::start(&mounted.mnt());
    let mut driver = Driver::new(&mounted, "s0q");
    if let Err(why) = run(&mut driver, ops.iter().copied()) {
        panic!("{why}");
    }
    finish(&mut mounted, vec![driver]);
}

/// Index, files and history agree; after a restart everything is as it was.
#[track_caller]
fn finish(mounted: &mut Mounted, mut drivers: Vec<Driver>) {
    check_with(mounted, &drivers);
    std::thread::sleep(LINKS_FALL_WITHIN);
    for driver in &mut drivers {
        if let Err(why) = driver.compare_links(true) {
            panic!("at rest, {}: {why}\noperations:{}", driver.world.sequence, driver.history());
        }
    }
    mounted.restart();
    for driver in &mut drivers {
        driver.mount = mounted.mnt();
        driver.world.restarted();
        if let Err(why) = driver.compare().and_then(|()| driver.compare_rest()) {
            panic!("after a restart, {}: {why}\noperations:{}", driver.world.sequence, driver.history());
        }
    }
    check_with(mounted, &drivers);
}

#[track_caller]
fn check(mounted: &Mounted) {
    check_with(mounted, &[]);
}

/// Shows what was done in the sequences that a finding is of.
#[track_caller]
fn check_with(mounted: &Mounted, drivers: &[Driver]) {
    let by = mounted.engine().default_requester();
    let reply = mounted.engine().perform(&Command::Check { repair: false }, &by).expect("a check");
    if reply["clean"] == true {
        return;
    }
    let found = format!("{:#}", reply["differences"]);
    let concerned = drivers.iter().filter(|driver| found.contains(&format!("{}/", driver.world.sequence)));
    let shown: String = concerned.map(|driver| format!("\n{}:{}", driver.world.sequence, driver.history())).collect();
    panic!("{found}\noperations:{shown}");
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// One part of the sequences.
fn part(part: u32) {
    let sequences = number_from("CDX_MODEL_SEQUENCES").unwrap_or(SEQUENCES);
    let cases = u32::try_from(sequences).expect("fewer than 2^32").div_ceil(PARTS);
    let seed = number_from("CDX_MODEL_SEED").unwrap_or(1) * u64::from(PARTS) + u64::from(part);
    let mut mounted = workspace();
    let watchdog = Watchdog::start(&mounted.mnt());
    let kept = RefCell::new(Vec::new());
    let count = Cell::new(0);
    let (is_failing, steps, start) = (Cell::new(false), Cell::new(0_u32), Instant::now());
    let result = runner(cases, seed).run(&drafts(8..=24), |drafts| {
        watchdog.alive();
        count.set(count.get() + 1);
        let mut driver = Driver::new(&mounted, &format!("s{}q", count.get()));
        let ended = sequence(&mut driver, &drafts);
        steps.set(steps.get() + u32::try_from(driver.ops.len()).expect("few operations"));
        let history = driver.history();
        let ended = match ended {
            Ok(()) if is_failing.get() || count.get() + KEPT <= cases => driver.clean_up(),
            Ok(()) => {
                kept.borrow_mut().push(driver);
                Ok(())
            }
            Err(why) => Err(why),
        };
        ended.map_err(|why| {
            if !is_failing.replace(true) {
                eprintln!("seed {seed}, sequence {}: {why}; it is made shorter\noperations:{history}", count.get());
            }
            TestCaseError::fail(format!("{why}\noperations:{history}"))
        })
    });
    let (spent, steps) = (start.elapsed(), steps.get());
    let each = spent / steps.max(1);
    eprintln!(
        "model: {} sequences, {steps} operations, no difference, seed {seed}; {each:?} each in {spent:?}",
        count.get()
    );
    match result {
        Ok(()) => finish(&mut mounted, kept.into_inner()),
        Err(TestError::Fail(why, _)) => {
            panic!("seed {seed} (CDX_MODEL_SEED={}, part {part}), made shorter: {why}", seed / u64::from(PARTS))
        }
        Err(TestError::Abort(why)) => panic!("aborted: {why}"),
    }
}

fn sequence(driver: &mut Driver, drafts: &[Draft]) -> Result<(), String> {
    for draft in drafts {
        let op = draft.aim(&driver.world);
        step(driver, &op).map_err(|why| format!("after {op:?}: {why}"))?;
    }
    driver.compare_rest().map_err(|why| format!("at the end: {why}"))
}

fn runner(cases: u32, seed: u64) -> TestRunner {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 400,
        max_shrink_time: 20_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

#[test]
fn a_mount_and_the_model_agree_first_part() {
    part(0);
}

#[test]
fn a_mount_and_the_model_agree_second_part() {
    part(1);
}

#[test]
fn a_mount_and_the_model_agree_third_part() {
    part(2);
}

#[test]
fn a_mount_and_the_model_agree_fourth_part() {
    part(3);
}
