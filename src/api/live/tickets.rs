//! Tickets for sockets: a browser cannot send a header when it opens one, and a token is not to stand in an address.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::holder::Holder;
use crate::access::hex;
use crate::sys::random_bytes;

/// How long a ticket is good, in seconds.
pub(crate) const TICKET_SECONDS: u64 = 30;

/// More than these are not handed out; those that nobody used are forgotten first.
const MOST: usize = 100_000;

/// Tickets that nobody has used yet, by the SHA-256 of their secrets.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Mutex<HashMap<[u8; 32], (Instant, Holder)>>);

impl Tickets {
    /// A ticket; `None` where there are too many.
    pub(super) fn hand_out(&self, holder: Holder, now: Instant) -> Option<String> {
        let ticket = hex(&random_bytes::<24>());
        let mut tickets = self.0.lock();
        tickets.retain(|_, (until, _)| *until > now);
        if tickets.len() >= MOST {
            return None;
        }
        tickets.insert(digest(&ticket), (now + Duration::from_secs(TICKET_SECONDS), holder));
        Some(ticket)
    }

    /// Whose ticket it is; it is used up.
    pub(super) fn take(&self, ticket: &str, now: Instant) -> Option<Holder> {
        let (until, holder) = self.0.lock().remove(&digest(ticket))?;
        (until > now).then_some(holder)
    }
}

fn digest(ticket: &str) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(ticket.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{User, Via};
    use crate::index::system::Shown;
    use crate::types::{SessionId, UserId};

    #[test]
    fn a_ticket_is_good_once_and_not_for_long() {
        let tickets = Tickets::default();
        let user = User { id: UserId(1), name: "ada".into(), is_server_owner: false, via: Via::Session(SessionId(1)) };
        let holder = Holder { user, shown: Shown::Session(SessionId(1)) };
        let now = Instant::now();
        let [one, other] = [(); 2].map(|()| tickets.hand_out(holder.clone(), now).unwrap());
        assert_ne!(one, other);
        assert!(tickets.take(&one, now).is_some());
        assert!(tickets.take(&one, now).is_none() && tickets.take("nonsense", now).is_none());
        assert!(tickets.take(&other, now + Duration::from_secs(TICKET_SECONDS)).is_none());
    }
}
