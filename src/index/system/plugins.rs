//! Whether a plugin is on in a workspace or a notebook, and how it is set up there. No row is a plugin that is on, with
//! nothing set up; a notebook's row stands before its workspace's.

use rusqlite::{Connection, OptionalExtension, Row};

use super::SystemDb;
use super::error::{Fault, SystemError, not_found};
use crate::types::{NotebookId, Properties, WorkspaceId};

/// Where a plugin is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PluginPlace {
    /// In a workspace.
    Workspace(WorkspaceId),
    /// In a notebook of a workspace.
    Notebook(WorkspaceId, NotebookId),
}

/// How a plugin is set up in a place.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginRow {
    /// Which plugin.
    pub plugin: String,
    /// Whether it is on.
    pub enabled: bool,
    /// What it reads.
    pub config: Properties,
    /// Where that was said; `None`: nowhere.
    pub said_in: Option<PluginPlace>,
}

impl SystemDb {
    /// All that is said of plugins in a place, by plugin: of a notebook, what holds there.
    ///
    /// # Errors
    /// SQLite's.
    pub fn plugins(&self, place: PluginPlace) -> Result<Vec<PluginRow>, SystemError> {
        self.read(|connection| {
            let mut found = rows(connection, PluginPlace::Workspace(place.workspace()))?;
            if let PluginPlace::Notebook(..) = place {
                let own = rows(connection, place)?;
                found.retain(|row| !own.iter().any(|own| own.plugin == row.plugin));
                found.extend(own);
                found.sort_by(|a, b| a.plugin.cmp(&b.plugin));
            }
            Ok(found)
        })
    }

    /// What holds of a plugin in a place.
    ///
    /// # Errors
    /// SQLite's.
    pub fn plugin(&self, place: PluginPlace, plugin: &str) -> Result<PluginRow, SystemError> {
        self.read(|connection| holding(connection, place, plugin))
    }

    /// Says how a plugin is set up in a place; what is `None` stays as it holds there.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_plugin(
        &self,
        place: PluginPlace,
        plugin: &str,
        (enabled, config): (Option<bool>, Option<&Properties>),
    ) -> Result<PluginRow, SystemError> {
        self.write(|transaction| {
            let now = holding(transaction, place, plugin)?;
            let config = serde_json::to_string(config.unwrap_or(&now.config)).unwrap_or_else(|_| "{}".to_owned());
            let (table, column, id) = place.table();
            let sql = format!(
                "INSERT INTO {table} ({column}, plugin_id, enabled, config) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT ({column}, plugin_id) DO UPDATE SET enabled = ?3, config = ?4,
                 updated_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
            );
            transaction.execute(&sql, (id, plugin, enabled.unwrap_or(now.enabled), config))?;
            holding(transaction, place, plugin)
        })
    }

    /// Takes back what is said of a plugin in a place.
    ///
    /// # Errors
    /// [`SystemError::NotFound`] where nothing is.
    pub fn unset_plugin(&self, place: PluginPlace, plugin: &str) -> Result<(), SystemError> {
        self.write(|transaction| {
            let (table, column, id) = place.table();
            let sql = format!("DELETE FROM {table} WHERE {column} = ?1 AND plugin_id = ?2");
            match transaction.execute(&sql, (id, plugin))? {
                0 => Err(not_found(format!("nothing is said of the plugin `{plugin}` here"))),
                _ => Ok(()),
            }
        })
    }
}

impl PluginPlace {
    fn workspace(self) -> WorkspaceId {
        match self {
            Self::Workspace(id) | Self::Notebook(id, _) => id,
        }
    }

    /// Table, column and value that stand for the place.
    fn table(self) -> (&'static str, &'static str, i64) {
        match self {
            Self::Workspace(id) => ("plugin_configs", "workspace_id", id.0),
            Self::Notebook(_, id) => ("notebook_plugin_configs", "notebook_id", id.0),
        }
    }
}

fn rows(connection: &Connection, place: PluginPlace) -> rusqlite::Result<Vec<PluginRow>> {
    let (table, column, id) = place.table();
    let sql = format!("SELECT plugin_id, enabled, config FROM {table} WHERE {column} = ?1 ORDER BY plugin_id");
    connection.prepare_cached(&sql)?.query_map([id], |row| read(row, place))?.collect()
}

fn row(connection: &Connection, place: PluginPlace, plugin: &str) -> rusqlite::Result<Option<PluginRow>> {
    let (table, column, id) = place.table();
    let sql = format!("SELECT plugin_id, enabled, config FROM {table} WHERE {column} = ?1 AND plugin_id = ?2");
    connection.prepare_cached(&sql)?.query_row((id, plugin), |row| read(row, place)).optional()
}

fn holding(connection: &Connection, place: PluginPlace, plugin: &str) -> Result<PluginRow, Fault> {
    if let Some(found) = row(connection, place, plugin)? {
        return Ok(found);
    }
    let above = row(connection, PluginPlace::Workspace(place.workspace()), plugin)?;
    let nothing = || PluginRow { plugin: plugin.to_owned(), enabled: true, config: Properties::new(), said_in: None };
    Ok(above.unwrap_or_else(nothing))
}

fn read(row: &Row<'_>, place: PluginPlace) -> rusqlite::Result<PluginRow> {
    let config: String = row.get(2)?;
    Ok(PluginRow {
        plugin: row.get(0)?,
        enabled: row.get(1)?,
        // What another program wrote and is no mapping sets nothing up.
        config: serde_json::from_str(&config).unwrap_or_default(),
        said_in: Some(place),
    })
}
