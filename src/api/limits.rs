//! How many requests a second: of an address before anything else is done, of a person once it is known who asks.
//! Each may save up some seconds' worth. What is counted is forgotten when it is full again.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use dashmap::DashMap;

use super::error::{Answer, ApiError};
use crate::types::UserId;

/// Seconds' worth that may be used at once.
const SAVED_SECONDS: f64 = 10.0;

/// Above so many, those that are full again are forgotten.
const TIDY_ABOVE: usize = 10_000;

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    User(UserId),
}

/// What somebody has left, as of a time.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// Counts requests.
#[derive(Debug)]
pub(crate) struct Limits {
    per_second: f64,
    buckets: DashMap<Key, Bucket>,
}

impl Limits {
    /// So many a second on average; 0 is without bound.
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: f64::from(per_second), buckets: DashMap::new() }
    }

    /// Lets a request of an address in. Of IPv6 the network counts: a home has as many addresses as it likes.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn admit_address(&self, address: IpAddr) -> Answer<()> {
        let network = match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
            v4 @ IpAddr::V4(_) => v4,
        };
        self.admit(Key::Address(network), Instant::now())
    }

    /// Lets a request of a person in, whatever it comes by.
    ///
    /// # Errors
    /// 429.
    pub(crate) fn admit_user(&self, user: UserId) -> Answer<()> {
        self.admit(Key::User(user), Instant::now())
    }

    fn admit(&self, key: Key, now: Instant) -> Answer<()> {
        if self.per_second <= 0.0 {
            return Ok(());
        }
        if self.buckets.len() > TIDY_ABOVE {
            self.buckets.retain(|_, bucket| self.refilled(*bucket, now) < self.most());
        }
        let mut bucket = self.buckets.entry(key).or_insert(Bucket { left: self.most(), at: now });
        let left = self.refilled(*bucket, now);
        if left < 1.0 {
            return Err(ApiError::too_many("too many requests; slow down", 1));
        }
        *bucket = Bucket { left: left - 1.0, at: now };
        Ok(())
    }

    fn most(&self) -> f64 {
        self.per_second * SAVED_SECONDS
    }

    fn refilled(&self, bucket: Bucket, now: Instant) -> f64 {
        let earned = now.saturating_duration_since(bucket.at).as_secs_f64() * self.per_second;
        (bucket.left + earned).min(self.most())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn bursts_are_let_through_and_floods_are_not() {
        let limits = Limits::new(2);
        let began = Instant::now();
        let user = Key::User(UserId(1));
        let admitted = |after: u64, times: usize| {
            let now = began + Duration::from_secs(after);
            (0..times).filter(|_| limits.admit(user, now).is_ok()).count()
        };
        assert_eq!(admitted(0, 100), 20);
        assert_eq!(admitted(3, 100), 6);
        assert_eq!(admitted(1000, 100), 20);
        assert!(limits.admit(Key::User(UserId(2)), began).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let limits = Limits::new(1);
        let admitted =
            (0..100).filter(|n| limits.admit_address(format!("2001:db8::{n:x}").parse().unwrap()).is_ok()).count();
        assert_eq!(admitted, 10);
        assert!(limits.admit_address("2001:db8:1::1".parse().unwrap()).is_ok());
    }
}
