//! Notebooks: opening them, giving them numbers, making, renaming and retiring them, and following what happens to
//! their folders behind Codex's back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::RwLock;

use super::away::Disks;
use super::core::Core;
use super::events::EngineEvent;
use super::ignore::IgnoreRules;
use super::index_thread::IndexedNotebook;
use super::kept::KeptLog;
use super::nodes::NodeNumbers;
use super::workspace::note_path;
use super::{EngineError, Notebook, edit};
use crate::history::History;
use crate::index::journal::NotebookRecord;
use crate::index::notebook::{IndexError, IndexedFile, NotebookDb, Opened};
use crate::sys::{Dir, FileKind, StoreStat};
use crate::types::{NotePath, NotebookName, NotebookNameError, NotebookNumber, StoreKey};

/// The open notebooks.
#[derive(Debug, Default)]
pub(super) struct NotebookTable {
    by_name: BTreeMap<String, Arc<Notebook>>,
    by_number: BTreeMap<NotebookNumber, Arc<Notebook>>,
    /// Folders that were left when the disk of an open notebook was unmounted, by name.
    bare: BTreeMap<String, StoreKey>,
}

impl NotebookTable {
    pub(super) fn by_number(&self, number: NotebookNumber) -> Option<Arc<Notebook>> {
        self.by_number.get(&number).cloned()
    }

    pub(super) fn by_name(&self, name: &str) -> Option<Arc<Notebook>> {
        self.by_name.get(name).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Notebook>> {
        self.by_name.values().cloned().collect()
    }

    fn insert(&mut self, notebook: Arc<Notebook>) {
        self.remove(notebook.number);
        self.by_name.insert(notebook.name().as_str().to_owned(), Arc::clone(&notebook));
        self.by_number.insert(notebook.number, notebook);
    }

    pub(super) fn clear(&mut self) {
        self.by_name.clear();
        self.by_number.clear();
    }

    fn remove(&mut self, number: NotebookNumber) -> Option<Arc<Notebook>> {
        let notebook = self.by_number.remove(&number)?;
        self.by_name.retain(|_, other| other.number != number);
        Some(notebook)
    }
}

/// How long readers wait for the first scan of a notebook that was never indexed; then they see what there is, and
/// `status.json` says that it is incomplete. As long as they wait for anything (mount.md §4).
const FIRST_SCAN: Duration = Duration::from_secs(5);

/// Numbers are 12 bits of an inode number; 0 is none's.
const NUMBERS: std::ops::Range<u16> = 1..4096;

/// Keys of a notebook.db's `meta` table that are the engine's.
pub(super) mod meta {
    /// The notebook's uid: see [`super::NotebookRecord::uid`].
    pub(in super::super) const UID: &str = "notebook_uid";
    /// Epoch of the node numbers in it.
    pub(in super::super) const EPOCH: &str = "node_epoch";
    /// Number of the notebook that the node numbers in it bear.
    pub(in super::super) const NUMBER: &str = "notebook_number";
    /// All of the notebook was scanned once.
    pub(in super::super) const SCANNED: &str = "scanned";
    /// Folders in it that other filesystems are mounted on.
    pub(in super::super) const DISKS: &str = "disks";
    /// All counters below it may have been handed out.
    pub(in super::super) const NODE_NEXT: &str = "node_next";
}

impl Core {
    /// Opens the notebook in the folder `name` and enters it into table, maps, index thread and scanner.
    pub(super) fn open_notebook(&self, name: &NotebookName) -> Result<Arc<Notebook>, EngineError> {
        let (notebook, db, files) = self.load_notebook(name, None)?;
        // A listing of a notebook that was never indexed would be empty, and look like the truth.
        let is_whole = db.meta(meta::SCANNED)?.is_some();
        let debt = (!is_whole).then(|| self.queue.owe(Some(Instant::now() + FIRST_SCAN)));
        self.catalog.set_notebook_name(notebook.number, name.as_str());
        self.catalog.load(notebook.number, files);
        self.notebooks.write().insert(Arc::clone(&notebook));
        self.hand_to_index(&notebook, db);
        self.restore_kept(&notebook)?;
        self.scans.request_first(&notebook, debt);
        self.subscribers.send(&EngineEvent::Notebooks);
        Ok(notebook)
    }

    fn hand_to_index(&self, notebook: &Arc<Notebook>, db: NotebookDb) {
        let notebook = Arc::clone(notebook);
        self.queue.push_task(Box::new(move |thread| thread.insert(IndexedNotebook::new(notebook, db))));
    }

    /// Opens a notebook's files, and reads what its index has. `old`: it was open before, under another name.
    fn load_notebook(
        &self,
        name: &NotebookName,
        old: Option<&Notebook>,
    ) -> Result<(Arc<Notebook>, NotebookDb, Vec<IndexedFile>), EngineError> {
        let folder = NotePath::new(name.as_str()).map_err(|error| EngineError::Invalid(error.to_string()))?;
        let dir = self.root.open_dir(&folder)?;
        let (codex, place) = self.open_codex(name, &dir)?;
        let file = place.join("notebook.db");
        let (mut db, mut opened) = NotebookDb::open(&file)?;
        let history = Arc::new(self.open_history(name, &place)?);
        let mut reader = db.reader()?;
        let files = match reader.files() {
            // Damage that shows only when all is read.
            Err(IndexError::Damaged { reason, .. }) => {
                tracing::warn!("database {} was damaged ({reason}): it is made anew", file.display());
                drop((reader, db));
                (db, opened) = (NotebookDb::replace(&file)?, Opened::Replaced);
                reader = db.reader()?;
                Vec::new()
            }
            files => files?,
        };
        let (number, nodes, kept) = if let Some(old) = old {
            (old.number, Arc::clone(&old.nodes), Arc::clone(&old.kept))
        } else {
            let (number, nodes) = self.number_notebook(name, &mut db, opened, &reader)?;
            (number, nodes, Arc::new(KeptLog::open(&codex)?))
        };
        let key = |dir: &Dir| dir.stat(&NotePath::root()).map(|stat| stat.key);
        let notebook = Notebook {
            number,
            key: key(&dir)?,
            codex_key: key(&codex)?,
            distrusted: parking_lot::RwLock::default(),
            starts: Arc::clone(&self.starts),
            kept,
            ignore: IgnoreRules::new(dir.try_clone()?, &self.settings.read().ignore),
            disks: db.meta(meta::DISKS)?.map_or_else(Disks::default, |text| Disks::read(&text)),
            dir,
            codex,
            reader,
            history,
            name: RwLock::new(name.clone()),
            nodes,
        };
        Ok((Arc::new(notebook), db, files))
    }

    /// A notebook's `.codex`, made if it is missing; while the store is only read, a scratch folder.
    fn open_codex(&self, name: &NotebookName, dir: &Dir) -> Result<(Dir, PathBuf), EngineError> {
        if let Some(scratch) = &self.scratch {
            let own = folder_path(name.as_str())?;
            let codex = Dir::open(scratch.path())?.open_or_make_dir(&own, 0o700)?;
            return Ok((codex, scratch.path().join(name.as_str())));
        }
        let codex = dir.open_or_make_dir(&note_path(".codex"), 0o700)?;
        for folder in [NotePath::root(), edit::tmp(), note_path("history.git")] {
            codex.remove_left_temporaries(&folder)?;
        }
        edit::recover_in_place_edits(dir, &codex)?;
        edit::clear_uploads(&codex)?;
        Ok((codex, self.path.join(name.as_str()).join(".codex")))
    }

    /// A notebook's history. While the store is only read it is read where it is, and is empty where there is none.
    fn open_history(&self, name: &NotebookName, place: &Path) -> Result<History, EngineError> {
        if self.scratch.is_some()
            && let Some(history) = History::open_for_reading(&self.path.join(name.as_str()).join(".codex/history.git"))?
        {
            return Ok(history);
        }
        Ok(History::open(&place.join("history.git"))?)
    }

    /// Finds out which number the notebook has, or gives it one; and from where its node numbers go on.
    fn number_notebook(
        &self,
        name: &NotebookName,
        db: &mut NotebookDb,
        opened: Opened,
        reader: &crate::index::notebook::NotebookReader,
    ) -> Result<(NotebookNumber, Arc<NodeNumbers>), EngineError> {
        let mut journal = self.journal_db.lock();
        let records = journal.notebooks()?;
        let is_free = |number| self.notebook(number).is_none();
        let uid = db.meta(meta::UID)?;
        // By what stands in it, so that a moved notebook keeps its number, and a copy beside the original gets its own;
        // else by its name, so that one whose notebook.db was deleted keeps it.
        let known = records
            .iter()
            .find(|record| Some(&record.uid) == uid.as_ref())
            .or_else(|| records.iter().find(|record| record.name == name.as_str()))
            .filter(|record| is_free(record.number));
        // A journal that was lost: the notebook says itself which it is.
        let told = if known.is_none() && opened == Opened::Existing { own_record(name, db, &records)? } else { None };
        let known = known.or(told.as_ref()).filter(|record| is_free(record.number));
        let keeps_nodes = opened == Opened::Existing && known.is_some_and(|record| Some(&record.uid) == uid.as_ref());
        let record = match known {
            Some(record) if keeps_nodes => NotebookRecord { name: name.as_str().to_owned(), ..record.clone() },
            Some(record) => NotebookRecord {
                name: name.as_str().to_owned(),
                uid: new_uid(),
                epoch: next_epoch(Some(record.epoch)),
                number: record.number,
            },
            None => NotebookRecord {
                number: free_number(&records)?,
                uid: new_uid(),
                name: name.as_str().to_owned(),
                epoch: next_epoch(None),
            },
        };
        let number = |key| db.meta(key).map(|value| value.and_then(|value| value.parse::<u64>().ok()));
        let next = number(meta::NODE_NEXT)?;
        let mut saved = reader.nodes()?;
        if !keeps_nodes && !saved.is_empty() {
            // Those of the notebook that this one is a copy of.
            db.save_nodes(&[], &saved.iter().map(|(node, _)| *node).collect::<Vec<_>>())?;
            saved.clear();
        }
        journal.put_notebook(&record)?;
        db.set_meta(meta::UID, &record.uid, false)?;
        db.set_meta(meta::NUMBER, &record.number.0.to_string(), false)?;
        db.set_meta(meta::EPOCH, &record.epoch.to_string(), false)?;
        let next = if keeps_nodes { next.unwrap_or(1) } else { 1 };
        let nodes = NodeNumbers::new(record.number, record.epoch, next, saved, Arc::clone(&self.queue));
        if let Some(bound) = nodes.wanted_reservation() {
            db.set_meta(meta::NODE_NEXT, &bound.to_string(), true)?;
            nodes.reserve(bound);
        }
        Ok((record.number, Arc::new(nodes)))
    }

    /// Makes the table equal to the folders of the workspace: what came is opened, what went is closed, what was
    /// renamed keeps its number. Nothing is ever deleted here.
    pub(super) fn follow_folders(&self) -> Result<(), EngineError> {
        let _changing = self.changing_notebooks.lock();
        let found = self.notebook_folders()?;
        for notebook in self.open_notebooks() {
            let name = notebook.name();
            if found.get(name.as_str()) == Some(&notebook.key) {
                // Somebody removed its `.codex`: it is opened anew, with an index made anew.
                if self.has_lost_codex(&notebook) {
                    self.close_notebook(notebook.number);
                }
                continue;
            }
            if let Some((new, _)) = found.iter().find(|(_, key)| **key == notebook.key) {
                self.rename_open(&notebook, &NotebookName::new(new).map_err(invalid)?)?;
                continue;
            }
            if let Some(now) = found.get(name.as_str()).filter(|now| self.was_unmounted(&notebook, **now)) {
                self.notebooks.write().bare.insert(name.as_str().to_owned(), *now);
            }
            self.close_notebook(notebook.number);
        }
        for (what, _) in self.problems.all() {
            if what.strip_prefix("notebook ").is_some_and(|name| !found.contains_key(name)) {
                self.problems.clear(&what);
            }
        }
        self.notebooks.write().bare.retain(|name, key| found.get(name) == Some(key));
        for name in self.opening_order(found.into_keys().collect())? {
            if self.notebooks.read().by_name(&name).is_none() {
                match self.open_found(&name) {
                    Ok(()) => self.problems.clear(&format!("notebook {name}")),
                    Err(error) => {
                        self.problems.set(&format!("notebook {name}"), error);
                        self.scans.request_folders_later();
                    }
                }
            }
        }
        Ok(())
    }

    /// Opens a folder that was found, unless it is likely that its disk is not mounted.
    pub(super) fn open_found(&self, name: &str) -> Result<(), EngineError> {
        let name = NotebookName::new(name).map_err(invalid)?;
        let has_codex = self.root.open_dir(&folder_path(name.as_str())?)?.stat(&note_path(".codex")).is_ok();
        if !has_codex && self.notebooks.read().bare.contains_key(name.as_str()) {
            return Err(EngineError::Broken(format!(
                "its disk was unmounted; mount it again, or take the folder as it is with `cdx notebook adopt {name}`"
            )));
        }
        match if has_codex { None } else { self.why_away(&name)? } {
            Some(reason) => Err(EngineError::Broken(reason)),
            None => self.open_notebook(&name).map(drop),
        }
    }

    /// Those that bear the name they were last open under come first: they, not their copies, keep the number.
    fn opening_order(&self, mut names: Vec<String>) -> Result<Vec<String>, EngineError> {
        let known: Vec<String> = self.journal_db.lock().notebooks()?.into_iter().map(|record| record.name).collect();
        names.sort_by_key(|name| (!known.contains(name), name.clone()));
        Ok(names)
    }

    /// The folders of the workspace that are notebooks.
    fn notebook_folders(&self) -> Result<BTreeMap<String, StoreKey>, EngineError> {
        let mut found = BTreeMap::new();
        for entry in self.root.list(&NotePath::root())? {
            let Some(name) = entry.name.to_str().filter(|name| NotebookName::new(name).is_ok()) else { continue };
            if entry.kind.is_some_and(|kind| kind != FileKind::Directory) {
                continue;
            }
            if let Ok(stat) = StoreStat::at(&self.root, name)
                && stat.is_dir()
            {
                found.insert(name.to_owned(), stat.key);
            }
        }
        Ok(found)
    }

    /// See [`super::Engine::create_notebook`].
    pub(super) fn create_notebook(&self, name: &str) -> Result<Arc<Notebook>, EngineError> {
        let name = NotebookName::new(name).map_err(invalid)?;
        let _changing = self.changing_notebooks.lock();
        let folder = NotePath::new(name.as_str()).map_err(|error| EngineError::Invalid(error.to_string()))?;
        match self.root.make_dir(&folder, 0o777) {
            Ok(()) => {}
            Err(error) if error.errno() == libc::EEXIST => {
                return Err(EngineError::Exists(format!("`{name}` is there already; choose another name")));
            }
            Err(error) => return Err(error.into()),
        }
        self.open_notebook(&name)
    }

    /// See [`super::Engine::rename_notebook`].
    pub(super) fn rename_notebook(&self, from: &str, to: &str) -> Result<(), EngineError> {
        let to = NotebookName::new(to).map_err(invalid)?;
        let _changing = self.changing_notebooks.lock();
        let notebook = self.named(from)?;
        let (old, new) = (folder_path(from)?, folder_path(to.as_str())?);
        match self.root.rename_into(&old, &self.root, &new, || ()) {
            Ok(()) => {}
            Err(error) if error.errno() == libc::EEXIST => {
                return Err(EngineError::Exists(format!("`{to}` is there already; choose another name")));
            }
            Err(error) => return Err(error.into()),
        }
        self.rename_open(&notebook, &to)
    }

    /// The folder has another name already: the databases are opened again under it, since SQLite and libgit2
    /// find their files by path.
    fn rename_open(&self, notebook: &Notebook, to: &NotebookName) -> Result<(), EngineError> {
        self.leave_index(notebook.number);
        let (renamed, db, _) = self.load_notebook(to, Some(notebook))?;
        self.notebooks.write().insert(Arc::clone(&renamed));
        *notebook.name.write() = to.clone();
        self.catalog.set_notebook_name(notebook.number, to.as_str());
        self.hand_to_index(&renamed, db);
        // What was noted while the database was closed is found again.
        self.scans.request(&renamed, NotePath::root());
        let mut journal = self.journal_db.lock();
        if let Some(record) = journal.notebooks()?.into_iter().find(|record| record.number == notebook.number) {
            journal.put_notebook(&NotebookRecord { name: to.as_str().to_owned(), ..record })?;
        }
        drop(journal);
        self.subscribers.send(&EngineEvent::Notebooks);
        Ok(())
    }

    /// See [`super::Engine::remove_notebook`].
    pub(super) fn retire_notebook(&self, name: &str, only_if_empty: bool) -> Result<(), EngineError> {
        let _changing = self.changing_notebooks.lock();
        let notebook = self.named(name)?;
        if only_if_empty && notebook.dir.list(&NotePath::root())?.iter().any(|entry| entry.name != ".codex") {
            return Err(EngineError::NotEmpty(format!("`{name}` still holds files; remove them first")));
        }
        self.history.flush()?;
        let trash = self.codex.open_or_make_dir(&note_path("trash"), 0o700)?;
        let time = crate::sys::now().strftime("%Y%m%dT%H%M%SZ");
        let target =
            NotePath::new(format!("{name}-{time}")).map_err(|error| EngineError::Invalid(error.to_string()))?;
        self.close_notebook(notebook.number);
        if let Err(error) = self.root.rename_into(&folder_path(name)?, &trash, &target, || ()) {
            self.open_notebook(&notebook.name())?;
            return Err(error.into());
        }
        // A folder of this name is another notebook from now on.
        self.journal_db.lock().set_held(notebook.number, 0)?;
        Ok(())
    }

    /// See [`super::Engine::trashed_notebooks`].
    pub(super) fn trashed(&self) -> Result<Vec<(String, jiff::Timestamp)>, EngineError> {
        let parse = |time: &str| {
            let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time).ok()?;
            Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
        };
        let retired = self.trash()?;
        Ok(retired.into_iter().rev().filter_map(|(name, time)| Some((name, parse(&time)?))).collect())
    }

    /// Retired notebooks: name, when (as in the trash), newest last.
    pub(super) fn trash(&self) -> Result<Vec<(String, String)>, EngineError> {
        let mut retired = Vec::new();
        let entries = match self.codex.list(&note_path("trash")) {
            Err(error) if error.is_not_found() => return Ok(retired),
            other => other?,
        };
        for entry in entries {
            if let Some((name, time)) = entry.name.to_str().and_then(|name| name.rsplit_once('-')) {
                retired.push((name.to_owned(), time.to_owned()));
            }
        }
        retired.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(retired)
    }

    /// Brings back a retired notebook: that of a time as the trash writes it, else the newest of the name.
    pub(super) fn restore_notebook(&self, name: &str, of: Option<&str>) -> Result<Arc<Notebook>, EngineError> {
        let parsed = NotebookName::new(name).map_err(invalid)?;
        let _changing = self.changing_notebooks.lock();
        let is_meant = |(retired, time): &(String, String)| retired == name && of.is_none_or(|of| of == time);
        let (_, time) = self.trash()?.into_iter().rfind(is_meant).ok_or_else(|| {
            EngineError::NotFound(format!("no notebook `{name}` in the trash; `cdx notebook list` shows what is"))
        })?;
        let trash = self.codex.open_dir(&note_path("trash"))?;
        let from = NotePath::new(format!("{name}-{time}")).map_err(|error| EngineError::Invalid(error.to_string()))?;
        match trash.rename_into(&from, &self.root, &folder_path(name)?, || ()) {
            Ok(()) => self.open_notebook(&parsed),
            Err(error) if error.errno() == libc::EEXIST => {
                Err(EngineError::Exists(format!("`{name}` is there already; rename it first, then restore")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// See [`super::Engine::adopt_notebook`].
    pub(super) fn adopt_notebook(&self, name: &str) -> Result<Arc<Notebook>, EngineError> {
        let folder = folder_of(name)?;
        if !self.root.stat(&folder).is_ok_and(|stat| stat.is_dir()) {
            return Err(EngineError::NotFound(format!("no folder `{name}` in the workspace")));
        }
        self.follow_folders()?;
        match self.named(name) {
            // Somebody says that it is to be taken as it is.
            Err(_) => {
                let _changing = self.changing_notebooks.lock();
                let opened = self.open_notebook(&NotebookName::new(name).map_err(invalid)?)?;
                self.notebooks.write().bare.remove(name);
                self.problems.clear(&format!("notebook {name}"));
                Ok(opened)
            }
            open => open,
        }
    }

    /// Reads every file of a notebook anew; a damaged index is set aside first, and a new one made from the files. What was
    /// done besides reading, in words.
    pub(super) fn rebuild_index(&self, name: &str) -> Result<Option<String>, EngineError> {
        let notebook = self.named(name)?;
        let number = notebook.number;
        let (sender, answer) = std::sync::mpsc::channel();
        self.queue.push_task(Box::new(move |thread| sender.send(thread.is_whole(number)).unwrap_or(())));
        if answer.recv().unwrap_or(true) {
            self.scans.request_forced(&notebook);
            return Ok(None);
        }
        let _changing = self.changing_notebooks.lock();
        self.close_notebook(number);
        let place = match &self.scratch {
            Some(scratch) => scratch.path().join(name),
            None => self.path.join(name).join(".codex"),
        };
        let aside = NotebookDb::set_aside(&place.join("notebook.db"))?;
        let anew = self.open_notebook(&notebook.name())?;
        anew.disks.learn(&notebook.disks);
        Ok(Some(format!("the index of {name} was damaged: it is kept as {}, and was made anew", aside.display())))
    }

    /// The open notebook of a name.
    pub(super) fn named(&self, name: &str) -> Result<Arc<Notebook>, EngineError> {
        self.notebooks
            .read()
            .by_name(name)
            .ok_or_else(|| EngineError::NotFound(format!("no notebook `{name}`; `cdx notebook list` shows them")))
    }

    /// Forgets a notebook that is no longer there, or is to be moved. Its files stay as they are.
    pub(super) fn close_notebook(&self, number: NotebookNumber) {
        let removed = self.notebooks.write().remove(number);
        let Some(notebook) = removed else { return };
        self.leave_index(number);
        self.remember_held(&notebook);
        self.history.forget(number);
        if let Some(watches) = &self.watches {
            watches.forget(number);
        }
        self.catalog.unload(number);
        self.each_mount(|mount| {
            mount.store_changed(number, &NotePath::root());
            mount.forget_all();
        });
        self.problems.clear(&format!("notebook {}", notebook.name()));
        self.subscribers.send(&EngineEvent::Notebooks);
    }

    /// Waits until the index thread has closed the notebook's database.
    fn leave_index(&self, number: NotebookNumber) {
        let (sender, left) = std::sync::mpsc::channel();
        let pushed = self.queue.push_task(Box::new(move |thread| {
            thread.remove(number);
            let _ = sender.send(());
        }));
        if pushed {
            // An error means that the thread has ended, and its databases with it.
            let _ = left.recv();
        }
    }
}

/// What a notebook's database says of itself, where no other notebook has its number.
fn own_record(
    name: &NotebookName,
    db: &NotebookDb,
    records: &[NotebookRecord],
) -> Result<Option<NotebookRecord>, EngineError> {
    let number = |key| db.meta(key).map(|value| value.and_then(|value| value.parse::<u32>().ok()));
    let (Some(uid), Some(own), Some(epoch)) = (db.meta(meta::UID)?, number(meta::NUMBER)?, number(meta::EPOCH)?) else {
        return Ok(None);
    };
    let own = u16::try_from(own).ok().filter(|own| NUMBERS.contains(own)).map(NotebookNumber);
    let own = own.filter(|own| records.iter().all(|record| record.number != *own && record.uid != uid));
    Ok(own.map(|number| NotebookRecord { number, uid, name: name.as_str().to_owned(), epoch }))
}

/// The folder of a notebook of this name, if the name is a legal one.
pub(super) fn folder_of(name: &str) -> Result<NotePath, EngineError> {
    NotebookName::new(name).map_err(invalid)?;
    folder_path(name)
}

fn folder_path(name: &str) -> Result<NotePath, EngineError> {
    NotePath::new(name).map_err(|error| EngineError::Invalid(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn invalid(error: NotebookNameError) -> EngineError {
    let said = error.to_string();
    match error {
        NotebookNameError::Reserved(_) | NotebookNameError::Hidden(_) => EngineError::Meaningless(said),
        NotebookNameError::Malformed(_) => EngineError::Invalid(said),
    }
}

fn free_number(records: &[NotebookRecord]) -> Result<NotebookNumber, EngineError> {
    // The one after the largest: a number is not reused although its notebook is gone.
    let next = records.iter().map(|record| record.number.0 + 1).max().unwrap_or(NUMBERS.start);
    if NUMBERS.contains(&next) {
        return Ok(NotebookNumber(next));
    }
    Err(EngineError::Invalid("the workspace has had 4,095 notebooks, the most it can number; make a new one".into()))
}

/// Hours since 2025: grows although the journal that remembers the last one is lost.
fn next_epoch(last: Option<u32>) -> u32 {
    let seconds = crate::sys::now().as_second() - 1_735_689_600;
    let hours = u32::try_from(seconds.max(0) / 3600).unwrap_or(0);
    hours.max(last.map_or(0, |last| last + 1)) % (1 << 18)
}

fn new_uid() -> String {
    use std::hash::{BuildHasher, Hasher};
    // The standard library seeds its hashers from the system's random numbers.
    let half = || {
        let mut hasher = std::hash::RandomState::new().build_hasher();
        hasher.write_i128(crate::sys::now().as_nanosecond());
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(), half())
}
