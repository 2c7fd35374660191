//! What commands print: results to stdout, everything else to stderr. A reader that goes away
//! (`cdx log | head -1`) ends the command silently.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::error::CliError;

/// Stdout, locked for the length of a command.
#[derive(Debug)]
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    color: bool,
}

/// How a piece of text looks on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Bold,
    Dim,
    Path,
    Good,
    Bad,
    Match,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Path => "\x1b[36m",
            Self::Good => "\x1b[32m",
            Self::Bad => "\x1b[31m",
            Self::Match => "\x1b[1;33m",
        }
    }
}

impl Output {
    /// Stdout; with colour on a terminal that has it, unless `NO_COLOR` says otherwise.
    pub(crate) fn stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { out: BufWriter::new(io::stdout().lock()), color: io::stdout().is_terminal() && wanted && able }
    }

    /// `text` in a style, where there is colour.
    pub(crate) fn styled(&self, text: &str, style: Style) -> String {
        if self.color && style != Style::Plain { format!("{}{text}\x1b[0m", style.code()) } else { text.to_owned() }
    }

    /// One line.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<(), CliError> {
        self.bytes(text.as_ref().as_bytes())?;
        self.bytes(b"\n")
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.out.write_all(bytes).map_err(|error| broken(&error))
    }

    /// A value as JSON, for programs.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| CliError::Broken(format!("cannot write the result as JSON: {error}")))?;
        self.line(text)
    }

    /// Aligned columns.
    pub(crate) fn table(&mut self, table: &Table) -> Result<(), CliError> {
        let widths = table.widths();
        if !table.head.is_empty() && !table.rows.is_empty() {
            let head: Vec<Cell> = table.head.iter().map(|name| Cell::new(*name).style(Style::Dim)).collect();
            let line = self.row(&head, &widths, &table.right);
            self.line(line)?;
        }
        for row in &table.rows {
            let line = self.row(row, &widths, &table.right);
            self.line(line)?;
        }
        Ok(())
    }

    fn row(&self, cells: &[Cell], widths: &[usize], right: &[usize]) -> String {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let padding = " ".repeat(widths[column].saturating_sub(cell.text.width()));
            let text = self.styled(&cell.text, cell.style);
            let is_last = column + 1 == cells.len();
            if right.contains(&column) {
                line += &padding;
                line += &text;
            } else {
                line += &text;
                if !is_last {
                    line += &padding;
                }
            }
            if !is_last {
                line += "  ";
            }
        }
        line.truncate(line.trim_end_matches(' ').len());
        line
    }

    /// Writes out what is buffered.
    pub(crate) fn flush(&mut self) -> Result<(), CliError> {
        self.out.flush().map_err(|error| broken(&error))
    }
}

fn broken(error: &io::Error) -> CliError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => CliError::ClosedPipe,
        _ => CliError::Broken(format!("cannot write the result: {error}")),
    }
}

/// Says something that is no result: progress, warnings, errors.
pub(crate) fn tell(text: impl AsRef<str>) {
    // Nobody is left to hear that stderr is closed.
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A plain cell; control characters are escaped, since names of files may hold any.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        Self { text: printable(text.as_ref()), style: Style::Plain }
    }

    /// The same in a style.
    pub(crate) fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }
}

/// Text that cannot move a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Rows with aligned columns; no head is printed over no rows.
#[derive(Debug, Default)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    right: Vec<usize>,
}

impl Table {
    /// With names of columns; none: no head.
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), ..Self::default() }
    }

    /// The columns (from 0) that are aligned to the right: numbers.
    pub(crate) fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        self.rows.push(row.into_iter().collect());
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.head.len());
        let mut widths = vec![0; columns];
        if !self.rows.is_empty() {
            for (column, name) in self.head.iter().enumerate() {
                widths[column] = name.width();
            }
        }
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                widths[column] = widths[column].max(cell.text.width());
            }
        }
        widths
    }
}

/// `12 files`, `1 file`.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_width_and_lines_have_no_trailing_blanks() {
        let output = Output { out: BufWriter::new(io::stdout().lock()), color: false };
        let mut table = Table::new(&["NAME", "N"]).right(&[1]);
        table.push([Cell::new("実験"), Cell::new("5")]);
        table.push([Cell::new("plan"), Cell::new("12")]);
        let widths = table.widths();
        let lines: Vec<_> = table.rows.iter().map(|row| output.row(row, &widths, &table.right)).collect();
        assert_eq!(lines, ["実験   5", "plan  12"]);
        assert_eq!(output.row(&[Cell::new("a"), Cell::new("")], &[4, 4], &[]), "a");
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(printable("a\x1b[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
    }
}
