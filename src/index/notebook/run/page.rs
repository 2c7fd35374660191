//! The rows of a page, with snippets.

use rusqlite::Connection;

use super::collect::Found;
use super::{Connections, Search};
use crate::index::notebook::rowio::{self, FILE_COLUMNS, PageTags};
use crate::index::notebook::rows::FileRow;
use crate::index::notebook::snippet::snippet;
use crate::index::notebook::sql::{Failure, positive_words};
use crate::index::parse::{parse, text_of};
use crate::sys::Dir;
use crate::types::NotebookNumber;

/// So much of a file is read for a snippet, in bytes.
const READ_FOR_SNIPPETS: u64 = 1 << 20;

/// The rows of these matches, in their order.
pub(super) fn rows(
    search: &Search<'_>,
    connections: &Connections<'_>,
    found: &[Found],
) -> Result<Vec<FileRow>, Failure> {
    let sql = format!("SELECT {FILE_COLUMNS} FROM file_metadata f WHERE f.id = ?1");
    let mut tags: Vec<PageTags> = connections.iter().map(|_| PageTags::default()).collect();
    let mut rows = Vec::with_capacity(found.len());
    for (number, found) in found.iter().enumerate() {
        if number % 256 == 255 {
            search.deadline.check()?;
        }
        let row = load(search, connections[found.source], &sql, found)?;
        rows.push(FileRow { tags: tags[found.source].of(connections[found.source], found.id)?, ..row });
    }
    Ok(rows)
}

/// Without its tags.
fn load(search: &Search<'_>, connection: &Connection, sql: &str, found: &Found) -> rusqlite::Result<FileRow> {
    let source = &search.sources[found.source];
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_row([found.id], |row| rowio::file_row(row, &source.name, source.number))
}

/// Excerpts around the words of a query with full text; a file that has gone meanwhile, or does not hold the words
/// any more, has none.
pub(super) fn add_snippets(search: &Search<'_>, files: &mut [FileRow]) -> Result<(), Failure> {
    let words = positive_words(&search.query.filter);
    if words.is_empty() {
        return Ok(());
    }
    let folders: Vec<(NotebookNumber, Dir)> =
        search.sources.iter().filter_map(|source| Some((source.number, source.reader.folder()?))).collect();
    let mut bytes = Vec::new();
    for file in files {
        search.deadline.check()?;
        let folder = folders.iter().find(|(number, _)| *number == file.number);
        file.snippet = folder.and_then(|(_, folder)| {
            folder.read_into(&file.path, READ_FOR_SNIPPETS, &mut bytes).ok()?;
            excerpt(file, &bytes, &words)
        });
    }
    Ok(())
}

/// An excerpt of a file that holds these bytes now.
fn excerpt(file: &FileRow, bytes: &[u8], words: &[(Vec<String>, bool)]) -> Option<String> {
    let name = file.path.name().to_str()?;
    let found = snippet(&text_of(name, &file.content_type, bytes), words);
    // Frontmatter that cannot be read is text too, which only parsing tells.
    found.or_else(|| snippet(&parse(name, &file.content_type, bytes, &[]).body, words))
}
