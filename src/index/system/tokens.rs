//! Personal access tokens: digests with what they allow.

use rusqlite::{Connection, OptionalExtension, Row};

use super::SystemDb;
use super::clock;
use super::error::{SystemError, not_found};
use crate::types::{Instant, NotebookId, TokenId, TokenLimit, TokenScope, UserId, WorkspaceId};

/// A personal access token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Row id.
    pub id: TokenId,
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What it may.
    pub scopes: Vec<TokenScope>,
    /// Where.
    pub limit: TokenLimit,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// ISO 8601, UTC; `None`: it does not expire.
    pub expires_at: Option<String>,
    /// ISO 8601, UTC, to the hour or so; `None`: never.
    pub last_used_at: Option<String>,
}

impl ApiToken {
    /// The greatest of its scopes; a greater one holds the lesser.
    #[must_use]
    pub fn scope(&self) -> Option<TokenScope> {
        self.scopes.iter().copied().max()
    }

    /// Whether it is good at a time.
    #[must_use]
    pub fn is_good_at(&self, now: Instant) -> bool {
        self.expires_at.as_ref().is_none_or(|expires| clock::text(now) < *expires)
    }
}

/// What a token is made of.
#[derive(Clone, Debug)]
pub struct NewApiToken<'a> {
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub name: &'a str,
    /// What it may; at least one.
    pub scopes: &'a [TokenScope],
    /// Where.
    pub limit: TokenLimit,
    /// Until when.
    pub expires_at: Option<Instant>,
}

const SELECT: &str = "SELECT id, user_id, name, scopes, workspace_id, notebook_id, created_at, expires_at, last_used_at
    FROM api_tokens";

impl SystemDb {
    /// Keeps a new token.
    ///
    /// # Errors
    /// SQLite's.
    pub fn add_token(&self, new: &NewApiToken<'_>, digest: &[u8; 32]) -> Result<ApiToken, SystemError> {
        let (workspace, notebook) = match new.limit {
            TokenLimit::None => (None, None),
            TokenLimit::Workspace(workspace) => (Some(workspace.0), None),
            TokenLimit::Notebook(workspace, notebook) => (Some(workspace.0), Some(notebook.0)),
        };
        let scopes = serde_json::json!(new.scopes).to_string();
        self.write(|transaction| {
            let sql =
                "INSERT INTO api_tokens (user_id, name, token_hash, scopes, workspace_id, notebook_id, expires_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let expires = new.expires_at.map(clock::text);
            transaction.execute(sql, (new.user.0, new.name, digest, scopes, workspace, notebook, expires))?;
            let sql = format!("{SELECT} WHERE id = ?1");
            Ok(transaction.query_row(&sql, [transaction.last_insert_rowid()], row)?)
        })
    }

    /// A user's tokens that were not revoked, oldest first; those of agents are not among them.
    ///
    /// # Errors
    /// SQLite's.
    pub fn tokens(&self, user: UserId) -> Result<Vec<ApiToken>, SystemError> {
        self.read(|connection| {
            let sql = format!("{SELECT} WHERE user_id = ?1 AND agent_id IS NULL AND revoked_at IS NULL ORDER BY id");
            Ok(connection.prepare_cached(&sql)?.query_map([user.0], row)?.collect::<Result<_, _>>()?)
        })
    }

    /// Revokes a token of a user.
    ///
    /// # Errors
    /// [`SystemError::NotFound`] where the user has none of the id.
    pub fn revoke_token(&self, user: UserId, token: TokenId, now: Instant) -> Result<(), SystemError> {
        self.write(|transaction| {
            let sql = "UPDATE api_tokens SET revoked_at = ?3 WHERE id = ?1 AND user_id = ?2 AND revoked_at IS NULL";
            match transaction.execute(sql, (token.0, user.0, clock::text(now)))? {
                0 => Err(not_found(format!("no token {token}"))),
                _ => Ok(()),
            }
        })
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// SQLite's.
    pub fn token_used(&self, token: TokenId, now: Instant) -> Result<(), SystemError> {
        self.write(|transaction| {
            let sql = "UPDATE api_tokens SET last_used_at = ?2 WHERE id = ?1";
            transaction.execute(sql, (token.0, clock::text(now)))?;
            Ok(())
        })
    }
}

/// The person's token of a digest, unless it was revoked.
pub(super) fn of_digest(connection: &Connection, digest: &[u8; 32]) -> rusqlite::Result<Option<ApiToken>> {
    let sql = format!("{SELECT} WHERE token_hash = ?1 AND revoked_at IS NULL AND agent_id IS NULL");
    connection.prepare_cached(&sql)?.query_row([digest], row).optional()
}

fn row(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    let scopes: String = row.get(3)?;
    // A scope that a newer cdx wrote gives nothing here.
    let names: Vec<String> = serde_json::from_str(&scopes).unwrap_or_default();
    let workspace: Option<i64> = row.get(4)?;
    let notebook: Option<i64> = row.get(5)?;
    Ok(ApiToken {
        id: TokenId(row.get(0)?),
        user: UserId(row.get(1)?),
        name: row.get(2)?,
        scopes: names.iter().filter_map(|name| TokenScope::from_name(name)).collect(),
        limit: match (workspace.map(WorkspaceId), notebook.map(NotebookId)) {
            (Some(workspace), Some(notebook)) => TokenLimit::Notebook(workspace, notebook),
            (Some(workspace), None) => TokenLimit::Workspace(workspace),
            (None, _) => TokenLimit::None,
        },
        created_at: row.get(6)?,
        expires_at: row.get(7)?,
        last_used_at: row.get(8)?,
    })
}
