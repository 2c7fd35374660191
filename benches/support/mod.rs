//! What the groups share: rows and their targets, times, daemons on cores, corpora. It knows nothing of single rows.

pub mod corpus;
pub mod daemon;
pub mod host;
pub mod lab;
pub mod namespace;
pub mod process;
pub mod ram;
pub mod results;
pub mod row;
pub mod time;

use std::io::Write;

/// A benchmark has nobody to tell its errors apart.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Progress, on stderr.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs a step whose failure costs only its own rows: the failure becomes a row.
pub fn step(rows: &mut row::Rows, name: &str, measure: impl FnOnce(&mut row::Rows) -> Outcome<()>) {
    say(&format!("   {name}"));
    if let Err(error) = measure(rows) {
        say(&format!("   {name}: {error}"));
        rows.push(row::Row::new(name).failed(&error.to_string()));
    }
}
