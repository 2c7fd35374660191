//! Opening a database of either kind: version check, pragmas, migrations. It knows no table.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::IndexError;
use crate::sys::{Dir, FaultPoint, pass};
use crate::types::NotePath;

/// One step of a schema; its number is its place in the list, from 1.
pub(crate) struct Migration {
    /// Its SQL.
    pub(crate) sql: &'static str,
    /// Whether it changes rows that are there: then the file is copied first.
    pub(crate) rewrites: bool,
    /// What SQL has no words for, in the same transaction.
    pub(crate) then: Option<fn(&Connection) -> rusqlite::Result<()>>,
}

/// What differs between the two kinds of database.
pub(crate) struct Schema {
    /// Steps, oldest first. Released ones are never edited.
    pub(crate) migrations: &'static [Migration],
    /// `synchronous`: what a power cut may cost.
    pub(crate) synchronous: &'static str,
    /// Memory for pages in KiB.
    pub(crate) cache_kib: u32,
    /// From so many pages of the log on (8 KiB each), a commit folds it into the file, and waits for the disk.
    pub(crate) log_pages: u32,
}

/// The oldest SQLite whose WAL reset cannot damage a database (3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a connection waits for another process's lock. Within the process there is one writer.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file for writing, made if it is missing; it has no schema yet.
pub(crate) fn open_for_writing(path: &Path, schema: &Schema) -> Result<Connection, IndexError> {
    check_sqlite_version()?;
    let fail = |error| IndexError::of(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    refuse_newer(&connection, path, schema)?;
    // Else a statement that was compiled is compiled anew for each value that SQLite finds in its statistics; what is
    // asked while writing is found by keys, whatever the value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fail)?;
    configure(&connection, schema).map_err(fail)?;
    Ok(connection)
}

/// Makes the folder that a database is to be in, and those above it.
pub(crate) fn make_folder(folder: &Path) -> Result<(), IndexError> {
    if folder.as_os_str().is_empty() || folder.exists() {
        return Ok(());
    }
    let above = folder.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."));
    if let Some(missing) =
        folder.strip_prefix(above).ok().and_then(|rest| NotePath::new(rest.as_os_str().as_bytes()).ok())
    {
        Dir::open(above)?.make_dirs(&missing)?;
    }
    Ok(())
}

/// Opens the file for reading only.
pub(crate) fn open_for_reading(path: &Path, schema: &Schema) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // The flag guards the file, the pragma the statements: not even a temporary table is made by a query.
    connection.pragma_update(None, "query_only", true)?;
    share_pragmas(&connection, schema)?;
    // A query line may use many shapes; compiled statements are small.
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Opens a file that is open for writing once more, to fold its log.
pub(crate) fn open_beside(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// The version that the schema brings a database to.
pub(crate) fn newest_version(schema: &Schema) -> i64 {
    i64::try_from(schema.migrations.len()).unwrap_or(i64::MAX)
}

/// The version of a database; 0 if nothing was ever migrated.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether the database has no table at all.
pub(crate) fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)", [], |row| row.get(0))
}

/// Whether the table is there and has all these columns.
pub(crate) fn has_columns(connection: &Connection, table: &str, columns: &[&str]) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_xinfo(?1)")?;
    let found: Vec<String> = statement.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(!found.is_empty() && columns.iter().all(|column| found.iter().any(|name| name == column)))
}

/// Runs the steps that the database has not had, each in one transaction with the new version.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, schema: &Schema) -> Result<(), IndexError> {
    let fail = |error| IndexError::of(path, error);
    let had = version(connection).map_err(fail)?;
    for (number, migration) in (1_i64..).zip(schema.migrations).filter(|(number, _)| *number > had) {
        // A new database has nothing to lose.
        if migration.rewrites && had > 0 {
            back_up(connection, path, &format!("before-{number}"))?;
        }
        pass(FaultPoint::MigrateBefore);
        let step = connection.transaction().map_err(fail)?;
        step.execute_batch(migration.sql).map_err(fail)?;
        if let Some(then) = migration.then {
            then(&step).map_err(fail)?;
        }
        pass(FaultPoint::MigrateInside);
        step.pragma_update(None, "user_version", number).map_err(fail)?;
        step.commit().map_err(fail)?;
        tracing::info!(database = %path.display(), version = number, "migrated");
    }
    Ok(())
}

/// Copies the database to `<file>.<label>` (with a number if that is taken) and says where.
pub(crate) fn back_up(connection: &Connection, path: &Path, label: &str) -> Result<PathBuf, IndexError> {
    let copy = free_name(path, label);
    let target = copy.to_string_lossy().into_owned();
    connection.execute("VACUUM INTO ?1", [target]).map_err(|error| IndexError::of(path, error))?;
    Ok(copy)
}

/// `<file>.<label>`, else `<file>.<label>-2` and so on: the first that does not exist.
pub(crate) fn free_name(path: &Path, label: &str) -> PathBuf {
    let named = |number: u64| {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { format!(".{label}") } else { format!(".{label}-{number}") });
        PathBuf::from(name)
    };
    let mut number = 1;
    while named(number).exists() {
        number += 1;
    }
    named(number)
}

fn check_sqlite_version() -> Result<(), IndexError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(IndexError::OldSqlite { found: rusqlite::version() });
    }
    Ok(())
}

/// Before any pragma that writes, so that a newer database stays as it is.
fn refuse_newer(connection: &Connection, path: &Path, schema: &Schema) -> Result<(), IndexError> {
    let found = version(connection).map_err(|error| IndexError::of(path, error))?;
    let known = newest_version(schema);
    if found > known {
        return Err(IndexError::TooNew { path: path.display().to_string(), found, known });
    }
    Ok(())
}

fn configure(connection: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // Fewer, fuller pages: long full text segments and rows of properties waste less at the end of each.
    // It has an effect on a new file only.
    connection.pragma_update(None, "page_size", 8192)?;
    // So has this: pages that a merge leaves empty can be given back (`incremental_vacuum`).
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    // Readers go on while the writer writes, and a commit is one append.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", schema.synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", schema.log_pages)?;
    // SQLite's own default is off, unless it was compiled otherwise.
    connection.pragma_update(None, "foreign_keys", true)?;
    // A WAL that grew in a bulk load is cut back to 16 MiB after its checkpoint.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    // A statement is planned once, not anew for each value that is bound: that took a seventh of a bulk load.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    share_pragmas(connection, schema)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn share_pragmas(connection: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    // Negative: in KiB.
    connection.pragma_update(None, "cache_size", -i64::from(schema.cache_kib))?;
    // Sorting and materialised subqueries stay off the disk.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Mapped pages would turn an I/O error of the disk into SIGBUS.
    connection.pragma_update(None, "mmap_size", 0)?;
    // A view or a trigger of a database that somebody else made runs no function of ours.
    connection.pragma_update(None, "trusted_schema", false)
}

/// Drops every table of a database, virtual ones with their shadows.
pub(crate) fn drop_tables(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
               ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'";
    let names: Vec<String> = connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names {
        // A name cannot be bound; doubling the quotes makes it one identifier whatever it holds.
        connection.execute_batch(&format!("DROP TABLE IF EXISTS \"{}\"", name.replace('"', "\"\"")))?;
    }
    Ok(())
}

/// Renames the database with its WAL to names that say what they are, and says to which; nothing is ever deleted.
pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, IndexError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(path.to_owned());
    };
    let dir = Dir::open(folder)?;
    let child = |name: String| NotePath::new(name).unwrap_or_default();
    let mut number = 1_u64;
    while folder.join(format!("{name}.damaged-{number}")).exists() {
        number += 1;
    }
    for suffix in ["", "-wal", "-shm"] {
        let from = child(format!("{name}{suffix}"));
        match dir.rename(&from, &child(format!("{name}.damaged-{number}{suffix}"))) {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(folder.join(format!("{name}.damaged-{number}")))
}
