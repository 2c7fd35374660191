//! `notebook.db`: the index of one notebook. One writer, several readers; the files are the truth.

mod fold;
mod fts5;
mod idset;
mod integrity;
mod links;
mod listing;
mod names;
mod properties;
mod reader;
mod records;
mod remembered;
mod rowio;
mod rows;
mod run;
mod schema;
mod sizes;
mod snippet;
mod sql;
mod upsert;
mod writer;

pub use super::IndexError;
pub use integrity::Derived;
pub(crate) use links::{NOTE_EXTENSIONS, is_internal, join as join_target};
pub use listing::{FileOrder, Listing};
pub use reader::NotebookReader;
pub use records::{Applied, FileRecord, IndexedFile, IndexedStat, RowChange};
pub use rows::{FileRow, GroupRow, Links, QueryResult, StoredProperties};
pub use run::{QueryOptions, QuerySource, run_ids, run_query};
pub use schema::Opened;
pub use snippet::snippet;
pub use writer::{LogFolder, Merge, NotebookDb};

#[cfg(test)]
mod brute_force_tests;
#[cfg(test)]
mod opening_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod tests;
