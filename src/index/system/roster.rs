//! Who there is and where each is let in, in memory: what every request asks. It is never out of date: each look asks
//! SQLite for its counter of commits (a word of shared memory), so that what this process, another one or the command
//! line changes holds from the next request on. What a request needs beyond the counter is read off its thread.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dashmap::DashMap;
use parking_lot::{Mutex, RwLock};
use rusqlite::Connection;

use super::accounts::{self, Account};
use super::notebooks::{self, NotebookRow};
use super::schema::SCHEMA;
use super::sessions;
use super::tokens::{self, ApiToken};
use crate::index::IndexError;
use crate::index::connection;
use crate::types::{NotebookId, Role, SessionId, UserId, WorkspaceId};

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Row id.
    pub id: WorkspaceId,
    /// Shown name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its directory.
    pub path: PathBuf,
    /// Who stands for it.
    pub owner: UserId,
    /// The UI's theme.
    pub theme: Option<String>,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC.
    pub updated_at: String,
}

/// Who there is and where each is let in, at one moment.
#[derive(Debug, Default, PartialEq)]
pub struct Roster {
    accounts: HashMap<UserId, Account>,
    workspaces: HashMap<WorkspaceId, Workspace>,
    notebooks: HashMap<NotebookId, NotebookRow>,
    roles: HashMap<(WorkspaceId, UserId), Role>,
    /// Sorted by id.
    by_workspace_slug: HashMap<String, Vec<WorkspaceId>>,
    by_notebook_slug: HashMap<(WorkspaceId, String), NotebookId>,
    /// Sorted by name.
    notebooks_of: HashMap<WorkspaceId, Vec<NotebookId>>,
}

impl Roster {
    /// An account.
    #[must_use]
    pub fn account(&self, id: UserId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// A workspace.
    #[must_use]
    pub fn workspace(&self, id: WorkspaceId) -> Option<&Workspace> {
        self.workspaces.get(&id)
    }

    /// Workspaces of a slug, oldest first: those that the original Codex made may share one.
    #[must_use]
    pub fn workspaces_of_slug(&self, slug: &str) -> &[WorkspaceId] {
        self.by_workspace_slug.get(slug).map_or(&[], Vec::as_slice)
    }

    /// Workspaces that a user is a member of, by name.
    #[must_use]
    pub fn workspaces_of(&self, user: UserId) -> Vec<&Workspace> {
        let is_member = |workspace: &&Workspace| self.roles.contains_key(&(workspace.id, user));
        let mut found: Vec<&Workspace> = self.workspaces.values().filter(is_member).collect();
        found.sort_by_key(|workspace| (workspace.name.to_lowercase(), workspace.id));
        found
    }

    /// What a user is in a workspace.
    #[must_use]
    pub fn role(&self, workspace: WorkspaceId, user: UserId) -> Option<Role> {
        self.roles.get(&(workspace, user)).copied()
    }

    /// A notebook.
    #[must_use]
    pub fn notebook(&self, id: NotebookId) -> Option<&NotebookRow> {
        self.notebooks.get(&id)
    }

    /// The notebook of a slug.
    #[must_use]
    pub fn notebook_of_slug(&self, workspace: WorkspaceId, slug: &str) -> Option<&NotebookRow> {
        self.by_notebook_slug.get(&(workspace, slug.to_owned())).and_then(|id| self.notebooks.get(id))
    }

    /// The notebooks of a workspace, by name.
    pub fn notebooks_of(&self, workspace: WorkspaceId) -> impl Iterator<Item = &NotebookRow> {
        self.notebooks_of.get(&workspace).into_iter().flatten().filter_map(|id| self.notebooks.get(id))
    }

    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut roster = Self::default();
        for account in accounts::all(connection)? {
            roster.accounts.insert(account.id, account);
        }
        for workspace in workspaces(connection)? {
            roster.by_workspace_slug.entry(workspace.slug.clone()).or_default().push(workspace.id);
            roster.workspaces.insert(workspace.id, workspace);
        }
        let sql = format!("{} ORDER BY name COLLATE NOCASE, id", notebooks::SELECT);
        for notebook in connection.prepare_cached(&sql)?.query_map([], notebooks::row)? {
            let notebook = notebook?;
            roster.by_notebook_slug.insert((notebook.workspace, notebook.slug.clone()), notebook.id);
            roster.notebooks_of.entry(notebook.workspace).or_default().push(notebook.id);
            roster.notebooks.insert(notebook.id, notebook);
        }
        let sql = "SELECT workspace_id, user_id, permission_level FROM workspace_permissions";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let level: String = row.get(2)?;
            if let Some(role) = Role::from_name(&level) {
                roster.roles.insert((WorkspaceId(row.get(0)?), UserId(row.get(1)?)), role);
            }
        }
        Ok(roster)
    }
}

fn workspaces(connection: &Connection) -> rusqlite::Result<Vec<Workspace>> {
    use std::os::unix::ffi::OsStrExt;
    let sql =
        "SELECT id, name, slug, path, owner_id, theme_setting, created_at, updated_at FROM workspaces ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(Workspace {
            id: WorkspaceId(row.get(0)?),
            name: row.get(1)?,
            slug: row.get(2)?,
            path: PathBuf::from(std::ffi::OsStr::from_bytes(row.get_ref(3)?.as_bytes()?)),
            owner: UserId(row.get(4)?),
            theme: row.get(5)?,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
        })
    })?;
    rows.collect()
}

/// A roster with the sessions and tokens that were found good since the last one was revoked.
#[derive(Clone, Debug, Default)]
struct Known {
    roster: Arc<Roster>,
    sessions: Arc<DashMap<SessionId, UserId>>,
    tokens: Arc<DashMap<[u8; 32], Arc<ApiToken>>>,
}

/// What a request shows to say who makes it; both have been verified as far as that goes without the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A session, by an access token.
    Session(SessionId),
    /// The digest of a personal access token.
    Token([u8; 32]),
}

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A session that goes on, and whose it is.
    Session(SessionId, UserId),
    /// A token that was not revoked; it may have expired.
    Token(Arc<ApiToken>),
    /// Nothing good.
    Unknown,
}

/// Keeps the roster.
#[derive(Debug)]
pub struct RosterKeeper {
    path: PathBuf,
    probe: Mutex<Probe>,
    known: RwLock<Known>,
}

#[derive(Debug)]
struct Probe {
    connection: Connection,
    /// SQLite's counter of commits when `known` was read.
    seen: Option<i64>,
    /// The counters of the database's own.
    revision: Option<(i64, i64)>,
}

impl RosterKeeper {
    /// Opens the system database of `home`, which is there and migrated.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open(home: &Path) -> Result<Self, IndexError> {
        let path = home.join("codex_system.db");
        let connection = connection::open_for_reading(&path, &SCHEMA).map_err(|error| IndexError::of(&path, error))?;
        let probe = Probe { connection, seen: None, revision: None };
        let keeper = Self { path, probe: Mutex::new(probe), known: RwLock::default() };
        keeper.read()?;
        Ok(keeper)
    }

    /// The roster, if what is in memory is what is in the database; `None`: [`RosterKeeper::read`] it, where that may
    /// wait.
    #[must_use]
    pub fn glance(&self) -> Option<Arc<Roster>> {
        self.is_current().then(|| Arc::clone(&self.known.read().roster))
    }

    /// The roster with what is known of what a request shows, as [`RosterKeeper::glance`].
    #[must_use]
    pub fn glance_at(&self, shown: Shown) -> Option<(Arc<Roster>, Standing)> {
        if !self.is_current() {
            return None;
        }
        let known = self.known.read();
        let standing = match shown {
            Shown::Session(id) => Standing::Session(id, *known.sessions.get(&id)?),
            Shown::Token(digest) => Standing::Token(Arc::clone(&*known.tokens.get(&digest)?)),
        };
        Some((Arc::clone(&known.roster), standing))
    }

    /// The roster as the database has it. It may wait for the disk.
    ///
    /// # Errors
    /// SQLite's.
    pub fn read(&self) -> Result<Arc<Roster>, IndexError> {
        let mut probe = self.probe.lock();
        self.catch_up(&mut probe).map_err(|error| IndexError::of(&self.path, error))?;
        Ok(Arc::clone(&self.known.read().roster))
    }

    /// The roster with what is known of what a request shows. It may wait for the disk.
    ///
    /// # Errors
    /// SQLite's.
    pub fn look_at(&self, shown: Shown) -> Result<(Arc<Roster>, Standing), IndexError> {
        let mut probe = self.probe.lock();
        let mut look = || {
            self.catch_up(&mut probe)?;
            let known = self.known.read().clone();
            let standing = match shown {
                Shown::Session(id) => match sessions::owner_of_live(&probe.connection, id)? {
                    Some(user) => {
                        known.sessions.insert(id, user);
                        Standing::Session(id, user)
                    }
                    None => Standing::Unknown,
                },
                Shown::Token(digest) => match tokens::of_digest(&probe.connection, &digest)? {
                    Some(token) => {
                        let token = Arc::new(token);
                        known.tokens.insert(digest, Arc::clone(&token));
                        Standing::Token(token)
                    }
                    None => Standing::Unknown,
                },
            };
            Ok((known.roster, standing))
        };
        look().map_err(|error| IndexError::of(&self.path, error))
    }

    /// A commit that changes nobody's access, as that of a sign-in, makes nobody wait: one row tells.
    fn is_current(&self) -> bool {
        let mut probe = self.probe.lock();
        let (Some(seen), Some(had), Ok(now)) = (probe.seen, probe.revision, data_version(&probe.connection)) else {
            return false;
        };
        if now != seen {
            if revision(&probe.connection).ok() != Some(had) {
                return false;
            }
            probe.seen = Some(now);
        }
        true
    }

    /// Reads what changed. The counters are read first: what changes meanwhile is read again the next time.
    fn catch_up(&self, probe: &mut Probe) -> rusqlite::Result<()> {
        let seen = data_version(&probe.connection)?;
        if probe.seen == Some(seen) {
            return Ok(());
        }
        // One snapshot for counters and rows.
        let snapshot = probe.connection.unchecked_transaction()?;
        let revision = revision(&snapshot)?;
        let had = probe.revision;
        if had.is_none_or(|had| had.0 != revision.0) {
            let roster = Arc::new(Roster::read(&snapshot)?);
            self.known.write().roster = roster;
        }
        if had.is_none_or(|had| had.1 != revision.1) {
            let mut known = self.known.write();
            known.sessions = Arc::default();
            known.tokens = Arc::default();
        }
        drop(snapshot);
        probe.seen = Some(seen);
        probe.revision = Some(revision);
        Ok(())
    }
}

/// How often accounts and what lets in were changed, and sessions and tokens revoked.
fn revision(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let sql = "SELECT accounts, revocations FROM access_revision";
    connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Another value whenever another connection has committed, this process's or not.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}
