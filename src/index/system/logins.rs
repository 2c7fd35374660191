//! Slowing of sign-ins after wrong passwords. Counted for the account at one address, for the address whatever the
//! account, and for the account whatever the address. Waits grow and end: nobody is locked out for good. An address
//! that the account has signed in from does not wait for what others do to the account.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::SystemDb;
use super::error::SystemError;
use crate::types::Instant;

/// Wrong passwords in a row that cost nothing, and the longest wait after them, in seconds.
struct Patience {
    free: i64,
    longest: i64,
}

/// Somebody who mistypes has a few tries; one address (an office, a proxy) has more, an account the most.
const OF_PAIR: Patience = Patience { free: 5, longest: 60 };
const OF_ADDRESS: Patience = Patience { free: 20, longest: 60 };
const OF_ACCOUNT: Patience = Patience { free: 50, longest: 30 };

/// After so many seconds without a wrong password all is forgotten: a day.
const FORGOTTEN: i64 = 24 * 3600;

/// What stands between somebody and a look at their password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginStanding {
    /// How many seconds they have to wait; 0 is now.
    pub wait_seconds: i64,
    /// What a wrong one counts for.
    pub chances: Vec<Chance>,
}

/// Something that wrong passwords are counted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chance {
    /// What, as a key.
    pub subject: String,
    /// How many may be looked at before one that is wrong makes others wait; at least 1.
    pub left: usize,
}

impl SystemDb {
    /// Whether somebody at `address` who signs in as `login` has to wait, and how many of them may try at once.
    ///
    /// # Errors
    /// SQLite's.
    pub fn login_standing(&self, login: &str, address: &str, now: Instant) -> Result<LoginStanding, SystemError> {
        self.read(|connection| {
            let now = now.as_second();
            let mut standing = LoginStanding { wait_seconds: 0, chances: Vec::new() };
            for (subject, patience) in subjects(login, address) {
                if subject.starts_with("account") && is_known(connection, login, address)? {
                    continue;
                }
                let (count, last_at) = failures(connection, &subject)?.unwrap_or((0, now));
                standing.wait_seconds = standing.wait_seconds.max(wait_of((count, last_at), &patience, now));
                let left = usize::try_from(patience.free - count).unwrap_or(0).max(1);
                standing.chances.push(Chance { subject, left });
            }
            Ok(standing)
        })
    }

    /// Counts a wrong password.
    ///
    /// # Errors
    /// SQLite's.
    pub fn login_failed(&self, login: &str, address: &str, now: Instant) -> Result<(), SystemError> {
        self.write(|transaction| {
            let now = now.as_second();
            transaction.prepare_cached("DELETE FROM login_failures WHERE last_at < ?1")?.execute([now - FORGOTTEN])?;
            for (subject, _) in subjects(login, address) {
                let sql = "INSERT INTO login_failures VALUES (?1, 1, ?2)
                           ON CONFLICT DO UPDATE SET failures = failures + 1, last_at = max(last_at, ?2)";
                transaction.prepare_cached(sql)?.execute((&subject, now))?;
            }
            Ok(())
        })
    }

    /// Forgets the wrong passwords of an account at an address, after a right one.
    ///
    /// # Errors
    /// SQLite's.
    pub fn login_succeeded(&self, login: &str, address: &str) -> Result<(), SystemError> {
        let [(pair, _), ..] = subjects(login, address);
        let had = self.read(|connection| Ok(failures(connection, &pair)?.is_some()))?;
        if had { self.write(|transaction| Ok(forget(transaction, &pair)?)) } else { Ok(()) }
    }
}

/// What a wrong password is counted for. A login is folded as the database compares it.
fn subjects(login: &str, address: &str) -> [(String, Patience); 3] {
    let login = login.to_ascii_lowercase();
    [
        (format!("pair {address} {login}"), OF_PAIR),
        (format!("address {address}"), OF_ADDRESS),
        (format!("account {login}"), OF_ACCOUNT),
    ]
}

fn failures(connection: &Connection, subject: &str) -> rusqlite::Result<Option<(i64, i64)>> {
    let sql = "SELECT failures, last_at FROM login_failures WHERE subject = ?1";
    connection.prepare_cached(sql)?.query_row([subject], |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// 1, 2, 4 … seconds after the last wrong one.
fn wait_of((failures, last_at): (i64, i64), patience: &Patience, now: i64) -> i64 {
    let over = failures - patience.free;
    if over < 0 {
        return 0;
    }
    let pause = patience.longest.min(1 << over.min(16));
    // A clock that was set back must not make a wait longer than it is.
    (last_at + pause - now).clamp(0, pause)
}

/// Whether the account has signed in from the address within the life of its sessions.
fn is_known(connection: &Connection, login: &str, address: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
               WHERE (u.username = ?1 OR u.email = ?1) AND s.address = ?2)";
    connection.prepare_cached(sql)?.query_row((login, address), |row| row.get(0))
}

fn forget(transaction: &Transaction<'_>, subject: &str) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM login_failures WHERE subject = ?1")?.execute([subject]).map(drop)
}
