//! The one integration binary: real mounts, real git, real SQLite, real programs.

mod cli;
mod fs;
mod style;
mod support;
