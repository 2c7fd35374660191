//! Queries in this process, as the daemon and the command line run them: parsing the line included.

use std::time::Duration;

use cdx::engine::Engine;
use cdx::index::notebook::{QueryOptions, QuerySource, run_query};
use cdx::index::query::{TimeContext, parse_line};

use super::{Notebook, child, ripgrep};
use crate::support::Outcome;
use crate::support::row::{Row, Rows};
use crate::support::time::{Times, timed};

/// A kind of search line.
struct Kind {
    name: &'static str,
    lines: Vec<String>,
    /// p95 at 100k, ms.
    most: f64,
    /// What a person without an index would search for.
    peer: Vec<String>,
}

/// Full text of four kinds, and a query of tag and property.
pub fn run(notebook: &Notebook<'_>, rows: &mut Rows) -> Outcome<()> {
    let engine = Engine::open(&notebook.store, child::alone())?;
    let sources: Vec<QuerySource> = engine
        .notebooks()
        .iter()
        .map(|notebook| QuerySource {
            name: notebook.name().to_string(),
            number: notebook.number,
            reader: notebook.reader.clone(),
        })
        .collect();
    for kind in kinds(notebook)? {
        let (times, total) = measure(&kind.lines, &sources)?;
        let row = Row::new(format!("{} over {}, p95", kind.name, notebook.label)).ours(times.ms(0.95), "ms");
        let mut row = row.at_most(kind.most);
        let peer =
            kind.peer.iter().map(|word| ripgrep(&notebook.folder(), &["-w", word])).collect::<Outcome<Vec<_>>>()?;
        let seconds = crate::support::time::percentile(&peer, 0.5);
        if !kind.peer.is_empty() {
            row = row.peer("ripgrep, median", seconds * 1e3, "ms");
        }
        rows.push(row.note(format!("median {:.2} ms, {} lines, {total} matches", times.ms(0.5), kind.lines.len())));
        if kind.name.contains("rare") {
            let row = Row::new(format!("full text, rare terms over {}: times faster than ripgrep", notebook.label));
            rows.push(row.ours(seconds / times.median(), "×").at_least(50.0).note("medians"));
        }
    }
    engine.close();
    Ok(())
}

/// Each line several times; all times, and how many notes matched in all.
fn measure(lines: &[String], sources: &[QuerySource]) -> Outcome<(Times, u64)> {
    let options = QueryOptions {
        time: TimeContext {
            now: jiff::Timestamp::now(),
            zone: jiff::tz::TimeZone::UTC,
            week_starts: jiff::civil::Weekday::Monday,
        },
        budget: Duration::from_secs(10),
        only: None,
        snippets: false,
    };
    let (mut times, mut total) = (Times::default(), 0);
    for round in 0..5 {
        for line in lines {
            let (result, time) = timed(|| {
                let query = parse_line(line).map_err(|error| error.to_string())?;
                run_query(&query, sources, &options).map_err(|error| error.to_string())
            });
            let result = result.map_err(|error| format!("{line}: {error}"))?;
            if round == 0 {
                total += result.total;
            }
            times.add(time);
        }
    }
    if total == 0 {
        return Err(format!("`{}` and others like it find nothing", lines.first().map_or("", String::as_str)).into());
    }
    Ok((times, total))
}

fn kinds(notebook: &Notebook<'_>) -> Outcome<[Kind; 5]> {
    let words = notebook.corpus.words()?;
    let names: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    let (rare, common) = (first(&names, 40), names.iter().rev().take(20).copied().collect::<Vec<_>>());
    let middle = names.get(names.len() * 2 / 3..).map_or(&names[..], |rest| first(rest, 80));
    let with_limit = |line: String| format!("{line} limit:50");
    let pairs = || middle.chunks_exact(2).map(|pair| with_limit(pair.join(" ")));
    let prefixes = || middle.iter().map(|word| word.chars().take(4).collect::<String>());
    let statuses = ["todo", "in-progress", "blocked", "review", "done"];
    let tags = notebook.corpus.tags();
    let some_tags = tags.iter().take(40);
    let queries = some_tags.enumerate().map(|(number, tag)| {
        let status = statuses[number % statuses.len()];
        with_limit(format!("tag:{tag} status:{status} sort:-priority,title"))
    });
    let peers = |words: &[&str]| words.iter().take(5).map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let lines = |words: &[&str]| words.iter().map(|word| with_limit((*word).to_owned())).collect();
    Ok([
        Kind { name: "full text, rare term", lines: lines(rare), most: 2.0, peer: peers(rare) },
        Kind { name: "full text, two terms", lines: pairs().collect(), most: 10.0, peer: peers(middle) },
        Kind { name: "full text, common term", lines: lines(&common), most: 30.0, peer: peers(&common) },
        Kind {
            name: "full text, prefix",
            lines: prefixes().map(|prefix| with_limit(format!("{prefix}*"))).collect(),
            most: 60.0,
            peer: prefixes().take(5).map(|prefix| format!("{prefix}\\w*")).collect(),
        },
        Kind { name: "tag + property, sorted, limit 50", lines: queries.collect(), most: 5.0, peer: Vec::new() },
    ])
}

fn first<'a, 'b>(words: &'b [&'a str], count: usize) -> &'b [&'a str] {
    words.get(..count).unwrap_or(words)
}
