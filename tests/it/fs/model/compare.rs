//! Compares what a mount shows of a sequence with what the model says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::drive::Driver;
use crate::model::{Entry, NONE, Op, Shown, dir_of, faithful, is_page, name_of};

/// How long the kernel may go on with a link count that the index has changed.
const COUNTED_WITHIN: Duration = Duration::from_secs(2);

/// What a folder lists: kind and inode number of each name.
type Listing = BTreeMap<String, (bool, u64)>;

/// Lists a folder; every entry must be there, under the number that the listing gives it.
fn list(path: &Path) -> Result<Listing, String> {
    let fail = |error: std::io::Error| format!("list {}: {error}", path.display());
    let mut listing = Listing::new();
    for entry in fs::read_dir(path).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let stat = fs::symlink_metadata(entry.path())
            .map_err(|error| format!("{} is listed: {error}", entry.path().display()))?;
        if stat.ino() != entry.ino() {
            return Err(format!("{}: listed as {}, stat says {}", entry.path().display(), entry.ino(), stat.ino()));
        }
        if listing.insert(name, (stat.is_dir(), stat.ino())).is_some() {
            return Err(format!("{} is listed twice", entry.path().display()));
        }
    }
    Ok(listing)
}

fn names(listing: &Listing) -> Vec<&String> {
    listing.keys().collect()
}

impl Driver {
    /// Compares everything; takes in what Codex has rightly written.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare(&mut self) -> Result<(), String> {
        self.compare_dirs()?;
        self.compare_files()?;
        self.compare_tags()?;
        // Half of the time goes here: after every second operation, and at the end. What happens behind the mount has its
        // time to show only now.
        if self.ops.len().is_multiple_of(2) || self.ops.last().is_some_and(Op::is_behind_the_mount) {
            self.compare_operators()?;
            self.compare_view()?;
        }
        self.compare_links(false)
    }

    // ---- the real tree ----

    fn compare_dirs(&self) -> Result<(), String> {
        for dir in &self.world.dirs {
            let listing = list(&self.real(dir))?;
            let mut expected: BTreeMap<String, bool> = BTreeMap::new();
            expected.extend(
                self.world.dirs.iter().filter(|path| dir_of(path) == dir).map(|path| (name_of(path).to_owned(), true)),
            );
            expected.extend(
                self.world
                    .names
                    .keys()
                    .filter(|path| dir_of(path) == dir)
                    .map(|path| (name_of(path).to_owned(), false)),
            );
            if dir == "lab" {
                expected.insert(format!("{}.cdx", self.world.sequence), false);
            }
            let listed: BTreeMap<String, bool> =
                listing.iter().map(|(name, (is_dir, _))| (name.clone(), *is_dir)).collect();
            if listed != expected {
                return Err(format!("{dir} lists {:?}, not {:?}", names(&listing), expected.keys()));
            }
        }
        Ok(())
    }

    fn compare_files(&mut self) -> Result<(), String> {
        let paths: Vec<(String, u32)> = self.world.names.iter().map(|(path, id)| (path.clone(), *id)).collect();
        // A page or sidecar first: what Codex edited is read by its rules.
        for (path, _) in paths.iter().filter(|(path, _)| is_page(path) || path.ends_with(".json")) {
            self.adopt(path)?;
        }
        for (path, id) in &paths {
            let at = self.real(path);
            let stat = fs::metadata(&at).map_err(|error| format!("stat {path}: {error}"))?;
            self.compare_number(path, *id, stat.ino())?;
            let file = self.world.file(path).ok_or("a name without a file")?;
            let seen = (file.bytes.clone(), stat.len(), stat.mtime_nsec(), stat.ctime_nsec());
            // All are read at the end; until then those of which something changed.
            if self.seen.get(path) != Some(&seen) {
                self.compare_bytes(path)?;
                self.seen.insert(path.clone(), seen);
            }
        }
        Ok(())
    }

    fn compare_bytes(&self, path: &str) -> Result<(), String> {
        let at = self.real(path);
        let bytes = fs::read(&at).map_err(|error| format!("read {path}: {error}"))?;
        let file = self.world.file(path).ok_or("a name without a file")?;
        if bytes != file.bytes {
            let (seen, expected) = (String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&file.bytes));
            return Err(format!("{path} holds {seen:?}, not {expected:?}"));
        }
        let stat = fs::metadata(&at).map_err(|error| format!("stat {path}: {error}"))?;
        if stat.len() != bytes.len() as u64 {
            return Err(format!("{path} has {} bytes, stat says {}", bytes.len(), stat.len()));
        }
        Ok(())
    }

    /// Takes in what Codex wrote, if it says what it should and nothing else changed.
    fn adopt(&mut self, path: &str) -> Result<(), String> {
        let Some(meta) = self.world.file(path).and_then(|file| file.edited.clone()) else { return Ok(()) };
        let bytes = fs::read(self.real(path)).map_err(|error| format!("read {path}: {error}"))?;
        let old = self.world.file(path).map(|file| file.bytes.clone()).unwrap_or_default();
        let shown = || format!("{:?} became {:?}", String::from_utf8_lossy(&old), String::from_utf8_lossy(&bytes));
        faithful(name_of(path), &old, &bytes).map_err(|why| format!("edit of {path}: {why}: {}", shown()))?;
        let read = self.world.read(path, &bytes);
        if !read.agrees(&meta) {
            return Err(format!("edit of {path}: it says {read:?}, not {meta:?}: {}", shown()));
        }
        self.world.adopt(path, bytes);
        Ok(())
    }

    fn compare_number(&mut self, path: &str, id: u32, number: u64) -> Result<(), String> {
        if let Some(known) = self.numbers.get(&id) {
            return match *known == number {
                true => Ok(()),
                false => Err(format!("{path} had the number {known}, and has {number}")),
            };
        }
        let stored = fs::metadata(self.stored(path)).map_err(|error| format!("stat the store's {path}: {error}"))?;
        let key = (stored.ino(), stored.created().ok());
        if let Some(other) = self.numbers.iter().find(|(_, known)| **known == number).map(|(other, _)| *other) {
            // Removed and made again on the same inode within a tick of the kernel's clock: nothing tells the two apart.
            if self.keys.get(&other) != Some(&key) || self.world.names.values().any(|id| *id == other) {
                return Err(format!("{path} has the number {number}, which another file had"));
            }
            self.numbers.remove(&other);
        }
        self.numbers.insert(id, number);
        self.keys.insert(id, key);
        Ok(())
    }

    /// Compares link counts, once the index has what was written: the real tree does not wait for it, and the kernel
    /// is told a moment later. `is_late`: nothing has changed for more than a second.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare_links(&mut self, is_late: bool) -> Result<(), String> {
        let paths: Vec<String> = self.world.names.keys().cloned().collect();
        for path in paths {
            let (least, most) = self.world.link_bounds(&path, is_late);
            let start = Instant::now();
            loop {
                let links = fs::metadata(self.real(&path)).map_err(|error| format!("stat {path}: {error}"))?.nlink();
                if (least..=most).contains(&links) {
                    break;
                }
                if start.elapsed() > COUNTED_WITHIN {
                    return Err(format!("{path} shows {links} links, not {least} to {most}"));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }

    // ---- synthetic folders ----

    /// Compares the notes of a folder; `dirs` are the folders in it.
    fn compare_entries(
        &mut self,
        what: &str,
        at: &Path,
        entries: &[Entry],
        dirs: &BTreeSet<String>,
    ) -> Result<(), String> {
        let mut listing = list(at)?;
        let shown = || entries.iter().map(|entry| (self.name(entry), &entry.path)).collect::<Vec<_>>();
        let seen: Vec<String> = listing.keys().cloned().collect();
        let differ =
            |why: &str| format!("{what}: {why}: it lists {seen:?}, not {:?} and the folders {dirs:?}", shown());
        let listed_dirs: BTreeSet<String> =
            listing.iter().filter(|(_, (is_dir, _))| *is_dir).map(|(name, _)| name.to_lowercase()).collect();
        if listed_dirs != dirs.iter().map(|dir| dir.to_lowercase()).collect() {
            return Err(differ("other folders"));
        }
        listing.retain(|_, (is_dir, _)| !*is_dir);
        for entry in entries {
            if listing.get(&self.name(entry)).map(|(_, ino)| *ino) != self.number(&entry.path) {
                return Err(differ(&format!("{} is missing", entry.path)));
            }
        }
        if entries.len() != listing.len() {
            return Err(differ("more notes"));
        }
        let qualified = entries.iter().filter(|entry| entry.shown == Shown::Qualified);
        for entry in qualified.filter(|entry| !self.world.may_be_bare(&entry.path)) {
            let bare = at.join(name_of(&entry.path));
            // It may be a child tag's folder.
            if fs::symlink_metadata(&bare).is_ok_and(|stat| !stat.is_dir()) {
                return Err(format!("{what}: the ambiguous name {} is found", bare.display()));
            }
        }
        Ok(())
    }

    /// The number that a note showed in its notebook.
    fn number(&self, path: &str) -> Option<u64> {
        self.numbers.get(self.world.names.get(path)?).copied()
    }

    fn compare_tags(&mut self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for (name, (is_dir, _)) in list(&self.mount.join("tags"))? {
            if let Some(tag) = name.to_lowercase().strip_prefix(&self.world.sequence) {
                if !is_dir {
                    return Err(format!("tags/{name} is no folder"));
                }
                self.collect_tags(tag, &mut seen)?;
            }
        }
        self.world.observe_tags(&seen)?;
        for tag in &seen {
            let dirs = self.world.children(Some(tag)).iter().map(|child| name_of(child).to_owned()).collect();
            let entries = self.world.tag_folder(tag);
            self.compare_entries(&format!("tags/{tag}"), &self.tag(tag), &entries, &dirs)?;
        }
        for tag in ["x", "y", "z", "x/c", "x/b.md", "y/d"] {
            let is_there = fs::symlink_metadata(self.tag(tag)).is_ok_and(|stat| stat.is_dir());
            if is_there != seen.contains(tag) {
                return Err(format!("tags/{tag}: listed: {}, found: {is_there}", seen.contains(tag)));
            }
        }
        Ok(())
    }

    fn collect_tags(&self, tag: &str, seen: &mut BTreeSet<String>) -> Result<(), String> {
        seen.insert(tag.to_owned());
        for (name, (is_dir, _)) in list(&self.tag(tag))? {
            if is_dir {
                self.collect_tags(&format!("{tag}/{}", name.to_lowercase()), seen)?;
            }
        }
        Ok(())
    }

    /// The qualified name of a note is found also where its own is shown.
    fn compare_qualified(&self, folder: &Path, entry: &Entry) -> Result<(), String> {
        let name = self.qualified(&entry.path);
        let number = fs::metadata(folder.join(&name)).ok().map(|stat| stat.ino());
        if number == self.number(&entry.path) {
            return Ok(());
        }
        Err(format!("{}: the qualified name {name} finds {number:?}", folder.display()))
    }

    fn compare_operators(&mut self) -> Result<(), String> {
        let tags = self.world.tags();
        for (a, sign, b) in [("x", '+', "y"), ("x", '-', "z"), ("y", '+', "x/c")] {
            if tags.contains(a) && tags.contains(b) {
                let entries = self.world.operator_folder(a, sign == '+', b);
                // Child tags are found there, not listed.
                let at = self.operator(a, sign, b);
                self.compare_entries(&format!("tags/{a}/{sign}{b}"), &at, &entries, &BTreeSet::new())?;
            }
        }
        Ok(())
    }

    fn compare_view(&mut self) -> Result<(), String> {
        let groups = self.world.groups();
        let listed: BTreeSet<String> = list(&self.view())?.into_keys().collect();
        let expected: BTreeSet<String> = groups.iter().map(|group| group.replace('/', "%2F")).collect();
        if listed != expected {
            return Err(format!("the view lists {listed:?}, not {expected:?}"));
        }
        for group in &groups {
            let entries = self.world.group(group);
            self.compare_entries(&format!("group {group}"), &self.group(group), &entries, &BTreeSet::new())?;
        }
        // Where a property is removed by moving a note: always there, listed if it has notes.
        if !self.group(NONE).is_dir() {
            return Err("the view's _none is not found".to_owned());
        }
        Ok(())
    }

    /// Compares a search for all notes: what no tag and no view shows has been taken in, too.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare_all(&mut self) -> Result<(), String> {
        let at = self.mount.join(".codex/search").join(format!("path:{}%2F** -ext:cdx", self.world.sequence));
        let entries = self.world.all();
        self.compare_entries("the search for all notes", &at, &entries, &BTreeSet::new())
    }

    /// What costs more and is compared at the end of a sequence: a search, the view's definition, the store.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare_rest(&mut self) -> Result<(), String> {
        self.compare_all()?;
        self.compare_operators()?;
        self.compare_view()?;
        let entries = self.world.search();
        self.compare_entries("the search", &self.search(), &entries, &BTreeSet::new())?;
        let text = fs::read_to_string(self.board()).map_err(|error| format!("read the view: {error}"))?;
        let block = text.strip_prefix("---\n").and_then(|text| text.split("---\n").next()).unwrap_or_default();
        let view: serde_yaml::Value =
            serde_yaml::from_str(block).map_err(|error| format!("the view: {error}: {text}"))?;
        let columns = view["config"]["columns"].as_sequence().cloned().unwrap_or_default();
        let columns: BTreeSet<String> =
            columns.iter().filter_map(|column| column["id"].as_str().map(str::to_owned)).collect();
        if columns != self.world.columns {
            return Err(format!("the view has the columns {columns:?}, not {:?}: {text}", self.world.columns));
        }
        for tag in self.world.tags() {
            for entry in self.world.tag_folder(&tag).iter().filter(|entry| matches!(entry.shown, Shown::Bare(_))) {
                self.compare_qualified(&self.tag(&tag), entry)?;
            }
        }
        for path in self.world.names.keys() {
            self.compare_bytes(path)?;
            let bytes = fs::read(self.stored(path)).map_err(|error| format!("read the store's {path}: {error}"))?;
            if Some(&bytes) != self.world.file(path).map(|file| &file.bytes) {
                return Err(format!("the store's {path} holds {:?}", String::from_utf8_lossy(&bytes)));
            }
        }
        Ok(())
    }
}
