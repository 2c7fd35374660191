//! Notebooks as the server knows them: a register of the folders, which are the truth, with an id and a slug for each.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::SystemDb;
use super::error::{Fault, SystemError, not_found};
use super::slug::{free_slug, slug_of};
use crate::types::{NotebookId, WorkspaceId};

/// A notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookRow {
    /// Row id.
    pub id: NotebookId,
    /// Where.
    pub workspace: WorkspaceId,
    /// Shown name.
    pub name: String,
    /// Its name in addresses, unique in the workspace.
    pub slug: String,
    /// The name of its folder, by which the engine, the mounts and the command line know it.
    pub folder: String,
    /// What its owner says of it.
    pub description: Option<String>,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC.
    pub updated_at: String,
}

/// What a notebook is registered with.
#[derive(Clone, Copy, Debug)]
pub struct NewNotebook<'a> {
    /// Shown name.
    pub name: &'a str,
    /// The name of its folder.
    pub folder: &'a str,
    /// What its owner says of it.
    pub description: Option<&'a str>,
}

/// What of a notebook is to change; `None` leaves it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotebookChange<'a> {
    /// Shown name and the name of its folder; the slug follows.
    pub name: Option<(&'a str, &'a str)>,
    /// What its owner says of it.
    pub description: Option<&'a str>,
}

pub(super) const SELECT: &str =
    "SELECT id, workspace_id, name, slug, path, description, created_at, updated_at FROM notebooks";

impl SystemDb {
    /// The folder that a notebook of this name is made in: its slug.
    #[must_use]
    pub fn notebook_folder(name: &str) -> String {
        slug_of(name, "nb")
    }

    /// Registers a notebook, or says anew what is known of its folder.
    ///
    /// # Errors
    /// SQLite's.
    pub fn add_notebook(&self, workspace: WorkspaceId, new: &NewNotebook<'_>) -> Result<NotebookRow, SystemError> {
        self.write(|transaction| {
            let slug = slug_for(transaction, workspace, new.folder)?;
            let sql = "INSERT INTO notebooks (workspace_id, name, slug, path, description) VALUES (?1, ?2, ?3, ?4, ?5)
                       ON CONFLICT (workspace_id, path) DO UPDATE SET name = ?2, description = ?5";
            transaction.execute(sql, (workspace.0, new.name, slug, new.folder, new.description))?;
            let sql = format!("{SELECT} WHERE workspace_id = ?1 AND path = ?2");
            Ok(transaction.query_row(&sql, (workspace.0, new.folder), row)?)
        })
    }

    /// Changes a notebook's names or description.
    ///
    /// # Errors
    /// [`SystemError::NotFound`]; SQLite's.
    pub fn change_notebook(&self, id: NotebookId, change: &NotebookChange<'_>) -> Result<NotebookRow, SystemError> {
        self.write(|transaction| {
            let sql = format!("{SELECT} WHERE id = ?1");
            let old = transaction.query_row(&sql, [id.0], row).optional()?;
            let old = old.ok_or_else(|| not_found(format!("no notebook {id}")))?;
            if let Some((name, folder)) = change.name {
                let sql = "DELETE FROM notebooks WHERE workspace_id = ?1 AND path = ?2 AND id <> ?3";
                transaction.execute(sql, (old.workspace.0, folder, id.0))?;
                let slug = if folder == old.folder { old.slug } else { slug_for(transaction, old.workspace, folder)? };
                let sql = "UPDATE notebooks SET name = ?2, path = ?3, slug = ?4 WHERE id = ?1";
                transaction.execute(sql, (id.0, name, folder, slug))?;
            }
            let sql = "UPDATE notebooks SET description = coalesce(?2, description),
                       updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE id = ?1";
            transaction.execute(sql, (id.0, change.description))?;
            Ok(transaction.query_row(&format!("{SELECT} WHERE id = ?1"), [id.0], row)?)
        })
    }

    /// Makes the rows of a workspace's notebooks equal to the names of its folders. A notebook that is there keeps its
    /// row, by its folder's name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_notebooks(&self, workspace: WorkspaceId, folders: &[String]) -> Result<(), SystemError> {
        self.write(|transaction| set(transaction, workspace, folders))
    }
}

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<NotebookRow> {
    Ok(NotebookRow {
        id: NotebookId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        name: row.get(2)?,
        slug: row.get(3)?,
        folder: row.get(4)?,
        description: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

fn slug_for(transaction: &Transaction<'_>, workspace: WorkspaceId, folder: &str) -> rusqlite::Result<String> {
    free_slug(&slug_of(folder, "nb"), |slug| {
        let sql = "SELECT 1 FROM notebooks WHERE workspace_id = ?1 AND slug = ?2 AND path <> ?3";
        transaction.query_row(sql, (workspace.0, slug, folder), |_| Ok(())).optional().map(|found| found.is_some())
    })
}

fn set(transaction: &Transaction<'_>, workspace: WorkspaceId, folders: &[String]) -> Result<(), Fault> {
    let mut statement = transaction.prepare_cached("SELECT id, path FROM notebooks WHERE workspace_id = ?1")?;
    let there: Vec<(i64, String)> =
        statement.query_map([workspace.0], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (id, folder) in &there {
        if !folders.contains(folder) {
            transaction.execute("DELETE FROM notebooks WHERE id = ?1", [id])?;
        }
    }
    for folder in folders.iter().filter(|folder| !there.iter().any(|(_, known)| known == *folder)) {
        let slug = slug_for(transaction, workspace, folder)?;
        let sql = "INSERT INTO notebooks (workspace_id, name, slug, path) VALUES (?1, ?2, ?3, ?2)";
        transaction.execute(sql, (workspace.0, folder, slug))?;
    }
    Ok(())
}
