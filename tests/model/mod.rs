//! A reference for the mounted filesystem: what mount.md says a workspace looks like after each operation, in memory.
//! It does no I/O, takes no clock and uses no code of Codex: it reads frontmatter and names folders in its own way.
//!
//! [`World`] is the state of the folders of one sequence of operations, [`Op`] what can be done, [`Draft`] an
//! operation that has not chosen its targets yet, so that sequences stay sensible while they are made shorter.

#![allow(
    clippy::pedantic,
    clippy::manual_is_multiple_of,
    reason = "a draft of an operation is a value that happens to be small"
)]

mod aim;
mod apply;
mod apply_synthetic;
mod contents;
mod op;
mod world;

pub use aim::{Draft, drafts};
pub use apply::{Expected, appended, cut};
pub use contents::{Contents, Form, faithful};
pub use op::{Fold, Op, Save, Tag, Tagging, Via};
pub use world::{Entry, NONE, Shown, World, dir_of, is_page, name_of};
