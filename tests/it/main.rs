//! The one integration binary: real mounts, real git, real SQLite, real programs.

mod fs;
mod support;
