//! Results of views and queries as folders, brought up to date one changed note at a time.

/// Results of views and queries.
#[derive(Debug, Default)]
pub struct Views {}
