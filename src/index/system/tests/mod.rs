//! Tests of the system database.

mod people;

use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::index::IndexError;

/// The original's tables that hold something, with a row or two each.
const ORIGINAL: &str = "
    CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
    CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, username VARCHAR NOT NULL, email VARCHAR NOT NULL,
        hashed_password VARCHAR NOT NULL, is_active BOOLEAN NOT NULL, theme_setting VARCHAR, created_at DATETIME NOT NULL,
        updated_at DATETIME NOT NULL);
    CREATE UNIQUE INDEX ix_users_username ON users (username);
    CREATE TABLE workspaces (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR NOT NULL, slug VARCHAR NOT NULL,
        path VARCHAR NOT NULL UNIQUE, owner_id INTEGER NOT NULL REFERENCES users (id), theme_setting VARCHAR,
        created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, UNIQUE (owner_id, slug));
    CREATE TABLE workspace_permissions (id INTEGER NOT NULL PRIMARY KEY, workspace_id INTEGER NOT NULL,
        user_id INTEGER NOT NULL, permission_level VARCHAR NOT NULL, created_at DATETIME NOT NULL);
    CREATE TABLE notebooks (id INTEGER NOT NULL PRIMARY KEY, workspace_id INTEGER NOT NULL, name VARCHAR NOT NULL,
        slug VARCHAR NOT NULL, path VARCHAR NOT NULL, description TEXT, created_at DATETIME, updated_at DATETIME);
    CREATE TABLE tasks (id INTEGER NOT NULL PRIMARY KEY, workspace_id INTEGER NOT NULL, title VARCHAR NOT NULL,
        description TEXT, status VARCHAR NOT NULL, assigned_to VARCHAR, created_at DATETIME, updated_at DATETIME,
        completed_at DATETIME);
    CREATE TABLE plugins (id INTEGER NOT NULL PRIMARY KEY, plugin_id VARCHAR NOT NULL, name VARCHAR NOT NULL,
        version VARCHAR NOT NULL, type VARCHAR NOT NULL, enabled BOOLEAN NOT NULL, manifest JSON NOT NULL,
        installed_at DATETIME NOT NULL, updated_at DATETIME NOT NULL);
    CREATE TABLE plugin_configs (id INTEGER NOT NULL PRIMARY KEY, workspace_id INTEGER NOT NULL,
        plugin_id VARCHAR NOT NULL, enabled BOOLEAN NOT NULL, config JSON NOT NULL, created_at DATETIME,
        updated_at DATETIME);
    CREATE TABLE agents (id INTEGER NOT NULL PRIMARY KEY, workspace_id INTEGER NOT NULL, name VARCHAR(100) NOT NULL,
        description TEXT, provider VARCHAR NOT NULL, model VARCHAR NOT NULL, scope JSON NOT NULL,
        can_read BOOLEAN NOT NULL, can_write BOOLEAN NOT NULL, can_create BOOLEAN NOT NULL, can_delete BOOLEAN NOT NULL,
        can_execute_code BOOLEAN NOT NULL, can_access_integrations BOOLEAN NOT NULL,
        max_requests_per_hour INTEGER NOT NULL, max_tokens_per_request INTEGER NOT NULL, is_active BOOLEAN NOT NULL,
        system_prompt TEXT, created_at DATETIME, updated_at DATETIME);
    CREATE TABLE agent_credentials (id INTEGER NOT NULL PRIMARY KEY, agent_id INTEGER NOT NULL,
        key_name VARCHAR NOT NULL, encrypted_value TEXT NOT NULL, created_at DATETIME NOT NULL);
    INSERT INTO users VALUES (3, 'ada', 'ada@lab', '00ff$11ee', 1, 'cream', '2026-01-02 03:04:05.678', '2026-01-02 03:04:05'),
        (4, 'bohr', 'bohr@lab', '22$33', 1, NULL, '2026-01-02', '2026-01-02');
    INSERT INTO workspaces VALUES (7, 'Lab', 'lab', '/srv/lab', 3, NULL, '2026-01-02', '2026-01-02');
    INSERT INTO workspace_permissions VALUES (1, 7, 3, 'admin', '2026-01-02'), (2, 7, 4, 'write', '2026-01-02'),
        (3, 99, 4, 'read', '2026-01-02');
    INSERT INTO notebooks VALUES (9, 7, 'Runs', 'runs', 'runs', NULL, NULL, NULL), (10, 98, 'Lost', 'lost', 'lost', NULL, NULL, NULL);
    INSERT INTO tasks VALUES (1, 7, 'Measure', NULL, 'pending', NULL, '2026-01-02', '2026-01-02', NULL);
    INSERT INTO plugins VALUES (1, 'github', 'GitHub', '1.0.0', 'integration', 1, '{\"id\":\"github\"}', '2026-01-02', '2026-01-02');
    INSERT INTO plugin_configs VALUES (1, 7, 'github', 0, '{}', '2026-01-02', '2026-01-02'),
        (2, 7, 'github', 1, '{\"token\":\"clear\"}', '2026-01-03', '2026-01-03');
    INSERT INTO agents VALUES (5, 7, 'tidy', NULL, 'openai', 'gpt', '{\"folders\":[\"*\"]}', 1, 1, 0, 0, 0, 0, 50, 4000, 1,
        NULL, '2026-01-02', '2026-01-02');
    INSERT INTO agent_credentials VALUES (1, 5, 'api_key', 'gAAAAAB', '2026-01-02');";

fn one(db: &SystemDb, sql: &str) -> String {
    db.connection
        .query_row(sql, [], |row| Ok(format!("{:?}", row.get::<_, rusqlite::types::Value>(0)?)))
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn schema_of(db: &SystemDb) -> Vec<(String, Option<String>)> {
    let mut statement = db.connection.prepare("SELECT name, sql FROM sqlite_master ORDER BY name").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_originals_accounts_and_settings_are_taken_over() {
    let home = tempfile::tempdir().unwrap();
    Connection::open(home.path().join("codex_system.db")).unwrap().execute_batch(ORIGINAL).unwrap();
    let db = SystemDb::open(home.path()).unwrap();
    for (sql, expected) in [
        ("SELECT hashed_password FROM users WHERE id = 3", r#"Text("00ff$11ee")"#),
        ("SELECT created_at FROM users WHERE id = 3", r#"Text("2026-01-02T03:04:05Z")"#),
        ("SELECT group_concat(permission_level) FROM workspace_permissions ORDER BY id", r#"Text("owner,editor")"#),
        ("SELECT count(*) FROM notebooks", "Integer(1)"),
        ("SELECT slug FROM notebooks WHERE id = 9", r#"Text("runs")"#),
        ("SELECT title FROM tasks", r#"Text("Measure")"#),
        ("SELECT config FROM plugin_configs", r#"Text("{\"token\":\"clear\"}")"#),
        ("SELECT count(*) FROM plugin_secrets", "Integer(0)"),
        ("SELECT scope FROM agents", r#"Text("{\"folders\":[\"*\"]}")"#),
        ("SELECT CAST(encrypted_value AS TEXT) FROM agent_credentials", r#"Text("gAAAAAB")"#),
        ("SELECT count(*) FROM pragma_foreign_key_check", "Integer(0)"),
        ("PRAGMA user_version", "Integer(2)"),
        ("PRAGMA foreign_keys", "Integer(1)"),
    ] {
        assert_eq!(one(&db, sql), expected, "{sql}");
    }
    assert_eq!(db.find_workspace("lab").unwrap().unwrap().owner, "ada");
    assert!(home.path().join("codex_system.db.original").exists());
    // Ids go on after those that were taken over.
    let row = db.register_workspace("New", Path::new("/srv/new"), "curie").unwrap();
    assert!(row.id.0 > 7, "{row:?}");
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(schema_of(&db), schema_of(&SystemDb::open(fresh.path()).unwrap()));
    drop(db);
    assert_eq!(SystemDb::open(home.path()).unwrap().workspaces().unwrap().len(), 2);
}

#[test]
fn a_workspace_is_registered_once_and_found_by_name_slug_and_path() {
    let home = tempfile::tempdir().unwrap();
    let db = SystemDb::open(&home.path().join("deep/er")).unwrap();
    let lab = db.register_workspace("My Lab!", Path::new("/srv/lab"), "ada").unwrap();
    assert_eq!((lab.slug.as_str(), lab.owner.as_str()), ("my-lab", "ada"));
    assert_eq!(db.register_workspace("other", Path::new("/srv/lab"), "bohr").unwrap(), lab);
    let twin = db.register_workspace("my lab", Path::new("/srv/lab2"), "ada").unwrap();
    assert_eq!(twin.slug, "my-lab-2");
    assert_eq!(db.register_workspace("日本", Path::new("/srv/jp"), "ada").unwrap().slug, "workspace");
    assert_eq!(db.register_workspace("2026", Path::new("/srv/2026"), "ada").unwrap().slug, "workspace-2026");
    for key in ["my-lab", "MY LAB!", "/srv/lab"] {
        assert_eq!(db.find_workspace(key).unwrap().as_ref(), Some(&lab), "{key}");
    }
    assert_eq!(db.find_workspace("nothing").unwrap(), None);
    assert_eq!(db.workspaces().unwrap().len(), 4);
}

#[test]
fn notebooks_follow_the_folders_and_keep_their_ids() {
    let home = tempfile::tempdir().unwrap();
    let db = SystemDb::open(home.path()).unwrap();
    let lab = db.register_workspace("lab", Path::new("/srv/lab"), "ada").unwrap();
    let set = |names: &[&str]| {
        db.set_notebooks(lab.id, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        one(&db, "SELECT group_concat(id || ' ' || slug ORDER BY id) FROM notebooks")
    };
    assert_eq!(set(&["A b", "a-b", "c"]), r#"Text("1 a-b,2 a-b-2,3 c")"#);
    assert_eq!(set(&["c", "d"]), r#"Text("3 c,4 d")"#);
}

#[test]
fn the_audit_log_is_append_only() {
    let home = tempfile::tempdir().unwrap();
    let db = SystemDb::open(home.path()).unwrap();
    db.connection.execute("INSERT INTO agent_action_logs (action_type, was_allowed) VALUES ('read', 1)", []).unwrap();
    for sql in ["DELETE FROM agent_action_logs", "UPDATE agent_action_logs SET was_allowed = 0"] {
        assert!(db.connection.execute(sql, []).unwrap_err().to_string().contains("append only"));
    }
}

#[test]
fn newer_and_foreign_databases_are_refused_untouched() {
    for (sql, expected) in [
        ("CREATE TABLE users (a); PRAGMA user_version = 77", "install a newer cdx"),
        ("CREATE TABLE notes (a)", "neither ours nor the original's"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("codex_system.db");
        Connection::open(&file).unwrap().execute_batch(sql).unwrap();
        let error: IndexError = SystemDb::open(home.path()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
