//! The one integration binary: real mounts, real git, real SQLite, real programs.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that fails may panic; its files are its own"
)]

mod api;
mod behind;
mod cli;
mod crash;
mod damage;
mod fs;
#[path = "../model/mod.rs"]
mod model;
mod readme;
mod regress;
mod style;
mod support;
