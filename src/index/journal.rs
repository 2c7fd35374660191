//! `journal.db` of a workspace: who changed what, in order, and which number and epoch each notebook has.
//! Everything in it is a record; nothing is rebuilt from it. It knows nothing of files.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::notebook::IndexError;
use crate::types::{Actor, Instant, NotebookNumber, Seq};

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its place in the order of the workspace's changes.
    pub seq: Seq,
    /// When it was noted.
    pub time: Instant,
    /// Who did it.
    pub actor: Actor,
    /// In which notebook.
    pub notebook: NotebookNumber,
    /// `written`, `removed`, `renamed`, `exchanged`.
    pub op: &'static str,
    /// To what (bytes, since names of the store are bytes).
    pub path: Vec<u8>,
    /// Where it was before, of a rename; the other path, of an exchange.
    pub old_path: Option<Vec<u8>>,
}

/// What a notebook is called by within its workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookRecord {
    /// Its number, never given to another.
    pub number: NotebookNumber,
    /// The same text stands in its `notebook.db`: tells it from a copy and from a stranger.
    pub uid: String,
    /// Its folder's name when it was last open.
    pub name: String,
    /// Part of its inode numbers; grows with each new `notebook.db`.
    pub epoch: u32,
}

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    path: String,
}

/// Sequence numbers are taken from blocks that are reserved durably, so that a number handed out before a power cut
/// is not handed out again although its line was lost.
const SEQ_BLOCK: u64 = 1 << 20;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    notebook INTEGER NOT NULL,
    op TEXT NOT NULL,
    path BLOB NOT NULL,
    old_path BLOB
);
CREATE TABLE IF NOT EXISTS notebooks (
    number INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    epoch INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS held (number INTEGER PRIMARY KEY, files INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS reserved (one INTEGER PRIMARY KEY CHECK (one = 1), below INTEGER NOT NULL);
";

impl Journal {
    /// Opens (or makes) the journal at `path`. A damaged one is set aside as `journal.db.damaged-N`; told with where it
    /// is then.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open_or_replace(path: &Path) -> Result<(Self, Option<PathBuf>), IndexError> {
        // What every start needs of it; the rest is for `cdx check` to look at.
        let whole = Self::open(path).and_then(|mut journal| {
            journal.notebooks()?;
            let (first, _) = journal.reserve()?;
            journal.set_reserved(first)?;
            Ok(journal)
        });
        match whole {
            Err(IndexError::Damaged { .. }) => {
                let aside = super::connection::set_aside(path)?;
                Ok((Self::begin_anew(path)?, Some(aside)))
            }
            other => Ok((other?, None)),
        }
    }

    /// Sets the journal aside and begins another, with what can be read of the notebooks; says where it is then.
    ///
    /// # Errors
    /// If the notebooks cannot be read: then nothing is changed. SQLite's.
    pub fn replace(&mut self) -> Result<PathBuf, IndexError> {
        let notebooks = self.notebooks()?;
        let held: Vec<u64> = notebooks.iter().map(|record| self.held(record.number).unwrap_or(0)).collect();
        let path = PathBuf::from(&self.path);
        // SQLite is not to have the file open that is renamed.
        self.connection = Connection::open_in_memory().map_err(self.at())?;
        let aside = super::connection::set_aside(&path)?;
        *self = Self::begin_anew(&path)?;
        for (record, held) in notebooks.iter().zip(held) {
            self.put_notebook(record)?;
            self.set_held(record.number, held)?;
        }
        Ok(aside)
    }

    fn begin_anew(path: &Path) -> Result<Self, IndexError> {
        let mut journal = Self::open(path)?;
        // Numbers that the lost one may have handed out are not handed out again: no workspace has seen as many changes
        // as there have been microseconds.
        let since = crate::sys::now().as_microsecond() - 1_735_689_600_000_000;
        journal.set_reserved(Seq(since.max(1).unsigned_abs()))?;
        Ok(journal)
    }

    /// What SQLite's own check finds; empty if the journal is whole.
    ///
    /// # Errors
    /// SQLite's.
    pub fn integrity(&self) -> Result<Vec<String>, IndexError> {
        let at = self.at();
        let mut check = self.connection.prepare("PRAGMA quick_check(5)").map_err(&at)?;
        let rows = check.query_map([], |row| row.get::<_, String>(0)).map_err(&at)?;
        rows.filter(|line| !matches!(line, Ok(line) if line == "ok")).collect::<Result<_, _>>().map_err(at)
    }

    /// Opens (or makes) the journal at `path`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let at = |source| IndexError::of(path, source);
        let connection = Connection::open(path).map_err(at)?;
        connection.busy_timeout(std::time::Duration::from_secs(5)).map_err(at)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(at)?;
        // Nobody waits for the journal's fsync: a tail lost with the power is found again by the start-up scan.
        connection.pragma_update(None, "synchronous", "normal").map_err(at)?;
        connection.execute_batch(SCHEMA).map_err(at)?;
        Ok(Self { connection, path: path.display().to_string() })
    }

    fn at(&self) -> impl Fn(rusqlite::Error) -> IndexError + use<> {
        let path = self.path.clone();
        move |source| IndexError::of(Path::new(&path), source)
    }

    /// Reserves a block of sequence numbers: the first of it, and the one behind its last.
    ///
    /// # Errors
    /// SQLite's.
    pub fn reserve(&mut self) -> Result<(Seq, Seq), IndexError> {
        let at = self.at();
        let reserved: Option<i64> =
            self.connection.query_row("SELECT below FROM reserved", [], |row| row.get(0)).optional().map_err(&at)?;
        let first = reserved.and_then(|below| u64::try_from(below).ok()).unwrap_or(1);
        self.set_reserved(Seq(first + SEQ_BLOCK))?;
        Ok((Seq(first), Seq(first + SEQ_BLOCK)))
    }

    /// Gives back what was not used of the last block: `next` is the next number to hand out.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_reserved(&mut self, next: Seq) -> Result<(), IndexError> {
        let at = self.at();
        // Durable: this transaction is what keeps numbers from being handed out twice.
        self.connection.pragma_update(None, "synchronous", "full").map_err(&at)?;
        let result = self
            .connection
            .execute("INSERT INTO reserved VALUES (1, ?1) ON CONFLICT DO UPDATE SET below = ?1", [integer(next)])
            .map_err(&at);
        self.connection.pragma_update(None, "synchronous", "normal").map_err(&at)?;
        result.map(drop)
    }

    /// Writes lines, in one transaction.
    ///
    /// # Errors
    /// SQLite's; then none was written.
    pub fn append(&mut self, entries: &[JournalEntry]) -> Result<(), IndexError> {
        let at = self.at();
        let transaction = self.connection.transaction().map_err(&at)?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
                .map_err(&at)?;
            for entry in entries {
                insert
                    .execute(params![
                        integer(entry.seq),
                        i64::try_from(entry.time.as_nanosecond()).unwrap_or(i64::MAX),
                        entry.actor.author_name(),
                        entry.notebook.0,
                        entry.op,
                        entry.path,
                        entry.old_path,
                    ])
                    .map_err(&at)?;
            }
        }
        transaction.commit().map_err(&at)
    }

    /// Removes all but the newest `kept` lines.
    ///
    /// # Errors
    /// SQLite's.
    pub fn prune(&mut self, kept: u64) -> Result<(), IndexError> {
        let at = self.at();
        // By count, not by number: blocks of numbers that a crash forfeited hold no lines.
        let sql = "DELETE FROM changes WHERE seq <= (SELECT seq FROM changes ORDER BY seq DESC LIMIT 1 OFFSET ?1)";
        self.connection.execute(sql, [integer(Seq(kept))]).map(drop).map_err(at)
    }

    /// How many lines there are and the newest number.
    ///
    /// # Errors
    /// SQLite's.
    pub fn extent(&self) -> Result<(u64, Seq), IndexError> {
        self.connection
            .query_row("SELECT count(*), coalesce(max(seq), 0) FROM changes", [], |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), Seq(row.get::<_, i64>(1)?.unsigned_abs())))
            })
            .map_err(self.at())
    }

    /// All notebooks that ever had a number here.
    ///
    /// # Errors
    /// SQLite's.
    pub fn notebooks(&self) -> Result<Vec<NotebookRecord>, IndexError> {
        let at = self.at();
        let mut query =
            self.connection.prepare_cached("SELECT number, uid, name, epoch FROM notebooks").map_err(&at)?;
        let rows = query
            .query_map([], |row| {
                Ok(NotebookRecord {
                    number: NotebookNumber(row.get(0)?),
                    uid: row.get(1)?,
                    name: row.get(2)?,
                    epoch: row.get(3)?,
                })
            })
            .map_err(&at)?;
        rows.collect::<Result<_, _>>().map_err(at)
    }

    /// Notes how many files a notebook holds.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_held(&mut self, number: NotebookNumber, files: u64) -> Result<(), IndexError> {
        let sql = "INSERT INTO held VALUES (?1, ?2) ON CONFLICT DO UPDATE SET files = ?2 WHERE files <> ?2";
        self.connection.execute(sql, params![number.0, integer(Seq(files))]).map(drop).map_err(self.at())
    }

    /// How many files a notebook held when that was last noted; 0 where it never was.
    ///
    /// # Errors
    /// SQLite's.
    pub fn held(&self, number: NotebookNumber) -> Result<u64, IndexError> {
        let sql = "SELECT files FROM held WHERE number = ?1";
        let held: Option<i64> =
            self.connection.query_row(sql, [number.0], |row| row.get(0)).optional().map_err(self.at())?;
        Ok(held.map_or(0, i64::unsigned_abs))
    }

    /// Writes what a notebook is called by.
    ///
    /// # Errors
    /// SQLite's.
    pub fn put_notebook(&mut self, record: &NotebookRecord) -> Result<(), IndexError> {
        self.connection
            .execute(
                "INSERT INTO notebooks (number, uid, name, epoch) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (number) DO UPDATE SET uid = ?2, name = ?3, epoch = ?4",
                params![record.number.0, record.uid, record.name, record.epoch],
            )
            .map(drop)
            .map_err(self.at())
    }
}

/// SQLite's integers are signed; a sequence number never gets there.
fn integer(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_number_is_never_handed_out_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let (first, below) = Journal::open(&path).unwrap().reserve().unwrap();
        assert!(first < below);
        // As after a crash: nothing of the block was given back.
        let (second, _) = Journal::open(&path).unwrap().reserve().unwrap();
        assert_eq!(second, below);
    }

    #[test]
    fn lines_and_notebooks_survive_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let record = NotebookRecord { number: NotebookNumber(3), uid: "u".into(), name: "lab".into(), epoch: 7 };
        {
            let mut journal = Journal::open(&path).unwrap();
            journal.put_notebook(&record).unwrap();
            let entry = JournalEntry {
                seq: Seq(5),
                time: Instant::UNIX_EPOCH,
                actor: Actor::Agent("tidy".into()),
                notebook: NotebookNumber(3),
                op: "written",
                path: b"a.md".to_vec(),
                old_path: None,
            };
            journal.append(&[entry]).unwrap();
        }
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.notebooks().unwrap(), [record]);
        assert_eq!(journal.extent().unwrap(), (1, Seq(5)));
    }

    #[test]
    fn only_the_newest_lines_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(&folder.path().join("journal.db")).unwrap();
        let entry = |seq| JournalEntry {
            seq: Seq(seq),
            time: Instant::UNIX_EPOCH,
            actor: Actor::Unknown,
            notebook: NotebookNumber(1),
            op: "written",
            path: b"a".to_vec(),
            old_path: None,
        };
        journal.append(&[1, 2, 70, 71, 72].map(entry)).unwrap();
        journal.prune(2).unwrap();
        assert_eq!(journal.extent().unwrap(), (2, Seq(72)));
        journal.prune(2).unwrap();
        assert_eq!(journal.extent().unwrap(), (2, Seq(72)));
    }
}
