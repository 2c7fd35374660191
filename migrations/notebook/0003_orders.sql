-- What lets a query rank, and read the first of many matches, without looking at the rows of all of them.

-- How many tokens the full text of each file has, of which bm25 makes what an occurrence is worth: numbers of 32 bits,
-- little endian, 512 ids to a block; 0 for an id that has none.
CREATE TABLE text_sizes (
    block INTEGER PRIMARY KEY,
    sizes BLOB NOT NULL
) STRICT;

-- Full text segments are merged between transactions (NotebookDb::merge), not in them; and 16 at a time, since FTS5
-- goes by their number and not by their size: with 4, the one that a load left would soon be written again. Should
-- nobody merge, the transaction that makes the 256th does.
INSERT INTO search_index (search_index, rank) VALUES ('automerge', 0), ('usermerge', 16), ('crisismerge', 256);

-- How the title begins in lower case: enough for most titles to be told apart in order.
ALTER TABLE file_metadata ADD COLUMN title_order TEXT NOT NULL DEFAULT '';
CREATE INDEX file_by_title ON file_metadata (title_order);

-- All that a comparison asks of an element.
DROP INDEX property_by_value;
CREATE INDEX property_by_value ON properties (key_id, value, kind, raw);

-- Texts with space around them, which `value` leaves out, sort elsewhere than by `value`. The characters are Unicode's
-- white space.
CREATE INDEX property_with_space ON properties (key_id) WHERE raw <> trim(raw, char(9, 10, 11, 12, 13, 32, 133, 160,
    5760, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201, 8202, 8232, 8233, 8239, 8287, 12288));
