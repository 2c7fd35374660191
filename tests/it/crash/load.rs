//! The load: a worker in a folder of its own that writes, saves, renames, retags, edits, records and takes back, through
//! the mount and the control socket, and enters in its ledger what was acknowledged, one system call at a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cdx::engine::Command;

use super::daemon::Site;
use super::ledger::{Flight, Ledger, World, difference};
use super::verify::files;
use crate::support::random::Random;

/// Notes that a worker keeps at most.
const NOTES_MAX: usize = 14;

/// A worker; it lives on while daemons come and go.
#[derive(Debug)]
pub struct Worker {
    /// Its number.
    pub id: usize,
    /// What it knows.
    pub ledger: Ledger,
    /// Operations that were acknowledged.
    pub done: u64,
    random: Random,
    /// Makes names, tags and contents that were never there before.
    counter: u64,
}

/// When a worker is to end, and whether an operation may fail.
#[derive(Debug, Default)]
pub struct Fate {
    /// The daemon has been, or is just about to be, killed.
    pub is_sealed: AtomicBool,
}

impl Worker {
    /// One that has not done anything.
    pub fn new(id: usize, seed: u64) -> Self {
        Self { id, ledger: Ledger::default(), done: 0, random: Random::of(seed), counter: 0 }
    }

    /// The name of its folder in the notebook, and the beginning of all its names and tags.
    pub fn name(&self) -> String {
        format!("w{}", self.id)
    }

    /// Works until the daemon is killed; what failed where nothing should have.
    pub fn work(&mut self, site: &Site, fate: &Fate) -> Result<(), String> {
        while !fate.is_sealed.load(Ordering::SeqCst) {
            let (what, result) = self.step(site);
            match result {
                Ok(()) => self.done += 1,
                Err(error) => {
                    // It is killed after its fate is sealed; whoever fails before, fails while it lives.
                    let began = Instant::now();
                    while !fate.is_sealed.load(Ordering::SeqCst) {
                        if began.elapsed() > Duration::from_secs(3) {
                            let flight = &self.ledger.flight;
                            return Err(format!("{}: {what} failed with {error}; in flight: {flight:?}", self.name()));
                        }
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
            }
        }
        Ok(())
    }

    /// Two operations that make a commit.
    pub fn save_and_flush(&mut self, site: &Site) -> (&'static str, io::Result<()>) {
        let mut hand = Hand { worker: self, site };
        ("a save and a flush", hand.save().and_then(|()| hand.flush()))
    }

    /// One operation of many system calls: what it was, and how it went.
    pub fn step(&mut self, site: &Site) -> (&'static str, io::Result<()>) {
        let mut hand = Hand { worker: self, site };
        let dice = hand.worker.random.below(100);
        match dice {
            0..14 => ("making a note", hand.make()),
            14..28 => ("an append", hand.append()),
            28..42 => ("a save by rename", hand.save()),
            42..50 => ("a rewrite", hand.rewrite()),
            50..56 => ("a rename", hand.rename()),
            56..68 => ("a retag", hand.retag()),
            68..72 => ("a tag's rename", hand.rename_tag()),
            72..80 => ("an edit under an open handle", hand.edit_under_handle()),
            80..84 => ("a flush", hand.flush()),
            84..88 => ("an undo", hand.edit_and_undo()),
            88..91 => ("a restore", hand.unlink_and_restore()),
            91..95 => ("an unlink", hand.unlink()),
            95..97 => ("a note in a tag's folder", hand.make_in_tag()),
            _ => ("a large file", hand.large()),
        }
    }
}

/// A worker at work.
struct Hand<'a> {
    worker: &'a mut Worker,
    site: &'a Site,
}

impl Hand<'_> {
    fn at(&self, path: &str) -> PathBuf {
        self.site.mnt().join("lab").join(self.worker.name()).join(path)
    }

    fn tag_folder(&self, tag: &str) -> PathBuf {
        self.site.mnt().join("tags").join(tag)
    }

    fn file(&self, path: &str) -> String {
        format!("lab/{}/{path}", self.worker.name())
    }

    fn world(&self) -> World {
        self.worker.ledger.world.clone()
    }

    fn new_number(&mut self) -> u64 {
        self.worker.counter += 1;
        self.worker.counter
    }

    /// A note, if there is one.
    fn any_note(&mut self) -> Option<(String, Arc<Vec<u8>>)> {
        let notes: Vec<_> = self.world().into_iter().filter(|(path, _)| path.ends_with(".md")).collect();
        self.worker.random.pick(&notes).cloned()
    }

    /// An operation that is done as a whole or not at all.
    fn whole<T>(&mut self, change: impl FnOnce(&mut World), act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut after = self.world();
        change(&mut after);
        self.worker.ledger.begin(Flight::Whole(after));
        let done = act()?;
        self.worker.ledger.acknowledge();
        Ok(done)
    }

    /// Appends by one write(2).
    fn grow(&mut self, file: &mut File, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut whole = self.worker.ledger.world.get(path).map(|old| old.to_vec()).unwrap_or_default();
        whole.extend_from_slice(bytes);
        self.worker.ledger.begin(Flight::Grows(path.to_owned(), Arc::new(whole)));
        file.write_all(bytes)?;
        self.worker.ledger.acknowledge();
        Ok(())
    }

    fn ask(&self, who: &str, command: &Command) -> io::Result<serde_json::Value> {
        self.site.ask(who, command).map_err(io::Error::other)
    }

    fn sentence(&mut self) -> String {
        let number = self.new_number();
        let words = self.worker.random.below(60);
        let words = (0..words).map(|word| format!("word{}", number * 7 + word)).collect::<Vec<_>>().join(" ");
        format!("{} writes sentence {number}: {words}\n", self.worker.name())
    }

    fn text(&mut self) -> Vec<u8> {
        let name = self.worker.name();
        let tag = if self.worker.random.below(2) == 0 { "x0" } else { "y" };
        let (n, body) = (self.new_number(), self.sentence());
        format!("---\ntags: [{name}-{tag}]\nn: {n}\n---\n\n{body}").into_bytes()
    }

    fn folder(&self) -> io::Result<()> {
        match std::fs::create_dir(self.site.mnt().join("lab").join(self.worker.name())) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    // ---- operations ----

    fn make(&mut self) -> io::Result<()> {
        self.folder()?;
        if self.worker.ledger.world.len() >= NOTES_MAX {
            return self.unlink();
        }
        let path = format!("{}-n{}.md", self.worker.name(), self.new_number());
        let at = self.at(&path);
        let make = || OpenOptions::new().write(true).create_new(true).open(at);
        let mut file = self.whole(|world| drop(world.insert(path.clone(), Arc::default())), make)?;
        let text = self.text();
        self.grow(&mut file, &path, &text)?;
        if self.worker.random.below(2) == 0 { file.sync_all() } else { Ok(()) }
    }

    fn append(&mut self) -> io::Result<()> {
        let Some((path, _)) = self.any_note() else { return self.make() };
        let mut file = OpenOptions::new().append(true).open(self.at(&path))?;
        for _ in 0..=self.worker.random.below(3) {
            let text = self.sentence();
            self.grow(&mut file, &path, text.as_bytes())?;
        }
        if self.worker.random.below(2) == 0 { file.sync_data() } else { Ok(()) }
    }

    fn save(&mut self) -> io::Result<()> {
        let Some((path, _)) = self.any_note() else { return self.make() };
        let temporary = format!("{path}.tmp");
        let at = self.at(&temporary);
        let make = || OpenOptions::new().write(true).create(true).truncate(true).open(at);
        let mut file = self.whole(|world| drop(world.insert(temporary.clone(), Arc::default())), make)?;
        let text = self.text();
        self.grow(&mut file, &temporary, &text)?;
        if self.worker.random.below(2) == 0 {
            file.sync_all()?;
        }
        drop(file);
        let (from, to) = (self.at(&temporary), self.at(&path));
        let change = |world: &mut World| {
            if let Some(bytes) = world.remove(&temporary) {
                world.insert(path, bytes);
            }
        };
        self.whole(change, || std::fs::rename(from, to))
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let Some((path, _)) = self.any_note() else { return self.make() };
        let at = self.at(&path);
        let cut = || OpenOptions::new().write(true).truncate(true).open(at);
        let mut file = self.whole(|world| drop(world.insert(path.clone(), Arc::default())), cut)?;
        let text = self.text();
        self.grow(&mut file, &path, &text)
    }

    fn rename(&mut self) -> io::Result<()> {
        let Some((path, _)) = self.any_note() else { return self.make() };
        let new = format!("{}-m{}.md", self.worker.name(), self.new_number());
        let (from, to) = (self.at(&path), self.at(&new));
        let change = |world: &mut World| {
            if let Some(bytes) = world.remove(&path) {
                world.insert(new, bytes);
            }
        };
        self.whole(change, || std::fs::rename(from, to))
    }

    fn unlink(&mut self) -> io::Result<()> {
        let Some((path, _)) = self.any_note() else { return self.make() };
        let at = self.at(&path);
        self.whole(|world| drop(world.remove(&path)), || std::fs::remove_file(at))
    }

    /// By rename(2) from a tag's folder into another.
    fn retag(&mut self) -> io::Result<()> {
        let Some((path, text)) = self.any_note() else { return self.make() };
        let Some(old) = tag_of(&text) else { return Ok(()) };
        let y = format!("{}-y", self.worker.name());
        let new = if old == y { self.newest_x() } else { y };
        match std::fs::create_dir(self.tag_folder(&new)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let (from, to) = (self.tag_folder(&old).join(&path), self.tag_folder(&new).join(&path));
        let bytes = with_tag(&text, &old, &new);
        self.whole(|world| drop(world.insert(path, bytes)), || std::fs::rename(from, to))
    }

    /// The tag that notes bear which are not `y`: renames have moved it on.
    fn newest_x(&self) -> String {
        let prefix = format!("{}-x", self.worker.name());
        let tags = self.worker.ledger.world.values().filter_map(|text| tag_of(text));
        tags.filter(|tag| tag.starts_with(&prefix)).max().unwrap_or_else(|| format!("{prefix}0"))
    }

    fn rename_tag(&mut self) -> io::Result<()> {
        let Some(from) = self.any_note().and_then(|(_, text)| tag_of(&text)) else { return self.make() };
        let to = format!("{}-x{}", self.worker.name(), self.new_number());
        let bears = |text: &Arc<Vec<u8>>| tag_of(text).as_ref() == Some(&from);
        let files = self.world().into_iter().filter(|(path, text)| path.ends_with(".md") && bears(text));
        let files = files.map(|(path, text)| (path, with_tag(&text, &from, &to))).collect();
        self.worker.ledger.begin(Flight::Each(files));
        self.ask("ada", &Command::TagRename { from, to, merge: false, dry_run: false })?;
        self.worker.ledger.acknowledge();
        self.look("a tag's rename");
        Ok(())
    }

    /// While a handle is open the edit is made on the same inode; what is appended through it afterwards counts too.
    fn edit_under_handle(&mut self) -> io::Result<()> {
        let Some((path, _)) = self.any_note() else { return self.make() };
        let mut file = OpenOptions::new().append(true).open(self.at(&path))?;
        self.set_number(&path, "ada")?;
        let text = self.sentence();
        self.grow(&mut file, &path, text.as_bytes())
    }

    fn set_number(&mut self, path: &str, who: &str) -> io::Result<bool> {
        let text = self.worker.ledger.world[path].clone();
        let n = self.new_number();
        let Some(bytes) = with_number(&text, n) else { return Ok(false) };
        let values = vec![("n".to_owned(), serde_json::Value::from(n))];
        let command = Command::Set { file: self.file(path), values };
        let mut after = self.world();
        after.insert(path.to_owned(), bytes);
        self.worker.ledger.begin(Flight::Whole(after));
        self.ask(who, &command)?;
        self.worker.ledger.acknowledge();
        Ok(true)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.ask("ada", &Command::Flush)?;
        let head = self.site.ws().join("lab/.codex/history.git/refs/heads/main");
        self.worker.ledger.flushed = std::fs::read_to_string(head).ok().map(|id| id.trim().to_owned());
        Ok(())
    }

    fn edit_and_undo(&mut self) -> io::Result<()> {
        let Some((path, before)) = self.any_note() else { return self.make() };
        let who = format!("{}-undoes", self.worker.name());
        if !self.set_number(&path, &who)? {
            return Ok(());
        }
        let mut after = self.world();
        after.insert(path.clone(), Arc::clone(&before));
        self.worker.ledger.begin(Flight::Whole(after));
        let reply = self.ask(&who, &Command::Undo { count: 1, anyone: false })?;
        self.worker.ledger.acknowledge();
        self.look(&format!("an undo of {path} which said {reply}"));
        Ok(())
    }

    /// What was asked for is done when it is acknowledged, and nothing else is.
    fn look(&self, what: &str) {
        let found = files(&self.site.ws().join("lab").join(self.worker.name()));
        if let Some(difference) = difference(&self.worker.ledger.world, &found) {
            panic!("{} after {what}: {difference}", self.worker.name());
        }
    }

    fn unlink_and_restore(&mut self) -> io::Result<()> {
        self.flush()?;
        let Some((path, bytes)) = self.any_note() else { return self.make() };
        let at = self.at(&path);
        self.whole(|world| drop(world.remove(&path)), || std::fs::remove_file(at))?;
        let command = Command::Restore { file: self.file(&path), revision: None };
        let mut after = self.world();
        after.insert(path, bytes);
        self.worker.ledger.begin(Flight::Whole(after));
        self.ask("ada", &command)?;
        self.worker.ledger.acknowledge();
        Ok(())
    }

    /// It becomes a note of the inbox a second after its last close; until then, and after a crash, it must not go.
    fn make_in_tag(&mut self) -> io::Result<()> {
        let (name, number) = (self.worker.name(), self.new_number());
        let tag = format!("{name}-in");
        match std::fs::create_dir(self.tag_folder(&tag)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let text = format!("---\ntags: [{tag}]\n---\n\n{}", self.sentence()).into_bytes();
        let mut file = File::create_new(self.tag_folder(&tag).join(format!("{name}-in{number}.md")))?;
        file.write_all(&text)?;
        self.worker.ledger.somewhere.push(Arc::new(text));
        Ok(())
    }

    /// Larger than what is cached, so that it is passed through where the kernel does that.
    fn large(&mut self) -> io::Result<()> {
        self.folder()?;
        let path = format!("{}-large.txt", self.worker.name());
        let at = self.at(&path);
        let cuts = self.worker.ledger.world.get(&path).is_none_or(|bytes| bytes.len() > 1 << 20);
        let open = OpenOptions::new().append(true).create(true).clone();
        let mut file = self.whole(|world| _ = world.entry(path.clone()).or_default(), || open.open(at))?;
        if cuts {
            self.whole(|world| drop(world.insert(path.clone(), Arc::default())), || file.set_len(0))?;
        }
        let line = self.sentence();
        let bytes = line.repeat(200_000 / line.len() + 1).into_bytes();
        self.grow(&mut file, &path, &bytes)
    }
}

/// The tag of a note of the load.
pub fn tag_of(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let rest = text.strip_prefix("---\ntags: [")?;
    rest.split_once(']').map(|(tag, _)| tag.to_owned())
}

fn with_tag(text: &[u8], old: &str, new: &str) -> Arc<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    Arc::new(text.replacen(&format!("tags: [{old}]"), &format!("tags: [{new}]"), 1).into_bytes())
}

fn with_number(text: &[u8], n: u64) -> Option<Arc<Vec<u8>>> {
    let text = std::str::from_utf8(text).ok()?;
    let (head, rest) = text.split_once("\nn: ")?;
    let (_, rest) = rest.split_once('\n')?;
    Some(Arc::new(format!("{head}\nn: {n}\n{rest}").into_bytes()))
}
