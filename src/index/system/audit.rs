//! The audit: what has to be known afterwards whoever goes, append only (triggers refuse the rest). It knows nothing of
//! who reads it.

use rusqlite::Transaction;

use super::clock;
use crate::types::{Instant, UserId};

/// Something that happened to somebody's account and that they did not do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incident<'a> {
    pub(super) user: UserId,
    /// One word that programs compare.
    pub(super) action: &'a str,
    /// What came in, without secrets.
    pub(super) input: &'a str,
    /// What was done about it.
    pub(super) outcome: &'a str,
    /// Why it was refused.
    pub(super) reason: &'a str,
}

/// Writes a refusal down, in the transaction that acts on it.
pub(super) fn refused(transaction: &Transaction<'_>, incident: Incident<'_>, now: Instant) -> rusqlite::Result<()> {
    let sql = "INSERT INTO agent_action_logs
                   (user_id, action_type, input_summary, output_summary, was_allowed, reason, created_at)
               VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)";
    let Incident { user, action, input, outcome, reason } = incident;
    let row = (user.0, action, input, outcome, reason, clock::text(now));
    transaction.prepare_cached(sql)?.execute(row).map(drop)
}
