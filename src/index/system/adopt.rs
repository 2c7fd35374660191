//! Taking over the system database of the original Codex: accounts with their passwords (`hexsalt$hexhash`),
//! workspaces, notebooks, tasks, plugins and agents, with their ids.

use std::path::Path;

use rusqlite::Connection;

use super::schema::SCHEMA;
use crate::index::IndexError;
use crate::index::connection::{back_up, drop_tables, has_columns};

/// A table of the original: our column and what it is made of, in the words of SQL over the original's columns.
/// Columns that an older original lacks are left to their defaults.
struct Taken {
    table: &'static str,
    columns: &'static [(&'static str, &'static str)],
}

const fn same(name: &'static str) -> (&'static str, &'static str) {
    (name, name)
}

/// Tables in an order in which each refers to earlier ones only. Rows that refer to nothing are left out by the
/// foreign keys of those that are checked, see [`copy`].
const TAKEN: &[Taken] = &[
    Taken {
        table: "users",
        columns: &[
            same("id"),
            same("username"),
            ("email", "nullif(email, '')"),
            same("hashed_password"),
            same("is_active"),
            same("theme_setting"),
            same("created_at"),
            same("updated_at"),
        ],
    },
    Taken {
        table: "workspaces",
        columns: &[
            same("id"),
            same("name"),
            same("slug"),
            same("path"),
            same("owner_id"),
            same("theme_setting"),
            same("created_at"),
            same("updated_at"),
        ],
    },
    Taken {
        table: "workspace_permissions",
        columns: &[
            same("id"),
            same("workspace_id"),
            same("user_id"),
            // An unknown level gives the least.
            (
                "permission_level",
                "CASE permission_level WHEN 'admin' THEN 'owner' WHEN 'write' THEN 'editor' ELSE 'viewer' END",
            ),
            same("created_at"),
        ],
    },
    Taken {
        table: "notebooks",
        columns: &[
            same("id"),
            same("workspace_id"),
            same("name"),
            same("slug"),
            same("path"),
            same("description"),
            same("created_at"),
            same("updated_at"),
        ],
    },
    Taken {
        table: "tasks",
        columns: &[
            same("id"),
            same("workspace_id"),
            same("title"),
            same("description"),
            (
                "status",
                "CASE WHEN status IN ('pending', 'in_progress', 'completed', 'failed') THEN status ELSE 'pending' END",
            ),
            same("assigned_to"),
            same("created_at"),
            same("updated_at"),
            same("completed_at"),
        ],
    },
    Taken {
        table: "plugins",
        columns: &[
            same("id"),
            same("plugin_id"),
            same("name"),
            same("version"),
            same("type"),
            same("enabled"),
            same("manifest"),
            same("installed_at"),
            same("updated_at"),
        ],
    },
    Taken {
        table: "plugin_configs",
        columns: &[
            same("id"),
            same("workspace_id"),
            same("plugin_id"),
            same("enabled"),
            same("config"),
            same("created_at"),
            same("updated_at"),
        ],
    },
    Taken {
        table: "notebook_plugin_configs",
        columns: &[
            same("id"),
            same("notebook_id"),
            same("plugin_id"),
            same("enabled"),
            same("config"),
            same("created_at"),
            same("updated_at"),
        ],
    },
    Taken {
        table: "integration_artifacts",
        columns: &[
            same("id"),
            same("workspace_id"),
            same("plugin_id"),
            same("block_type"),
            same("parameters_hash"),
            same("artifact_path"),
            same("content_type"),
            same("fetched_at"),
            same("expires_at"),
        ],
    },
    Taken {
        table: "agents",
        columns: &[
            same("id"),
            same("workspace_id"),
            same("name"),
            same("description"),
            same("provider"),
            same("model"),
            same("scope"),
            same("can_read"),
            same("can_write"),
            same("can_create"),
            same("can_delete"),
            same("can_execute_code"),
            same("can_access_integrations"),
            same("max_requests_per_hour"),
            same("max_tokens_per_request"),
            same("is_active"),
            same("system_prompt"),
            same("created_at"),
            same("updated_at"),
        ],
    },
    Taken {
        table: "agent_credentials",
        columns: &[
            same("id"),
            same("agent_id"),
            same("key_name"),
            // Fernet's text as it is: it is read with the key that SECRET_KEY makes, and encrypted anew then.
            ("encrypted_value", "CAST(encrypted_value AS BLOB)"),
            same("created_at"),
        ],
    },
    Taken {
        table: "agent_sessions",
        columns: &[
            same("id"),
            same("agent_id"),
            same("task_id"),
            same("user_id"),
            same("status"),
            same("context"),
            same("tokens_used"),
            same("api_calls_made"),
            same("files_modified"),
            same("started_at"),
            same("completed_at"),
            same("error_message"),
        ],
    },
    Taken {
        table: "agent_action_logs",
        columns: &[
            same("id"),
            same("session_id"),
            same("action_type"),
            same("target_path"),
            same("input_summary"),
            same("output_summary"),
            same("was_allowed"),
            same("execution_time_ms"),
            same("created_at"),
        ],
    },
];

/// Recognises the original by its users' columns, copies the file aside, and turns it into ours.
pub(super) fn adopt(connection: &mut Connection, path: &Path) -> Result<(), IndexError> {
    let fail = |error| IndexError::of(path, error);
    let is_original = has_columns(connection, "users", &["username", "email", "hashed_password"]).map_err(fail)?
        && has_columns(connection, "workspaces", &["name", "slug", "path", "owner_id"]).map_err(fail)?;
    if !is_original {
        let reason = "its tables are neither ours nor the original's".to_owned();
        return Err(IndexError::Damaged { path: path.display().to_string(), reason });
    }
    let copy = back_up(connection, path, "original")?;
    tracing::info!(database = %path.display(), copy = %copy.display(), "adopting a database of the original Codex");
    // The copy is read, so that ours is made in an empty database and no table is ever there twice.
    connection.execute("ATTACH ?1 AS original", [copy.to_string_lossy()]).map_err(fail)?;
    connection.pragma_update(None, "foreign_keys", false).map_err(fail)?;
    let taken = take_over(connection);
    connection.execute("DETACH original", []).map_err(fail)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(fail)?;
    taken.map_err(fail)
}

fn take_over(connection: &mut Connection) -> rusqlite::Result<()> {
    let step = connection.transaction()?;
    drop_tables(&step)?;
    step.execute_batch(SCHEMA.migrations[0].sql)?;
    for taken in TAKEN {
        copy(&step, taken)?;
    }
    leave_out_orphans(&step)?;
    step.pragma_update(None, "user_version", 1)?;
    step.commit()
}

/// Newest first: where the original has a pair twice (it had no unique keys), the last one written stays.
fn copy(connection: &Connection, taken: &Taken) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1, 'original')")?;
    let found: Vec<String> = statement.query_map([taken.table], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if found.is_empty() {
        return Ok(());
    }
    let columns = taken.columns.iter().filter(|(name, _)| found.iter().any(|column| column == name));
    // Types are made ours by CAST: the original's declared ones say nothing in SQLite, STRICT tables insist.
    let (names, values): (Vec<_>, Vec<_>) =
        columns.map(|(name, value)| (*name, typed(taken.table, name, value))).unzip();
    let order = if taken.table == "users" { "id" } else { "id DESC" };
    let sql = format!(
        "INSERT OR IGNORE INTO main.{table} ({}) SELECT {} FROM original.{table} ORDER BY {order}",
        names.join(", "),
        values.join(", "),
        table = taken.table,
    );
    connection.execute(&sql, []).map(drop)
}

/// A NULL that our column does not take becomes what the column's default would be.
fn typed(table: &str, name: &str, value: &str) -> String {
    let is_number = name == "id"
        || name.ends_with("_id") && name != "plugin_id"
        || name.starts_with("is_")
        || name.starts_with("can_")
        || name.starts_with("max_")
        || ["enabled", "was_allowed", "tokens_used", "api_calls_made", "execution_time_ms"].contains(&name);
    match name {
        "encrypted_value" => value.to_owned(),
        _ if is_number => format!("CAST({value} AS INTEGER)"),
        "config" | "scope" | "context" => format!("coalesce(CAST({value} AS TEXT), '{{}}')"),
        "files_modified" => format!("coalesce(CAST({value} AS TEXT), '[]')"),
        "started_at" | "updated_at" | "created_at" | "installed_at" | "fetched_at" => iso(value),
        "completed_at" | "expires_at" => format!("iif({value} IS NULL, NULL, {})", iso(value)),
        "email" if table == "users" => value.to_owned(),
        _ => format!("CAST({value} AS TEXT)"),
    }
}

/// The original's `2026-01-02 03:04:05.123456`, in UTC, as ISO 8601.
fn iso(value: &str) -> String {
    format!(
        "coalesce(strftime('%Y-%m-%dT%H:%M:%SZ', {value}), CAST({value} AS TEXT), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))"
    )
}

/// The original did not check its references; rows that refer to nothing cannot be reached and are not taken over.
fn leave_out_orphans(connection: &Connection) -> rusqlite::Result<()> {
    // Each round may orphan more; every round removes something, so it ends.
    loop {
        let found: Vec<(String, i64)> = connection
            .prepare("SELECT DISTINCT \"table\", rowid FROM pragma_foreign_key_check WHERE rowid IS NOT NULL")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        if found.is_empty() {
            return Ok(());
        }
        for (table, row) in found {
            tracing::warn!(table, row, "a row of the original refers to nothing and is left out");
            connection.execute(&format!("DELETE FROM {table} WHERE rowid = ?1"), [row])?;
        }
    }
}
