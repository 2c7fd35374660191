//! From SQLite's rows to ours.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension, Row};

use super::rows::StoredProperties;
use super::{FileRow, IndexedFile, IndexedStat};
use crate::types::{ContentHash, FileId, Instant, NodeNumber, NotePath, NotebookNumber, StoreKey, TagName};

/// The columns of [`file_row`], in order.
pub(super) const FILE_COLUMNS: &str = "f.id, f.path, f.node, f.title, f.description, f.file_type, f.content_type, \
    f.size, f.hash, f.properties, f.created_at, f.mtime_ns, f.sidecar_path";

/// The columns of [`stat_row`], in order.
pub(super) const STAT_COLUMNS: &str = "id, path, dev, inode, btime_ns, size, mtime_ns, ctime_ns, sidecar_mark, hash";

/// The columns of [`indexed_row`], in order.
pub(super) const INDEXED_COLUMNS: &str = "id, path, node, dev, inode, btime_ns, content_type";

/// A path of the index. It was a [`NotePath`] when it was written; bytes that are none now are shown as the root.
pub(super) fn path_at(row: &Row<'_>, index: usize) -> rusqlite::Result<NotePath> {
    Ok(NotePath::new(row.get_ref(index)?.as_bytes()?).unwrap_or_default())
}

fn store_at(row: &Row<'_>, index: usize) -> rusqlite::Result<StoreKey> {
    Ok(StoreKey {
        dev: row.get::<_, i64>(index)?.cast_unsigned(),
        ino: row.get::<_, i64>(index + 1)?.cast_unsigned(),
        btime_ns: row.get(index + 2)?,
    })
}

fn hash_at(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<ContentHash>> {
    let bytes = row.get_ref(index)?.as_blob_or_null()?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(ContentHash))
}

pub(super) fn stat_row(row: &Row<'_>) -> rusqlite::Result<IndexedStat> {
    Ok(IndexedStat {
        id: FileId(row.get(0)?),
        path: path_at(row, 1)?,
        store: store_at(row, 2)?,
        size: row.get::<_, i64>(5)?.cast_unsigned(),
        mtime_ns: row.get(6)?,
        ctime_ns: row.get(7)?,
        sidecar_mark: row.get(8)?,
        hash: hash_at(row, 9)?,
    })
}

/// Without its tags.
pub(super) fn indexed_row(row: &Row<'_>) -> rusqlite::Result<IndexedFile> {
    Ok(IndexedFile {
        id: FileId(row.get(0)?),
        path: path_at(row, 1)?,
        node: NodeNumber(row.get::<_, i64>(2)?.cast_unsigned()),
        store: store_at(row, 3)?,
        tags: Vec::new(),
        content_type: row.get_ref(6)?.as_str()?.into(),
    })
}

/// Without its tags.
pub(super) fn file_row(row: &Row<'_>, notebook: &str, number: NotebookNumber) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        id: FileId(row.get(0)?),
        notebook: notebook.to_owned(),
        number,
        path: path_at(row, 1)?,
        node: NodeNumber(row.get::<_, i64>(2)?.cast_unsigned()),
        title: row.get(3)?,
        description: row.get(4)?,
        file_type: row.get(5)?,
        content_type: row.get(6)?,
        size: row.get::<_, i64>(7)?.cast_unsigned(),
        hash: hash_at(row, 8)?,
        tags: Vec::new(),
        properties: StoredProperties::of(row.get_ref(9)?.as_str_or_null()?),
        created: created_at(row, 10)?,
        modified: iso(row.get(11)?),
        sidecar: row.get_ref(12)?.as_bytes_or_null()?.and_then(|path| NotePath::new(path).ok()),
        snippet: None,
    })
}

/// When a note was made: as it says itself, else from nanoseconds.
fn created_at(row: &Row<'_>, index: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(index)? {
        rusqlite::types::ValueRef::Integer(ns) => iso(ns),
        written => written.as_str()?.to_owned(),
    })
}

fn iso(ns: i64) -> String {
    Instant::from_nanosecond(i128::from(ns)).map(|instant| instant.to_string()).unwrap_or_default()
}

/// `+`: SQLite compares a bare parameter with the samples of its statistics, and compiles the statement anew for each
/// value; that took half the time of a list.
pub(super) const TAGS_OF: &str =
    "SELECT t.name FROM file_tags ft JOIN tags t ON t.id = ft.tag_id WHERE ft.file_id = +?1";

/// The tags of a file, in the order of their names.
pub(super) fn tags_of(connection: &Connection, id: i64) -> rusqlite::Result<Vec<TagName>> {
    let mut statement = connection.prepare_cached(TAGS_OF)?;
    let names = statement.query_map([id], |row| Ok(TagName::new(row.get_ref(0)?.as_str()?)))?;
    let mut tags: Vec<TagName> = names.filter_map(|name| name.map(Result::ok).transpose()).collect::<Result<_, _>>()?;
    tags.sort();
    Ok(tags)
}

/// The tags of the files of a page, each tag read once: notes share most of theirs.
#[derive(Debug, Default)]
pub(super) struct PageTags(HashMap<i64, Option<TagName>>);

/// `+` as of [`TAGS_OF`].
const TAG_IDS_OF: &str = "SELECT tag_id FROM file_tags WHERE file_id = +?1";

impl PageTags {
    /// [`tags_of`] a file. All calls are of one connection and one transaction.
    pub(super) fn of(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<Vec<TagName>> {
        let mut statement = connection.prepare_cached(TAG_IDS_OF)?;
        let mut rows = statement.query([id])?;
        let mut tags = Vec::new();
        while let Some(row) = rows.next()? {
            let tag: i64 = row.get(0)?;
            let known = match self.0.entry(tag) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(tag_named(connection, tag)?),
            };
            tags.extend(known.clone());
        }
        tags.sort();
        Ok(tags)
    }
}

/// A tag by its id; `None` where the index is damaged.
fn tag_named(connection: &Connection, id: i64) -> rusqlite::Result<Option<TagName>> {
    let mut statement = connection.prepare_cached("SELECT name FROM tags WHERE id = ?1")?;
    let name = statement.query_row([id], |row| Ok(TagName::new(row.get_ref(0)?.as_str()?).ok())).optional()?;
    Ok(name.flatten())
}

/// The row with its tags.
pub(super) fn with_tags(connection: &Connection, file: IndexedFile) -> rusqlite::Result<IndexedFile> {
    Ok(IndexedFile { tags: tags_of(connection, file.id.0)?, ..file })
}

/// The row of an id for the in-memory maps.
pub(super) fn load_indexed(connection: &Connection, id: i64) -> rusqlite::Result<Option<IndexedFile>> {
    let sql = select_files(INDEXED_COLUMNS, "WHERE id = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([id], indexed_row).optional()?;
    found.map(|file| with_tags(connection, file)).transpose()
}

/// A select of the file table.
pub(super) fn select_files(columns: &str, rest: &str) -> String {
    format!("SELECT {columns} FROM file_metadata {rest}")
}
