//! How long a query may take.

use std::time::{Duration, Instant};

use crate::index::notebook::sql::Failure;

/// When a query has to be done.
#[derive(Clone, Copy, Debug)]
pub(in crate::index::notebook) struct Deadline(Option<Instant>);

impl Deadline {
    /// A budget that ends beyond what the clock can hold has no end.
    pub(super) fn after(budget: Duration) -> Self {
        Self(Instant::now().checked_add(budget))
    }

    /// Whether it has passed.
    pub(in crate::index::notebook) fn has_passed(self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }

    /// For loops outside SQLite, which looks by itself.
    ///
    /// # Errors
    /// If it has passed.
    pub(super) fn check(self) -> Result<(), Failure> {
        if self.has_passed() { Err(Failure::Late) } else { Ok(()) }
    }
}
