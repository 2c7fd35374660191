//! How `codex_system.db` is opened.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::adopt;
use super::error::{Fault, SystemError};
use crate::index::IndexError;
use crate::index::connection::{self, Migration, Schema};

/// Numbered from 1; a released one is never edited.
pub(super) const SCHEMA: Schema = Schema {
    migrations: &[
        Migration { sql: include_str!("../../../migrations/system/0001_initial.sql"), rewrites: false },
        // Its only change of rows is a new column's value.
        Migration { sql: include_str!("../../../migrations/system/0002_accounts.sql"), rewrites: false },
    ],
    // Accounts and audit can be made again from nothing else.
    synchronous: "FULL",
    cache_kib: 16 * 1024,
};

/// The system database, open for reading and writing.
#[derive(Debug)]
pub struct SystemDb {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
}

impl SystemDb {
    /// Opens (or makes) `codex_system.db` in `home`, migrates it, adopts the original's. Plugin configurations of the
    /// original are taken over as they are, secrets in clear among them, until they are moved to `plugin_secrets`.
    ///
    /// # Errors
    /// If it was made by a newer version, is damaged, or cannot be opened.
    pub fn open(home: &Path) -> Result<Self, IndexError> {
        connection::make_folder(home)?;
        let path = home.join("codex_system.db");
        let mut connection = connection::open_for_writing(&path, &SCHEMA)?;
        let fail = |error| IndexError::of(&path, error);
        if connection::version(&connection).map_err(fail)? == 0 && !connection::is_empty(&connection).map_err(fail)? {
            adopt::adopt(&mut connection, &path)?;
        }
        connection::migrate(&mut connection, &path, &SCHEMA)?;
        Ok(Self { connection, path })
    }

    /// Runs statements in one transaction. Several processes may write: it takes the write lock before it looks.
    pub(super) fn write<T>(&self, act: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, SystemError> {
        let run = || -> Result<T, Fault> {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let result = act(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|fault| self.told(fault))
    }

    /// Runs statements that only read.
    pub(super) fn read<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, SystemError> {
        act(&self.connection).map_err(|fault| self.told(fault))
    }

    fn told(&self, fault: Fault) -> SystemError {
        match fault {
            Fault::Sql(error) => self.fail(error).into(),
            Fault::Told(error) => error,
        }
    }

    pub(super) fn fail(&self, error: rusqlite::Error) -> IndexError {
        IndexError::of(&self.path, error)
    }
}
