//! Passwords that are being looked at. Each counts as a wrong one until it is known to be right: of many that come at
//! once no more are looked at than of as many that come one after another. Who would be one too many waits until another
//! is known, so that many right ones at once are all let in.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::api::bridge::Queued;
use crate::api::error::{Answer, ApiError};
use crate::api::state::App;
use crate::index::system::{Chance, Credentials, SystemError};
use crate::types::Instant;

/// So many may wait for others to be known.
const WAITING_MAX: usize = 256;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// How many are being looked at, for each thing that a wrong one counts for.
    under_way: Mutex<HashMap<String, usize>>,
    ended: Notify,
    waiting: AtomicUsize,
}

/// A password that is being looked at, until this is dropped: after it has been counted, if it was wrong.
#[derive(Debug)]
pub(super) struct Attempt {
    attempts: Arc<Attempts>,
    counted_for: Vec<String>,
}

/// Whether a password is looked at.
enum Admission {
    Yes(Attempt, Option<Credentials>),
    /// After so many seconds.
    Later(i64),
    /// When it is known what those are that are being looked at.
    Next,
}

impl Attempts {
    /// Begins to look at a password for `login` that comes from `address`, once that is this one's turn; with what is
    /// known of the account.
    ///
    /// # Errors
    /// 429 after wrong ones, and where too many wait; the database's.
    pub(super) async fn begin(
        self: &Arc<Self>,
        app: &App,
        login: &str,
        address: &str,
    ) -> Answer<(Attempt, Option<Credentials>)> {
        let mut queued = None;
        loop {
            // Heard from before it is asked, so that none ends unheard between.
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            match self.admit(app, login, address).await? {
                Admission::Yes(attempt, credentials) => return Ok((attempt, credentials)),
                Admission::Later(seconds) => {
                    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
                    return Err(ApiError::too_many("too many wrong passwords; wait a little", seconds));
                }
                Admission::Next => {
                    let queued = queued.get_or_insert_with(|| Queued::new(&self.waiting));
                    if queued.before >= WAITING_MAX {
                        return Err(ApiError::too_many("too many passwords at once; try again", 1));
                    }
                    ended.await;
                }
            }
        }
    }

    async fn admit(self: &Arc<Self>, app: &App, login: &str, address: &str) -> Answer<Admission> {
        let (attempts, system) = (Arc::clone(self), Arc::clone(&app.system));
        let (login, address) = (login.to_owned(), address.to_owned());
        let admit = move || -> Result<Admission, SystemError> {
            // Held throughout: a wrong one is counted under it before it ends.
            let system = system.lock();
            let standing = system.login_standing(&login, &address, Instant::now())?;
            if standing.wait_seconds > 0 {
                return Ok(Admission::Later(standing.wait_seconds));
            }
            let Some(attempt) = attempts.take(standing.chances) else { return Ok(Admission::Next) };
            Ok(Admission::Yes(attempt, system.credentials(&login)?))
        };
        app.bridge.run(admit).await
    }

    /// Counts one more, unless those that are under way may use up what is left.
    fn take(self: &Arc<Self>, chances: Vec<Chance>) -> Option<Attempt> {
        let mut under_way = self.under_way.lock();
        let is_left = |chance: &Chance| under_way.get(&chance.subject).is_none_or(|count| *count < chance.left);
        if !chances.iter().all(is_left) {
            return None;
        }
        for chance in &chances {
            *under_way.entry(chance.subject.clone()).or_default() += 1;
        }
        let counted_for = chances.into_iter().map(|chance| chance.subject).collect();
        Some(Attempt { attempts: Arc::clone(self), counted_for })
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut under_way = self.attempts.under_way.lock();
        for subject in &self.counted_for {
            if let Some(count) = under_way.get_mut(subject) {
                *count -= 1;
                if *count == 0 {
                    under_way.remove(subject);
                }
            }
        }
        drop(under_way);
        self.attempts.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(subject: &str, left: usize) -> Chance {
        Chance { subject: subject.to_owned(), left }
    }

    #[test]
    fn those_under_way_count_until_they_are_known() {
        let attempts = Arc::new(Attempts::default());
        let first = attempts.take(vec![chance("pair", 2), chance("address", 9)]).unwrap();
        let second = attempts.take(vec![chance("pair", 2), chance("address", 9)]).unwrap();
        assert!(attempts.take(vec![chance("pair", 2), chance("address", 9)]).is_none());
        // One that is refused counts for nothing.
        assert_eq!(attempts.under_way.lock()["address"], 2);
        drop(attempts.take(vec![chance("other", 1), chance("address", 3)]).unwrap());
        drop(first);
        let third = attempts.take(vec![chance("pair", 2), chance("address", 9)]);
        assert!(third.is_some());
        drop((second, third));
        assert!(attempts.under_way.lock().is_empty());
    }
}
