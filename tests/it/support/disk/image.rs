//! What is on a disk: as programs see it, and as a power cut leaves it.
//!
//! The rules are POSIX's and those that every journalling filesystem keeps beyond them. The bytes of a file are on disk once
//! it was flushed, and its name is once its folder was; of later writes any may be there, whole, cut at a sector's end, or
//! as zeros. A rename is all or nothing: what it moves never goes, though it may bear both names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::time::SystemTime;

use crate::support::random::Random;

/// Bytes that a disk writes as one.
const SECTOR: usize = 512;

/// The number of the top folder.
pub const ROOT: u64 = 1;

/// What is there after a power cut besides what was flushed.
#[derive(Clone, Debug)]
pub enum Remains {
    /// Nothing.
    Flushed,
    /// All of it: as after a kill.
    All,
    /// Some, by the dice.
    Some(Random),
}

/// Files, folders and what else there is, by number.
#[derive(Clone, Debug)]
pub struct Image {
    nodes: HashMap<u64, Node>,
    next: u64,
}

/// Names of a folder.
pub type Entries = BTreeMap<OsString, u64>;

/// One of them.
#[derive(Clone, Debug)]
pub struct Node {
    /// Type and permission bits.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: SystemTime,
    pub ctime: SystemTime,
    /// Of a file its bytes, of a symbolic link its target.
    pub bytes: Arc<Vec<u8>>,
    /// Of a folder.
    pub entries: Entries,
    /// Where it was last put, for messages and faults.
    place: (u64, OsString),
    flushed: Flushed,
    /// What was written since the last flush, in order.
    writes: Vec<Write>,
    /// What became of names since the last flush, in order: those of one change together.
    renames: Vec<Vec<(OsString, Option<u64>)>>,
}

/// What is on disk for sure.
#[derive(Clone, Debug)]
struct Flushed {
    bytes: Arc<Vec<u8>>,
    mtime: SystemTime,
    ctime: SystemTime,
    entries: Entries,
}

#[derive(Clone, Debug)]
enum Write {
    At(usize, Vec<u8>),
    Length(usize),
}

impl Node {
    fn new(mode: u32, owner: (u32, u32), place: (u64, OsString)) -> Self {
        let now = SystemTime::now();
        let bytes = Arc::<Vec<u8>>::default();
        Self {
            mode,
            uid: owner.0,
            gid: owner.1,
            mtime: now,
            ctime: now,
            flushed: Flushed { bytes: Arc::clone(&bytes), mtime: now, ctime: now, entries: Entries::new() },
            bytes,
            entries: Entries::new(),
            place,
            writes: Vec::new(),
            renames: Vec::new(),
        }
    }

    pub fn is_folder(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFDIR
    }

    fn touch(&mut self) {
        self.mtime = SystemTime::now();
        self.ctime = self.mtime;
    }

    fn flush(&mut self) {
        self.flushed = Flushed {
            bytes: Arc::clone(&self.bytes),
            mtime: self.mtime,
            ctime: self.ctime,
            entries: self.entries.clone(),
        };
        self.writes.clear();
        self.renames.clear();
    }
}

impl Image {
    /// An empty disk.
    pub fn new() -> Self {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let root = Node::new(libc::S_IFDIR | 0o755, (uid, gid), (ROOT, OsString::new()));
        Self { nodes: HashMap::from([(ROOT, root)]), next: ROOT + 1 }
    }

    pub fn node(&self, number: u64) -> Result<&Node, i32> {
        self.nodes.get(&number).ok_or(libc::ESTALE)
    }

    /// For its attributes, which are on disk at once.
    pub fn node_mut(&mut self, number: u64) -> Result<&mut Node, i32> {
        self.nodes.get_mut(&number).ok_or(libc::ESTALE)
    }

    pub fn find(&self, folder: u64, name: &OsStr) -> Result<u64, i32> {
        self.node(folder)?.entries.get(name).copied().ok_or(libc::ENOENT)
    }

    pub fn links(&self, number: u64) -> u32 {
        let named = self.nodes.values().flat_map(|node| node.entries.values()).filter(|named| **named == number);
        u32::try_from(named.count()).unwrap_or(u32::MAX)
    }

    /// A node's path as far as it is known, `/` before each name.
    pub fn path(&self, number: u64, name: Option<&OsStr>) -> String {
        let mut parts: Vec<String> = name.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let mut at = number;
        while at != ROOT && parts.len() < 64 {
            let Some(node) = self.nodes.get(&at) else { break };
            parts.push(node.place.1.to_string_lossy().into_owned());
            at = node.place.0;
        }
        parts.push(String::new());
        parts.reverse();
        parts.join("/")
    }

    /// Makes a node; its number.
    pub fn make(&mut self, folder: u64, name: &OsStr, mode: u32, owner: (u32, u32)) -> Result<u64, i32> {
        if self.find(folder, name).is_ok() {
            return Err(libc::EEXIST);
        }
        let number = self.next;
        self.next += 1;
        self.nodes.insert(number, Node::new(mode, owner, (folder, name.to_owned())));
        self.name(folder, vec![(name.to_owned(), Some(number))])?;
        Ok(number)
    }

    /// Makes a symbolic link, whose target is on disk with its name.
    pub fn make_symlink(&mut self, folder: u64, name: &OsStr, target: &[u8], owner: (u32, u32)) -> Result<u64, i32> {
        let number = self.make(folder, name, libc::S_IFLNK | 0o777, owner)?;
        let node = self.node_mut(number)?;
        node.bytes = Arc::new(target.to_vec());
        node.flush();
        Ok(number)
    }

    pub fn link(&mut self, number: u64, folder: u64, name: &OsStr) -> Result<(), i32> {
        if self.find(folder, name).is_ok() {
            return Err(libc::EEXIST);
        }
        self.name(folder, vec![(name.to_owned(), Some(number))])
    }

    pub fn unlink(&mut self, folder: u64, name: &OsStr, is_folder: bool) -> Result<(), i32> {
        let node = self.node(self.find(folder, name)?)?;
        match (node.is_folder(), is_folder) {
            (true, false) => return Err(libc::EISDIR),
            (false, true) => return Err(libc::ENOTDIR),
            (true, true) if !node.entries.is_empty() => return Err(libc::ENOTEMPTY),
            _ => {}
        }
        self.name(folder, vec![(name.to_owned(), None)])
    }

    pub fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr), flags: u32) -> Result<(), i32> {
        let moved = self.find(from.0, from.1)?;
        let there = self.find(to.0, to.1).ok();
        let back = if flags & libc::RENAME_EXCHANGE != 0 { Some(there.ok_or(libc::ENOENT)?) } else { None };
        match there {
            Some(_) if flags & libc::RENAME_NOREPLACE != 0 => return Err(libc::EEXIST),
            Some(there) if there == moved => return Ok(()),
            Some(there) if back.is_none() => match (self.node(moved)?.is_folder(), self.node(there)?.is_folder()) {
                (true, false) => return Err(libc::ENOTDIR),
                (false, true) => return Err(libc::EISDIR),
                (true, true) if !self.node(there)?.entries.is_empty() => return Err(libc::ENOTEMPTY),
                _ => {}
            },
            _ => {}
        }
        let (gone, come) = ((from.1.to_owned(), back), (to.1.to_owned(), Some(moved)));
        if from.0 == to.0 {
            self.name(to.0, vec![gone, come])?;
        } else {
            self.name(to.0, vec![come])?;
            self.name(from.0, vec![gone])?;
        }
        self.node_mut(moved)?.place = (to.0, to.1.to_owned());
        Ok(())
    }

    fn name(&mut self, folder: u64, change: Vec<(OsString, Option<u64>)>) -> Result<(), i32> {
        let node = self.node_mut(folder)?;
        apply(&mut node.entries, &change);
        node.renames.push(change);
        node.touch();
        Ok(())
    }

    pub fn write(&mut self, number: u64, at: u64, bytes: &[u8]) -> Result<(), i32> {
        let at = usize::try_from(at).map_err(|_| libc::EFBIG)?;
        let node = self.node_mut(number)?;
        put(Arc::make_mut(&mut node.bytes), at, bytes);
        node.writes.push(Write::At(at, bytes.to_vec()));
        node.touch();
        Ok(())
    }

    pub fn set_length(&mut self, number: u64, length: u64) -> Result<(), i32> {
        let length = usize::try_from(length).map_err(|_| libc::EFBIG)?;
        let node = self.node_mut(number)?;
        Arc::make_mut(&mut node.bytes).resize(length, 0);
        node.writes.push(Write::Length(length));
        node.touch();
        Ok(())
    }

    pub fn flush(&mut self, number: u64) -> Result<(), i32> {
        self.node_mut(number)?.flush();
        Ok(())
    }

    /// What a power cut leaves of it.
    pub fn after_cut(&self, how: &mut Remains) -> Self {
        let mut after = self.clone();
        // In one order, so that a seed repeats.
        let mut numbers: Vec<u64> = self.nodes.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            let (before, node) = (&self.nodes[&number], after.nodes.get_mut(&number).expect("a copy"));
            match how {
                Remains::Flushed => {
                    node.bytes = Arc::clone(&before.flushed.bytes);
                    node.entries = before.flushed.entries.clone();
                    (node.mtime, node.ctime) = (before.flushed.mtime, before.flushed.ctime);
                }
                Remains::All => {}
                Remains::Some(random) => remain(before, node, random),
            }
        }
        after.keep_moved(self);
        after.drop_unnamed();
        for node in after.nodes.values_mut() {
            node.flush();
        }
        after
    }

    /// What a rename moved never goes, and a folder is never in two places.
    fn keep_moved(&mut self, live: &Self) {
        let named = |image: &Self| -> HashSet<u64> {
            image.nodes.values().flat_map(|node| node.entries.values()).copied().collect()
        };
        let (alive, mut there) = (named(live), named(self));
        let mut numbers: Vec<u64> = live.nodes.keys().copied().collect();
        numbers.sort_unstable();
        for folder in &numbers {
            for (name, number) in &live.nodes[folder].flushed.entries {
                if alive.contains(number) && !there.contains(number) {
                    let entries = &mut self.nodes.get_mut(folder).expect("a copy").entries;
                    entries.entry(name.clone()).or_insert(*number);
                    there.insert(*number);
                }
            }
        }
        let mut seen = HashSet::new();
        let is_folder: HashSet<u64> =
            self.nodes.iter().filter(|(_, node)| node.is_folder()).map(|(number, _)| *number).collect();
        // The new place first: the place that the live image has.
        for (folder, name) in numbers.iter().flat_map(|folder| {
            let entries = live.nodes[folder].entries.iter();
            entries.filter(|(_, number)| is_folder.contains(number)).map(|(name, _)| (*folder, name.clone()))
        }) {
            let there = self.nodes.get(&folder).and_then(|node| node.entries.get(&name)).copied();
            seen.extend(
                there.filter(|there| live.nodes[&folder].entries[&name] == *there).map(|there| (there, folder, name)),
            );
        }
        let placed: HashMap<u64, (u64, OsString)> =
            seen.into_iter().map(|(number, folder, name)| (number, (folder, name))).collect();
        for folder in &numbers {
            let entries = &mut self.nodes.get_mut(folder).expect("a copy").entries;
            entries.retain(|name, number| placed.get(number).is_none_or(|place| *place == (*folder, name.clone())));
        }
    }

    fn drop_unnamed(&mut self) {
        let (mut found, mut folders) = (HashSet::from([ROOT]), vec![ROOT]);
        while let Some(folder) = folders.pop() {
            for number in self.nodes[&folder].entries.values() {
                if found.insert(*number) && self.nodes[number].is_folder() {
                    folders.push(*number);
                }
            }
        }
        self.nodes.retain(|number, _| found.contains(number));
    }
}

/// Some of what was not flushed.
fn remain(before: &Node, node: &mut Node, random: &mut Random) {
    let mut bytes = before.flushed.bytes.to_vec();
    // All up to a moment, or each by itself.
    let until = random.index(before.writes.len() + 1);
    let (in_order, mut whole) = (random.below(2) == 0, true);
    for (at, write) in before.writes.iter().enumerate() {
        let is_kept = if in_order { at < until } else { random.below(2) == 0 };
        whole &= is_kept;
        match write {
            Write::At(from, written) if is_kept => put(&mut bytes, *from, written),
            Write::Length(length) if is_kept => bytes.resize(*length, 0),
            // The one that was under way: some of its sectors, or room for it and none of them.
            Write::At(from, written) if at == until || !in_order => match random.below(3) {
                0 => {
                    let sectors = random.index(written.len() / SECTOR + 1) * SECTOR;
                    put(&mut bytes, *from, &written[..sectors.min(written.len())]);
                }
                1 if bytes.len() < from + written.len() => bytes.resize(from + written.len(), 0),
                _ => {}
            },
            _ => {}
        }
    }
    node.bytes = Arc::new(bytes);
    if !whole {
        (node.mtime, node.ctime) = (before.flushed.mtime, before.flushed.ctime);
    }
    node.entries = before.flushed.entries.clone();
    let until = random.index(before.renames.len() + 1);
    let in_order = random.below(2) == 0;
    for (at, change) in before.renames.iter().enumerate() {
        if if in_order { at < until } else { random.below(2) == 0 } {
            apply(&mut node.entries, change);
        }
    }
}

fn apply(entries: &mut Entries, change: &[(OsString, Option<u64>)]) {
    for (name, number) in change {
        match number {
            Some(number) => drop(entries.insert(name.clone(), *number)),
            None => drop(entries.remove(name)),
        }
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, written: &[u8]) {
    if bytes.len() < at + written.len() {
        bytes.resize(at + written.len(), 0);
    }
    bytes[at..at + written.len()].copy_from_slice(written);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(image: &Image) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![ROOT];
        while let Some(folder) = folders.pop() {
            for (name, number) in &image.node(folder).unwrap().entries {
                let node = image.node(*number).unwrap();
                let text = String::from_utf8_lossy(&node.bytes).into_owned();
                found.push((format!("{}{}", image.path(folder, None), name.to_string_lossy()), text));
                if node.is_folder() {
                    folders.push(*number);
                }
            }
        }
        found.sort();
        found
    }

    fn file(image: &mut Image, folder: u64, name: &str, text: &str) -> u64 {
        let number = image.make(folder, OsStr::new(name), libc::S_IFREG | 0o644, (0, 0)).unwrap();
        image.write(number, 0, text.as_bytes()).unwrap();
        number
    }

    #[test]
    fn what_was_not_flushed_is_gone() {
        let mut image = Image::new();
        let flushed = file(&mut image, ROOT, "flushed", "one");
        file(&mut image, ROOT, "empty", "two");
        image.flush(flushed).unwrap();
        image.flush(ROOT).unwrap();
        image.write(flushed, 3, b" more").unwrap();
        file(&mut image, ROOT, "unnamed", "three");
        let after = image.after_cut(&mut Remains::Flushed);
        let expected = [("empty", ""), ("flushed", "one")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(tree(&after), expected);
        assert_eq!(tree(&image.after_cut(&mut Remains::All)), tree(&image));
    }

    #[test]
    fn what_a_rename_moved_never_goes_and_what_it_replaced_is_there_until_it_is_flushed() {
        for seed in 0..200 {
            let mut image = Image::new();
            let sub = image.make(ROOT, OsStr::new("sub"), libc::S_IFDIR | 0o755, (0, 0)).unwrap();
            let (old, new) = (file(&mut image, ROOT, "a", "old"), file(&mut image, sub, "t", "new"));
            for number in [old, new, sub, ROOT] {
                image.flush(number).unwrap();
            }
            image.rename((sub, OsStr::new("t")), (ROOT, OsStr::new("a")), 0).unwrap();
            let after = tree(&image.after_cut(&mut Remains::Some(Random::of(seed))));
            assert!(after.iter().any(|(_, text)| text == "new"), "{after:?}");
            let at_a = after.iter().find(|(name, _)| name == "a").map(|(_, text)| text.as_str());
            assert!(matches!(at_a, Some("old" | "new")), "{after:?}");
            image.flush(ROOT).unwrap();
            let after = tree(&image.after_cut(&mut Remains::Some(Random::of(seed))));
            assert!(after.contains(&("a".to_owned(), "new".to_owned())), "{after:?}");
        }
    }

    #[test]
    fn a_folder_that_moved_is_in_one_place() {
        for seed in 0..200 {
            let mut image = Image::new();
            let make = |image: &mut Image, folder, name| {
                image.make(folder, OsStr::new(name), libc::S_IFDIR | 0o755, (0, 0)).unwrap()
            };
            let (a, b) = (make(&mut image, ROOT, "a"), make(&mut image, ROOT, "b"));
            let inner = make(&mut image, a, "x");
            for number in [inner, a, b, ROOT] {
                image.flush(number).unwrap();
            }
            image.rename((a, OsStr::new("x")), (b, OsStr::new("y")), 0).unwrap();
            let after = image.after_cut(&mut Remains::Some(Random::of(seed)));
            assert_eq!(after.links(inner), 1, "{:?}", tree(&after));
        }
    }
}
