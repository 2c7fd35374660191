-- The index of one notebook. Everything here can be made again from the files.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Inode numbers that the mount has handed out, by what they stand for in the store.
CREATE TABLE nodes (
    number   INTEGER PRIMARY KEY,
    dev      INTEGER NOT NULL,
    inode    INTEGER NOT NULL,
    btime_ns INTEGER NOT NULL
);

-- AUTOINCREMENT: an id outlives its file in histories, logs and open views, so none is given twice.
CREATE TABLE file_metadata (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    path             TEXT    NOT NULL UNIQUE,
    node             INTEGER NOT NULL,
    dev              INTEGER NOT NULL,
    inode            INTEGER NOT NULL,
    btime_ns         INTEGER NOT NULL,
    mtime_ns         INTEGER NOT NULL,
    ctime_ns         INTEGER NOT NULL,
    size             INTEGER NOT NULL,
    sidecar_mark     INTEGER NOT NULL,
    hash             BLOB,
    content_type     TEXT    NOT NULL,
    title            TEXT    NOT NULL,
    description      TEXT,
    file_type        TEXT,
    -- What the note says of when it was made, as written; else nanoseconds, of the file's birth.
    created_at       ANY     NOT NULL,
    properties       TEXT,
    sidecar_path     TEXT,
    last_commit_hash BLOB,
    deleted_at       INTEGER,
    -- 1 after a rename: the full text still has the words of the old path, until the file is read again.
    text_is_stale    INTEGER NOT NULL DEFAULT 0,
    filename         TEXT GENERATED ALWAYS AS (substr(path, length(rtrim(path, replace(path, '/', ''))) + 1)) VIRTUAL,
    updated_at       TEXT GENERATED ALWAYS AS (strftime('%Y-%m-%dT%H:%M:%SZ', mtime_ns / 1000000000, 'unixepoch')) VIRTUAL
) STRICT;
CREATE INDEX file_by_mtime ON file_metadata (mtime_ns);
CREATE INDEX file_with_stale_text ON file_metadata (id) WHERE text_is_stale;

-- Numbers (hashes) of folded file names without extension, for links by name.
CREATE TABLE file_names (
    stem    INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    PRIMARY KEY (stem, file_id)
) WITHOUT ROWID, STRICT;

-- `key` is what a name compares by (NFC, lower case).
CREATE TABLE tags (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    key   TEXT NOT NULL UNIQUE,
    color TEXT
) STRICT;

-- `origin` has bit 1 for frontmatter, bit 2 for a sidecar.
CREATE TABLE file_tags (
    file_id INTEGER NOT NULL REFERENCES file_metadata (id) ON DELETE CASCADE,
    tag_id  INTEGER NOT NULL REFERENCES tags (id),
    origin  INTEGER NOT NULL,
    PRIMARY KEY (file_id, tag_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX file_by_tag ON file_tags (tag_id);

CREATE TABLE property_keys (
    id  INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
) STRICT;

-- One row for each element of a property's value, for members of mappings (`a.b`) too.
-- `kind`: 1 bool, 2 number, 3 text, 4 list or mapping. `value` is what `=` looks up: a number, or text in lower case
-- without the space around it; `raw` is the text as written where that is not `value`.
CREATE TABLE properties (
    file_id  INTEGER NOT NULL REFERENCES file_metadata (id) ON DELETE CASCADE,
    key_id   INTEGER NOT NULL REFERENCES property_keys (id),
    position INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    value    ANY,
    raw      TEXT,
    PRIMARY KEY (file_id, key_id, position)
) WITHOUT ROWID, STRICT;
CREATE INDEX property_by_value ON properties (key_id, value);

-- `name` is the number of the target's folded last component, under which it is resolved again when such a file comes
-- or goes.
CREATE TABLE links (
    from_id  INTEGER NOT NULL REFERENCES file_metadata (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    target   TEXT    NOT NULL,
    heading  TEXT,
    name     INTEGER NOT NULL,
    to_id    INTEGER REFERENCES file_metadata (id) ON DELETE SET NULL,
    PRIMARY KEY (from_id, position)
) WITHOUT ROWID, STRICT;
CREATE INDEX link_by_name ON links (name);
CREATE INDEX link_by_target ON links (to_id) WHERE to_id IS NOT NULL;

CREATE TABLE problems (
    file_id  INTEGER NOT NULL REFERENCES file_metadata (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    file     TEXT    NOT NULL,
    line     INTEGER NOT NULL,
    "column" INTEGER NOT NULL,
    message  TEXT    NOT NULL,
    PRIMARY KEY (file_id, position)
) WITHOUT ROWID, STRICT;

-- Contentless: the files have the text. contentless_delete: a row goes by its rowid alone, so that the index
-- cannot be spoilt by deleting with a text that is not the one that was inserted.
CREATE VIRTUAL TABLE search_index USING fts5 (
    title, body, path, tags,
    content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 2"
);
-- Text is kept in blocks that fill a page of the database (8 KiB).
INSERT INTO search_index (search_index, rank) VALUES ('pgsz', 8140);
