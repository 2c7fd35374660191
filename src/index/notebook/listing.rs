//! Pages of files in an order, all of them or those of a folder.

use rusqlite::{Connection, params};

use super::rowio::{self, FILE_COLUMNS, PageTags};
use super::{FileRow, IndexError, NotebookReader};
use crate::types::{NotePath, NotebookNumber};

/// What a listing is in the order of; equal ones by path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FileOrder {
    /// Path.
    #[default]
    Path,
    /// Title, without regard to case.
    Title,
    /// When the contents last changed.
    Modified,
    /// When it was made, as the note says or else the store.
    Created,
    /// Bytes.
    Size,
}

/// Which files are listed.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Below this folder; the root for all.
    pub folder: NotePath,
    /// Only those that stand in the folder itself.
    pub is_direct: bool,
    /// In which order.
    pub order: FileOrder,
    /// From the last to the first.
    pub is_reversed: bool,
    /// How many are left out.
    pub skip: u64,
    /// How many at most.
    pub limit: u64,
}

impl NotebookReader {
    /// A page of files, and how many there are in all. The notebook's name and number are the caller's to fill in.
    ///
    /// # Errors
    /// SQLite's.
    pub fn list_files(&self, listing: &Listing) -> Result<(Vec<FileRow>, u64), IndexError> {
        self.with(|connection| {
            // One snapshot for the page and the count.
            let snapshot = connection.unchecked_transaction()?;
            let (within, below) = condition(listing);
            let total = count(&snapshot, listing, within, &below)?;
            Ok((page(&snapshot, listing, within, &below)?, total.cast_unsigned()))
        })
    }

    /// The folders that stand in a folder and hold files, each with how many are below it, by name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn folders_in(&self, folder: &NotePath) -> Result<Vec<(String, u64)>, IndexError> {
        let below = prefix(folder);
        let sql = "SELECT substr(path, length(?1) + 1, instr(substr(path, length(?1) + 1), '/') - 1) AS name, count(*)
                   FROM file_metadata WHERE path >= ?1 AND path < ?2 AND instr(substr(path, length(?1) + 1), '/') > 0
                   GROUP BY name ORDER BY name";
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement
                .query_map([&below, &end_of(&below)], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
            rows.collect()
        })
    }

    /// How large all files are together, in bytes.
    ///
    /// # Errors
    /// SQLite's.
    pub fn bytes(&self) -> Result<u64, IndexError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT coalesce(sum(size), 0) FROM file_metadata")?;
            statement.query_row([], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
        })
    }
}

/// What holds of the files of a listing, of which `?1` is the beginning of their paths; and that beginning.
fn condition(listing: &Listing) -> (&'static str, String) {
    let within = match (listing.folder.is_root(), listing.is_direct) {
        (true, false) => "?1 = ''",
        (true, true) => "?1 = '' AND instr(f.path, '/') = 0",
        // `/` is the byte before `0`: what is below a folder is one range of the index.
        (false, false) => "f.path >= ?1 AND f.path < substr(?1, 1, length(?1) - 1) || '0'",
        (false, true) => {
            "f.path >= ?1 AND f.path < substr(?1, 1, length(?1) - 1) || '0' AND instr(substr(f.path, length(?1) + 1), '/') = 0"
        }
    };
    (within, prefix(&listing.folder))
}

fn count(connection: &Connection, listing: &Listing, within: &str, below: &str) -> rusqlite::Result<i64> {
    // Without any condition SQLite counts pages of an index instead of looking at each row.
    if listing.folder.is_root() && !listing.is_direct {
        return connection.prepare_cached("SELECT count(*) FROM file_metadata")?.query_row([], |row| row.get(0));
    }
    let sql = format!("SELECT count(*) FROM file_metadata f WHERE {within}");
    connection.prepare_cached(&sql)?.query_row([below], |row| row.get(0))
}

fn page(connection: &Connection, listing: &Listing, within: &str, below: &str) -> rusqlite::Result<Vec<FileRow>> {
    let direction = if listing.is_reversed { "DESC" } else { "ASC" };
    let order = match listing.order {
        FileOrder::Path => format!("f.path {direction}"),
        FileOrder::Title => format!("f.title_order {direction}, cdx_lower(f.title) {direction}, f.path"),
        FileOrder::Modified => format!("f.mtime_ns {direction}, f.path"),
        // Texts are dates as notes have them; the store's are made what those look like.
        FileOrder::Created => format!(
            "CASE typeof(f.created_at) WHEN 'integer' \
             THEN strftime('%Y-%m-%dT%H:%M:%SZ', f.created_at / 1000000000, 'unixepoch') \
             ELSE f.created_at END {direction}, f.path"
        ),
        FileOrder::Size => format!("f.size {direction}, f.path"),
    };
    let sql = format!("SELECT {FILE_COLUMNS} FROM file_metadata f WHERE {within} ORDER BY {order} LIMIT ?2 OFFSET ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let clamped = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![below, clamped(listing.limit), clamped(listing.skip)], |row| {
        rowio::file_row(row, "", NotebookNumber(0))
    })?;
    let mut tags = PageTags::default();
    rows.map(|row| {
        let row = row?;
        Ok(FileRow { tags: tags.of(connection, row.id.0)?, ..row })
    })
    .collect()
}

/// How the paths of files below a folder begin; the root's is empty.
fn prefix(folder: &NotePath) -> String {
    if folder.is_root() { String::new() } else { format!("{folder}/") }
}

/// The first text behind all that begin so.
fn end_of(prefix: &str) -> String {
    match prefix.strip_suffix('/') {
        Some(folder) => format!("{folder}0"),
        None => "\u{10ffff}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{note, open, path, upsert};
    use super::*;

    #[test]
    fn files_are_listed_in_pages_by_folder_and_order() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = open(folder.path());
        let mut records = Vec::new();
        for (at, title, size) in [
            ("b.md", "beta", 3),
            ("a/x.md", "Alpha", 1),
            ("a/c/y.md", "gamma", 2),
            ("a0.md", "delta", 4),
            ("á/z.md", "eta", 5),
        ] {
            let mut record = note(at);
            record.size = size;
            title.clone_into(&mut record.parsed.title);
            records.push(upsert(record));
        }
        db.apply(&records).unwrap();
        let reader = db.reader().unwrap();
        let listed = |listing: &Listing| {
            let (rows, total) = reader.list_files(listing).unwrap();
            (rows.iter().map(|row| row.path.to_string()).collect::<Vec<_>>().join(" "), total)
        };
        let all = Listing { limit: 10, ..Listing::default() };
        let of = |folder: &str, is_direct| Listing { folder: path(folder), is_direct, ..all.clone() };
        let by = |order, is_reversed| Listing { order, is_reversed, limit: 2, ..Listing::default() };
        for (listing, expected, total) in [
            (all.clone(), "a/c/y.md a/x.md a0.md b.md á/z.md", 5),
            (Listing { skip: 1, limit: 2, ..all.clone() }, "a/x.md a0.md", 5),
            (Listing { skip: u64::MAX, ..all.clone() }, "", 5),
            (of("a", false), "a/c/y.md a/x.md", 2),
            (of("a", true), "a/x.md", 1),
            (of("á", true), "á/z.md", 1),
            (of("", true), "a0.md b.md", 2),
            (of("nowhere", false), "", 0),
            (by(FileOrder::Title, false), "a/x.md b.md", 5),
            (by(FileOrder::Size, true), "á/z.md a0.md", 5),
            (by(FileOrder::Modified, false), "a/c/y.md a/x.md", 5),
            (by(FileOrder::Created, false), "a/c/y.md a/x.md", 5),
        ] {
            assert_eq!(listed(&listing), (expected.to_owned(), total), "{listing:?}");
        }
        assert_eq!(reader.folders_in(&NotePath::root()).unwrap(), [("a".to_owned(), 2), ("á".to_owned(), 1)]);
        assert_eq!(reader.folders_in(&path("a")).unwrap(), [("c".to_owned(), 1)]);
        assert_eq!(reader.bytes().unwrap(), 15);
    }
}
