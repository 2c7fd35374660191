//! The reading side: a pool of read-only connections.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::tz::TimeZone;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::integrity::Derived;
use super::remembered::Remembered;
use super::rowio::{self, FILE_COLUMNS, INDEXED_COLUMNS, STAT_COLUMNS, select_files};
use super::run::Deadline;
use super::schema::SCHEMA;
use super::sql::functions::{self, QueryZone};
use super::{FileRow, IndexedFile, IndexedStat, Links};
use crate::index::parse::Problem;
use crate::index::{IndexError, connection};
use crate::sys::Dir;
use crate::types::{CommitId, FileId, NodeNumber, NotePath, NotebookNumber, StoreKey, TagName};

/// The reading side; any thread.
#[derive(Debug)]
pub struct NotebookReader {
    path: PathBuf,
    /// The last one is lent first, so that those with little memory come last.
    idle: Mutex<Vec<Pooled>>,
    /// How many are open with the schema's memory.
    roomy: Arc<AtomicUsize>,
}

/// A connection with the zone that its functions reckon in.
#[derive(Debug)]
struct Pooled {
    connection: Connection,
    zone: QueryZone,
    remembered: Mutex<Remembered>,
    /// `None` where it has little memory.
    room: Option<Room>,
}

/// Counts a connection as long as it is open.
#[derive(Debug)]
struct Room(Arc<AtomicUsize>);

impl Room {
    /// One of the [`ROOMY`], if there are not as many.
    fn take(roomy: &Arc<AtomicUsize>) -> Option<Self> {
        let more = |count: usize| (count < ROOMY).then_some(count + 1);
        roomy.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok().map(|_| Self(Arc::clone(roomy)))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Connections that are kept open between calls; more are opened while more threads read. As many as a server has threads
/// that read at once: to open one costs as much as fifty reads.
const KEPT: usize = 16;

/// So many of them have the schema's memory for pages; those that are used only when all of these are busy have less.
const ROOMY: usize = 4;

/// The others', in KiB.
const LITTLE_KIB: i64 = 2048;

/// SQLite looks at a query's clock every so many of its steps: some 0.1 ms.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

/// A connection of the pool, in a transaction; it goes back when it is dropped.
pub(super) struct Lent<'a> {
    reader: &'a NotebookReader,
    pooled: Option<Pooled>,
}

impl Lent<'_> {
    /// The connection.
    pub(super) fn connection(&self) -> &Connection {
        // It is taken out in `drop` only.
        &self.pooled().connection
    }

    /// What the connection has read before.
    pub(super) fn remembered(&self) -> &Mutex<Remembered> {
        &self.pooled().remembered
    }

    fn pooled(&self) -> &Pooled {
        self.pooled.as_ref().expect("a lent connection is there until it is dropped")
    }

    /// Begins a transaction that is interrupted after the deadline, with dates in `zone`.
    pub(super) fn watch(&mut self, deadline: Deadline, zone: &TimeZone) -> rusqlite::Result<()> {
        let Some(pooled) = &mut self.pooled else { return Ok(()) };
        *pooled.zone.lock() = zone.clone();
        pooled.connection.execute_batch("BEGIN")?;
        pooled.remembered.get_mut().begin(&pooled.connection)?;
        pooled.connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || deadline.has_passed()))
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Some(mut pooled) = self.pooled.take() else { return };
        let is_quiet = pooled.connection.progress_handler(0, None::<fn() -> bool>).is_ok();
        let is_done = pooled.connection.is_autocommit() || pooled.connection.execute_batch("ROLLBACK").is_ok();
        let mut idle = self.reader.idle.lock();
        if is_quiet && is_done && idle.len() < KEPT {
            let at = if pooled.room.is_some() { idle.len() } else { 0 };
            idle.insert(at, pooled);
        }
    }
}

impl NotebookReader {
    pub(super) fn over(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default(), roomy: Arc::default() }
    }

    /// A connection of the pool, or a new one.
    ///
    /// # Errors
    /// If the database cannot be opened.
    pub(super) fn lend(&self) -> Result<Lent<'_>, IndexError> {
        let idle = self.idle.lock().pop();
        let pooled = match idle {
            Some(pooled) => pooled,
            None => self.connect().map_err(|error| self.fail(error))?,
        };
        Ok(Lent { reader: self, pooled: Some(pooled) })
    }

    /// Runs `read` on a connection of the pool.
    pub(super) fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, IndexError> {
        let lent = self.lend()?;
        read(lent.connection()).map_err(|error| self.fail(error))
    }

    fn connect(&self) -> rusqlite::Result<Pooled> {
        let connection = connection::open_for_reading(&self.path, &SCHEMA)?;
        let zone = QueryZone::new(Mutex::new(TimeZone::UTC));
        functions::register(&connection, &zone)?;
        let room = Room::take(&self.roomy);
        if room.is_none() {
            connection.pragma_update(None, "cache_size", -LITTLE_KIB)?;
        }
        Ok(Pooled { connection, zone, remembered: Mutex::default(), room })
    }

    pub(super) fn fail(&self, error: rusqlite::Error) -> IndexError {
        IndexError::of(&self.path, error)
    }

    /// The folder of the notebook, to read texts from; `None` if it is away.
    pub(super) fn folder(&self) -> Option<Dir> {
        Dir::open(self.path.parent()?.parent()?).ok()
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, IndexError> {
        self.with(|connection| connection.prepare_cached(sql)?.query_map(params, read)?.collect())
    }

    /// Closes the connections that no call is using. While any reader has the database open, its WAL stays.
    pub fn close_idle(&self) {
        self.idle.lock().clear();
    }

    /// What a scan compares with the store, all rows.
    ///
    /// # Errors
    /// SQLite's.
    pub fn stats(&self) -> Result<Vec<IndexedStat>, IndexError> {
        self.all(&select_files(STAT_COLUMNS, ""), [], rowio::stat_row)
    }

    /// What a scan compares, of one path.
    ///
    /// # Errors
    /// SQLite's.
    pub fn stat_of(&self, path: &NotePath) -> Result<Option<IndexedStat>, IndexError> {
        let found = self.all(&select_files(STAT_COLUMNS, "WHERE path = ?1"), [path.to_str()], rowio::stat_row)?;
        Ok(found.into_iter().next())
    }

    /// What a scan compares, of all rows at or below a path.
    ///
    /// # Errors
    /// SQLite's.
    pub fn stats_below(&self, folder: &NotePath) -> Result<Vec<IndexedStat>, IndexError> {
        if folder.is_root() {
            return self.stats();
        }
        // `/` is the byte before `0`: what is below a folder is one range of the index.
        let rest = "WHERE path = ?1 OR (path > ?1 || '/' AND path < ?1 || '0')";
        self.all(&select_files(STAT_COLUMNS, rest), [folder.to_str()], rowio::stat_row)
    }

    /// The blob of each row's contents, where they were ever recorded. What the history has at the path by now may be
    /// another.
    ///
    /// # Errors
    /// SQLite's.
    pub fn recorded_blobs(&self) -> Result<Vec<(NotePath, CommitId)>, IndexError> {
        let sql = "SELECT path, recorded_blob FROM file_metadata WHERE recorded_blob IS NOT NULL";
        self.all(sql, [], |row| Ok((rowio::path_at(row, 0)?, CommitId(row.get(1)?))))
    }

    /// All rows for the in-memory maps.
    ///
    /// # Errors
    /// SQLite's.
    pub fn files(&self) -> Result<Vec<IndexedFile>, IndexError> {
        self.with(all_files)
    }

    /// Paths whose full text still has the words of an older path: their files are to be read again.
    ///
    /// # Errors
    /// SQLite's.
    pub fn stale(&self) -> Result<Vec<NotePath>, IndexError> {
        self.all("SELECT path FROM file_metadata WHERE text_is_stale", [], |row| rowio::path_at(row, 0))
    }

    /// Saved node numbers.
    ///
    /// # Errors
    /// SQLite's.
    pub fn nodes(&self) -> Result<Vec<(NodeNumber, StoreKey)>, IndexError> {
        self.all("SELECT number, dev, inode, btime_ns FROM nodes", [], |row| {
            let key = StoreKey {
                dev: row.get::<_, i64>(1)?.cast_unsigned(),
                ino: row.get::<_, i64>(2)?.cast_unsigned(),
                btime_ns: row.get(3)?,
            };
            Ok((NodeNumber(row.get::<_, i64>(0)?.cast_unsigned()), key))
        })
    }

    /// One row by path. The notebook's name and number are the caller's to fill in.
    ///
    /// # Errors
    /// SQLite's.
    pub fn by_path(&self, path: &NotePath) -> Result<Option<FileRow>, IndexError> {
        self.one(&format!("SELECT {FILE_COLUMNS} FROM file_metadata f WHERE f.path = ?1"), path.to_str())
    }

    /// One row by id. The notebook's name and number are the caller's to fill in.
    ///
    /// # Errors
    /// SQLite's.
    pub fn by_id(&self, id: FileId) -> Result<Option<FileRow>, IndexError> {
        self.one(&format!("SELECT {FILE_COLUMNS} FROM file_metadata f WHERE f.id = ?1"), id.0)
    }

    fn one(&self, sql: &str, key: impl rusqlite::ToSql) -> Result<Option<FileRow>, IndexError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row([key], |row| rowio::file_row(row, "", NotebookNumber(0))).optional()?;
            found.map(|row| Ok(FileRow { tags: rowio::tags_of(connection, row.id.0)?, ..row })).transpose()
        })
    }

    /// Links of a note: out (target as written, resolved path) and in (path of the linking note).
    ///
    /// # Errors
    /// SQLite's.
    pub fn links(&self, path: &NotePath) -> Result<Links, IndexError> {
        let out = "SELECT l.target, t.path FROM file_metadata f JOIN links l ON l.from_id = f.id
                   LEFT JOIN file_metadata t ON t.id = l.to_id WHERE f.path = ?1 ORDER BY l.position";
        let outgoing = self.all(out, [path.to_str()], |row| {
            let to = row.get_ref(1)?.as_bytes_or_null()?.and_then(|path| NotePath::new(path).ok());
            Ok((row.get(0)?, to))
        })?;
        let back = "SELECT DISTINCT s.path FROM file_metadata f JOIN links l ON l.to_id = f.id
                    JOIN file_metadata s ON s.id = l.from_id WHERE f.path = ?1 ORDER BY s.path";
        let incoming = self.all(back, [path.to_str()], |row| rowio::path_at(row, 0))?;
        Ok(Links { outgoing, incoming })
    }

    /// The file that a link with this target leads to, if it stands in the note at `from` (or in the root, for
    /// the notebook's root).
    ///
    /// # Errors
    /// SQLite's.
    pub fn link_target(&self, from: &NotePath, target: &str) -> Result<Option<NotePath>, IndexError> {
        let from = from.to_str().unwrap_or_default();
        self.with(|connection| {
            let Some(id) = super::links::lookup(connection, from, target)? else { return Ok(None) };
            let mut statement = connection.prepare_cached("SELECT path FROM file_metadata WHERE id = ?1")?;
            statement.query_row([id], |row| rowio::path_at(row, 0)).optional()
        })
    }

    /// Distinct values of a property with how many notes have each, most first, at most `limit`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn property_values(&self, key: &str, limit: usize) -> Result<Vec<(String, u64)>, IndexError> {
        let sql = "SELECT p.value, max(p.raw), count(DISTINCT p.file_id) AS notes
                   FROM property_keys k JOIN properties p ON p.key_id = k.id
                   WHERE k.key = ?1 AND p.value IS NOT NULL GROUP BY p.value ORDER BY notes DESC, p.value LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, (key, limit), |row| {
            Ok((super::properties::shown(row.get_ref(0)?, row.get_ref(1)?).into_owned(), count_at(row, 2)?))
        })
    }

    /// Property keys in use with how many notes have each, most first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn property_keys(&self) -> Result<Vec<(String, u64)>, IndexError> {
        let sql = "SELECT k.key, count(DISTINCT p.file_id) AS notes FROM property_keys k
                   JOIN properties p ON p.key_id = k.id GROUP BY k.id ORDER BY notes DESC, k.key";
        self.all(sql, [], |row| Ok((row.get(0)?, count_at(row, 1)?)))
    }

    /// Files in whose title words begin with each of `words`, as full text folds them, at most `limit`, in no order;
    /// without words, the first by title.
    ///
    /// # Errors
    /// SQLite's.
    pub fn titled(&self, words: &[&str], limit: usize) -> Result<Vec<FileId>, IndexError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let id = |row: &Row<'_>| Ok(FileId(row.get(0)?));
        if words.is_empty() {
            return self.all("SELECT id FROM file_metadata ORDER BY title_order LIMIT ?1", [limit], id);
        }
        let prefixes: Vec<String> = words.iter().map(|word| format!("\"{}\" *", word.replace('"', "\"\""))).collect();
        let expression = format!("title : ({})", prefixes.join(" AND "));
        self.all("SELECT rowid FROM search_index WHERE search_index MATCH ?1 LIMIT ?2", (expression, limit), id)
    }

    /// Property keys in use that hold `text`, those that begin with it first, at most `limit`. Quicker than
    /// [`NotebookReader::property_keys`], since nothing is counted.
    ///
    /// # Errors
    /// SQLite's.
    pub fn keys_like(&self, text: &str, limit: usize) -> Result<Vec<String>, IndexError> {
        let sql = "SELECT key FROM property_keys k WHERE instr(lower(key), ?1) > 0
                   AND EXISTS (SELECT 1 FROM properties p WHERE p.key_id = k.id)
                   ORDER BY instr(lower(key), ?1), key LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.all(sql, (text.to_lowercase(), limit), |row| row.get(0))
    }

    /// Tags with the colours they were given.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tag_colors(&self) -> Result<Vec<(TagName, String)>, IndexError> {
        let rows = self.all("SELECT name, color FROM tags WHERE color IS NOT NULL ORDER BY key", [], |row| {
            Ok((TagName::new(row.get_ref(0)?.as_str()?).ok(), row.get(1)?))
        })?;
        Ok(rows.into_iter().filter_map(|(tag, color)| Some((tag?, color))).collect())
    }

    /// What SQLite finds wrong with the database, empty if it is whole; the full text index is checked by
    /// [`super::NotebookDb::integrity`] alone.
    ///
    /// # Errors
    /// SQLite's.
    pub fn integrity(&self) -> Result<Vec<String>, IndexError> {
        self.with(super::integrity::check_tables)
    }

    /// What the index derives of each file, by its path: to be compared with what the files say now. Full text, word by
    /// word, where `with_text`: a microsecond a word.
    ///
    /// # Errors
    /// SQLite's.
    pub fn derived(&self, with_text: bool) -> Result<HashMap<String, Derived>, IndexError> {
        // One of its own: the listing of words is a temporary table, and the file is opened for reading only.
        let connection = connection::open_for_reading(&self.path, &SCHEMA).map_err(|error| self.fail(error))?;
        let derived = connection
            .pragma_update(None, "query_only", false)
            .and_then(|()| super::integrity::derived(&connection, with_text));
        derived.map_err(|error| self.fail(error))
    }

    /// Problems of all files (broken frontmatter, illegal tags), by path.
    ///
    /// # Errors
    /// SQLite's.
    pub fn problems(&self) -> Result<Vec<(NotePath, Problem)>, IndexError> {
        let sql = "SELECT f.path, p.file, p.line, p.\"column\", p.message FROM problems p
                   JOIN file_metadata f ON f.id = p.file_id ORDER BY f.path, p.position";
        self.all(sql, [], |row| {
            let problem = Problem {
                file: row.get(1)?,
                line: usize::try_from(row.get::<_, i64>(2)?).unwrap_or(1),
                column: usize::try_from(row.get::<_, i64>(3)?).unwrap_or(1),
                message: row.get(4)?,
            };
            Ok((rowio::path_at(row, 0)?, problem))
        })
    }

    /// The newest `limit` files by mtime.
    ///
    /// # Errors
    /// SQLite's.
    pub fn recent(&self, limit: usize) -> Result<Vec<IndexedFile>, IndexError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with(|connection| {
            let sql = select_files(INDEXED_COLUMNS, "ORDER BY mtime_ns DESC, path LIMIT ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let files = statement.query_map([limit], rowio::indexed_row)?;
            files.map(|file| file.and_then(|file| rowio::with_tags(connection, file))).collect()
        })
    }
}

fn count_at(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(index)?.cast_unsigned())
}

/// Both tables in the order of the id, merged: one pass over each, whatever the size.
fn all_files(connection: &Connection) -> rusqlite::Result<Vec<IndexedFile>> {
    // One snapshot for the statements together.
    let snapshot = connection.unchecked_transaction()?;
    let mut names: std::collections::HashMap<i64, TagName> = std::collections::HashMap::new();
    let mut statement = snapshot.prepare_cached("SELECT id, name FROM tags")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Ok(tag) = TagName::new(row.get_ref(1)?.as_str()?) {
            names.insert(row.get(0)?, tag);
        }
    }
    let mut statement = snapshot.prepare_cached(&select_files(INDEXED_COLUMNS, "ORDER BY id"))?;
    let mut files: Vec<IndexedFile> = statement.query_map([], rowio::indexed_row)?.collect::<Result<_, _>>()?;
    let mut statement = snapshot.prepare_cached("SELECT file_id, tag_id FROM file_tags ORDER BY file_id")?;
    let mut rows = statement.query([])?;
    let mut at = 0;
    while let Some(row) = rows.next()? {
        let (file, tag): (i64, i64) = (row.get(0)?, row.get(1)?);
        while files.get(at).is_some_and(|indexed| indexed.id.0 < file) {
            at += 1;
        }
        if let (Some(indexed), Some(tag)) = (files.get_mut(at).filter(|f| f.id.0 == file), names.get(&tag)) {
            indexed.tags.push(tag.clone());
        }
    }
    for file in &mut files {
        file.tags.sort();
    }
    Ok(files)
}
