//! Everything SQLite, and the pure parsers whose results it holds. It knows nothing of git, mounts or watchers.

pub mod journal;
pub mod notebook;
pub mod parse;
pub mod query;
pub mod system;
