//! Sign-ins: each is a family of refresh tokens of which only the newest is good. One that was replaced and comes again
//! was stolen, or its answer was lost; within a moment it is taken for the latter, else the whole family ends, and the
//! audit says so.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::SystemDb;
use super::audit::{self, Incident};
use super::clock;
use super::error::{Fault, SystemError, not_found};
use crate::types::{Instant, SessionId, UserId};

/// How long a session lasts that nobody refreshes, in seconds: 7 days.
pub const IDLE_SECONDS: i64 = 7 * 24 * 3600;

/// How long one lasts at most, however often it is refreshed, in seconds: 90 days.
const LONGEST_SECONDS: i64 = 90 * 24 * 3600;

/// How long the answer to a refresh may have been lost on its way, in seconds.
const GRACE_SECONDS: i64 = 10;

/// A sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Row id.
    pub id: SessionId,
    /// Address it was made from.
    pub address: String,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// ISO 8601, UTC.
    pub created_at: String,
    /// When it was refreshed last, ISO 8601, UTC.
    pub last_used_at: String,
    /// ISO 8601, UTC.
    pub expires_at: String,
}

/// Where a sign-in comes from.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Its address.
    pub address: &'a str,
    /// What it calls itself; cut to 200 characters.
    pub user_agent: Option<&'a str>,
}

/// What became of a refresh token that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// It is replaced.
    Yes(SessionId, UserId),
    /// It is unknown or has expired, or its session has ended.
    No,
    /// It had been replaced already: the session is ended.
    Reused(SessionId, UserId),
}

impl SystemDb {
    /// Begins a session with its first refresh token.
    ///
    /// # Errors
    /// SQLite's.
    pub fn open_session(
        &self,
        user: UserId,
        client: Client<'_>,
        token: &[u8; 32],
        now: Instant,
    ) -> Result<SessionId, SystemError> {
        self.write(|transaction| {
            forget_old(transaction, now)?;
            let user_agent = client.user_agent.map(|name| name.chars().take(200).collect::<String>());
            let expires = clock::later(now, IDLE_SECONDS);
            let sql =
                "INSERT INTO sessions (user_id, family, address, user_agent, created_at, last_used_at, expires_at)
                       VALUES (?1, lower(hex(randomblob(16))), ?2, ?3, ?4, ?4, ?5) RETURNING id, family";
            let new = (user.0, client.address, user_agent, clock::text(now), &expires);
            let (id, family): (i64, String) = transaction.query_row(sql, new, |row| Ok((row.get(0)?, row.get(1)?)))?;
            add_token(transaction, user, &family, (token, &expires), now)?;
            Ok(SessionId(id))
        })
    }

    /// Replaces a refresh token, presented at `address`, by `new`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn refresh_session(
        &self,
        token: &[u8; 32],
        new: &[u8; 32],
        address: &str,
        now: Instant,
    ) -> Result<Refreshed, SystemError> {
        self.write(|transaction| refresh(transaction, (token, new), address, now))
    }

    /// Ends the session of a refresh token; whether there was one.
    ///
    /// # Errors
    /// SQLite's.
    pub fn end_session_of(&self, token: &[u8; 32], now: Instant) -> Result<bool, SystemError> {
        self.write(|transaction| {
            let sql =
                "SELECT s.id FROM refresh_tokens t JOIN sessions s ON s.family = t.family WHERE t.token_hash = ?1";
            let session = transaction.query_row(sql, [token], |row| row.get(0)).optional()?;
            match session {
                Some(id) => end(transaction, SessionId(id), now).map(|()| true),
                None => Ok(false),
            }
        })
    }

    /// Ends a session of a user.
    ///
    /// # Errors
    /// [`SystemError::NotFound`] where the user has none of the id.
    pub fn end_session(&self, user: UserId, session: SessionId, now: Instant) -> Result<(), SystemError> {
        self.write(|transaction| {
            let sql = "SELECT 1 FROM sessions WHERE id = ?1 AND user_id = ?2 AND revoked_at IS NULL";
            let found = transaction.query_row(sql, (session.0, user.0), |_| Ok(())).optional()?;
            found.ok_or_else(|| not_found(format!("no session {session}")))?;
            end(transaction, session, now)
        })
    }

    /// Ends all sessions of a user, but one.
    ///
    /// # Errors
    /// SQLite's.
    pub fn end_sessions(&self, user: UserId, keep: Option<SessionId>) -> Result<(), SystemError> {
        self.write(|transaction| Ok(revoke_all(transaction, user, keep)?))
    }

    /// A user's sessions that go on, the one used last first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn sessions(&self, user: UserId, now: Instant) -> Result<Vec<Session>, SystemError> {
        self.read(|connection| {
            let sql = "SELECT id, address, user_agent, created_at, last_used_at, expires_at FROM sessions
                       WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2 ORDER BY last_used_at DESC, id DESC";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((user.0, clock::text(now)), |row| {
                Ok(Session {
                    id: SessionId(row.get(0)?),
                    address: row.get(1)?,
                    user_agent: row.get(2)?,
                    created_at: row.get(3)?,
                    last_used_at: row.get(4)?,
                    expires_at: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Whose session it is, if it has not been ended.
pub(super) fn owner_of_live(connection: &Connection, session: SessionId) -> rusqlite::Result<Option<UserId>> {
    let sql = "SELECT user_id FROM sessions WHERE id = ?1 AND revoked_at IS NULL";
    connection.prepare_cached(sql)?.query_row([session.0], |row| row.get(0).map(UserId)).optional()
}

/// Ends all sessions of a user, but one.
pub(super) fn revoke_all(transaction: &Transaction<'_>, user: UserId, keep: Option<SessionId>) -> rusqlite::Result<()> {
    let (user, keep) = (user.0, keep.map_or(0, |id| id.0));
    let now = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')";
    let families = "SELECT family FROM sessions WHERE user_id = ?1 AND id <> ?2";
    let sql =
        format!("UPDATE refresh_tokens SET revoked_at = {now} WHERE revoked_at IS NULL AND family IN ({families})");
    transaction.execute(&sql, (user, keep))?;
    let sql = format!("UPDATE sessions SET revoked_at = {now} WHERE user_id = ?1 AND id <> ?2 AND revoked_at IS NULL");
    transaction.execute(&sql, (user, keep)).map(drop)
}

fn add_token(
    transaction: &Transaction<'_>,
    user: UserId,
    family: &str,
    (token, expires): (&[u8; 32], &str),
    now: Instant,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO refresh_tokens (user_id, token_hash, family, created_at, expires_at)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    transaction.prepare_cached(sql)?.execute((user.0, token, family, clock::text(now), expires)).map(drop)
}

/// A refresh token with the session it belongs to.
struct Presented {
    id: i64,
    user: UserId,
    session: SessionId,
    family: String,
    replaced_at: Option<String>,
    /// Whether neither it nor its session has ended.
    is_live: bool,
    /// When its session ends whatever happens.
    ends: String,
}

fn presented(transaction: &Transaction<'_>, token: &[u8; 32], now: Instant) -> rusqlite::Result<Option<Presented>> {
    let sql = "SELECT t.id, t.user_id, s.id, t.family, t.replaced_at,
                      t.revoked_at IS NULL AND s.revoked_at IS NULL AND t.expires_at > ?2
                          AND u.is_active AND s.created_at > ?3,
                      strftime('%Y-%m-%dT%H:%M:%SZ', s.created_at, ?4)
               FROM refresh_tokens t JOIN sessions s ON s.family = t.family JOIN users u ON u.id = t.user_id
               WHERE t.token_hash = ?1";
    let bounds = (token, clock::text(now), clock::later(now, -LONGEST_SECONDS), format!("+{LONGEST_SECONDS} seconds"));
    let mut statement = transaction.prepare_cached(sql)?;
    let found = statement.query_row(bounds, |row| {
        Ok(Presented {
            id: row.get(0)?,
            user: UserId(row.get(1)?),
            session: SessionId(row.get(2)?),
            family: row.get(3)?,
            replaced_at: row.get(4)?,
            is_live: row.get(5)?,
            ends: row.get(6)?,
        })
    });
    found.optional()
}

fn refresh(
    transaction: &Transaction<'_>,
    (token, new): (&[u8; 32], &[u8; 32]),
    address: &str,
    now: Instant,
) -> Result<Refreshed, Fault> {
    let Some(found) = presented(transaction, token, now)?.filter(|found| found.is_live) else {
        return Ok(Refreshed::No);
    };
    if found.replaced_at.is_some_and(|at| at < clock::later(now, -GRACE_SECONDS)) {
        end(transaction, found.session, now)?;
        let input = format!("a refresh token of session {}, from {address}", found.session);
        let incident = Incident {
            user: found.user,
            action: "refresh_token_reused",
            input: &input,
            outcome: "the session was ended",
            reason: "the token had been replaced already: it, or its successor, was stolen",
        };
        audit::refused(transaction, incident, now)?;
        return Ok(Refreshed::Reused(found.session, found.user));
    }
    let expires = clock::later(now, IDLE_SECONDS).min(found.ends);
    let sql = "UPDATE refresh_tokens SET replaced_at = coalesce(replaced_at, ?2) WHERE id = ?1";
    transaction.execute(sql, (found.id, clock::text(now)))?;
    let sql = "UPDATE sessions SET last_used_at = ?2, expires_at = ?3 WHERE id = ?1";
    transaction.execute(sql, (found.session.0, clock::text(now), &expires))?;
    add_token(transaction, found.user, &found.family, (new, &expires), now)?;
    Ok(Refreshed::Yes(found.session, found.user))
}

fn end(transaction: &Transaction<'_>, session: SessionId, now: Instant) -> Result<(), Fault> {
    let at = clock::text(now);
    let sql = "UPDATE refresh_tokens SET revoked_at = ?2
               WHERE revoked_at IS NULL AND family = (SELECT family FROM sessions WHERE id = ?1)";
    transaction.execute(sql, (session.0, &at))?;
    let sql = "UPDATE sessions SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    transaction.execute(sql, (session.0, &at))?;
    Ok(())
}

/// Rows that no longer tell anything: a month after they expired.
fn forget_old(transaction: &Transaction<'_>, now: Instant) -> rusqlite::Result<()> {
    let before = clock::later(now, -30 * 24 * 3600);
    transaction.prepare_cached("DELETE FROM refresh_tokens WHERE expires_at < ?1")?.execute([&before])?;
    transaction.prepare_cached("DELETE FROM sessions WHERE expires_at < ?1")?.execute([&before])?;
    Ok(())
}
