//! A damaged `codex_system.db`: what can be read of it becomes a new one, and the damaged one is kept aside. Nothing else
//! has accounts, permissions and the audit, so what is lost is said table by table.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::SystemDb;
use crate::index::{IndexError, connection};

/// What became of a damaged system database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemSalvage {
    /// Where the damaged one is now.
    pub aside: PathBuf,
    /// What is lost, in words, a table each; empty if every table could be read to its end.
    pub lost: Vec<String>,
}

impl SystemDb {
    /// What SQLite finds wrong with the database in `home`; empty where it is whole or there is none.
    ///
    /// # Errors
    /// If it was made by a newer version, or cannot be opened for another reason than damage.
    pub fn examine(home: &Path) -> Result<Vec<String>, IndexError> {
        if !home.join("codex_system.db").exists() {
            return Ok(Vec::new());
        }
        let found = Self::open(home).and_then(|db| {
            let mut check = db.connection.prepare("PRAGMA integrity_check(20)").map_err(|error| db.fail(error))?;
            let lines = check.query_map([], |row| row.get::<_, String>(0)).map_err(|error| db.fail(error))?;
            let lines: Result<Vec<String>, _> =
                lines.filter(|line| !matches!(line, Ok(line) if line == "ok")).collect();
            lines.map_err(|error| db.fail(error))
        });
        match found {
            Err(IndexError::Damaged { reason, .. }) => Ok(vec![reason]),
            other => other,
        }
    }

    /// Makes the database in `home` anew of what can be read of it.
    ///
    /// # Errors
    /// If it cannot be set aside, or no new one be made.
    pub fn salvage(home: &Path) -> Result<SystemSalvage, IndexError> {
        let aside = connection::set_aside(&home.join("codex_system.db"))?;
        let new = Self::open(home)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let lost = match Connection::open_with_flags(&aside, flags) {
            Ok(old) => copy_all(&old, &new.connection).map_err(|error| new.fail(error))?,
            Err(error) => vec![format!("all of it: {error}")],
        };
        Ok(SystemSalvage { aside, lost })
    }
}

fn copy_all(old: &Connection, new: &Connection) -> rusqlite::Result<Vec<String>> {
    let tables: Vec<String> = new
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    // Rows refer to one another in an order that is not ours to know.
    new.pragma_update(None, "foreign_keys", false)?;
    let mut lost = Vec::new();
    for table in &tables {
        let step = new.unchecked_transaction()?;
        let (kept, fault) = copy_table(old, &step, table)?;
        step.commit()?;
        if let Some(fault) = fault {
            lost.push(format!("{table}: {kept} rows could be read, what there was besides is lost ({fault})"));
        }
    }
    let orphans: Vec<(String, Option<i64>)> = new
        .prepare("PRAGMA foreign_key_check")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (table, row) in orphans {
        // A log keeps what it says, whoever it was about.
        let removed = new.execute(&format!("DELETE FROM \"{table}\" WHERE rowid = ?1"), [row]).unwrap_or(0);
        if removed > 0 {
            lost.push(format!("{table}: row {} belonged to one that is lost", row.unwrap_or_default()));
        }
    }
    new.pragma_update(None, "foreign_keys", true)?;
    Ok(lost)
}

/// Copies the rows of a table that can be read, from its beginning and, where that breaks off, from its end.
fn copy_table(old: &Connection, new: &Connection, table: &str) -> rusqlite::Result<(usize, Option<String>)> {
    let columns: Vec<String> = new
        .prepare("SELECT name FROM pragma_table_info(?1)")?
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let names = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let places = vec!["?"; columns.len()].join(", ");
    // A row that was read from both ends is one.
    let mut insert = new.prepare(&format!("INSERT OR IGNORE INTO \"{table}\" ({names}) VALUES ({places})"))?;
    let (mut kept, mut fault) = (0, None);
    for order in ["ASC", "DESC"] {
        let mut copy = || -> rusqlite::Result<()> {
            let mut statement = old.prepare(&format!("SELECT {names} FROM \"{table}\" ORDER BY rowid {order}"))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let values: Vec<Value> = (0..columns.len()).map(|at| row.get(at)).collect::<Result<_, _>>()?;
                // A row that the damage made illegal is lost.
                kept += insert.execute(params_from_iter(values)).unwrap_or(0);
            }
            Ok(())
        };
        match copy() {
            Ok(()) => break,
            Err(error) => fault = Some(error.to_string()),
        }
    }
    Ok((kept, fault))
}
