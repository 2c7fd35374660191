//! Whether a database is whole.

use rusqlite::Connection;

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
    Ok(found)
}
