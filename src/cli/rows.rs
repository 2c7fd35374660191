//! Results of queries as people and programs read them: table, JSON, CSV, paths.

use std::os::unix::ffi::OsStrExt;

use clap::ValueEnum;
use serde_json::Value;

use super::error::CliError;
use super::output::{Cell, Output, Style, Table, printable};
use super::reply;
use super::site::Site;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns, for people
    Table,
    /// The whole result, for programs
    Json,
    /// One row a file, one column a property
    Csv,
    /// Paths to open from here, one a line
    Paths,
}

/// Which paths end with NUL instead of a line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathEnd {
    Line,
    Nul,
}

/// `notebook/path` of a row, or of a reply that is that text.
pub(crate) fn shown_path(row: &Value) -> String {
    let path = row.as_str().unwrap_or_else(|| reply::text(row, "path"));
    match reply::text(row, "notebook") {
        "" => printable(path),
        notebook => printable(&format!("{notebook}/{path}")),
    }
}

/// Prints paths that can be opened from the current directory.
pub(crate) fn print_paths(out: &mut Output, site: &Site, files: &[Value], end: PathEnd) -> Result<(), CliError> {
    for file in files {
        let path = site.reachable(reply::text(file, "notebook"), reply::text(file, "path"));
        out.bytes(path.as_os_str().as_bytes())?;
        out.bytes(if end == PathEnd::Nul { b"\0" } else { b"\n" })?;
    }
    Ok(())
}

/// Prints rows, in their groups if they have any; `properties` become columns.
pub(crate) fn print_table(out: &mut Output, result: &Value, properties: &[String]) -> Result<(), CliError> {
    match result.get("groups").filter(|groups| !groups.is_null()) {
        None => out.table(&table(reply::list(result, "files"), properties)),
        Some(groups) => {
            for (value, files) in groups_of(groups) {
                let title = if value.is_empty() { "(none)".to_owned() } else { printable(&value) };
                let title = out.styled(&format!("{title} ({})", files.len()), Style::Bold);
                out.line(title)?;
                out.table(&table(files, properties))?;
                out.line("")?;
            }
            Ok(())
        }
    }
}

/// Groups as a list of `{value, files}` or a mapping of value to files.
fn groups_of(groups: &Value) -> Vec<(String, &[Value])> {
    match groups {
        Value::Object(map) => {
            map.iter().map(|(k, v)| (k.clone(), v.as_array().map_or(&[][..], Vec::as_slice))).collect()
        }
        _ => groups
            .as_array()
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .map(|group| (group.get("value").map(reply::shown).unwrap_or_default(), reply::list(group, "files")))
            .collect(),
    }
}

fn table(files: &[Value], properties: &[String]) -> Table {
    let mut table = Table::default();
    for file in files {
        let mut row =
            vec![Cell::new(shown_path(file)).style(Style::Path), Cell::new(shorten(reply::text(file, "title"), 48))];
        row.extend(properties.iter().map(|key| Cell::new(shorten(&property(file, key), 32))));
        row.push(Cell::new(tags(file)).style(Style::Dim));
        table.push(row);
    }
    table
}

fn tags(file: &Value) -> String {
    reply::list(file, "tags").iter().map(reply::shown).collect::<Vec<_>>().join(" ")
}

/// A property, nested ones with dots; else a field of the row.
fn property(file: &Value, key: &str) -> String {
    let Some(properties) = file.get("properties") else { return String::new() };
    let nested = || key.split('.').try_fold(properties, |value, part| value.get(part));
    properties.get(key).or_else(nested).or_else(|| file.get(key)).map(reply::shown).unwrap_or_default()
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Prints RFC 4180, with a column for every property of any file.
pub(crate) fn print_csv(out: &mut Output, files: &[Value]) -> Result<(), CliError> {
    const FIELDS: [&str; 8] = ["notebook", "path", "title", "type", "tags", "created", "modified", "size"];
    let mut properties: Vec<&str> = Vec::new();
    for key in files.iter().filter_map(|file| file.get("properties")?.as_object()).flat_map(|map| map.keys()) {
        if !properties.contains(&key.as_str()) {
            properties.push(key);
        }
    }
    let head: Vec<String> = FIELDS.iter().chain(&properties).map(|name| quoted(name)).collect();
    out.bytes(format!("{}\r\n", head.join(",")).as_bytes())?;
    for file in files {
        let fields = FIELDS.iter().map(|key| file.get(*key).map(reply::shown).unwrap_or_default());
        let values = properties.iter().map(|key| file["properties"].get(*key).map(reply::shown).unwrap_or_default());
        let row: Vec<String> = fields.chain(values).map(|value| quoted(&value)).collect();
        out.bytes(format!("{}\r\n", row.join(",")).as_bytes())?;
    }
    Ok(())
}

fn quoted(value: &str) -> String {
    if value.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

/// An excerpt in one line; matches stand between `\u{2}` and `\u{3}`.
pub(crate) fn snippet(out: &Output, text: &str) -> String {
    let mut shown = String::new();
    for (index, part) in text.split('\u{2}').enumerate() {
        let (matched, rest) = if index == 0 { ("", part) } else { part.split_once('\u{3}').unwrap_or((part, "")) };
        shown += &out.styled(&flat(matched), if matched.is_empty() { Style::Plain } else { Style::Match });
        shown += &flat(rest);
    }
    shown.trim().to_owned()
}

fn flat(text: &str) -> String {
    printable(&text.replace(['\n', '\t', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn csv_fields_are_quoted_where_they_must_be() {
        for (value, written) in
            [("a", "a"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("a\nb", "\"a\nb\"")]
        {
            assert_eq!(quoted(value), written);
        }
    }

    #[test]
    fn properties_are_found_plain_nested_and_as_fields() {
        let file = json!({"size": 3, "properties": {"loss": 0.1, "metrics": {"psnr": 31}, "a.b": "x"}});
        for (key, shown) in [("loss", "0.1"), ("metrics.psnr", "31"), ("a.b", "x"), ("size", "3"), ("none", "")] {
            assert_eq!(property(&file, key), shown);
        }
    }

    #[test]
    fn snippets_lose_their_marks_where_there_is_no_colour() {
        let out = Output::stdout();
        assert_eq!(snippet(&out, "the \u{2}learning\u{3} rate\nof \u{2}adam\u{3}"), "the learning rate of adam");
    }
}
