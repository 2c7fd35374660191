//! Members of workspaces and what each is there.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::SystemDb;
use super::error::{Fault, SystemError, exists, not_found, refused};
use crate::types::{Role, UserId, WorkspaceId};

/// A member of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// Login.
    pub username: String,
    /// Address.
    pub email: Option<String>,
    /// As what.
    pub role: Role,
    /// Since when, ISO 8601, UTC.
    pub created_at: String,
}

const SELECT: &str = "SELECT u.id, u.username, u.email, p.permission_level, p.created_at
    FROM workspace_permissions p JOIN users u ON u.id = p.user_id";

impl SystemDb {
    /// The members of a workspace, by name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn members(&self, workspace: WorkspaceId) -> Result<Vec<Member>, SystemError> {
        self.read(|connection| {
            let sql = format!("{SELECT} WHERE p.workspace_id = ?1 ORDER BY u.username COLLATE NOCASE, u.id");
            Ok(connection.prepare_cached(&sql)?.query_map([workspace.0], row)?.collect::<Result<_, _>>()?)
        })
    }

    /// Makes somebody a member, by login or address.
    ///
    /// # Errors
    /// [`SystemError::NotFound`] without such an account, [`SystemError::Exists`] where they are a member.
    pub fn add_member(&self, workspace: WorkspaceId, login: &str, role: Role) -> Result<Member, SystemError> {
        self.write(|transaction| {
            let account = super::accounts::find(transaction, login)?;
            let account = account.ok_or_else(|| not_found(format!("no account `{login}`")))?;
            if role_of(transaction, workspace, account.id)?.is_some() {
                return Err(exists(format!("`{}` is a member already", account.username)));
            }
            let sql = "INSERT INTO workspace_permissions (workspace_id, user_id, permission_level) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, (workspace.0, account.id.0, role.as_str()))?;
            member(transaction, workspace, account.id)
        })
    }

    /// Makes a member something else.
    ///
    /// # Errors
    /// [`SystemError::NotFound`] for no member, [`SystemError::Refused`] for the last owner.
    pub fn change_member(&self, workspace: WorkspaceId, user: UserId, role: Role) -> Result<Member, SystemError> {
        self.write(|transaction| {
            let was = role_of(transaction, workspace, user)?.ok_or_else(|| no_member(user))?;
            if was == Role::Owner && role != Role::Owner {
                hand_over(transaction, workspace, user)?;
            }
            let sql = "UPDATE workspace_permissions SET permission_level = ?3 WHERE workspace_id = ?1 AND user_id = ?2";
            transaction.execute(sql, (workspace.0, user.0, role.as_str()))?;
            member(transaction, workspace, user)
        })
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// [`SystemError::NotFound`] for no member, [`SystemError::Refused`] for the last owner.
    pub fn remove_member(&self, workspace: WorkspaceId, user: UserId) -> Result<(), SystemError> {
        self.write(|transaction| {
            if role_of(transaction, workspace, user)?.ok_or_else(|| no_member(user))? == Role::Owner {
                hand_over(transaction, workspace, user)?;
            }
            let sql = "DELETE FROM workspace_permissions WHERE workspace_id = ?1 AND user_id = ?2";
            transaction.execute(sql, (workspace.0, user.0))?;
            Ok(())
        })
    }
}

fn no_member(user: UserId) -> Fault {
    not_found(format!("no member {user}"))
}

fn row(row: &Row<'_>) -> rusqlite::Result<Member> {
    let level: String = row.get(3)?;
    Ok(Member {
        user: UserId(row.get(0)?),
        username: row.get(1)?,
        email: row.get(2)?,
        // The table's CHECK allows no other; the least, should that ever change.
        role: Role::from_name(&level).unwrap_or(Role::Viewer),
        created_at: row.get(4)?,
    })
}

fn member(transaction: &Transaction<'_>, workspace: WorkspaceId, user: UserId) -> Result<Member, Fault> {
    let sql = format!("{SELECT} WHERE p.workspace_id = ?1 AND p.user_id = ?2");
    Ok(transaction.query_row(&sql, (workspace.0, user.0), row)?)
}

fn role_of(transaction: &Transaction<'_>, workspace: WorkspaceId, user: UserId) -> rusqlite::Result<Option<Role>> {
    let sql = "SELECT permission_level FROM workspace_permissions WHERE workspace_id = ?1 AND user_id = ?2";
    let level: Option<String> = transaction.query_row(sql, (workspace.0, user.0), |row| row.get(0)).optional()?;
    Ok(level.and_then(|level| Role::from_name(&level)))
}

/// Another owner stands for the workspace from now on, where this one did.
fn hand_over(transaction: &Transaction<'_>, workspace: WorkspaceId, user: UserId) -> Result<(), Fault> {
    let sql = "SELECT user_id FROM workspace_permissions
               WHERE workspace_id = ?1 AND user_id <> ?2 AND permission_level = 'owner' ORDER BY id LIMIT 1";
    let next: Option<i64> = transaction.query_row(sql, (workspace.0, user.0), |row| row.get(0)).optional()?;
    let next =
        next.ok_or_else(|| refused("the last owner of a workspace stays; make another member its owner first"))?;
    let sql = "UPDATE workspaces SET owner_id = ?3 WHERE id = ?1 AND owner_id = ?2";
    transaction.execute(sql, (workspace.0, user.0, next))?;
    Ok(())
}
