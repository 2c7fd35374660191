//! Workspaces: where each is and whose.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::SystemDb;
use super::error::{Fault, SystemError, not_found};
use super::slug::{free_slug, slug_of};
use crate::index::IndexError;
use crate::types::{UserId, WorkspaceId};

/// A workspace as the system database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRow {
    /// Row id.
    pub id: WorkspaceId,
    /// Shown name.
    pub name: String,
    /// Short name, unique per owner.
    pub slug: String,
    /// Its directory.
    pub path: PathBuf,
    /// Login of its owner.
    pub owner: String,
}

/// What a workspace is registered with.
#[derive(Clone, Copy, Debug)]
pub struct NewWorkspace<'a> {
    /// Shown name; the slug is made from it.
    pub name: &'a str,
    /// Its directory.
    pub path: &'a Path,
}

/// What of a workspace is to change; `None` leaves it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkspaceChange<'a> {
    /// Shown name; the slug stays, since addresses are made of it.
    pub name: Option<&'a str>,
    /// The UI's theme.
    pub theme: Option<&'a str>,
}

const SELECT: &str =
    "SELECT w.id, w.name, w.slug, w.path, u.username FROM workspaces w JOIN users u ON u.id = w.owner_id";

impl SystemDb {
    /// Registers the workspace at `path`, or returns the row that it has. The slug is made from the name.
    /// An owner who is not known yet gets an account without a password, which cannot sign in.
    ///
    /// # Errors
    /// SQLite's.
    pub fn register_workspace(&self, name: &str, path: &Path, owner: &str) -> Result<WorkspaceRow, SystemError> {
        self.write(|transaction| register(transaction, name, path, owner))
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

    /// The folder that a workspace of this name is made in, where nobody chose another.
    #[must_use]
    pub fn workspace_folder(name: &str) -> String {
        slug_of(name, "workspace")
    }

    /// Registers a workspace of a user; its folder is there already.
    ///
    /// # Errors
    /// SQLite's.
    pub fn add_workspace(&self, new: &NewWorkspace<'_>, owner: UserId) -> Result<WorkspaceId, SystemError> {
        self.write(|transaction| insert(transaction, new, owner))
    }

    /// Changes a workspace's name or theme.
    ///
    /// # Errors
    /// [`SystemError::NotFound`]; SQLite's.
    pub fn change_workspace(&self, workspace: WorkspaceId, change: &WorkspaceChange<'_>) -> Result<(), SystemError> {
        self.write(|transaction| {
            let sql = "UPDATE workspaces SET name = coalesce(?2, name), theme_setting = coalesce(?3, theme_setting),
                       updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE id = ?1";
            found(transaction.execute(sql, (workspace.0, change.name, change.theme))?, workspace)
        })
    }

    /// Forgets a workspace with all that is known of it here; its files are not touched.
    ///
    /// # Errors
    /// [`SystemError::NotFound`]; SQLite's.
    pub fn remove_workspace(&self, workspace: WorkspaceId) -> Result<(), SystemError> {
        self.write(|transaction| {
            found(transaction.execute("DELETE FROM workspaces WHERE id = ?1", [workspace.0])?, workspace)
        })
    }
}

fn found(rows: usize, workspace: WorkspaceId) -> Result<(), Fault> {
    if rows == 0 { Err(not_found(format!("no workspace {workspace}"))) } else { Ok(()) }
}

/// A workspace with its owner as its first member. Slugs are unique among all owners: addresses are made of them.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    new: &NewWorkspace<'_>,
    owner: UserId,
) -> Result<WorkspaceId, Fault> {
    let slug = free_slug(&slug_of(new.name, "workspace"), |slug| {
        let sql = "SELECT 1 FROM workspaces WHERE slug = ?1";
        transaction.query_row(sql, [slug], |_| Ok(())).optional().map(|found| found.is_some())
    })?;
    let sql = "INSERT INTO workspaces (name, slug, path, owner_id) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(sql, (new.name, slug, path_text(new.path)?, owner.0))?;
    let id = transaction.last_insert_rowid();
    let sql = "INSERT INTO workspace_permissions (workspace_id, user_id, permission_level) VALUES (?1, ?2, 'owner')";
    transaction.execute(sql, (id, owner.0))?;
    Ok(WorkspaceId(id))
}

/// The schema keeps paths as text. A directory whose name is no UTF-8 would come back as another one, so it is
/// refused by SQLite's check of the text rather than mangled here.
fn path_text(path: &Path) -> rusqlite::Result<&str> {
    std::str::from_utf8(path.as_os_str().as_bytes()).map_err(|error| rusqlite::Error::Utf8Error(0, error))
}

fn row(row: &Row<'_>) -> rusqlite::Result<WorkspaceRow> {
    Ok(WorkspaceRow {
        id: WorkspaceId(row.get(0)?),
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

fn register(transaction: &Transaction<'_>, name: &str, path: &Path, owner: &str) -> Result<WorkspaceRow, Fault> {
    let text = path_text(path)?;
    if select(transaction, "WHERE w.path = ?1", [text])?.is_empty() {
        transaction.execute("INSERT INTO users (username) VALUES (?1) ON CONFLICT (username) DO NOTHING", [owner])?;
        let owner = transaction.query_row("SELECT id FROM users WHERE username = ?1", [owner], |row| row.get(0))?;
        insert(transaction, &NewWorkspace { name, path }, UserId(owner))?;
    }
    let registered = select(transaction, "WHERE w.path = ?1", [text])?.into_iter().next();
    Ok(registered.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
}
