//! How time, memory, descriptors and watches grow with the number of notes: what `docs/scale.md` shows. No targets.
//!
//! `CODEX_BENCH_NOTES=1000,10000` names other sizes than those of the page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::corpus::Corpus;
use crate::support::daemon::{As, Daemon};
use crate::support::lab::Lab;
use crate::support::row::{Row, Rows};
use crate::support::time::{Times, timed};
use crate::support::{Outcome, process, step};

/// Sizes of the page.
const NOTES: [usize; 4] = [1000, 10_000, 100_000, 300_000];

/// How long the daemon is left alone before its memory is looked at: by then it has given back what it does not need.
const REST: Duration = Duration::from_secs(8);

struct Size<'a> {
    lab: &'a Lab,
    corpus: Corpus,
    label: String,
    store: PathBuf,
    mountpoint: PathBuf,
}

impl Size<'_> {
    fn row(&self, what: &str, value: f64, unit: &str) -> Row {
        Row::new(format!("{what}, {} notes", self.label)).ours(value, unit)
    }

    fn mount(&self) -> Outcome<Daemon> {
        Daemon::codex(self.lab, &self.store, &self.mountpoint, As::Root, &[])
    }

    fn status(&self) -> Outcome<Value> {
        Ok(serde_json::from_slice(&fs::read(self.mountpoint.join(".codex/status.json"))?)?)
    }
}

/// Measures each size.
pub fn run(lab: &Lab, rows: &mut Rows) -> Outcome<()> {
    let named = std::env::var("CODEX_BENCH_NOTES").ok();
    let sizes: Vec<usize> = match &named {
        Some(text) => text.split(',').map(|size| size.trim().parse()).collect::<Result<_, _>>()?,
        None => lab.pick(&NOTES[..1], &NOTES[..]).to_vec(),
    };
    for notes in sizes {
        let scratch = lab.scratch("scale")?;
        let (store, mountpoint) = (scratch.join("store"), scratch.join("mnt"));
        let size = Size { lab, corpus: lab.corpus(notes)?, label: format!("{}k", notes / 1000), store, mountpoint };
        let folder = lab.workspace(&size.store)?;
        size.corpus.copy_into(&folder)?;
        step(rows, &format!("first start with {}", size.label), |rows| first_start(&size, rows));
        step(rows, &format!("next start with {}", size.label), |rows| next_start(&size, rows));
        step(rows, &format!("check of {}", size.label), |rows| check(&size, rows));
    }
    Ok(())
}

/// From files to everything, and what that leaves behind.
fn first_start(size: &Size<'_>, rows: &mut Rows) -> Outcome<()> {
    let began = Instant::now();
    let daemon = size.mount()?;
    daemon.wait_until_indexed()?;
    rows.push(size.row("first start until all is indexed", began.elapsed().as_secs_f64(), "s"));
    let flush = || process::run(size.lab.command().args(["flush", "-w"]).arg(&size.store));
    let (flushed, took) = timed(flush);
    flushed?;
    if !size.store.join("lab/.codex/history.git/refs/heads/main").exists() {
        return Err("a flush recorded nothing".into());
    }
    rows.push(size.row("then until all is recorded", took.as_secs_f64(), "s"));
    rows.push(size.row("memory at its peak", process::memory_mib(daemon.id(), "VmHWM")?, "MiB"));
    let codex = size.store.join("lab/.codex");
    for (what, file) in [("index on disk", "notebook.db"), ("history on disk", "history.git")] {
        let bytes = process::disk_bytes(&codex.join(file))?;
        rows.push(size.row(what, mib(bytes), "MiB"));
    }
    rows.push(size.row("text of the notes", size.corpus.bytes() / 1024.0 / 1024.0, "MiB"));
    Ok(())
}

/// As on any later day.
fn next_start(size: &Size<'_>, rows: &mut Rows) -> Outcome<()> {
    let daemon = size.mount()?;
    rows.push(size.row("start until mounted", daemon.mounted_after.as_secs_f64(), "s"));
    let began = Instant::now();
    daemon.wait_until_indexed()?;
    let took = daemon.mounted_after + began.elapsed();
    rows.push(size.row("start until compared with the files", took.as_secs_f64(), "s"));
    std::thread::sleep(REST);
    rows.push(size.row("memory at rest", process::memory_mib(daemon.id(), "VmRSS")?, "MiB"));
    let descriptors = fs::read_dir(format!("/proc/{}/fd", daemon.id()))?.count();
    rows.push(size.row("descriptors at rest", count(descriptors), ""));
    let watches = size.status()?["watcher"]["folders"].as_f64().unwrap_or(0.0);
    rows.push(size.row("watched folders", watches, ""));
    serve(size, rows)?;
    rows.push(size.row("descriptors after a walk of it all", walk(size, &daemon)?, ""));
    Ok(())
}

/// What its users wait for.
fn serve(size: &Size<'_>, rows: &mut Rows) -> Outcome<()> {
    let tag = size.corpus.tags().into_iter().next().ok_or("a corpus without tags")?;
    let folder = size.mountpoint.join("tags").join(&tag);
    let list = || -> Outcome<usize> { Ok(fs::read_dir(&folder)?.count()) };
    let members = list()?;
    let times: Times = (0..5).map(|_| timed(list).1).collect();
    let row = size.row("listing its largest tag", times.ms(0.5), "ms");
    rows.push(row.note(format!("{members} entries")));
    let (mut behind, mut own) = (Times::default(), Times::default());
    let paths = size.corpus.sample_paths();
    for (n, path) in paths.iter().cycle().take(20).enumerate() {
        behind.add(seen(size, &size.store.join("lab").join(path), &format!("behind{n}"))?);
        own.add(seen(size, &size.mountpoint.join("lab").join(path), &format!("own{n}"))?);
    }
    rows.push(size.row("edit behind the mount until its tag shows it", behind.ms(0.5), "ms"));
    rows.push(size.row("edit through the mount until its tag shows it", own.ms(0.5), "ms"));
    let search = size.mountpoint.join(".codex/search");
    let times: Times = (0..5)
        .map(|n| timed(|| fs::read_dir(search.join(format!("tag:behind{n} status:done"))).map(Iterator::count)).1)
        .collect();
    rows.push(size.row("a query that finds one note", times.ms(0.5), "ms"));
    Ok(())
}

/// Until a note that is written bears its tag.
fn seen(size: &Size<'_>, note: &Path, tag: &str) -> Outcome<Duration> {
    let at = size.mountpoint.join("tags").join(tag);
    let began = Instant::now();
    fs::write(note, format!("---\ntags: [{tag}]\nstatus: done\n---\nmeasured\n"))?;
    while fs::read_dir(&at).map_or(0, Iterator::count) == 0 {
        if began.elapsed() > Duration::from_secs(30) {
            return Err(format!("{tag} is not shown").into());
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    Ok(began.elapsed())
}

/// Descriptors once every folder was listed through the mount.
fn walk(size: &Size<'_>, daemon: &Daemon) -> Outcome<f64> {
    process::run(Command::new("find").arg(size.mountpoint.join("lab")).args(["-name", "no-such-name"]))?;
    Ok(count(fs::read_dir(format!("/proc/{}/fd", daemon.id()))?.count()))
}

fn check(size: &Size<'_>, rows: &mut Rows) -> Outcome<()> {
    let (checked, took) = timed(|| process::run(size.lab.command().args(["check", "-w"]).arg(&size.store)));
    checked?;
    rows.push(size.row("cdx check", took.as_secs_f64(), "s"));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count for people")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}
