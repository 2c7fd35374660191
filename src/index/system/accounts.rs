//! Accounts of people: making, changing, disabling and removing them.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::SystemDb;
use super::error::{Fault, SystemError, exists, not_found, refused};
use super::workspaces::{self, NewWorkspace};
use crate::types::{SessionId, UserId};

/// A person's account, without what signs it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Row id.
    pub id: UserId,
    /// Login, unique whatever its case.
    pub username: String,
    /// Address, unique whatever its case; none for an account that was made by `cdx init`.
    pub email: Option<String>,
    /// Whether it may sign in.
    pub is_active: bool,
    /// Whether the server is this person's.
    pub is_server_owner: bool,
    /// Whether it has a password: without one it only stands for the owner of a workspace.
    pub has_password: bool,
    /// The UI's theme.
    pub theme: Option<String>,
    /// Another value makes all access tokens void.
    pub stamp: String,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC.
    pub updated_at: String,
}

/// What an account is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewAccount<'a> {
    /// Login.
    pub username: &'a str,
    /// Address.
    pub email: Option<&'a str>,
    /// What is kept of the password.
    pub hash: &'a str,
    /// Its first workspace: its folder is there already.
    pub workspace: Option<NewWorkspace<'a>>,
}

/// Who makes an account, and what that allows. `local` is the account that stands for whoever runs cdx on this machine:
/// the first person takes over its workspaces.
#[derive(Clone, Copy, Debug)]
pub enum Enrolment<'a> {
    /// A person registers.
    Themselves {
        /// Whether the first one may (by the setup code, or since nobody else can reach the server).
        may_be_first: bool,
        /// Whether later ones may.
        is_open: bool,
        /// See above.
        local: &'a str,
    },
    /// Whoever runs cdx on this machine makes it.
    Operator {
        /// Whether the server is to be this person's; it is the first person's in any case.
        server_owner: bool,
        /// See above.
        local: &'a str,
    },
}

/// What signing in needs to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Whose.
    pub id: UserId,
    /// What is kept of the password.
    pub hash: Option<String>,
    /// Whether it may sign in.
    pub is_active: bool,
}

/// What of a profile is to change; `None` leaves it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProfileChange<'a> {
    /// Login.
    pub username: Option<&'a str>,
    /// Address.
    pub email: Option<&'a str>,
    /// The UI's theme.
    pub theme: Option<&'a str>,
}

const SELECT: &str =
    "SELECT id, username, email, is_active, is_server_owner, hashed_password IS NOT NULL, theme_setting,
    security_stamp, created_at, updated_at FROM users";

const TOUCH: &str = "updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')";
const NEW_STAMP: &str = "security_stamp = lower(hex(randomblob(16)))";

impl SystemDb {
    /// Makes an account, its first workspace with it. Who is first is decided in the same transaction.
    ///
    /// # Errors
    /// [`SystemError::Exists`] where the name or address is taken, [`SystemError::Refused`] where nobody may register.
    pub fn create_account(&self, new: &NewAccount<'_>, by: &Enrolment<'_>) -> Result<Account, SystemError> {
        self.write(|transaction| create(transaction, new, by))
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn accounts(&self) -> Result<Vec<Account>, SystemError> {
        self.read(|connection| Ok(all(connection)?))
    }

    /// The account of a login, or else of an address.
    ///
    /// # Errors
    /// SQLite's.
    pub fn find_account(&self, login: &str) -> Result<Option<Account>, SystemError> {
        self.read(|connection| Ok(find(connection, login)?))
    }

    /// Whether anybody could sign in: whoever comes first then owns the server.
    ///
    /// # Errors
    /// SQLite's.
    pub fn has_people(&self) -> Result<bool, SystemError> {
        self.read(|connection| Ok(has_people(connection)?))
    }

    /// What signing in as `login` (or its address) needs; `None` where there is no such account.
    ///
    /// # Errors
    /// SQLite's.
    pub fn credentials(&self, login: &str) -> Result<Option<Credentials>, SystemError> {
        self.read(|connection| {
            let sql = "SELECT id, hashed_password, is_active FROM users WHERE username = ?1 OR email = ?1
                       ORDER BY username = ?1 DESC LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row([login], |row| {
                Ok(Credentials { id: UserId(row.get(0)?), hash: row.get(1)?, is_active: row.get(2)? })
            });
            Ok(found.optional()?)
        })
    }

    /// Keeps a password anew; all sessions but one end, and every access token is void.
    ///
    /// # Errors
    /// [`SystemError::NotFound`]; SQLite's.
    pub fn set_password(&self, user: UserId, hash: &str, keep: Option<SessionId>) -> Result<(), SystemError> {
        self.write(|transaction| {
            let sql = format!("UPDATE users SET hashed_password = ?2, {NEW_STAMP}, {TOUCH} WHERE id = ?1");
            changed(transaction.execute(&sql, (user.0, hash))?)?;
            super::sessions::revoke_all(transaction, user, keep)?;
            Ok(())
        })
    }

    /// Keeps the same password in a stronger way, unless it was changed meanwhile.
    ///
    /// # Errors
    /// SQLite's.
    pub fn upgrade_hash(&self, user: UserId, old: &str, new: &str) -> Result<(), SystemError> {
        self.write(|transaction| {
            let sql = "UPDATE users SET hashed_password = ?3 WHERE id = ?1 AND hashed_password = ?2";
            transaction.execute(sql, (user.0, old, new))?;
            Ok(())
        })
    }

    /// Lets an account sign in, or no more: then its sessions end, and its access tokens are void.
    ///
    /// # Errors
    /// [`SystemError::NotFound`]; SQLite's.
    pub fn set_active(&self, user: UserId, is_active: bool) -> Result<(), SystemError> {
        self.write(|transaction| {
            let sql = format!("UPDATE users SET is_active = ?2, {NEW_STAMP}, {TOUCH} WHERE id = ?1");
            changed(transaction.execute(&sql, (user.0, is_active))?)?;
            if !is_active {
                super::sessions::revoke_all(transaction, user, None)?;
            }
            Ok(())
        })
    }

    /// Changes a profile.
    ///
    /// # Errors
    /// [`SystemError::Exists`] where the name or address is taken.
    pub fn change_profile(&self, user: UserId, change: &ProfileChange<'_>) -> Result<Account, SystemError> {
        self.write(|transaction| {
            refuse_taken(transaction, change.username, change.email, Some(user))?;
            let sql = format!(
                "UPDATE users SET username = coalesce(?2, username), email = coalesce(?3, email),
                 theme_setting = coalesce(?4, theme_setting), {TOUCH} WHERE id = ?1"
            );
            changed(transaction.execute(&sql, (user.0, change.username, change.email, change.theme))?)?;
            of_id(transaction, user)
        })
    }

    /// Removes an account. Workspaces that it owned go to another of their owners.
    ///
    /// # Errors
    /// [`SystemError::Refused`] where it is the last owner of a workspace, or of the server while others use it.
    pub fn delete_account(&self, user: UserId) -> Result<(), SystemError> {
        self.write(|transaction| delete(transaction, user))
    }

    /// Who owns a workspace that is made on this machine's command line: the server's owner, else `local`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn default_owner(&self, local: &str) -> Result<String, SystemError> {
        self.read(|connection| {
            let sql = "SELECT username FROM users WHERE is_server_owner = 1 ORDER BY id LIMIT 1";
            Ok(connection.query_row(sql, [], |row| row.get(0)).optional()?.unwrap_or_else(|| local.to_owned()))
        })
    }
}

pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Account>> {
    connection.prepare_cached(&format!("{SELECT} ORDER BY id"))?.query_map([], row)?.collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: UserId(row.get(0)?),
        username: row.get(1)?,
        email: row.get(2)?,
        is_active: row.get(3)?,
        is_server_owner: row.get(4)?,
        has_password: row.get(5)?,
        theme: row.get(6)?,
        stamp: row.get(7)?,
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
    })
}

fn of_id(connection: &Connection, user: UserId) -> Result<Account, Fault> {
    let found = connection.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?.query_row([user.0], row).optional()?;
    found.ok_or_else(|| not_found("no such account"))
}

pub(super) fn find(connection: &Connection, login: &str) -> rusqlite::Result<Option<Account>> {
    let sql = format!("{SELECT} WHERE username = ?1 OR email = ?1 ORDER BY username = ?1 DESC LIMIT 1");
    connection.prepare_cached(&sql)?.query_row([login], row).optional()
}

fn has_people(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE hashed_password IS NOT NULL)";
    connection.query_row(sql, [], |row| row.get(0))
}

fn changed(rows: usize) -> Result<(), Fault> {
    if rows == 0 { Err(not_found("no such account")) } else { Ok(()) }
}

fn create(transaction: &Transaction<'_>, new: &NewAccount<'_>, by: &Enrolment<'_>) -> Result<Account, Fault> {
    let is_first = !has_people(transaction)?;
    let (owns_server, may_claim, local) = match *by {
        Enrolment::Themselves { may_be_first: false, .. } if is_first => {
            return Err(refused("the first account needs the setup code that `cdx serve` printed"));
        }
        Enrolment::Themselves { is_open: false, .. } if !is_first => {
            return Err(refused("registration is closed; ask the server's owner for an account"));
        }
        Enrolment::Themselves { local, .. } => (is_first, is_first, local),
        Enrolment::Operator { server_owner, local } => (is_first || server_owner, true, local),
    };
    let stand_in = find(transaction, new.username)?.filter(|account| !account.has_password && may_claim);
    refuse_taken(transaction, Some(new.username), new.email, stand_in.as_ref().map(|account| account.id))?;
    let id = if let Some(account) = stand_in {
        let sql = format!(
            "UPDATE users SET username = ?2, email = ?3, hashed_password = ?4, is_active = 1,
             is_server_owner = max(is_server_owner, ?5), {NEW_STAMP}, {TOUCH} WHERE id = ?1"
        );
        transaction.execute(&sql, (account.id.0, new.username, new.email, new.hash, owns_server))?;
        account.id
    } else {
        let sql = "INSERT INTO users (username, email, hashed_password, is_server_owner) VALUES (?1, ?2, ?3, ?4)";
        transaction.execute(sql, (new.username, new.email, new.hash, owns_server))?;
        UserId(transaction.last_insert_rowid())
    };
    if is_first {
        take_over(transaction, local, id)?;
    }
    if let Some(workspace) = &new.workspace {
        workspaces::insert(transaction, workspace, id)?;
    }
    of_id(transaction, id)
}

fn refuse_taken(
    connection: &Connection,
    username: Option<&str>,
    email: Option<&str>,
    but: Option<UserId>,
) -> Result<(), Fault> {
    let taken = |column: &str, value: Option<&str>| -> rusqlite::Result<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM users WHERE {column} = ?1 AND id <> ?2)");
        connection.query_row(&sql, (value, but.map_or(0, |id| id.0)), |row| row.get(0))
    };
    if taken("username", username)? {
        return Err(exists(format!("the username `{}` is taken", username.unwrap_or_default())));
    }
    if taken("email", email)? {
        return Err(exists("the email address is taken"));
    }
    Ok(())
}

/// The workspaces of the stand-in of whoever runs cdx become the first person's; the stand-in goes.
fn take_over(transaction: &Transaction<'_>, local: &str, owner: UserId) -> Result<(), Fault> {
    let Some(stand_in) = find(transaction, local)?.filter(|account| !account.has_password && account.id != owner)
    else {
        return Ok(());
    };
    transaction.execute("UPDATE workspaces SET owner_id = ?2 WHERE owner_id = ?1", (stand_in.id.0, owner.0))?;
    let sql = "UPDATE OR IGNORE workspace_permissions SET user_id = ?2 WHERE user_id = ?1";
    transaction.execute(sql, (stand_in.id.0, owner.0))?;
    transaction.execute("UPDATE agents SET owner_id = ?2 WHERE owner_id = ?1", (stand_in.id.0, owner.0))?;
    transaction.execute("DELETE FROM users WHERE id = ?1", [stand_in.id.0])?;
    Ok(())
}

fn delete(transaction: &Transaction<'_>, user: UserId) -> Result<(), Fault> {
    let account = of_id(transaction, user)?;
    let sql = "SELECT w.name FROM workspaces w JOIN workspace_permissions p ON p.workspace_id = w.id
               WHERE p.user_id = ?1 AND p.permission_level = 'owner' AND NOT EXISTS (
                   SELECT 1 FROM workspace_permissions o
                   WHERE o.workspace_id = w.id AND o.user_id <> ?1 AND o.permission_level = 'owner')
               ORDER BY w.id LIMIT 1";
    let orphan: Option<String> = transaction.query_row(sql, [user.0], |row| row.get(0)).optional()?;
    if let Some(name) = orphan {
        let what = format!("the workspace `{name}` would have no owner; remove it, or make another member its owner");
        return Err(refused(what));
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE id <> ?1 AND hashed_password IS NOT NULL)
               AND NOT EXISTS (SELECT 1 FROM users WHERE id <> ?1 AND is_server_owner = 1 AND is_active = 1)";
    if account.is_server_owner && transaction.query_row(sql, [user.0], |row| row.get(0))? {
        return Err(refused("the server would have no owner; `cdx user add --owner` makes another"));
    }
    let sql = "UPDATE workspaces SET owner_id = (
                   SELECT p.user_id FROM workspace_permissions p
                   WHERE p.workspace_id = workspaces.id AND p.user_id <> ?1 AND p.permission_level = 'owner'
                   ORDER BY p.id LIMIT 1)
               WHERE owner_id = ?1";
    transaction.execute(sql, [user.0])?;
    transaction.execute("UPDATE agents SET owner_id = NULL, is_active = 0 WHERE owner_id = ?1", [user.0])?;
    transaction.execute("DELETE FROM users WHERE id = ?1", [user.0])?;
    Ok(())
}
