//! Whether a database is whole, and what it says of each file.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// What SQLite's and FTS5's own checks find; empty if the database is whole.
pub(super) fn check(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = check_tables(connection)?;
    if let Err(error) = connection.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')", []) {
        found.push(format!("full text: {error}"));
    }
    Ok(found)
}

/// As [`check`] without FTS5's own, which SQLite takes for a write.
pub(super) fn check_tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found: Vec<String> = connection
        .prepare("PRAGMA integrity_check(100)")?
        .query_map([], |row| row.get(0))?
        .filter(|line| !matches!(line, Ok(line) if line == "ok"))
        .collect::<Result<_, _>>()?;
    let mut keys = connection.prepare("PRAGMA foreign_key_check")?;
    let broken = keys.query_map([], |row| {
        let (table, id, parent): (String, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{table} row {} refers to a row of {parent} that is not there", id.unwrap_or_default()))
    })?;
    found.extend(broken.take(100).collect::<Result<Vec<_>, _>>()?);
    for (sql, what) in [
        (
            "SELECT count(*) FROM file_metadata WHERE id NOT IN (SELECT id FROM search_index_docsize)",
            "files without full text",
        ),
        (
            "SELECT count(*) FROM search_index_docsize WHERE id NOT IN (SELECT id FROM file_metadata)",
            "full texts without a file",
        ),
        ("SELECT count(*) FROM file_metadata WHERE id NOT IN (SELECT file_id FROM file_names)", "files without a name"),
    ] {
        let count: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        if count > 0 {
            found.push(format!("{count} {what}"));
        }
    }
    let wrong = super::sizes::count_wrong(connection)?;
    if wrong > 0 {
        found.push(format!("{wrong} files with a wrong size of their full text"));
    }
    Ok(found)
}

/// What is derived of one file, a number for each part: equal where two databases say the same of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// Title, description, type, dates, properties as a whole, sidecar.
    pub row: u64,
    /// Tags with where they are from.
    pub tags: u64,
    /// Properties one by one.
    pub properties: u64,
    /// Links, by what they say.
    pub links: u64,
    /// What is wrong with the file.
    pub problems: u64,
    /// The name that links find it by.
    pub name: u64,
    /// Every word of the full text in its place.
    pub text: u64,
}

type Part = fn(&mut Derived) -> &mut u64;

/// Each part with what it is made of: the file's id first.
const PARTS: [(&str, Part); 7] = [
    (
        "SELECT id, content_type, title, description, file_type, created_at, properties, sidecar_path FROM file_metadata",
        |derived| &mut derived.row,
    ),
    ("SELECT file_id, key, origin FROM file_tags JOIN tags ON tags.id = tag_id", |derived| &mut derived.tags),
    (
        "SELECT file_id, key, position, kind, value, raw FROM properties JOIN property_keys k ON k.id = key_id",
        |derived| &mut derived.properties,
    ),
    ("SELECT from_id, position, kind, target, heading, name FROM links", |derived| &mut derived.links),
    ("SELECT file_id, position, file, line, \"column\", message FROM problems", |derived| &mut derived.problems),
    ("SELECT file_id, stem FROM file_names", |derived| &mut derived.name),
    (
        // What was renamed has the words of its old path until it is read again.
        "SELECT doc, term, col, \"offset\" FROM temp.words JOIN file_metadata f ON f.id = doc AND NOT f.text_is_stale",
        |derived| &mut derived.text,
    ),
];

/// What the database says of each file, by path.
///
/// The full text costs a microsecond a word: it is left out (0) unless it is asked for.
pub(super) fn derived(connection: &Connection, with_text: bool) -> rusqlite::Result<HashMap<String, Derived>> {
    connection.execute_batch(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab ('main', 'search_index', 'instance')",
    )?;
    let mut by_id: HashMap<i64, Derived> = HashMap::new();
    let parts = PARTS.len() - usize::from(!with_text);
    for (sql, part) in PARTS.into_iter().take(parts) {
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // The order of rows means nothing: their numbers are added up.
            let mut hasher = DefaultHasher::new();
            for column in 1..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => 0_u8.hash(&mut hasher),
                    ValueRef::Integer(value) => value.hash(&mut hasher),
                    ValueRef::Real(value) => value.to_bits().hash(&mut hasher),
                    ValueRef::Text(value) | ValueRef::Blob(value) => value.hash(&mut hasher),
                }
            }
            let part = part(by_id.entry(row.get(0)?).or_default());
            *part = part.wrapping_add(hasher.finish());
        }
    }
    let mut statement = connection.prepare("SELECT id, path FROM file_metadata")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    rows.map(|row| row.map(|(id, path)| (path, by_id.remove(&id).unwrap_or_default()))).collect()
}
