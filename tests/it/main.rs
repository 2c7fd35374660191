//! The one integration binary: real mounts, real git, real SQLite, real programs.

mod fs;
#[path = "../model/mod.rs"]
mod model;
mod regress;
mod support;
