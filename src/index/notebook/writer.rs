//! The writing side: batches of changes, each one transaction.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::links;
use super::names::folded_name;
use super::rowio;
use super::upsert;
use super::{Applied, FileRecord, IndexedFile, NotebookReader, RowChange};
use crate::index::IndexError;
use crate::sys::{FaultPoint, pass};
use crate::types::{CommitId, ContentHash, FileId, NodeNumber, NotePath, StoreKey};

/// The writing side of `notebook.db`; owned by one thread.
#[derive(Debug)]
pub struct NotebookDb {
    connection: Connection,
    path: PathBuf,
    interned: Interned,
    reader: Arc<NotebookReader>,
    /// Whether full text segments are left unmerged until [`NotebookDb::optimize`].
    /// `None`: not known, a load may have been cut off.
    is_loading: Option<bool>,
}

/// From so many new rows in a batch on, it is taken for part of a bulk load.
const BULK: usize = 256;

/// Row ids of names that nearly every change needs; forgotten after a rollback, which may have taken some back.
#[derive(Debug, Default)]
pub(super) struct Interned {
    pub(super) tags: HashMap<Box<str>, i64>,
    pub(super) keys: HashMap<Box<str>, i64>,
}

impl NotebookDb {
    pub(super) fn over(connection: Connection, path: &Path) -> Self {
        let reader = Arc::new(NotebookReader::over(path));
        Self { connection, path: path.to_owned(), interned: Interned::default(), reader, is_loading: None }
    }

    /// A pool of read-only connections to the same database, the same one each time. Each is opened when it is needed.
    ///
    /// # Errors
    /// If the database can no longer be read.
    pub fn reader(&self) -> Result<Arc<NotebookReader>, IndexError> {
        Ok(self.reader.clone())
    }

    /// Applies the changes in one transaction. Links are resolved again where a change concerns them.
    /// What became of each row is told in order; a change that concerns no row tells nothing.
    ///
    /// # Errors
    /// SQLite's; then nothing was applied.
    pub fn apply(&mut self, changes: &[RowChange]) -> Result<Vec<Applied>, IndexError> {
        self.set_loading(changes.len() >= BULK)?;
        let applied = apply_all(&mut self.connection, &mut self.interned, changes);
        if applied.is_err() {
            self.interned = Interned::default();
        }
        applied.map_err(|error| IndexError::of(&self.path, error))
    }

    /// In a bulk load every batch makes one segment of the full text; merging them as they come would write most of
    /// it three times.
    fn set_loading(&mut self, is_loading: bool) -> Result<(), IndexError> {
        if self.is_loading == Some(is_loading) {
            return Ok(());
        }
        let sql = "INSERT INTO search_index (search_index, rank) VALUES ('automerge', ?1)";
        let merged_at = if is_loading { 0 } else { 4 };
        self.connection.execute(sql, [merged_at]).map_err(|error| IndexError::of(&self.path, error))?;
        self.is_loading = Some(is_loading);
        Ok(())
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

    /// Merges full text segments, updates statistics, checkpoints the WAL: after a bulk load and when idle.
    ///
    /// # Errors
    /// SQLite's.
    pub fn optimize(&mut self) -> Result<(), IndexError> {
        self.set_loading(false)?;
        optimize(&self.connection).map_err(|error| IndexError::of(&self.path, error))?;
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
    };
    for change in changes {
        batch.apply(change)?;
    }
    let Batch { applied, touched, .. } = batch;
    links::resolve(&transaction, &touched)?;
    pass(FaultPoint::IndexInside);
    transaction.commit()?;
    Ok(applied)
}

/// What a batch did that links may lead differently for.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Folded names of files that came, went or moved.
    pub(super) names: HashSet<String>,
    /// Files whose own links are new or lead from another folder.
    pub(super) sources: HashSet<i64>,
}

/// A transaction under way.
struct Batch<'a> {
    transaction: &'a Transaction<'a>,
    interned: &'a mut Interned,
    applied: Vec<Applied>,
    touched: Touched,
}

impl Batch<'_> {
    fn apply(&mut self, change: &RowChange) -> rusqlite::Result<()> {
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
    fn upsert(&mut self, record: &FileRecord) -> rusqlite::Result<()> {
        let Some(path) = record.path.to_str() else { return Ok(()) };
        let had = self.id_of(path)?;
        let id = upsert::write(self.transaction, self.interned, record, path, had)?;
        if had.is_none() {
            self.touched.names.insert(folded_name(path));
        }
        if !record.parsed.links.is_empty() {
            self.touched.sources.insert(id);
        }
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
        self.touched.sources.insert(id);
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
        upsert::remove_name(self.transaction, id, &name)?;
        self.transaction.prepare_cached("DELETE FROM file_metadata WHERE id = ?1")?.execute([id])?;
        self.touched.names.insert(name);
        self.touched.sources.remove(&id);
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

fn optimize(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "INSERT INTO search_index (search_index) VALUES ('optimize');
         DELETE FROM tags WHERE color IS NULL AND NOT EXISTS (SELECT 1 FROM file_tags WHERE tag_id = tags.id);
         DELETE FROM property_keys
             WHERE NOT EXISTS (SELECT 1 FROM properties INDEXED BY property_by_value WHERE key_id = property_keys.id);
         PRAGMA analysis_limit = 1000;
         PRAGMA optimize;",
    )?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
