//! The writing side: batches of changes, each one transaction.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::links;
use super::names::folded_name;
use super::rowio;
use super::sizes::SizeChanges;
use super::upsert;
use super::{Applied, FileRecord, IndexedFile, NotebookReader, RowChange};
use crate::index::parse::ParsedLink;
use crate::index::{IndexError, connection};
use crate::sys::{FaultPoint, pass};
use crate::types::{CommitId, ContentHash, FileId, NodeNumber, NotePath, StoreKey};

/// The writing side of `notebook.db`; owned by one thread.
#[derive(Debug)]
pub struct NotebookDb {
    connection: Connection,
    path: PathBuf,
    interned: Interned,
    reader: Arc<NotebookReader>,
}

/// Folds the log of a database (its WAL) into the file, beside the writer and without keeping it from writing.
#[derive(Debug)]
pub struct LogFolder {
    connection: Connection,
    path: PathBuf,
}

impl LogFolder {
    /// Writes what the log has into the file, and syncs it. The writer then begins the log anew.
    ///
    /// # Errors
    /// SQLite's.
    pub fn fold(&self) -> Result<(), IndexError> {
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        folded.map_err(|error| IndexError::of(&self.path, error))
    }
}

/// How far full text segments are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Those of about the same size, where there are several.
    Similar,
    /// All into one, which takes the least space and is searched fastest.
    All,
}

/// So many pages (of 8 KiB) of full text are written by one step of a merge: some 5 ms.
const MERGED_PAGES: i64 = 64;

/// Row ids of names that nearly every change needs; forgotten after a rollback, which may have taken some back.
#[derive(Debug, Default)]
pub(super) struct Interned {
    pub(super) tags: HashMap<Box<str>, i64>,
    pub(super) keys: HashMap<Box<str>, i64>,
}

impl NotebookDb {
    pub(super) fn over(connection: Connection, path: &Path) -> Self {
        let reader = Arc::new(NotebookReader::over(path));
        Self { connection, path: path.to_owned(), interned: Interned::default(), reader }
    }

    /// A pool of read-only connections to the same database, the same one each time. Each is opened when it is needed.
    ///
    /// # Errors
    /// If the database can no longer be read.
    pub fn reader(&self) -> Result<Arc<NotebookReader>, IndexError> {
        Ok(self.reader.clone())
    }

    /// Who folds the log into the database beside this writer, from another thread.
    ///
    /// # Errors
    /// If the database cannot be opened once more.
    pub fn log_folder(&self) -> Result<LogFolder, IndexError> {
        let connection = connection::open_beside(&self.path).map_err(|error| IndexError::of(&self.path, error))?;
        Ok(LogFolder { connection, path: self.path.clone() })
    }

    /// Applies the changes in one transaction. Links are resolved again where a change concerns them.
    /// What became of each row is told in order; a change that concerns no row tells nothing.
    ///
    /// # Errors
    /// SQLite's; then nothing was applied.
    pub fn apply(&mut self, changes: &[RowChange]) -> Result<Vec<Applied>, IndexError> {
        let applied = apply_all(&mut self.connection, &mut self.interned, changes);
        if applied.is_err() {
            self.interned = Interned::default();
        }
        applied.map_err(|error| IndexError::of(&self.path, error))
    }

    /// Merges full text segments, a step of some milliseconds. Every [`NotebookDb::apply`] makes one; they are merged
    /// here, when it suits, and not in its transaction. Whether there is more to do: a merge that was begun is ended by
    /// steps of any kind.
    ///
    /// # Errors
    /// SQLite's.
    pub fn merge(&mut self, kind: Merge) -> Result<bool, IndexError> {
        // To FTS5, a number below 0 makes all segments one merge, which other steps go on with.
        let pages = if kind == Merge::All { -MERGED_PAGES } else { MERGED_PAGES };
        let before = self.connection.total_changes();
        let sql = "INSERT INTO search_index (search_index, rank) VALUES ('merge', ?1)";
        let merged = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([pages]));
        merged.map_err(|error| IndexError::of(&self.path, error))?;
        // One is the statement's own.
        Ok(self.connection.total_changes() - before > 1)
    }

    /// How many segments the full text is in; every search looks into each.
    ///
    /// # Errors
    /// SQLite's.
    pub fn segments(&self) -> Result<usize, IndexError> {
        // FTS5's record of its structure: a cookie and a mark of four bytes each, then the numbers of levels and of
        // segments, both below 2^14.
        let sql = "SELECT block FROM search_index_data WHERE id = 10";
        let segments = self.connection.query_row(sql, [], |row| {
            let mut bytes = row.get_ref(0)?.as_blob()?.iter().skip(8).copied();
            let mut number = || match (bytes.next(), ()) {
                (Some(high), ()) if high >= 0x80 => {
                    (usize::from(high & 0x7f) << 7) | usize::from(bytes.next().unwrap_or(0))
                }
                (low, ()) => usize::from(low.unwrap_or(0)),
            };
            let _levels = number();
            Ok(number())
        });
        segments.map_err(|error| IndexError::of(&self.path, error))
    }

    /// Remembers which file of the store each number stands for, and forgets numbers of files that are gone.
    ///
    /// # Errors
    /// SQLite's.
    pub fn save_nodes(&mut self, nodes: &[(NodeNumber, StoreKey)], forgotten: &[NodeNumber]) -> Result<(), IndexError> {
        save_nodes(&mut self.connection, nodes, forgotten).map_err(|error| IndexError::of(&self.path, error))
    }

    /// A value of the `meta` table.
    ///
    /// # Errors
    /// SQLite's.
    pub fn meta(&self, key: &str) -> Result<Option<String>, IndexError> {
        let found = self
            .connection
            .prepare_cached("SELECT value FROM meta WHERE key = ?1")
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional());
        found.map_err(|error| IndexError::of(&self.path, error))
    }

    /// Sets a value of the `meta` table, durably where `durable` (synced to disk before it returns).
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_meta(&mut self, key: &str, value: &str, durable: bool) -> Result<(), IndexError> {
        set_meta(&self.connection, key, value, durable).map_err(|error| IndexError::of(&self.path, error))
    }

    /// `PRAGMA integrity_check`, `foreign_key_check` and FTS5's `integrity-check`: what they find, empty if whole.
    ///
    /// # Errors
    /// SQLite's.
    pub fn integrity(&mut self) -> Result<Vec<String>, IndexError> {
        super::integrity::check(&self.connection).map_err(|error| IndexError::of(&self.path, error))
    }

    /// Merges all full text segments, updates statistics, checkpoints the WAL: after a bulk load.
    ///
    /// # Errors
    /// SQLite's.
    pub fn optimize(&mut self) -> Result<(), IndexError> {
        let mut kind = Merge::All;
        while self.merge(kind)? {
            kind = Merge::Similar;
        }
        self.tidy()
    }

    /// Updates statistics, forgets names that nothing bears any more, checkpoints the WAL: after a merge of all.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tidy(&mut self) -> Result<(), IndexError> {
        tidy(&self.connection).map_err(|error| IndexError::of(&self.path, error))?;
        self.interned = Interned::default();
        Ok(())
    }
}

fn apply_all(
    connection: &mut Connection,
    interned: &mut Interned,
    changes: &[RowChange],
) -> rusqlite::Result<Vec<Applied>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut batch = Batch {
        transaction: &transaction,
        interned,
        applied: Vec::with_capacity(changes.len()),
        touched: Touched::default(),
        sizes: SizeChanges::default(),
    };
    for change in changes {
        batch.apply(change)?;
    }
    let Batch { applied, touched, sizes, .. } = batch;
    sizes.save(&transaction)?;
    links::resolve(&transaction, &touched)?;
    pass(FaultPoint::IndexInside);
    transaction.commit()?;
    Ok(applied)
}

/// What a batch did that links may lead differently for.
#[derive(Debug, Default)]
pub(super) struct Touched<'a> {
    /// Folded names of files that came, went or moved.
    pub(super) names: HashSet<String>,
    /// Files whose links lead from another folder now.
    pub(super) sources: HashSet<i64>,
    /// Files whose links are new. They are written last, once all that they may lead to is there.
    pub(super) linking: BTreeMap<i64, Linking<'a>>,
}

/// A note that was read, with its links.
#[derive(Debug)]
pub(super) struct Linking<'a> {
    /// Where the note is by now.
    pub(super) path: Cow<'a, str>,
    pub(super) links: &'a [ParsedLink],
}

/// A transaction under way.
struct Batch<'a> {
    transaction: &'a Transaction<'a>,
    interned: &'a mut Interned,
    applied: Vec<Applied>,
    touched: Touched<'a>,
    sizes: SizeChanges,
}

impl<'a> Batch<'a> {
    fn apply(&mut self, change: &'a RowChange) -> rusqlite::Result<()> {
        match change {
            RowChange::Upsert(record) => self.upsert(record),
            RowChange::Renamed(from, to) => self.rename(from, to),
            RowChange::FolderRenamed(from, to) => self.rename_folder(from, to),
            RowChange::Removed(path) => self.remove(path),
            RowChange::FolderRemoved(path) => self.remove_folder(path),
            RowChange::Committed { path, hash, commit, blob } => self.committed(path, *hash, (*commit, *blob)),
        }
    }

    /// Files whose names are no UTF-8 have no row; the mount shows them all the same.
    fn upsert(&mut self, record: &'a FileRecord) -> rusqlite::Result<()> {
        let Some(path) = record.path.to_str() else { return Ok(()) };
        let had = self.id_of(path)?;
        let id = upsert::write(self.transaction, self.interned, record, path, had)?;
        self.sizes.written(self.transaction, id)?;
        if had.is_none() {
            self.touched.names.insert(folded_name(path));
        }
        self.touched.linking.insert(id, Linking { path: path.into(), links: &record.parsed.links });
        let file = indexed(record, id);
        self.applied.push(match had {
            None => Applied::Added(file),
            Some(_) => Applied::Changed { old_path: file.path.clone(), file },
        });
        Ok(())
    }

    fn rename(&mut self, from: &NotePath, to: &NotePath) -> rusqlite::Result<()> {
        let (Some(old), Some(new)) = (from.to_str(), to.to_str()) else { return self.remove(from) };
        let Some(id) = self.id_of(old)?.filter(|_| old != new) else { return Ok(()) };
        self.remove(to)?;
        self.move_row(id, (old, new), None)
    }

    fn rename_folder(&mut self, from: &NotePath, to: &NotePath) -> rusqlite::Result<()> {
        if from == to {
            return Ok(());
        }
        let rows = self.below(from)?;
        for (id, old) in rows {
            let moved = NotePath::new(&old).ok().and_then(|path| Some(path.strip_prefix(from)?.below(to)));
            // rename(2) replaces nothing but an empty folder; a row that stands in the way is of a file that is gone.
            // Others below `to` may have come with the same move, told twice.
            if let Some(moved) = &moved {
                self.remove(moved)?;
            }
            match moved.as_ref().and_then(NotePath::to_str) {
                Some(new) => self.move_row(id, (&old, new), from.to_str().zip(to.to_str()))?,
                None => self.remove_row(id, &old)?,
            }
        }
        Ok(())
    }

    /// With a folder the sidecar moves along; rename(2) of the file alone leaves it behind.
    fn move_row(&mut self, id: i64, (old, new): (&str, &str), folder: Option<(&str, &str)>) -> rusqlite::Result<()> {
        let (old_name, new_name) = (folded_name(old), folded_name(new));
        let sql = "UPDATE file_metadata SET path = ?2, text_is_stale = 1,
                       sidecar_path = ?4 || substr(sidecar_path, length(?3) + 1) WHERE id = ?1";
        let (from, to) = folder.unzip();
        self.transaction.prepare_cached(sql)?.execute((id, new, from, to))?;
        if old_name != new_name {
            upsert::remove_name(self.transaction, id, &old_name)?;
            upsert::add_name(self.transaction, id, &new_name)?;
        }
        self.touched.names.insert(old_name);
        self.touched.names.insert(new_name);
        match self.touched.linking.get_mut(&id) {
            Some(note) => note.path = new.to_owned().into(),
            None => drop(self.touched.sources.insert(id)),
        }
        let file = rowio::load_indexed(self.transaction, id)?;
        let old_path = NotePath::new(old).unwrap_or_default();
        self.applied.extend(file.map(|file| Applied::Changed { file, old_path }));
        Ok(())
    }

    fn remove(&mut self, path: &NotePath) -> rusqlite::Result<()> {
        let Some(path) = path.to_str() else { return Ok(()) };
        self.id_of(path)?.map_or(Ok(()), |id| self.remove_row(id, path))
    }

    fn remove_folder(&mut self, path: &NotePath) -> rusqlite::Result<()> {
        for (id, path) in self.below(path)? {
            self.remove_row(id, &path)?;
        }
        Ok(())
    }

    fn remove_row(&mut self, id: i64, path: &str) -> rusqlite::Result<()> {
        let name = folded_name(path);
        self.transaction.prepare_cached("DELETE FROM search_index WHERE rowid = ?1")?.execute([id])?;
        self.sizes.removed(id);
        upsert::remove_name(self.transaction, id, &name)?;
        self.transaction.prepare_cached("DELETE FROM file_metadata WHERE id = ?1")?.execute([id])?;
        self.touched.names.insert(name);
        self.touched.sources.remove(&id);
        self.touched.linking.remove(&id);
        self.applied.push(Applied::Removed { id: FileId(id), path: NotePath::new(path).unwrap_or_default() });
        Ok(())
    }

    fn committed(
        &mut self,
        path: &NotePath,
        hash: ContentHash,
        (commit, blob): (CommitId, CommitId),
    ) -> rusqlite::Result<()> {
        let sql = "UPDATE file_metadata SET last_commit_hash = ?3, recorded_blob = ?4 WHERE path = ?1 AND hash = ?2";
        let values = params![path.to_str(), &hash.0[..], &commit.0[..], &blob.0[..]];
        self.transaction.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn id_of(&self, path: &str) -> rusqlite::Result<Option<i64>> {
        let mut statement = self.transaction.prepare_cached("SELECT id FROM file_metadata WHERE path = ?1")?;
        statement.query_row([path], |row| row.get(0)).optional()
    }

    /// Rows at or below a path: `/` is the byte before `0`, so that they are one range of the index.
    fn below(&self, folder: &NotePath) -> rusqlite::Result<Vec<(i64, String)>> {
        let Some(folder) = folder.to_str() else { return Ok(Vec::new()) };
        let sql = "SELECT id, path FROM file_metadata WHERE ?1 = '' OR path = ?1
                   UNION ALL SELECT id, path FROM file_metadata WHERE ?1 <> '' AND path > ?1 || '/' AND path < ?1 || '0'";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let rows = statement.query_map([folder], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }
}

fn indexed(record: &FileRecord, id: i64) -> IndexedFile {
    let mut tags = Vec::with_capacity(record.parsed.tags.len());
    for (tag, _) in &record.parsed.tags {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    IndexedFile {
        id: FileId(id),
        path: record.path.clone(),
        node: record.node,
        store: record.store,
        tags,
        content_type: record.content_type.into(),
    }
}

fn save_nodes(
    connection: &mut Connection,
    nodes: &[(NodeNumber, StoreKey)],
    forgotten: &[NodeNumber],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut forget = transaction.prepare_cached("DELETE FROM nodes WHERE number = ?1")?;
        for number in forgotten {
            forget.execute([number.0.cast_signed()])?;
        }
        let sql = "INSERT INTO nodes (number, dev, inode, btime_ns) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (number) DO UPDATE SET dev = ?2, inode = ?3, btime_ns = ?4";
        let mut save = transaction.prepare_cached(sql)?;
        for (number, key) in nodes {
            save.execute((number.0.cast_signed(), key.dev.cast_signed(), key.ino.cast_signed(), key.btime_ns))?;
        }
    }
    transaction.commit()
}

fn set_meta(connection: &Connection, key: &str, value: &str, durable: bool) -> rusqlite::Result<()> {
    let write = || {
        connection
            .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
            .execute((key, value))
    };
    if !durable {
        return write().map(drop);
    }
    // In WAL mode FULL adds the fsync of the WAL to each commit, which NORMAL leaves to the checkpoint.
    connection.pragma_update(None, "synchronous", "FULL")?;
    let written = write();
    connection.pragma_update(None, "synchronous", super::schema::SCHEMA.synchronous)?;
    written.map(drop)
}

fn tidy(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DELETE FROM tags WHERE color IS NULL AND NOT EXISTS (SELECT 1 FROM file_tags WHERE tag_id = tags.id);
         DELETE FROM property_keys
             WHERE NOT EXISTS (SELECT 1 FROM properties INDEXED BY property_by_value WHERE key_id = property_keys.id);
         PRAGMA analysis_limit = 1000;
         PRAGMA optimize;",
    )?;
    // Each row of it gives one page back.
    let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    drop(pages);
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
