//! The table `text_sizes`: how many tokens the full text of each file has, in blocks, so that ranking many matches
//! reads few rows.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension};

/// Ids of one block.
const BLOCK: i64 = 512;

/// Sizes that a transaction has changed.
#[derive(Debug, Default)]
pub(super) struct SizeChanges(BTreeMap<i64, BTreeMap<usize, u32>>);

impl SizeChanges {
    /// The full text of a file was written.
    pub(super) fn written(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached("SELECT sz FROM search_index_docsize WHERE id = ?1")?;
        let size = statement.query_row([id], |row| Ok(tokens(row.get_ref(0)?.as_blob()?))).optional()?;
        self.set(id, size.unwrap_or(0));
        Ok(())
    }

    /// The file's row went.
    pub(super) fn removed(&mut self, id: i64) {
        self.set(id, 0);
    }

    fn set(&mut self, id: i64, size: u32) {
        let (block, place) = place(id);
        self.0.entry(block).or_default().insert(place, size);
    }

    /// Writes them into the table.
    pub(super) fn save(self, connection: &Connection) -> rusqlite::Result<()> {
        for (block, changes) in self.0 {
            let mut sizes = Blocks::new(connection)?.load(block)?;
            for (place, size) in changes {
                if sizes.len() <= place {
                    sizes.resize(place + 1, 0);
                }
                sizes[place] = size;
            }
            let used = sizes.iter().rposition(|size| *size != 0).map_or(0, |last| last + 1);
            if used == 0 {
                connection.prepare_cached("DELETE FROM text_sizes WHERE block = ?1")?.execute([block])?;
                continue;
            }
            let bytes: Vec<u8> = sizes[..used].iter().flat_map(|size| size.to_le_bytes()).collect();
            let sql = "INSERT INTO text_sizes (block, sizes) VALUES (?1, ?2)
                       ON CONFLICT (block) DO UPDATE SET sizes = ?2";
            connection.prepare_cached(sql)?.execute((block, bytes))?;
        }
        Ok(())
    }
}

/// Enters the sizes of all texts: for a database from before there was the table.
pub(super) fn fill(connection: &Connection) -> rusqlite::Result<()> {
    let mut changes = SizeChanges::default();
    let mut statement = connection.prepare("SELECT id, sz FROM search_index_docsize")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        changes.set(row.get(0)?, tokens(row.get_ref(1)?.as_blob()?));
    }
    changes.save(connection)
}

/// How many files the table has another size of than FTS5.
pub(super) fn count_wrong(connection: &Connection) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare("SELECT id, sz FROM search_index_docsize ORDER BY id")?;
    let mut rows = statement.query([])?;
    let (mut sizes, mut wrong) = (Sizes::new(connection)?, 0);
    while let Some(row) = rows.next()? {
        wrong += usize::from(sizes.of(row.get(0)?)? != tokens(row.get_ref(1)?.as_blob()?));
    }
    Ok(wrong)
}

/// Sizes by id, for a walk through ids that mostly rise.
pub(super) struct Sizes<'a> {
    blocks: Blocks<'a>,
    block: i64,
    of_block: Vec<u32>,
}

impl<'a> Sizes<'a> {
    pub(super) fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self { blocks: Blocks::new(connection)?, block: i64::MIN, of_block: Vec::new() })
    }

    /// Tokens of the file's full text.
    pub(super) fn of(&mut self, id: i64) -> rusqlite::Result<u32> {
        let (block, place) = place(id);
        if block != self.block {
            self.of_block = self.blocks.load(block)?;
            self.block = block;
        }
        Ok(self.of_block.get(place).copied().unwrap_or(0))
    }
}

struct Blocks<'a>(CachedStatement<'a>);

impl<'a> Blocks<'a> {
    fn new(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.prepare_cached("SELECT sizes FROM text_sizes WHERE block = ?1").map(Self)
    }

    fn load(&mut self, block: i64) -> rusqlite::Result<Vec<u32>> {
        let sizes = self.0.query_row([block], |row| {
            let bytes = row.get_ref(0)?.as_blob()?;
            Ok(bytes.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
        });
        Ok(sizes.optional()?.unwrap_or_default())
    }
}

fn place(id: i64) -> (i64, usize) {
    (id.div_euclid(BLOCK), usize::try_from(id.rem_euclid(BLOCK)).unwrap_or_default())
}

/// The sum of FTS5's sizes of the columns: numbers of seven bits a byte, the highest first, all but the last byte of
/// each marked by their highest bit.
fn tokens(columns: &[u8]) -> u32 {
    let (mut sum, mut column) = (0_u32, 0_u32);
    for byte in columns {
        column = (column << 7) | u32::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            sum = sum.saturating_add(column);
            column = 0;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_columns_are_added_up() {
        assert_eq!(tokens(&[]), 0);
        assert_eq!(tokens(&[3, 0, 1, 2]), 6);
        assert_eq!(tokens(&[1, 0x81, 0x00, 0, 5]), 1 + 128 + 5);
        assert_eq!(tokens(&[0x81, 0x80, 0x01]), 16_385);
    }
}
