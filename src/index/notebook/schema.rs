//! `notebook.db`: its migrations, and how it is opened, adopted, or set aside.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::NotebookDb;
use crate::index::IndexError;
use crate::index::connection::{self, Migration, Schema};
use crate::types::TagName;

/// Numbered from 1; a released one is never edited.
pub(crate) const SCHEMA: Schema = Schema {
    migrations: &[
        Migration { sql: include_str!("../../../migrations/notebook/0001_initial.sql"), rewrites: false, then: None },
        Migration {
            sql: include_str!("../../../migrations/notebook/0002_recorded_blob.sql"),
            rewrites: false,
            then: None,
        },
        Migration {
            sql: include_str!("../../../migrations/notebook/0003_orders.sql"),
            rewrites: true,
            then: Some(fill_orders),
        },
        Migration {
            sql: include_str!("../../../migrations/notebook/0004_larger_segments.sql"),
            rewrites: false,
            then: None,
        },
    ],
    // A power cut may cost the last transactions, which the next scan finds again in the files.
    synchronous: "NORMAL",
    cache_kib: 32 * 1024,
    // 32 MiB: others do so beside (`LogFolder`), but a log that is written all the time is never folded to its end.
    log_pages: 4096,
};

/// What the third step is to know of rows that are there.
fn fill_orders(connection: &Connection) -> rusqlite::Result<()> {
    super::upsert::fill_title_orders(connection)?;
    super::sizes::fill(connection)
}

/// How the database was found when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It was there.
    Existing,
    /// It was made anew: everything has to be indexed.
    Created,
    /// One of the original Codex was adopted: everything has to be indexed again.
    Adopted,
    /// It was damaged, set aside as `notebook.db.damaged-N`, and made anew.
    Replaced,
}

impl NotebookDb {
    /// Opens (or makes) the database at `path`, migrates it, adopts the original's, sets a damaged one aside.
    ///
    /// # Errors
    /// If it was made by a newer version or cannot be opened.
    pub fn open(path: &Path) -> Result<(Self, Opened), IndexError> {
        // The folder `.codex` may be missing in a notebook that was just copied here.
        connection::make_folder(path.parent().unwrap_or(path))?;
        match open_whole(path) {
            Err(IndexError::Damaged { reason, .. }) => {
                tracing::warn!("database {} was damaged ({reason}): it was set aside and is made anew", path.display());
                connection::set_aside(path)?;
                let (connection, _) = open_whole(path)?;
                Ok((Self::over(connection, path), Opened::Replaced))
            }
            other => other.map(|(connection, opened)| (Self::over(connection, path), opened)),
        }
    }

    /// Renames the database at `path` with its log to `….damaged-N`, and says what it is called then.
    /// No reader or writer of this process may still have it open.
    ///
    /// # Errors
    /// If it cannot be renamed.
    pub fn set_aside(path: &Path) -> Result<PathBuf, IndexError> {
        connection::set_aside(path)
    }

    /// Sets the database at `path` aside as `….damaged-N`, whatever its state, and opens an empty one.
    /// No reader or writer of this process may still have it open.
    ///
    /// # Errors
    /// If it cannot be renamed, or no new one be made.
    pub fn replace(path: &Path) -> Result<Self, IndexError> {
        connection::set_aside(path)?;
        Self::open(path).map(|(db, _)| db)
    }
}

fn open_whole(path: &Path) -> Result<(Connection, Opened), IndexError> {
    let fail = |error| IndexError::of(path, error);
    let mut connection = connection::open_for_writing(path, &SCHEMA)?;
    let had = connection::version(&connection).map_err(fail)?;
    let opened = if had > 0 {
        Opened::Existing
    } else if connection::is_empty(&connection).map_err(fail)? {
        Opened::Created
    } else {
        adopt(&mut connection, path)?
    };
    connection::migrate(&mut connection, path, &SCHEMA)?;
    probe(&connection).map_err(|error| damaged_schema(path, error))?;
    Ok((connection, opened))
}

/// Reads the first page of what every start needs: gross damage shows here, at no cost.
fn probe(connection: &Connection) -> rusqlite::Result<()> {
    for sql in [
        "SELECT count(*) FROM (SELECT path FROM file_metadata LIMIT 1)",
        "SELECT count(*) FROM (SELECT value FROM meta LIMIT 1)",
        "SELECT count(*) FROM (SELECT file_id FROM file_tags LIMIT 1)",
        "SELECT count(*) FROM (SELECT file_id FROM properties LIMIT 1)",
        "SELECT count(*) FROM search_index WHERE rowid = 0",
    ] {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0))?;
    }
    Ok(())
}

/// A table that is missing at a version that has it is damage too, not a failure of SQLite.
fn damaged_schema(path: &Path, error: rusqlite::Error) -> IndexError {
    match IndexError::of(path, error) {
        IndexError::Sqlite { path, source } if source.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown) => {
            IndexError::Damaged { path, reason: source.to_string() }
        }
        other => other,
    }
}

/// A database of the original Codex: what cannot be found in the files is kept (colours of tags), the rest is
/// indexed again. Anything else without a version is nothing we know.
fn adopt(connection: &mut Connection, path: &Path) -> Result<Opened, IndexError> {
    let fail = |error| IndexError::of(path, error);
    let is_original = connection::has_columns(connection, "file_metadata", &["notebook_id", "path", "properties"])
        .map_err(fail)?
        && connection::has_columns(connection, "tags", &["name"]).map_err(fail)?;
    if !is_original {
        let reason = "its tables are neither ours nor the original's".to_owned();
        return Err(IndexError::Damaged { path: path.display().to_string(), reason });
    }
    let copy = connection::back_up(connection, path, "original")?;
    tracing::info!(database = %path.display(), copy = %copy.display(), "adopting a database of the original Codex");
    adopt_rows(connection).map_err(fail)?;
    Ok(Opened::Adopted)
}

fn adopt_rows(connection: &mut Connection) -> rusqlite::Result<()> {
    let colors: Vec<(String, String)> = if connection::has_columns(connection, "tags", &["color"])? {
        let mut statement = connection.prepare("SELECT name, color FROM tags WHERE color IS NOT NULL")?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    // Rows refer to one another in an order that is not ours to know.
    connection.pragma_update(None, "foreign_keys", false)?;
    let step = connection.transaction()?;
    connection::drop_tables(&step)?;
    step.execute_batch(SCHEMA.migrations[0].sql)?;
    for (name, color) in &colors {
        if let Ok(tag) = TagName::new(name) {
            step.execute(
                "INSERT OR IGNORE INTO tags (name, key, color) VALUES (?1, ?2, ?3)",
                (tag.as_str(), tag.key(), color),
            )?;
        }
    }
    step.pragma_update(None, "user_version", 1)?;
    step.commit()?;
    connection.pragma_update(None, "foreign_keys", true)
}
