//! Everything git: each notebook's `history.git` is a plain repository whose trees mirror the notebook.
//! Written and read in process with libgit2: no hooks, no filters, no configuration of the user's, no shell
//! (but for packing in the background). It knows nothing of SQL, mounts or watchers.

mod batch;
mod chain;
mod compare;
mod diff;
mod edits;
mod error;
mod gestures;
mod isolation;
mod log;
mod maintain;
mod merge;
mod message;
mod open;
mod publish;
mod read;
mod record;
mod repository;
mod residue;
mod salvage;
#[cfg(test)]
mod tests;
mod trail;
mod tree;
mod undo;

pub use batch::{Batch, CommitInfo, PastEntry, PastKind, Recorded, Version};
pub use edits::is_recordable;
pub use error::HistoryError;
pub use log::LogFilter;
pub use merge::{MergeConflict, merge_text};
pub use open::{History, Retired, blob_id};
pub use salvage::Salvaged;
