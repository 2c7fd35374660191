//! Writing one file's row with everything that hangs from it.

use rusqlite::{CachedStatement, Connection, OptionalExtension, named_params};

use super::fold::nfc;
use super::writer::Interned;
use super::{FileRecord, names, properties};
use crate::index::parse::{ParsedNote, Problem, TagOrigin};
use crate::index::query::time::value_interval;
use crate::types::{TagName, TagNameError};

const INSERT: &str =
    "INSERT INTO file_metadata (path, node, dev, inode, btime_ns, mtime_ns, ctime_ns, size, sidecar_mark,
        hash, content_type, title, title_order, description, file_type, created_at, properties, sidecar_path)
    VALUES (:path, :node, :dev, :inode, :btime, :mtime, :ctime, :size, :mark,
        :hash, :content_type, :title, :order, :description, :file_type, :created, :properties, :sidecar)";

// `path` stays: the row was found by it. The last commit stays as long as the contents are what it holds.
const UPDATE: &str = "UPDATE file_metadata SET node = :node, dev = :dev, inode = :inode, btime_ns = :btime,
        mtime_ns = :mtime, ctime_ns = :ctime, size = :size, sidecar_mark = :mark, hash = :hash,
        content_type = :content_type, title = :title, title_order = :order, description = :description,
        file_type = :file_type,
        created_at = :created, properties = :properties, sidecar_path = :sidecar, text_is_stale = 0,
        last_commit_hash = CASE WHEN hash IS :hash THEN last_commit_hash END,
        recorded_blob = CASE WHEN hash IS :hash THEN recorded_blob END
    WHERE path = :path";

/// Writes the row of `path`, which has the id `had` if it is there, and returns its id.
pub(super) fn write(
    connection: &Connection,
    interned: &mut Interned,
    record: &FileRecord,
    path: &str,
    had: Option<i64>,
) -> rusqlite::Result<i64> {
    let parsed = &record.parsed;
    write_row(connection, record, path, had.is_some())?;
    let id = match (had, record.revive) {
        (Some(id), _) => id,
        (None, Some(before)) => revive(connection, connection.last_insert_rowid(), before.0)?,
        (None, None) => connection.last_insert_rowid(),
    };
    if had.is_some() {
        clear(connection, id)?;
    } else {
        add_name(connection, id, &names::folded_name(path))?;
    }
    write_text(connection, id, path, parsed)?;
    write_tags(connection, interned, id, &parsed.tags)?;
    write_properties(connection, interned, id, parsed)?;
    write_problems(connection, id, record)?;
    Ok(id)
}

/// Gives a row, which nothing refers to yet, the id that its file had before, unless another row has it by now.
fn revive(connection: &Connection, id: i64, before: i64) -> rusqlite::Result<i64> {
    let sql = "UPDATE OR IGNORE file_metadata SET id = ?2 WHERE id = ?1";
    let is_free = connection.prepare_cached(sql)?.execute((id, before))? == 1;
    Ok(if is_free { before } else { id })
}

/// Enters a file's folded name.
pub(super) fn add_name(connection: &Connection, id: i64, name: &str) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO file_names (stem, file_id) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute((names::number(names::stem(name)), id)).map(drop)
}

/// Takes a file's folded name out.
pub(super) fn remove_name(connection: &Connection, id: i64, name: &str) -> rusqlite::Result<()> {
    let sql = "DELETE FROM file_names WHERE stem = ?1 AND file_id = ?2";
    connection.prepare_cached(sql)?.execute((names::number(names::stem(name)), id)).map(drop)
}

fn write_row(connection: &Connection, record: &FileRecord, path: &str, is_there: bool) -> rusqlite::Result<()> {
    let parsed = &record.parsed;
    let properties = (!parsed.properties.is_empty()).then(|| serde_json::Value::Object(parsed.properties.clone()));
    let written = parsed.created.as_ref().filter(|text| value_interval(text, &jiff::tz::TimeZone::UTC).is_some());
    let created: &dyn rusqlite::ToSql = match written {
        Some(text) => text,
        None => &record.birth_ns,
    };
    connection.prepare_cached(if is_there { UPDATE } else { INSERT })?.execute(named_params! {
        ":path": path,
        ":node": record.node.0.cast_signed(),
        ":dev": record.store.dev.cast_signed(),
        ":inode": record.store.ino.cast_signed(),
        ":btime": record.store.btime_ns,
        ":mtime": record.mtime_ns,
        ":ctime": record.ctime_ns,
        ":size": record.size.cast_signed(),
        ":mark": record.sidecar_mark,
        ":hash": record.hash.as_ref().map(|hash| &hash.0[..]),
        ":content_type": record.content_type,
        ":title": parsed.title,
        ":order": title_order(&parsed.title),
        ":description": parsed.description,
        ":file_type": parsed.file_type,
        ":created": created,
        ":properties": properties.map(|object| object.to_string()),
        ":sidecar": record.sidecar_path.as_ref().and_then(|path| path.to_str()),
    })?;
    Ok(())
}

/// How many bytes of a title in lower case are kept to sort by.
const TITLE_ORDER: usize = 16;

/// What a title sorts by, as far as the index has it; titles with the same are compared in full.
fn title_order(title: &str) -> String {
    // All of it: how a letter is lowered may depend on the next.
    let mut order = title.to_lowercase();
    let end = (0..=TITLE_ORDER).rev().find(|end| order.is_char_boundary(*end)).unwrap_or_default();
    order.truncate(end);
    order
}

/// Enters what titles sort by: for a database from before there was the column.
pub(super) fn fill_title_orders(connection: &Connection) -> rusqlite::Result<()> {
    let mut titles = connection.prepare("SELECT id, title FROM file_metadata")?;
    let titles: Vec<(i64, String)> = titles
        .query_map([], |row| Ok((row.get(0)?, title_order(row.get_ref(1)?.as_str()?))))?
        .collect::<Result<_, _>>()?;
    let mut update = connection.prepare("UPDATE file_metadata SET title_order = ?2 WHERE id = ?1")?;
    for title in titles {
        update.execute(title)?;
    }
    Ok(())
}

/// What the row had before.
fn clear(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM search_index WHERE rowid = ?1",
        "DELETE FROM file_tags WHERE file_id = ?1",
        "DELETE FROM properties WHERE file_id = ?1",
        "DELETE FROM links WHERE from_id = ?1",
        "DELETE FROM problems WHERE file_id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id])?;
    }
    Ok(())
}

fn write_text(connection: &Connection, id: i64, path: &str, parsed: &ParsedNote) -> rusqlite::Result<()> {
    let tags = parsed.tags.iter().map(|(tag, _)| tag.as_str()).collect::<Vec<_>>().join("\n");
    let sql = "INSERT INTO search_index (rowid, title, body, path, tags) VALUES (?1, ?2, ?3, ?4, ?5)";
    let text = (id, nfc(&parsed.title), nfc(&parsed.body), nfc(path), tags);
    connection.prepare_cached(sql)?.execute(text).map(drop)
}

fn write_tags(
    connection: &Connection,
    interned: &mut Interned,
    id: i64,
    tags: &[(TagName, TagOrigin)],
) -> rusqlite::Result<()> {
    for (tag, origin) in tags {
        let tag = tag_id(connection, interned, tag)?;
        let origin = match origin {
            TagOrigin::Frontmatter => 1,
            TagOrigin::Sidecar => 2,
        };
        let sql = "INSERT INTO file_tags (file_id, tag_id, origin) VALUES (?1, ?2, ?3)
                   ON CONFLICT (file_id, tag_id) DO UPDATE SET origin = origin | ?3";
        connection.prepare_cached(sql)?.execute((id, tag, origin))?;
    }
    Ok(())
}

fn tag_id(connection: &Connection, interned: &mut Interned, tag: &TagName) -> rusqlite::Result<i64> {
    if let Some(id) = interned.tags.get(tag.key()) {
        return Ok(*id);
    }
    let known = connection.prepare_cached("SELECT id FROM tags WHERE key = ?1")?;
    let id = id_or(known, tag.key(), || {
        connection.prepare_cached("INSERT INTO tags (name, key) VALUES (?1, ?2)")?.insert((tag.as_str(), tag.key()))
    })?;
    interned.tags.insert(tag.key().into(), id);
    Ok(id)
}

/// The id that a statement finds for a key, else a new one. Two plain statements: for one that could write several rows
/// SQLite makes a savepoint, and FTS5 a segment of what it has so far.
fn id_or(
    mut known: CachedStatement<'_>,
    key: &str,
    insert: impl FnOnce() -> rusqlite::Result<i64>,
) -> rusqlite::Result<i64> {
    known.query_row([key], |row| row.get(0)).optional()?.map_or_else(insert, Ok)
}

fn write_properties(
    connection: &Connection,
    interned: &mut Interned,
    id: i64,
    parsed: &ParsedNote,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO properties (file_id, key_id, position, kind, value, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut statement = connection.prepare_cached(sql)?;
    let (mut position, mut last) = (0_i64, None);
    for row in properties::rows_of(&parsed.properties) {
        let key = key_id(connection, interned, &row.key)?;
        // Elements of one list follow one another.
        position = if last == Some(key) { position + 1 } else { 0 };
        last = Some(key);
        statement.execute((id, key, position, row.kind as i64, row.value, row.raw))?;
    }
    Ok(())
}

fn key_id(connection: &Connection, interned: &mut Interned, key: &str) -> rusqlite::Result<i64> {
    if let Some(id) = interned.keys.get(key) {
        return Ok(*id);
    }
    let known = connection.prepare_cached("SELECT id FROM property_keys WHERE key = ?1")?;
    let id =
        id_or(known, key, || connection.prepare_cached("INSERT INTO property_keys (key) VALUES (?1)")?.insert([key]))?;
    interned.keys.insert(key.into(), id);
    Ok(id)
}

fn write_problems(connection: &Connection, id: i64, record: &FileRecord) -> rusqlite::Result<()> {
    let parsed = &record.parsed;
    if parsed.problems.is_empty() && parsed.illegal_tags.is_empty() {
        return Ok(());
    }
    let file = record.path.name().to_string_lossy();
    let illegal = parsed.illegal_tags.iter().map(|tag| Problem {
        file: file.to_string(),
        line: 1,
        column: 1,
        message: TagNameError(tag.clone()).to_string(),
    });
    let sql =
        "INSERT INTO problems (file_id, position, file, line, \"column\", message) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut statement = connection.prepare_cached(sql)?;
    for (position, problem) in (0_i64..).zip(parsed.problems.iter().cloned().chain(illegal)) {
        let line = i64::try_from(problem.line).unwrap_or(i64::MAX);
        let column = i64::try_from(problem.column).unwrap_or(i64::MAX);
        statement.execute((id, position, problem.file, line, column, problem.message))?;
    }
    Ok(())
}
