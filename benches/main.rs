//! The benchmarks of Codex: measures what `targets.md` §1 to §5 state, prints one table, fails on nothing.
//!
//! `cargo bench --bench targets -- [GROUP…] [--quick]`, groups: `real-tree synthetic index history api table`, and `scale`,
//! which is measured only where it is named and shown on a page of its own (docs/scale.md). The last
//! figures of each group are kept in `target/bench`, so that groups can be measured one at a time; a run that is not
//! `--quick` writes `benches/RESULTS.md`. It knows nothing of how Codex is made but for the library's public calls.
#![expect(clippy::disallowed_methods, reason = "scratch files of a benchmark need no durability")]
#![expect(clippy::format_push_string, reason = "scratch texts are made before the clock starts")]

mod api;
mod history;
mod index;
mod real_tree;
mod scale;
mod support;
mod synthetic;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use support::lab::Lab;
use support::row::{Row, Rows};
use support::{Outcome, namespace, results, say};

/// A group of targets: what it is called on the command line, its heading, how it is measured.
type Group = (&'static str, &'static str, fn(&Lab, &mut Rows) -> Outcome<()>);

const GROUPS: [Group; 5] = [
    ("real-tree", "1. The real tree through the mount", real_tree::run),
    ("synthetic", "2. Synthetic folders", synthetic::run),
    ("index", "3. Index, query, search", index::run),
    ("history", "4. History", history::run),
    ("api", "5. API", api::run),
];

/// Measured where it is named: it takes half an hour and has no targets.
const SCALE: (&str, &str) = ("scale", "How it grows");

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, store] = arguments.as_slice()
        && mode == index::CHILD
    {
        return told(index::child(store));
    }
    if let Some(code) = namespace::enter(&arguments) {
        return code;
    }
    told(measure(&arguments))
}

fn told(outcome: Outcome<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &[String]) -> Outcome<()> {
    let is_quick = arguments.iter().any(|argument| argument == "--quick");
    let named: Vec<&str> = arguments.iter().filter(|word| !word.starts_with('-')).map(String::as_str).collect();
    if let Some(unknown) = named
        .iter()
        .find(|name| **name != "table" && **name != SCALE.0 && !GROUPS.iter().any(|(group, ..)| group == *name))
    {
        return Err(format!(
            "no group `{unknown}`; there are real-tree, synthetic, index, history, api, scale and table"
        )
        .into());
    }
    let lab = Lab::new(is_quick)?;
    for (name, heading, run) in GROUPS {
        if named.is_empty() || named.contains(&name) {
            say(&format!("== {heading}"));
            results::keep(&lab, name, &measured(&lab, heading, run))?;
        }
    }
    if named.contains(&SCALE.0) {
        say(&format!("== {}", SCALE.1));
        let rows = measured(&lab, SCALE.1, scale::run);
        results::keep(&lab, SCALE.0, &rows)?;
        results::page(&lab, SCALE.0, &rows)?;
        if named.len() == 1 {
            return Ok(());
        }
    }
    let groups = GROUPS.map(|(name, heading, _)| (name, heading));
    results::publish(&lab, &groups)
}

/// The rows of a group. What breaks off becomes a row that says so.
fn measured(lab: &Lab, heading: &str, run: fn(&Lab, &mut Rows) -> Outcome<()>) -> Rows {
    let mut rows = Rows::default();
    let broken = match catch_unwind(AssertUnwindSafe(|| run(lab, &mut rows))) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(panic) => Some(words_of(panic.as_ref())),
    };
    if let Some(reason) = broken {
        say(&format!("   broke off: {reason}"));
        rows.push(Row::new(format!("what follows in “{heading}”")).failed(&reason));
    }
    rows
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    format!("panicked: {}", text.unwrap_or_default())
}
