//! Workspaces and their notebooks.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use super::SystemDb;
use crate::index::IndexError;

/// A workspace as the system database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRow {
    /// Row id.
    pub id: i64,
    /// Shown name.
    pub name: String,
    /// Short name, unique per owner.
    pub slug: String,
    /// Its directory.
    pub path: PathBuf,
    /// Login of its owner.
    pub owner: String,
}

const SELECT: &str =
    "SELECT w.id, w.name, w.slug, w.path, u.username FROM workspaces w JOIN users u ON u.id = w.owner_id";

impl SystemDb {
    /// Registers the workspace at `path`, or returns the row that it has. The slug is made from the name.
    /// An owner who is not known yet gets an account without a password, which cannot sign in.
    ///
    /// # Errors
    /// SQLite's.
    pub fn register_workspace(&self, name: &str, path: &Path, owner: &str) -> Result<WorkspaceRow, IndexError> {
        register(&self.connection, name, path, owner).map_err(|error| self.fail(error))
    }

    /// All workspaces, by name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceRow>, IndexError> {
        select(&self.connection, "ORDER BY w.name COLLATE NOCASE, w.id", []).map_err(|error| self.fail(error))
    }

    /// The workspace of a name, slug or directory: a directory before a slug before a name, the oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn find_workspace(&self, name_slug_or_path: &str) -> Result<Option<WorkspaceRow>, IndexError> {
        let rest = "WHERE w.path = ?1 OR w.slug = ?1 OR w.name = ?1 COLLATE NOCASE
                    ORDER BY w.path = ?1 DESC, w.slug = ?1 DESC, w.name = ?1 DESC, w.id LIMIT 1";
        let found = select(&self.connection, rest, [name_slug_or_path]).map_err(|error| self.fail(error))?;
        Ok(found.into_iter().next())
    }

    /// Makes the rows of a workspace's notebooks equal to the names of its folders.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_notebooks(&self, workspace: i64, names: &[String]) -> Result<(), IndexError> {
        set_notebooks(&self.connection, workspace, names).map_err(|error| self.fail(error))
    }
}

/// The schema keeps paths as text. A directory whose name is no UTF-8 would come back as another one, so it is
/// refused by SQLite's check of the text rather than mangled here.
fn path_text(path: &Path) -> rusqlite::Result<&str> {
    std::str::from_utf8(path.as_os_str().as_bytes()).map_err(|error| rusqlite::Error::Utf8Error(0, error))
}

fn row(row: &Row<'_>) -> rusqlite::Result<WorkspaceRow> {
    Ok(WorkspaceRow {
        id: row.get(0)?,
        name: row.get(1)?,
        slug: row.get(2)?,
        path: PathBuf::from(OsStr::from_bytes(row.get_ref(3)?.as_bytes()?)),
        owner: row.get(4)?,
    })
}

fn select(connection: &Connection, rest: &str, params: impl rusqlite::Params) -> rusqlite::Result<Vec<WorkspaceRow>> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} {rest}"))?;
    statement.query_map(params, row)?.collect()
}

/// Several processes may register at once: the transaction takes the write lock before it looks.
fn begin(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
}

fn register(connection: &Connection, name: &str, path: &Path, owner: &str) -> rusqlite::Result<WorkspaceRow> {
    let text = path_text(path)?;
    let transaction = begin(connection)?;
    if select(&transaction, "WHERE w.path = ?1", [text])?.is_empty() {
        transaction.execute("INSERT INTO users (username) VALUES (?1) ON CONFLICT (username) DO NOTHING", [owner])?;
        let owner: i64 =
            transaction.query_row("SELECT id FROM users WHERE username = ?1", [owner], |row| row.get(0))?;
        let slug = free_slug(&slug_of(name, "workspace"), |slug| {
            let sql = "SELECT 1 FROM workspaces WHERE owner_id = ?1 AND slug = ?2";
            transaction.query_row(sql, (owner, slug), |_| Ok(())).optional().map(|found| found.is_some())
        })?;
        let sql = "INSERT INTO workspaces (name, slug, path, owner_id) VALUES (?1, ?2, ?3, ?4)";
        transaction.execute(sql, (name, slug, text, owner))?;
        let sql =
            "INSERT INTO workspace_permissions (workspace_id, user_id, permission_level) VALUES (?1, ?2, 'owner')";
        transaction.execute(sql, (transaction.last_insert_rowid(), owner))?;
    }
    let registered = select(&transaction, "WHERE w.path = ?1", [text])?;
    transaction.commit()?;
    registered.into_iter().next().ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// A notebook that is there keeps its row, by its folder's name.
fn set_notebooks(connection: &Connection, workspace: i64, names: &[String]) -> rusqlite::Result<()> {
    let transaction = begin(connection)?;
    let mut statement = transaction.prepare_cached("SELECT id, path FROM notebooks WHERE workspace_id = ?1")?;
    let there: Vec<(i64, String)> =
        statement.query_map([workspace], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    drop(statement);
    for (id, path) in &there {
        if !names.contains(path) {
            transaction.execute("DELETE FROM notebooks WHERE id = ?1", [id])?;
        }
    }
    for name in names.iter().filter(|name| !there.iter().any(|(_, path)| path == *name)) {
        let slug = free_slug(&slug_of(name, "notebook"), |slug| {
            let sql = "SELECT 1 FROM notebooks WHERE workspace_id = ?1 AND slug = ?2";
            transaction.query_row(sql, (workspace, slug), |_| Ok(())).optional().map(|found| found.is_some())
        })?;
        let sql = "INSERT INTO notebooks (workspace_id, name, slug, path) VALUES (?1, ?2, ?3, ?2)
                   ON CONFLICT DO NOTHING";
        transaction.execute(sql, (workspace, name, slug))?;
    }
    transaction.commit()
}

/// Lower-case ASCII letters and digits of a name, joined by hyphens. Digits alone would be taken for an id.
fn slug_of(name: &str, otherwise: &str) -> String {
    let parts: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let slug = parts.join("-");
    if slug.is_empty() {
        otherwise.to_owned()
    } else if slug.bytes().all(|b| b.is_ascii_digit()) {
        format!("{otherwise}-{slug}")
    } else {
        slug
    }
}

/// The slug, else `slug-2` and so on.
fn free_slug(slug: &str, is_taken: impl Fn(&str) -> rusqlite::Result<bool>) -> rusqlite::Result<String> {
    let mut candidate = slug.to_owned();
    let mut number = 1_u64;
    while is_taken(&candidate)? {
        number += 1;
        candidate = format!("{slug}-{number}");
    }
    Ok(candidate)
}
