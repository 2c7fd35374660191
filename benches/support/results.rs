//! Keeping figures between runs, the table on the terminal, and `benches/RESULTS.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use super::lab::{Lab, machine};
use super::row::{Figure, Row, Rows};
use super::{Outcome, say};

/// Keeps a group's rows as JSON lines, with when they were measured.
pub fn keep(lab: &Lab, group: &str, rows: &Rows) -> Outcome<()> {
    let mut text = serde_json::json!({ "measured": today() }).to_string();
    for row in &rows.0 {
        text.push('\n');
        text.push_str(&serde_json::to_string(row)?);
    }
    text.push('\n');
    Ok(fs::write(file_of(lab, group), text)?)
}

fn file_of(lab: &Lab, group: &str) -> PathBuf {
    lab.kept.join(format!("{group}.jsonl"))
}

fn today() -> String {
    jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A group as it was last measured.
struct Measured {
    heading: &'static str,
    when: String,
    rows: Rows,
}

fn load(lab: &Lab, group: &str, heading: &'static str) -> Outcome<Option<Measured>> {
    let Ok(text) = fs::read_to_string(file_of(lab, group)) else { return Ok(None) };
    let mut lines = text.lines();
    let head: serde_json::Value = serde_json::from_str(lines.next().unwrap_or("{}"))?;
    let when = head["measured"].as_str().unwrap_or("?").to_owned();
    let rows = lines.map(serde_json::from_str).collect::<Result<Vec<Row>, _>>()?;
    Ok(Some(Measured { heading, when, rows: Rows(rows) }))
}

/// Prints the table of all groups that were ever measured, and writes it to `RESULTS.md`: beside the sources after a
/// full run, beside the figures after a quick one.
pub fn publish(lab: &Lab, groups: &[(&'static str, &'static str)]) -> Outcome<()> {
    let mut measured = Vec::new();
    for (group, heading) in groups {
        measured.extend(load(lab, group, heading)?);
    }
    let remarks = remarks(lab, &measured)?;
    let mut page = String::from("# What the benchmarks last measured\n\n");
    page.push_str("Made by `make bench`; see `benches/main.rs` for how. Lower is better but for rates. A target that is not met fails nothing.\n\n");
    for line in machine() {
        writeln!(page, "- {line}")?;
    }
    if lab.is_quick {
        page.push_str("- **a quick run**: few notes and rounds, which tries the harness; the figures say little\n");
    }
    let table = table(&measured)?;
    page.push_str(&table);
    page.push_str(&shortfalls(&measured, &remarks)?);
    let path = if lab.is_quick { lab.kept.join("RESULTS.md") } else { lab.sources.join("RESULTS.md") };
    fs::write(&path, page)?;
    std::io::stdout().write_all(table.as_bytes())?;
    say(&format!("written to {}", path.display()));
    Ok(())
}

/// Prints rows that are named `WHAT, SIZE` as a table with a column for each size, and keeps it beside the figures: to be
/// taken over into a page by hand.
pub fn page(lab: &Lab, group: &str, rows: &Rows) -> Outcome<()> {
    let (mut sizes, mut whats) = (Vec::new(), Vec::new());
    let mut cells: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for row in &rows.0 {
        let (what, size) = row.name.rsplit_once(", ").unwrap_or((&row.name, ""));
        if !sizes.contains(&size) {
            sizes.push(size);
        }
        if !whats.contains(&what) {
            whats.push(what);
        }
        let note = if row.note.is_empty() { String::new() } else { format!(" ({})", row.note) };
        cells.insert((what, size), row.ours.as_ref().map_or_else(|| "–".to_owned(), Figure::shown) + &note);
    }
    let mut table = format!("| | {} |\n|---|{}\n", sizes.join(" | "), "---:|".repeat(sizes.len()));
    for what in whats {
        let line: Vec<&str> = sizes.iter().map(|size| cells.get(&(what, *size)).map_or("", String::as_str)).collect();
        writeln!(table, "| {what} | {} |", line.join(" | "))?;
    }
    for line in machine() {
        writeln!(table, "\n- {line}")?;
    }
    let path = lab.kept.join(format!("{group}.md"));
    fs::write(&path, &table)?;
    std::io::stdout().write_all(table.as_bytes())?;
    say(&format!("written to {}", path.display()));
    Ok(())
}

/// The remark on a row: the one whose key is the longest beginning of the row's name.
fn remark_on<'a>(row: &Row, remarks: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let of_row = remarks.iter().filter(|(name, _)| row.name.starts_with(name.as_str()));
    of_row.max_by_key(|(name, _)| name.len()).map(|(_, remark)| remark.trim())
}

/// What stands in the way of rows, by the beginnings of their names: `remarks.toml`.
fn remarks(lab: &Lab, measured: &[Measured]) -> Outcome<BTreeMap<String, String>> {
    let path = lab.sources.join("remarks.toml");
    let remarks: BTreeMap<String, String> = toml::from_str(&fs::read_to_string(&path)?)?;
    if !lab.is_quick {
        let is_row = |name: &str| measured.iter().flat_map(|group| &group.rows.0).any(|row| row.name.starts_with(name));
        for name in remarks.keys().filter(|name| !is_row(name)) {
            say(&format!("{}: no row begins with “{name}”", path.display()));
        }
    }
    Ok(remarks)
}

fn table(measured: &[Measured]) -> Outcome<String> {
    let mut text = String::new();
    for group in measured {
        let has_one_core = group.rows.0.iter().any(|row| row.one_core.is_some());
        writeln!(text, "\n## {}\n\nMeasured {}.\n", group.heading, group.when)?;
        let more = if has_one_core { (" all on one core |", "---|") } else { ("", "") };
        writeln!(
            text,
            "| row | ours | peer | ratio | target | met |{} notes |\n|---|---|---|---|---|---|{}---|",
            more.0, more.1
        )?;
        for row in &group.rows.0 {
            let shown = |figure: &Option<Figure>| figure.as_ref().map_or_else(|| "–".to_owned(), Figure::shown);
            let peer = match (&row.peer_name, &row.peer) {
                (Some(name), Some(figure)) => format!("{} ({name})", figure.shown()),
                _ => "–".to_owned(),
            };
            let ratio = row.ratio.map_or_else(|| "–".to_owned(), |ratio| Figure::new(ratio, "").shown());
            let target = if row.target.is_empty() { "–" } else { &row.target };
            let one_core = if has_one_core { format!(" {} |", shown(&row.one_core)) } else { String::new() };
            let (name, ours, met) = (&row.name, shown(&row.ours), met(row));
            writeln!(text, "| {name} | {ours} | {peer} | {ratio} | {target} | {met} |{one_core} {} |", row.note)?;
        }
    }
    Ok(text)
}

fn met(row: &Row) -> &'static str {
    match row.met {
        Some(true) => "yes",
        Some(false) => "**no**",
        None => "–",
    }
}

/// The rows that miss their target or could not be measured, and what stands in the way.
fn shortfalls(measured: &[Measured], remarks: &BTreeMap<String, String>) -> Outcome<String> {
    let rows: Vec<&Row> = measured.iter().flat_map(|group| &group.rows.0).collect();
    let promised = rows.iter().filter(|row| row.met.is_some()).count();
    let short: Vec<&&Row> =
        rows.iter().filter(|row| row.met == Some(false) || row.note.contains("not measured")).collect();
    let held = rows.iter().filter(|row| row.met == Some(true)).count();
    let mut text = format!("\n## What falls short\n\n{held} of {promised} measured targets are met.\n\n");
    for row in short {
        let remark = remark_on(row, remarks).unwrap_or("not looked into yet");
        writeln!(text, "- **{}**: {remark}", row.name)?;
    }
    let others =
        rows.iter().filter(|row| row.met != Some(false)).filter_map(|row| Some((row, remark_on(row, remarks)?)));
    let others: Vec<_> = others.filter(|(row, _)| !row.note.contains("not measured")).collect();
    if !others.is_empty() {
        text.push_str("\nRemarks on other rows:\n\n");
    }
    for (row, remark) in others {
        writeln!(text, "- **{}**: {}", row.name, remark)?;
    }
    Ok(text)
}
