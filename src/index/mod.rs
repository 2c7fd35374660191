//! Everything SQLite, and the pure parsers whose results it holds. It knows nothing of git, mounts or watchers.

mod connection;
mod error;
pub mod journal;
pub mod notebook;
pub mod parse;
pub mod query;
pub mod system;

pub use error::IndexError;
