//! From a query's conditions to SQL. Values are bound, never written into the text; what SQL has no words for are
//! functions ([`functions`]) over the same code that [`crate::index::query::eval`] uses.
//!
//! A condition has two forms: a *test*, true or false for the row `f`, and, where an index serves, a *driver*, a
//! statement that yields the `id` of every note for which it can be true. A plan walks the cheapest driver of a
//! conjunction and tests the rest.

mod dates;
mod driver;
mod field;
mod fragment;
pub(super) mod functions;
mod links;
mod plan;
mod property;
mod race;
mod terms;
mod text;

pub(super) use fragment::{Failure, Fragment};
pub(super) use plan::{Plan, Start, has_rank};
pub(super) use property::key_id;
pub(super) use race::matching;
pub(super) use terms::Compiler;
pub(super) use text::positive_words;
