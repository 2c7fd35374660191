//! Conformance suites: pjdfstest and fsx, from crates.io, installed into `.tools` by `make test`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::random::setting;
use crate::support::run::{limited, sh_ok};
use crate::support::{Mounted, note};

fn tool(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/bin").join(name);
    assert!(path.exists(), "{} is not installed; `make tools` does it", path.display());
    path
}

/// Cases of pjdfstest that fail in a directory, all or only those of one exact name.
fn failures(at: &Path, only: Option<&str>) -> BTreeSet<String> {
    let mut command = Command::new(tool("pjdfstest"));
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fs/pjdfstest.toml");
    command.args(["-c", config, "-p"]).arg(at);
    if let Some(only) = only {
        command.args(["--exact", only]);
    }
    let said = limited(command, Duration::from_secs(300));
    assert!(said.out.contains("Summary"), "pjdfstest did not end: {}{}", said.out, said.err);
    said.out
        .lines()
        .filter(|line| line.trim_end().ends_with("FAILED"))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn every_case_of_pjdfstest_that_the_store_passes_passes_on_the_mount() {
    if !rustix::process::geteuid().is_root() {
        return; // It switches users and makes devices: `make test` runs it as root.
    }
    sh_ok("/", "id tests > /dev/null 2>&1 || useradd tests");
    let options = cdx::fs::MountOptions { allow_other: true, ..Default::default() };
    let m = Mounted::of(&["lab"], &[], &options);
    sh_ok("/", &format!("chmod 755 {}", m.mnt().parent().expect("a parent").display()));
    let native = tempfile::tempdir_in(m.store().parent().expect("a parent")).expect("a folder");
    sh_ok("/", &format!("chmod 777 {} {}", native.path().display(), m.lab("").display()));
    let (here, there) = (failures(native.path(), None), failures(&m.lab(""), None));
    // The suite forks while it holds files open for writing, so a busy machine lets its ETXTBSY cases fail anywhere now
    // and then; what fails alone as well fails indeed.
    let worse: Vec<&String> =
        there.difference(&here).filter(|case| !failures(&m.lab(""), Some(case)).is_empty()).collect();
    assert!(worse.is_empty(), "fail on the mount but not on the store: {worse:#?}");
    let shared = there.intersection(&here).count();
    println!(
        "pjdfstest: no case fails on the mount that the store passes; {} fail on the store, {shared} on both",
        here.len()
    );
}

fn fsx(path: &Path, operations: u32, seed: u32) {
    let artifacts = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(tool("fsx"));
    command.arg("-N").arg(operations.to_string()).arg("-S").arg(seed.to_string());
    command.arg("-P").arg(artifacts.path()).arg(path);
    let limit = Duration::from_secs(240 + u64::from(operations) / 200);
    let said = limited(command, limit);
    assert_eq!(said.code, 0, "seed {seed}: {}{}", said.out, said.err);
}

#[test]
fn fsx_finds_no_difference_on_the_real_tree_and_through_a_tag() {
    let m = Mounted::with(&[("t.md", &note("tags: [t]", "x"))]);
    let operations = u32::try_from(setting("CDX_FSX_OPERATIONS", 40_000)).expect("a number of operations") / 2;
    let seed = u32::try_from(setting("CDX_FSX_SEED", 42)).expect("a seed of 32 bits");
    fsx(&m.lab("fsx.bin"), operations, seed);
    fsx(&m.at("tags/t/t.md"), operations, seed + 1);
    println!("fsx: {operations} operations on each of two paths, no difference, seed {seed}");
}
