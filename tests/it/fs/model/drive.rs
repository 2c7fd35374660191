//! Does the operations of the model to a real mount, as programs would.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use cdx::engine::catalog::names;

use crate::model::{Entry, Expected, Fold, Op, Save, Shown, Tag, Tagging, Via, World, appended, cut, name_of};
use crate::support::Mounted;

/// One sequence on a mount: what should be there, and what was seen of it.
pub struct Driver {
    pub mount: PathBuf,
    pub store: PathBuf,
    pub world: World,
    /// Inode numbers of the model's files.
    pub numbers: BTreeMap<u32, u64>,
    /// By what the store tells them apart: inode number and time of birth.
    pub keys: BTreeMap<u32, (u64, Option<SystemTime>)>,
    /// Contents and attributes under which files were last read.
    pub seen: BTreeMap<String, (Vec<u8>, u64, i64, i64)>,
    /// What was done.
    pub ops: Vec<Op>,
    /// Names that nothing else uses.
    fresh: u32,
}

/// A view that shows the notes of one sequence.
fn board(sequence: &str) -> String {
    let columns: String = ["todo", "doing", "done"]
        .iter()
        .map(|column| format!("    - {{id: {column}, title: {column}, filter: {{status: {column}}}}}\n"))
        .collect();
    format!(
        "---\ntype: view\nview_type: kanban\nquery:\n  where: 'board:{sequence}'\n  group_by: status\nconfig:\n  \
         columns:\n{columns}---\n"
    )
}

fn refused(errno: i32) -> io::Result<()> {
    Err(io::Error::from_raw_os_error(errno))
}

impl Driver {
    /// Makes the folders of a sequence.
    pub fn new(mounted: &Mounted, sequence: &str) -> Self {
        let driver = Self {
            mount: mounted.mnt(),
            store: mounted.store(),
            world: World::new(sequence),
            numbers: BTreeMap::new(),
            keys: BTreeMap::new(),
            seen: BTreeMap::new(),
            ops: Vec::new(),
            fresh: 0,
        };
        for notebook in ["lab", "home"] {
            fs::create_dir(driver.real(notebook)).expect("a folder of its own");
        }
        fs::write(driver.board(), board(sequence)).expect("a view");
        driver
    }

    // ---- places ----

    fn below(&self, root: &Path, path: &str) -> PathBuf {
        let (notebook, rest) = path.split_once('/').unwrap_or((path, ""));
        let folder = root.join(notebook).join(&self.world.sequence);
        if rest.is_empty() { folder } else { folder.join(rest) }
    }

    /// A path of the model in the mount.
    pub fn real(&self, path: &str) -> PathBuf {
        self.below(&self.mount, path)
    }

    /// A path of the model in the store.
    pub fn stored(&self, path: &str) -> PathBuf {
        self.below(&self.store, path)
    }

    /// The view's definition.
    pub fn board(&self) -> PathBuf {
        self.real("lab").join(format!("{}.cdx", self.world.sequence))
    }

    /// The folder of a tag.
    pub fn tag(&self, tag: &str) -> PathBuf {
        self.mount.join("tags").join(format!("{}{tag}", self.world.sequence))
    }

    /// `tags/a/+b`
    pub fn operator(&self, a: &str, sign: char, b: &str) -> PathBuf {
        self.tag(a).join(format!("{sign}{}{b}", self.world.sequence))
    }

    /// The view's folder.
    pub fn view(&self) -> PathBuf {
        self.mount.join("views").join(format!("{}.cdx", self.world.sequence))
    }

    /// A group's folder.
    pub fn group(&self, group: &str) -> PathBuf {
        self.view().join(group.replace('/', "%2F"))
    }

    /// All notes of the view.
    pub fn search(&self) -> PathBuf {
        self.mount.join(".codex/search").join(format!("board:{}", self.world.sequence))
    }

    fn folder(&self, via: Via) -> PathBuf {
        match via {
            Via::Real => self.mount.clone(),
            Via::Tag(tag) => self.tag(tag),
            Via::Both(a, b) => self.operator(a, '+', b),
            Via::Group(group) => self.group(group),
        }
    }

    /// `stem~xxxxxx.ext`: the digits are the first of a hash of notebook and path (mount.md §2).
    pub fn qualified(&self, path: &str) -> String {
        let (notebook, rest) = path.split_once('/').unwrap_or((path, ""));
        let digest = names::path_digest(notebook, format!("{}/{rest}", self.world.sequence).as_bytes());
        names::qualified(name_of(path).as_ref(), digest, names::DIGITS).to_string_lossy().into_owned()
    }

    /// The name of an entry.
    pub fn name(&self, entry: &Entry) -> String {
        match &entry.shown {
            Shown::Bare(name) => name.clone(),
            Shown::Qualified => self.qualified(&entry.path),
        }
    }

    fn name_in(&self, at: &str, entries: &[Entry]) -> String {
        entries.iter().find(|entry| entry.path == at).map(|entry| self.name(entry)).unwrap_or_default()
    }

    /// Where a note is reached.
    fn at(&self, at: &str, via: Via) -> PathBuf {
        match self.world.folder(via) {
            None => self.real(at),
            Some(entries) => self.folder(via).join(self.name_in(at, &entries)),
        }
    }

    fn fresh(&mut self, stem: &str) -> String {
        self.fresh += 1;
        format!("{stem}-{}-{}.md", self.world.sequence, self.fresh)
    }

    // ---- operations ----

    /// What was done, to be pasted into a test.
    pub fn history(&self) -> String {
        self.ops.iter().map(|op| format!("\n    Op::{op:?},")).collect()
    }

    /// Does an operation and says how it should have ended; `None` where it means nothing here.
    pub fn perform(&mut self, op: &Op) -> Option<(Expected, io::Result<()>)> {
        self.ops.push(*op);
        let before = self.world.clone();
        let expected = self.world.apply(op);
        if expected == Expected::Skipped {
            self.world = before;
            return None;
        }
        // Names are those from before the operation.
        let after = std::mem::replace(&mut self.world, before);
        let result = self.run(op);
        self.world = after;
        if matches!(op, Op::StoreRename { .. } | Op::StoreRenameDir { .. }) {
            // The store may give a notebook a file back that it had before: under the number of then.
            let world = &self.world;
            self.numbers.retain(|id, _| world.names.values().any(|known| known == id));
        }
        Some((expected, result))
    }

    fn run(&mut self, op: &Op) -> io::Result<()> {
        match *op {
            Op::Write { at, via, how, what } => save(&self.at(at, via), how, &what.render(&self.world.sequence)),
            Op::StoreWrite { at, how, what } => save(&self.stored(at), how, &what.render(&self.world.sequence)),
            Op::Append { at, via, text } => append(&self.at(at, via), text),
            Op::StoreAppend { at, text } => append(&self.stored(at), text),
            Op::Truncate { at, via, part } => {
                let file = OpenOptions::new().write(true).open(self.at(at, via))?;
                file.set_len(cut(file.metadata()?.len() as usize, part) as u64)
            }
            Op::Rename { from, to } => fs::rename(self.real(from), self.real(to)),
            Op::StoreRename { from, to } => fs::rename(self.stored(from), self.stored(to)),
            Op::RenameNew { from, to } => {
                Ok(renameat_with(CWD, self.real(from), CWD, self.real(to), RenameFlags::NOREPLACE)?)
            }
            Op::Exchange { a, b } => Ok(renameat_with(CWD, self.real(a), CWD, self.real(b), RenameFlags::EXCHANGE)?),
            Op::Unlink { at } => fs::remove_file(self.real(at)),
            Op::StoreUnlink { at } => fs::remove_file(self.stored(at)),
            Op::Link { from, to } => fs::hard_link(self.real(from), self.real(to)),
            Op::MakeDir { at } => fs::create_dir(self.real(at)),
            Op::StoreMakeDir { at } => fs::create_dir(self.stored(at)),
            Op::RemoveDir { at } => fs::remove_dir(self.real(at)),
            Op::RenameDir { from, to } => fs::rename(self.real(from), self.real(to)),
            Op::StoreRenameDir { from, to } => fs::rename(self.stored(from), self.stored(to)),
            Op::StoreRemoveDir { at } => fs::remove_dir_all(self.stored(at)),
            _ => self.run_synthetic(op),
        }
    }

    fn run_synthetic(&mut self, op: &Op) -> io::Result<()> {
        match *op {
            Op::Tag { at, tag, how } => self.put_into_tag(at, tag, how),
            Op::Untag { at, tag } => fs::remove_file(self.at(at, Via::Tag(tag))),
            Op::Retag { at, from, to } => {
                let entry = self.at(at, Via::Tag(from));
                fs::rename(&entry, self.tag(to).join(entry.file_name().unwrap_or_default()))
            }
            Op::MakeTag { tag } => fs::create_dir(self.tag(tag)),
            Op::RemoveTag { tag } => fs::remove_dir(self.tag(tag)),
            Op::RenameTag { from, to } => fs::rename(self.tag(from), self.tag(to)),
            Op::MoveCard { at, from, to } => {
                let entry = self.at(at, Via::Group(from));
                fs::rename(&entry, self.group(to).join(entry.file_name().unwrap_or_default()))
            }
            Op::LinkCard { at, to } => fs::hard_link(self.real(at), self.group(to).join(name_of(at))),
            Op::MakeColumn { column } => fs::create_dir(self.group(column)),
            Op::RemoveColumn { column } => fs::remove_dir(self.group(column)),
            _ => self.run_refused(op),
        }
    }

    fn put_into_tag(&self, at: &str, tag: Tag, how: Tagging) -> io::Result<()> {
        let entry = self.tag(tag).join(name_of(at));
        match how {
            Tagging::Ln => fs::hard_link(self.real(at), entry),
            Tagging::Mv => fs::rename(self.real(at), entry),
            Tagging::Cp => fs::copy(self.real(at), entry).map(drop),
            Tagging::LnS => {
                let up = "../".repeat(tag.split('/').count() + 1);
                let (notebook, rest) = at.split_once('/').unwrap_or((at, ""));
                symlink(format!("{up}{notebook}/{}/{rest}", self.world.sequence), entry)
            }
        }
    }

    fn fold(&self, fold: Fold) -> PathBuf {
        match fold {
            Fold::Both(a, b) => self.operator(a, '+', b),
            Fold::Group(group) => self.group(group),
            Fold::View => self.view(),
            Fold::Search => self.search(),
        }
    }

    /// Every step of these must be refused, with one number.
    fn run_refused(&mut self, op: &Op) -> io::Result<()> {
        let steps: Vec<io::Result<()>> = match *op {
            Op::RefusedRemove { at, from } => {
                let entries = match from {
                    Fold::Both(a, b) => self.world.operator_folder(a, true, b),
                    Fold::Group(group) => self.world.group(group),
                    Fold::Search => self.world.search(),
                    Fold::View => Vec::new(),
                };
                vec![fs::remove_file(self.fold(from).join(self.name_in(at, &entries)))]
            }
            Op::RefusedMoveOut { at, tag } => {
                let (entry, to) = (self.at(at, Via::Tag(tag)), self.fresh("out"));
                let to = self.real("lab").join(to);
                vec![fs::rename(entry, &to), fs::write(&to, "a copy"), fs::create_dir(&to)]
            }
            Op::RefusedOtherName { at, tag } => {
                let names = [self.fresh("other"), self.fresh("other"), self.fresh("other")];
                let [first, second, third] = names.map(|name| self.tag(tag).join(name));
                let real = self.real(at);
                let mut steps = vec![fs::hard_link(&real, first), fs::rename(&real, second)];
                if self.world.meta(at).tags.contains(&tag.to_lowercase()) {
                    steps.push(fs::rename(self.at(at, Via::Tag(tag)), third));
                }
                steps
            }
            Op::RefusedExchange { at, tag } => {
                let id = self.world.names.get(at).copied();
                let folder = self.world.tag_folder(&tag.to_lowercase());
                let other = folder.iter().find(|entry| self.world.names.get(&entry.path).copied() != id);
                let other = self.tag(tag).join(other.map(|entry| self.name(entry)).unwrap_or_default());
                vec![
                    renameat_with(CWD, self.at(at, Via::Tag(tag)), CWD, other, RenameFlags::EXCHANGE)
                        .map_err(Into::into),
                ]
            }
            Op::RefusedOutside { tag } => vec![symlink("/etc/hostname", self.tag(tag).join(self.fresh("hostname")))],
            Op::RefusedFolder { dir, tag } => {
                let (into, out) = (self.fresh("folder"), self.fresh("folder"));
                vec![
                    fs::rename(self.real(dir), self.tag(tag).join(into)),
                    fs::rename(self.tag(tag), self.real("lab").join(out)),
                ]
            }
            Op::RefusedMakeDir { into } => vec![fs::create_dir(self.fold(into).join("folder"))],
            Op::RefusedCreate { into } => vec![fs::write(self.fold(into).join(self.fresh("new")), "new")],
            _ => vec![refused(libc::ENOSYS)],
        };
        let number = |step: &io::Result<()>| step.as_ref().err().and_then(io::Error::raw_os_error);
        let numbers: Vec<Option<i32>> = steps.iter().map(number).collect();
        if numbers.iter().any(|other| *other != numbers[0]) {
            return Err(io::Error::other(format!("the steps ended differently: {numbers:?}")));
        }
        steps.into_iter().next().unwrap_or(Ok(()))
    }

    /// Removes the files and tags of the sequence.
    ///
    /// # Errors
    /// What could not be removed.
    pub fn clean_up(&mut self) -> Result<(), String> {
        for notebook in ["lab", "home"] {
            fs::remove_dir_all(self.real(notebook)).map_err(|error| format!("rm -rf {notebook}: {error}"))?;
        }
        self.world.names.clear();
        let mut tags: Vec<String> = self.world.tags().into_iter().collect();
        tags.sort_by_key(|tag| std::cmp::Reverse(tag.len()));
        for tag in tags {
            match fs::remove_dir(self.tag(&tag)) {
                // A tag that was only above others went with them.
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(format!("rmdir of the tag {tag}: {error}"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Puts contents under a name, as programs do.
fn save(at: &Path, how: Save, bytes: &[u8]) -> io::Result<()> {
    match how {
        Save::InPlace => fs::write(at, bytes),
        Save::Rename => {
            let name = at.file_name().unwrap_or_default().to_string_lossy();
            let temporary = at.with_file_name(format!(".{name}.tmp"));
            fs::write(&temporary, bytes)?;
            fs::rename(&temporary, at)
        }
        Save::Recreate => {
            match fs::remove_file(at) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            OpenOptions::new().write(true).create_new(true).open(at)?.write_all(bytes)
        }
    }
}

fn append(at: &Path, text: u8) -> io::Result<()> {
    OpenOptions::new().append(true).open(at)?.write_all(&appended(text))
}
