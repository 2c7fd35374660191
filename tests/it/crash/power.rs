//! Power cuts: the disk below a real daemon forgets what was not flushed, or some of it, or tears it, at any change or
//! flush; then the next daemon starts over what remains. What was acknowledged as durable is there as it was, in whole;
//! files, index and history agree.
//!
//! `CDX_POWER_CUTS` and `CDX_POWER_SEED` lengthen and repeat it. With `CDX_CRASH_KEEP` what is there after a failure is
//! copied there.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use cdx::engine::Command as Ask;

use super::daemon::{Daemon, Site, Watchdog};
use super::verify::verify;
use crate::support::disk::{Disk, Remains};
use crate::support::random::{Random, seed, setting};

/// A disk is used for so many cuts; then a new one.
const LIFE: u64 = 25;

/// Notes that the load keeps.
const NOTES: usize = 8;

/// How long a daemon works at most before the power goes.
const WORKS: Duration = Duration::from_secs(4);

/// What may be there of a note, once the power went.
#[derive(Clone, Debug)]
enum May {
    /// This.
    Be(Vec<u8>),
    /// What it was, and any part of something behind it.
    Grow,
    /// Anything: nobody was told that it is on disk.
    Anything,
}

/// A note of the load.
#[derive(Clone, Debug)]
struct Note {
    name: String,
    /// What was acknowledged as durable; `None` before the first time.
    durable: Option<Vec<u8>>,
    flight: Option<May>,
}

/// Who works, and what they were told.
struct Load {
    random: Random,
    counter: u64,
    notes: Vec<Note>,
    /// Tags that were declared by mkdir(2).
    declared: Vec<String>,
    /// The commit that a flush was acknowledged for.
    flushed: Option<String>,
    done: u64,
}

impl Load {
    fn new(seed: u64) -> Self {
        let note = |n| Note { name: format!("p{n}.md"), durable: None, flight: None };
        Self {
            random: Random::of(seed),
            counter: 0,
            notes: (0..NOTES).map(note).collect(),
            declared: Vec::new(),
            flushed: None,
            done: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Works until something fails, which it does once the power is gone.
    fn work(&mut self, site: &Site) -> (&'static str, io::Error) {
        loop {
            let (what, result) = self.step(site);
            if let Err(error) = result {
                return (what, error);
            }
            self.done += 1;
        }
    }

    fn step(&mut self, site: &Site) -> (&'static str, io::Result<()>) {
        let at = self.random.index(self.notes.len());
        if self.notes[at].durable.is_none() {
            return ("a save by rename", self.save(site, at));
        }
        match self.random.below(100) {
            0..18 => ("a save by rename", self.save(site, at)),
            18..34 => ("an append", self.append(site, at, false)),
            34..56 => ("a property", self.set(site, at)),
            56..66 => ("a property under an open handle", self.append(site, at, true)),
            66..78 => ("a retag", self.retag(site, at)),
            78..84 => ("a flush", self.flush(site)),
            84..88 => ("a declared tag", self.declare(site)),
            88..92 => ("a restore", self.restore(site, at)),
            _ => ("what nobody flushes", self.noise(site)),
        }
    }

    /// Something that is durable once it is acknowledged.
    fn durably(&mut self, at: usize, may: May, then: Vec<u8>, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.notes[at].flight = Some(may);
        act()?;
        self.notes[at].flight = None;
        self.notes[at].durable = Some(then);
        Ok(())
    }

    fn text(&mut self) -> Vec<u8> {
        let tag = if self.random.below(2) == 0 { "x" } else { "y" };
        let (n, words) = (self.number(), self.random.below(400));
        let body = (0..words).map(|word| format!("word{}", n * 7 + word)).collect::<Vec<_>>().join(" ");
        format!("---\ntags: [power-{tag}]\nn: {n}\n---\n\n{body}\n").into_bytes()
    }

    fn save(&mut self, site: &Site, at: usize) -> io::Result<()> {
        let (text, number) = (self.text(), self.number());
        let name = self.notes[at].name.clone();
        let may = if self.notes[at].durable.is_some() { May::Be(text.clone()) } else { May::Anything };
        self.durably(at, may, text.clone(), || {
            let temporary = lab(site, &format!("{name}.{number}.tmp"));
            let mut file = File::create_new(&temporary)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&temporary, lab(site, &name))?;
            File::open(lab(site, ""))?.sync_all()
        })
    }

    /// With an edit of Codex's between opening the file and writing to it, if asked for.
    fn append(&mut self, site: &Site, at: usize, with_edit: bool) -> io::Result<()> {
        let path = lab(site, &self.notes[at].name);
        let mut file = OpenOptions::new().append(true).open(path)?;
        if with_edit {
            self.set(site, at)?;
        }
        let line = format!("line {}\n", self.number());
        let mut then = self.notes[at].durable.clone().unwrap_or_default();
        then.extend_from_slice(line.as_bytes());
        self.durably(at, May::Grow, then, || {
            file.write_all(line.as_bytes())?;
            file.sync_data()
        })
    }

    fn set(&mut self, site: &Site, at: usize) -> io::Result<()> {
        let n = self.number();
        let then = with_line(self.notes[at].durable.as_deref().unwrap_or_default(), "n: ", &n.to_string());
        let values = vec![("n".to_owned(), serde_json::Value::from(n))];
        let command = Ask::Set { file: format!("lab/{}", self.notes[at].name), values };
        self.durably(at, May::Be(then.clone()), then, || ask(site, &command))
    }

    fn retag(&mut self, site: &Site, at: usize) -> io::Result<()> {
        let old = self.notes[at].durable.clone().unwrap_or_default();
        let is_x = String::from_utf8_lossy(&old).contains("tags: [power-x]");
        let (from, to) = if is_x { ("power-x", "power-y") } else { ("power-y", "power-x") };
        let then = with_line(&old, "tags: ", &format!("[{to}]"));
        let name = self.notes[at].name.clone();
        let folder = |tag: &str| site.mnt().join("tags").join(tag);
        match std::fs::create_dir(folder(to)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.durably(at, May::Be(then.clone()), then, || {
            std::fs::rename(folder(from).join(&name), folder(to).join(&name))
        })
    }

    fn flush(&mut self, site: &Site) -> io::Result<()> {
        ask(site, &Ask::Flush)?;
        let head = site.ws().join("lab/.codex/history.git/refs/heads/main");
        self.flushed = Some(std::fs::read_to_string(head)?.trim().to_owned());
        Ok(())
    }

    fn declare(&mut self, site: &Site) -> io::Result<()> {
        let tag = format!("declared{}", self.number());
        std::fs::create_dir(site.mnt().join("tags").join(&tag))?;
        self.declared.push(tag);
        Ok(())
    }

    /// Removed by a file manager, brought back by Codex.
    fn restore(&mut self, site: &Site, at: usize) -> io::Result<()> {
        self.flush(site)?;
        let (name, then) = (self.notes[at].name.clone(), self.notes[at].durable.clone().unwrap_or_default());
        self.durably(at, May::Anything, then, || {
            std::fs::remove_file(lab(site, &name))?;
            ask(site, &Ask::Restore { file: format!("lab/{name}"), revision: None })
        })
    }

    fn noise(&mut self, site: &Site) -> io::Result<()> {
        let text = self.text();
        let path = lab(site, &format!("noise{}.md", self.random.below(6)));
        match self.random.below(4) {
            0 => match std::fs::remove_file(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            },
            1 => std::fs::write(path.with_extension("tmp"), &text)
                .and_then(|()| std::fs::rename(path.with_extension("tmp"), &path)),
            _ => std::fs::write(path, &text),
        }
    }

    /// Holds what is there against what was acknowledged, and takes it from there.
    fn adopt(&mut self, site: &Site) -> Result<(), String> {
        for note in &mut self.notes {
            let found = std::fs::read(site.ws().join("lab").join(&note.name)).ok();
            let flight = note.flight.take();
            if let Some(durable) = &note.durable {
                let is_explained = match (&found, &flight) {
                    (_, Some(May::Anything)) => true,
                    (Some(found), Some(May::Be(new))) => found == durable || found == new,
                    (Some(found), Some(May::Grow)) => found.starts_with(durable),
                    (Some(found), None) => found == durable,
                    (None, _) => false,
                };
                if !is_explained {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
                    let found = found.as_deref().map(text);
                    return Err(format!(
                        "{} is {found:?} instead of {:?}; under way: {flight:?}",
                        note.name,
                        text(durable)
                    ));
                }
            }
            let is_whole =
                found.as_ref().is_some_and(|found| found.starts_with(b"---\ntags: [power-") && found.ends_with(b"\n"));
            // What is no note of ours any more is begun anew.
            note.durable = found.filter(|_| is_whole);
        }
        let settings = std::fs::read_to_string(site.ws().join(".codex/workspace.yaml")).unwrap_or_default();
        match self.declared.iter().find(|tag| !settings.contains(&**tag)) {
            Some(tag) => Err(format!("the declared tag {tag} is not in workspace.yaml: {settings}")),
            None => Ok(()),
        }
    }
}

fn lab(site: &Site, path: &str) -> PathBuf {
    site.mnt().join("lab").join(path)
}

fn ask(site: &Site, command: &Ask) -> io::Result<()> {
    site.ask("ada", command).map(drop).map_err(io::Error::other)
}

/// The text with another end of the first line that begins so.
fn with_line(text: &[u8], begin: &str, end: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let mut is_done = false;
    let lines = text.split_inclusive('\n').map(|line| {
        if line.starts_with(begin) && !std::mem::replace(&mut is_done, true) {
            format!("{begin}{end}\n")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<String>().into_bytes()
}

/// So many packs that every daemon that has recorded something begins to fold them.
fn fill(site: &Site, load: &mut Load) -> io::Result<()> {
    let mut daemon = Daemon::start_with(site, &[("PATH", "/nonexistent".to_owned())]);
    daemon.wait_until_ready(site);
    for _ in 0..55 {
        load.save(site, 0)?;
        load.flush(site)?;
    }
    daemon.terminate();
    let has_ended = daemon.has_ended_within(Duration::from_secs(20));
    if has_ended { Ok(()) } else { Err(io::Error::other("the daemon does not end")) }
}

/// One disk through so many cuts: how many operations were acknowledged; or what was lost.
fn live(seed: u64, cuts: u64, lies: &[&str]) -> Result<u64, String> {
    let site = Site::new();
    let mut random = Random::of(seed);
    let mut load = Load::new(random.next());
    let mut disk = site.on_disk();
    let dog = Watchdog::over(site.mnt(), Duration::from_secs(120), format!("power, seed {seed}"));
    if random.below(3) == 0 {
        fill(&site, &mut load).map_err(|error| format!("before any cut: {error}"))?;
    }
    for number in 0..cuts {
        dog.alive();
        for lie in lies {
            disk.lie_about(lie);
        }
        // Rather early than late: the start is a part of it.
        let count = random.below(60) * random.below(60);
        let how = Remains::any(&mut random);
        disk.cut_after(count, how.clone());
        // Packs are folded by git, or without it.
        let path = if random.below(2) == 0 { Some(("PATH", "/nonexistent".to_owned())) } else { None };
        let mut daemon = Daemon::start_with(&site, path.as_slice());
        let is_ready = daemon.try_until_ready().is_ok();
        let last = if is_ready { work_until_cut(&site, &mut load, &disk)? } else { "the start" };
        disk.cut();
        daemon.kill();
        if !daemon.ends_within(Duration::from_secs(20), &site) {
            return Err(format!("cut {number}: the daemon does not end:\n{}", daemon.threads()));
        }
        disk = Disk::mount(&site.ws(), disk.take());
        let kept = if std::env::var_os("CDX_CRASH_KEEP").is_some() { site.keep_if_asked() } else { String::new() };
        let failed = |lost: String| format!("cut {number}, during {last}, {how:?} after {count} changes: {lost}{kept}");
        load.adopt(&site).map_err(failed)?;
        let mut daemon = Daemon::start(&site);
        daemon.try_until_ready().map_err(|error| failed(format!("it does not start: {error}")))?;
        verify(&site, &mut []).map_err(failed)?;
        if let Some(flushed) = &load.flushed {
            super::verify::is_recorded(&site, flushed).map_err(failed)?;
        }
        daemon.terminate();
        if !daemon.has_ended_within(Duration::from_secs(20)) {
            return Err(failed("the daemon does not end in good order".to_owned()));
        }
    }
    Ok(load.done)
}

/// What was under way when the power went; an error where something failed before it did.
fn work_until_cut(site: &Site, load: &mut Load, disk: &Disk) -> Result<&'static str, String> {
    std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            let (what, error) = load.work(site);
            if disk.is_cut() { Ok(what) } else { Err(format!("{what} failed with {error}, and the power is on")) }
        });
        let began = Instant::now();
        while !working.is_finished() {
            if began.elapsed() > WORKS {
                disk.cut();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        working.join().expect("a worker")
    })
}

#[test]
fn what_was_acknowledged_as_durable_outlives_power_cuts_at_any_moment() {
    let (seed, cuts) = (seed("CDX_POWER_SEED"), setting("CDX_POWER_CUTS", 10));
    println!("power: seed {seed}, {cuts} cuts");
    let (began, mut at, mut done) = (Instant::now(), 0, 0);
    while at < cuts {
        let life = (cuts - at).min(LIFE);
        match live(seed.wrapping_add(at), life, &[]) {
            Ok(more) => done += more,
            Err(lost) => panic!("power, seed {}: {lost}", seed.wrapping_add(at)),
        }
        at += life;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("power: {cuts} cuts, {done} operations acknowledged, 0 lost, seed {seed}, {seconds:.0} s");
}

/// The first commit of a new notebook was lost with the name of the folder that its branch is in.
#[test]
fn the_first_flush_of_a_new_notebook_outlives_a_power_cut() {
    let site = Site::new();
    let mut disk = site.on_disk();
    let mut daemon = Daemon::start(&site);
    daemon.wait_until_ready(&site);
    std::fs::write(lab(&site, "a.md"), "text\n").unwrap();
    let mut load = Load::new(1);
    load.flush(&site).unwrap();
    disk.cut();
    daemon.kill();
    assert!(daemon.ends_within(Duration::from_secs(20), &site));
    disk = Disk::mount(&site.ws(), disk.take());
    let mut daemon = Daemon::start(&site);
    daemon.wait_until_ready(&site);
    super::verify::is_recorded(&site, &load.flushed.unwrap()).unwrap();
    drop((daemon, disk));
}

/// An old file was written to, indexed and recorded; then the power went with its contents and left its attributes.
#[test]
fn contents_that_a_power_cut_took_back_are_read_again() {
    let site = Site::new();
    let index = site.ws().join("lab/.codex/notebook.db");
    let tamper = || {
        let index = rusqlite::Connection::open(&index).unwrap();
        let rows = index.execute("UPDATE file_metadata SET hash = zeroblob(32) WHERE path = 'a.md'", []).unwrap();
        assert_eq!(rows, 1);
    };
    let agrees = || {
        let mut daemon = Daemon::start(&site);
        daemon.wait_until_ready(&site);
        let agreement = super::verify::agreement(&site);
        daemon.terminate();
        assert!(daemon.has_ended_within(Duration::from_secs(20)));
        agreement
    };
    let mut daemon = Daemon::start(&site);
    daemon.wait_until_ready(&site);
    std::fs::write(lab(&site, "a.md"), "text\n").unwrap();
    Load::new(1).flush(&site).unwrap();
    daemon.kill();
    assert!(daemon.ends_within(Duration::from_secs(20), &site));
    tamper();
    agrees().unwrap();
    // Where a daemon has ended in good order attributes are believed: else every start would read every file.
    tamper();
    let differs = agrees().unwrap_err();
    assert!(differs.contains("hash_differs"), "{differs}");
}

/// A test that cannot fail proves nothing: with any one flush left out, something is lost.
#[test]
fn a_flush_that_is_left_out_is_found_out() {
    for lie in ["/.codex-", "/lab", "/objects/pack", "/refs/heads", "/incoming/"] {
        let lost = (0..6).find_map(|seed| live(1000 + seed, LIFE, &[lie]).err());
        println!("without flushes of {lie}: {}", lost.as_deref().unwrap_or("nothing is lost"));
        assert!(lost.is_some(), "nothing is lost without flushes of {lie}");
    }
}
