//! Which notes a name in `links-to:` and `linked-from:` means.

use rusqlite::Connection;

use crate::index::notebook::fold::fold;
use crate::index::notebook::names;
use crate::index::query::eval::{LinkedNote, tokens};

/// Ids of the notes that are called so, by path, name or title.
pub(super) fn notes_called(connection: &Connection, wanted: &str) -> rusqlite::Result<Vec<i64>> {
    let name = fold(wanted);
    // The number is of the name without extension: of what is wanted, or of its own beginning.
    let sql = "SELECT f.id, f.path, f.title FROM file_metadata f WHERE f.path = ?1
               UNION SELECT f.id, f.path, f.title FROM file_names n JOIN file_metadata f ON f.id = n.file_id
               WHERE n.stem IN (?2, ?3)";
    let numbers = (names::number(&name), names::number(names::stem(&name)));
    let mut found = candidates(connection, sql, (wanted.trim_start_matches('/'), numbers.0, numbers.1))?;
    found.extend(titled(connection, wanted)?);
    found.retain(|(_, note)| note.is_called(wanted));
    let mut ids: Vec<i64> = found.into_iter().map(|(id, _)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Where full text can find a title, it does; it folds more than letter case, so that it finds too much at worst.
/// Beyond ASCII its folding and ours might differ.
fn titled(connection: &Connection, wanted: &str) -> rusqlite::Result<Vec<(i64, LinkedNote)>> {
    if wanted.is_ascii() && !tokens(wanted).is_empty() {
        let sql = "SELECT f.id, f.path, f.title FROM search_index s CROSS JOIN file_metadata f ON f.id = s.rowid
                   WHERE s.search_index MATCH ?1";
        let words: String = wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
        return candidates(connection, sql, [format!("title : \"{words}\"")]);
    }
    let sql = "SELECT f.id, f.path, f.title FROM file_metadata f WHERE cdx_lower(f.title) = ?1";
    candidates(connection, sql, [wanted.to_lowercase()])
}

fn candidates(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> rusqlite::Result<Vec<(i64, LinkedNote)>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows =
        statement.query_map(params, |row| Ok((row.get(0)?, LinkedNote { path: row.get(1)?, title: row.get(2)? })))?;
    rows.collect()
}
