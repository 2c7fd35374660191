//! Tasks of a workspace: what is to be done, by whom.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::SystemDb;
use super::error::{Fault, SystemError, not_found, refused};
use crate::types::{TaskId, TaskStatus, WorkspaceId};

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Row id.
    pub id: TaskId,
    /// Where.
    pub workspace: WorkspaceId,
    /// What is to be done.
    pub title: String,
    /// More of it.
    pub description: Option<String>,
    /// How far it is.
    pub status: TaskStatus,
    /// Login of a member, or the name of an agent.
    pub assigned_to: Option<String>,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC.
    pub updated_at: String,
    /// When it was completed or failed; ISO 8601, UTC.
    pub completed_at: Option<String>,
}

/// What a task is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewTask<'a> {
    /// What is to be done.
    pub title: &'a str,
    /// More of it.
    pub description: Option<&'a str>,
    /// How far it is.
    pub status: TaskStatus,
    /// Login of a member, or the name of an agent.
    pub assigned_to: Option<&'a str>,
}

/// What of a task is to change; `None` leaves it, `Some(None)` takes it away.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskChange<'a> {
    /// What is to be done.
    pub title: Option<&'a str>,
    /// More of it.
    pub description: Option<Option<&'a str>>,
    /// How far it is.
    pub status: Option<TaskStatus>,
    /// Login of a member, or the name of an agent.
    pub assigned_to: Option<Option<&'a str>>,
}

/// Which tasks are listed; `None` is any.
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskFilter<'a> {
    /// Those that are so far.
    pub status: Option<TaskStatus>,
    /// Those of somebody.
    pub assigned_to: Option<&'a str>,
}

const SELECT: &str =
    "SELECT id, workspace_id, title, description, status, assigned_to, created_at, updated_at, completed_at
    FROM tasks";
const WHERE: &str = "WHERE workspace_id = ?1 AND (?2 IS NULL OR status = ?2)
    AND (?3 IS NULL OR assigned_to = ?3 COLLATE NOCASE)";

impl SystemDb {
    /// A page of the tasks of a workspace, oldest first, and how many there are.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tasks(
        &self,
        workspace: WorkspaceId,
        filter: TaskFilter<'_>,
        (skip, limit): (u64, u64),
    ) -> Result<(Vec<TaskRow>, u64), SystemError> {
        self.read(|connection| {
            let status = filter.status.map(TaskStatus::as_str);
            let sql = format!("SELECT count(*) FROM tasks {WHERE}");
            let of = (workspace.0, status, filter.assigned_to);
            let total: i64 = connection.prepare_cached(&sql)?.query_row(of, |row| row.get(0))?;
            let sql = format!("{SELECT} {WHERE} ORDER BY id LIMIT ?4 OFFSET ?5");
            let page = (workspace.0, status, filter.assigned_to, limit.cast_signed(), skip.cast_signed());
            let rows = connection.prepare_cached(&sql)?.query_map(page, row)?.collect::<Result<_, _>>()?;
            Ok((rows, total.cast_unsigned()))
        })
    }

    /// A task.
    ///
    /// # Errors
    /// SQLite's.
    pub fn task(&self, id: TaskId) -> Result<Option<TaskRow>, SystemError> {
        self.read(|connection| Ok(find(connection, id)?))
    }

    /// Makes a task.
    ///
    /// # Errors
    /// [`SystemError::Refused`] where nobody bears the name of `assigned_to`.
    pub fn add_task(&self, workspace: WorkspaceId, new: &NewTask<'_>) -> Result<TaskRow, SystemError> {
        self.write(|transaction| {
            let assigned = assignee(transaction, workspace, new.assigned_to)?;
            let sql =
                "INSERT INTO tasks (workspace_id, title, description, status, assigned_to) VALUES (?1, ?2, ?3, ?4, ?5)";
            transaction.execute(sql, (workspace.0, new.title, new.description, new.status.as_str(), assigned))?;
            let id = TaskId(transaction.last_insert_rowid());
            note_end(transaction, id, None)?;
            there(transaction, id)
        })
    }

    /// Changes a task.
    ///
    /// # Errors
    /// [`SystemError::NotFound`]; [`SystemError::Refused`] where nobody bears the name of `assigned_to`.
    pub fn change_task(&self, id: TaskId, change: &TaskChange<'_>) -> Result<TaskRow, SystemError> {
        self.write(|transaction| {
            let old = there(transaction, id)?;
            let assigned = match change.assigned_to {
                None => old.assigned_to,
                Some(name) => assignee(transaction, old.workspace, name)?,
            };
            let description = change.description.map_or(old.description, |text| text.map(str::to_owned));
            let title = change.title.unwrap_or(&old.title);
            let status = change.status.unwrap_or(old.status);
            let sql = "UPDATE tasks SET title = ?2, description = ?3, status = ?4, assigned_to = ?5,
                       updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') WHERE id = ?1";
            transaction.execute(sql, (id.0, title, description, status.as_str(), assigned))?;
            note_end(transaction, id, Some(old.status))?;
            there(transaction, id)
        })
    }

    /// Removes a task.
    ///
    /// # Errors
    /// [`SystemError::NotFound`].
    pub fn remove_task(&self, id: TaskId) -> Result<(), SystemError> {
        self.write(|transaction| match transaction.execute("DELETE FROM tasks WHERE id = ?1", [id.0])? {
            0 => Err(missing(id)),
            _ => Ok(()),
        })
    }
}

fn find(connection: &Connection, id: TaskId) -> rusqlite::Result<Option<TaskRow>> {
    connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?.query_row([id.0], row).optional()
}

fn there(transaction: &Transaction<'_>, id: TaskId) -> Result<TaskRow, Fault> {
    find(transaction, id)?.ok_or_else(|| missing(id))
}

fn missing(id: TaskId) -> Fault {
    not_found(format!("no task {id}"))
}

/// When a task ended stands with it as long as it has ended.
fn note_end(transaction: &Transaction<'_>, id: TaskId, before: Option<TaskStatus>) -> Result<(), Fault> {
    let now = there(transaction, id)?;
    if before.is_some_and(|before| before.is_end() == now.status.is_end()) {
        return Ok(());
    }
    let ended = if now.status.is_end() { "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')" } else { "NULL" };
    transaction.execute(&format!("UPDATE tasks SET completed_at = {ended} WHERE id = ?1"), [id.0])?;
    Ok(())
}

/// The name of somebody who can be given tasks, as the database writes it: a member first, then an agent.
fn assignee(
    transaction: &Transaction<'_>,
    workspace: WorkspaceId,
    name: Option<&str>,
) -> Result<Option<String>, Fault> {
    let Some(name) = name else { return Ok(None) };
    let sql = "SELECT u.username FROM users u JOIN workspace_permissions p ON p.user_id = u.id
               WHERE p.workspace_id = ?1 AND u.username = ?2 COLLATE NOCASE
               UNION ALL SELECT name FROM agents WHERE workspace_id = ?1 AND name = ?2 LIMIT 1";
    let found = transaction.query_row(sql, (workspace.0, name), |row| row.get(0)).optional()?;
    found.map(Some).ok_or_else(|| refused(format!("`{name}` is no member and no agent of the workspace")))
}

fn row(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    let status: String = row.get(4)?;
    Ok(TaskRow {
        id: TaskId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        title: row.get(2)?,
        description: row.get(3)?,
        // The table's CHECK allows no other.
        status: TaskStatus::from_name(&status).unwrap_or(TaskStatus::Pending),
        assigned_to: row.get(5)?,
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
        completed_at: row.get(8)?,
    })
}
