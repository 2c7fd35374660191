//! Codex: a laboratory journal that is a filesystem.
//!
//! Files are the truth; everything here is derived from them or records them.
//! Arrows between modules only go down:
//! `cli → api, fs → engine → index, history, access → sys → types`.

pub mod access;
pub mod api;
pub mod cli;
pub mod config;
pub mod engine;
pub mod fs;
pub mod history;
pub mod index;
pub mod sys;
pub mod types;
