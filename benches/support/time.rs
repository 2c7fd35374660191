//! Times and what is said of many of them.

use std::time::{Duration, Instant};

/// Runs it and tells how long it took.
pub fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = run();
    (result, began.elapsed())
}

/// Several measurements of one thing.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// Adds one.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64());
    }

    /// The share `p` (0 to 1) of them is at most this, in seconds; 0 where there are none.
    pub fn percentile(&self, p: f64) -> f64 {
        percentile(&self.0, p)
    }

    /// The middle one, in seconds.
    pub fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    /// Percentile in milliseconds.
    pub fn ms(&self, p: f64) -> f64 {
        self.percentile(p) * 1e3
    }

    /// Percentile in microseconds.
    pub fn us(&self, p: f64) -> f64 {
        self.percentile(p) * 1e6
    }
}

impl FromIterator<Duration> for Times {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        Self(times.into_iter().map(|time| time.as_secs_f64()).collect())
    }
}

/// The share `p` of the values is at most this (nearest rank).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a rank")]
pub fn percentile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = ((sorted.len() as f64 * p).ceil() as usize).clamp(1, sorted.len().max(1));
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}
