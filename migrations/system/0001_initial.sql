-- Users, workspaces, permissions, notebooks, agents, plugins, audit. Times are ISO 8601 in UTC.
-- AUTOINCREMENT everywhere: ids stand in tokens, logs and histories, so none is given twice.

-- Without a password a user cannot sign in: the account of the person who runs cdx on this machine.
CREATE TABLE users (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    username        TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    email           TEXT    UNIQUE COLLATE NOCASE,
    hashed_password TEXT,
    is_active       INTEGER NOT NULL DEFAULT 1,
    is_server_owner INTEGER NOT NULL DEFAULT 0,
    theme_setting   TEXT,
    created_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) STRICT;

-- Only digests of tokens are kept. A token that was replaced stays until it expires, so that its reuse is noticed.
CREATE TABLE refresh_tokens (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash  BLOB    NOT NULL UNIQUE,
    family      TEXT    NOT NULL,
    created_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    expires_at  TEXT    NOT NULL,
    replaced_at TEXT,
    revoked_at  TEXT
) STRICT;
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);

-- Of a user, or of one of the user's agents.
CREATE TABLE api_tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    agent_id     INTEGER REFERENCES agents (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    token_hash   BLOB    NOT NULL UNIQUE,
    scopes       TEXT    NOT NULL DEFAULT '[]',
    created_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    expires_at   TEXT,
    last_used_at TEXT,
    revoked_at   TEXT
) STRICT;
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);
CREATE INDEX api_tokens_by_agent ON api_tokens (agent_id);

CREATE TABLE workspaces (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL,
    slug          TEXT    NOT NULL,
    path          TEXT    NOT NULL UNIQUE,
    owner_id      INTEGER NOT NULL REFERENCES users (id),
    theme_setting TEXT,
    created_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    UNIQUE (owner_id, slug)
) STRICT;

CREATE TABLE workspace_permissions (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id     INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    user_id          INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    permission_level TEXT    NOT NULL CHECK (permission_level IN ('viewer', 'editor', 'owner')),
    created_at       TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    UNIQUE (workspace_id, user_id)
) STRICT;
CREATE INDEX workspace_permissions_by_user ON workspace_permissions (user_id);

-- `path` is relative to the workspace: the folder's name.
CREATE TABLE notebooks (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name         TEXT    NOT NULL,
    slug         TEXT    NOT NULL,
    path         TEXT    NOT NULL,
    description  TEXT,
    created_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    UNIQUE (workspace_id, path),
    UNIQUE (workspace_id, slug)
) STRICT;

CREATE TABLE tasks (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    title        TEXT    NOT NULL,
    description  TEXT,
    status       TEXT    NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'in_progress', 'completed', 'failed')),
    assigned_to  TEXT,
    created_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    completed_at TEXT
) STRICT;
CREATE INDEX tasks_by_workspace ON tasks (workspace_id, status);

CREATE TABLE plugins (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    plugin_id     TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    version       TEXT    NOT NULL,
    type          TEXT    NOT NULL,
    enabled       INTEGER NOT NULL DEFAULT 1,
    manifest      TEXT    NOT NULL,
    registered_by INTEGER REFERENCES users (id) ON DELETE SET NULL,
    installed_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at    TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) STRICT;

CREATE TABLE plugin_configs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    plugin_id    TEXT    NOT NULL,
    enabled      INTEGER NOT NULL DEFAULT 1,
    config       TEXT    NOT NULL DEFAULT '{}',
    created_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    UNIQUE (workspace_id, plugin_id)
) STRICT;

CREATE TABLE notebook_plugin_configs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    notebook_id INTEGER NOT NULL REFERENCES notebooks (id) ON DELETE CASCADE,
    plugin_id   TEXT    NOT NULL,
    enabled     INTEGER NOT NULL DEFAULT 1,
    config      TEXT    NOT NULL DEFAULT '{}',
    created_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at  TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    UNIQUE (notebook_id, plugin_id)
) STRICT;

-- `encrypted_value` names in its first byte the way and the key it was encrypted with.
CREATE TABLE plugin_secrets (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id    INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    plugin_id       TEXT    NOT NULL,
    key             TEXT    NOT NULL,
    encrypted_value BLOB    NOT NULL,
    created_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    UNIQUE (workspace_id, plugin_id, key)
) STRICT;

CREATE TABLE plugin_api_logs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id   INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    plugin_id      TEXT    NOT NULL,
    endpoint_id    TEXT    NOT NULL,
    user_id        INTEGER REFERENCES users (id) ON DELETE SET NULL,
    timestamp      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    status_code    INTEGER,
    duration_ms    INTEGER,
    response_bytes INTEGER,
    error          TEXT
) STRICT;
CREATE INDEX plugin_api_logs_by_time ON plugin_api_logs (workspace_id, plugin_id, timestamp);

CREATE TABLE integration_artifacts (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id    INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    plugin_id       TEXT    NOT NULL,
    block_type      TEXT    NOT NULL,
    parameters_hash TEXT    NOT NULL,
    artifact_path   TEXT    NOT NULL,
    content_type    TEXT    NOT NULL,
    fetched_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    expires_at      TEXT,
    UNIQUE (workspace_id, plugin_id, block_type, parameters_hash)
) STRICT;

CREATE TABLE agents (
    id                      INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id            INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    -- Whose rights bound the agent's. NULL (an adopted agent): those of the workspace's owner.
    owner_id                INTEGER REFERENCES users (id),
    name                    TEXT    NOT NULL,
    description             TEXT,
    provider                TEXT    NOT NULL,
    model                   TEXT    NOT NULL,
    scope                   TEXT    NOT NULL DEFAULT '{}',
    can_read                INTEGER NOT NULL DEFAULT 1,
    can_write               INTEGER NOT NULL DEFAULT 0,
    can_create              INTEGER NOT NULL DEFAULT 0,
    can_delete              INTEGER NOT NULL DEFAULT 0,
    can_execute_code        INTEGER NOT NULL DEFAULT 0,
    can_access_integrations INTEGER NOT NULL DEFAULT 0,
    max_requests_per_hour   INTEGER NOT NULL DEFAULT 100,
    max_tokens_per_request  INTEGER NOT NULL DEFAULT 4000,
    max_tokens_per_day      INTEGER,
    max_turns               INTEGER NOT NULL DEFAULT 20,
    is_active               INTEGER NOT NULL DEFAULT 1,
    system_prompt           TEXT,
    created_at              TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    updated_at              TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
) STRICT;
CREATE INDEX agents_by_workspace ON agents (workspace_id, name);

CREATE TABLE agent_credentials (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id        INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    key_name        TEXT    NOT NULL,
    encrypted_value BLOB    NOT NULL,
    created_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    UNIQUE (agent_id, key_name)
) STRICT;

CREATE TABLE agent_sessions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id       INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    task_id        INTEGER REFERENCES tasks (id) ON DELETE SET NULL,
    user_id        INTEGER REFERENCES users (id) ON DELETE SET NULL,
    kind           TEXT    NOT NULL DEFAULT 'chat' CHECK (kind IN ('chat', 'mcp', 'mount')),
    status         TEXT    NOT NULL,
    context        TEXT    NOT NULL DEFAULT '{}',
    tokens_used    INTEGER NOT NULL DEFAULT 0,
    api_calls_made INTEGER NOT NULL DEFAULT 0,
    files_modified TEXT    NOT NULL DEFAULT '[]',
    started_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    completed_at   TEXT,
    error_message  TEXT
) STRICT;
CREATE INDEX agent_sessions_by_agent ON agent_sessions (agent_id);

-- What waits for a person's approval; the digest is of exactly what was shown.
CREATE TABLE agent_actions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id     INTEGER NOT NULL REFERENCES agent_sessions (id) ON DELETE CASCADE,
    tool_call_id   TEXT,
    operation      TEXT    NOT NULL,
    notebook       TEXT    NOT NULL,
    path           TEXT    NOT NULL,
    new_path       TEXT,
    base_hash      BLOB,
    new_hash       BLOB,
    proposal       TEXT    NOT NULL,
    digest         BLOB    NOT NULL,
    policy_version INTEGER NOT NULL DEFAULT 1,
    status         TEXT    NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'accepted', 'rejected', 'expired', 'superseded')),
    created_at     TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    expires_at     TEXT    NOT NULL,
    decided_at     TEXT,
    decided_by     INTEGER REFERENCES users (id) ON DELETE SET NULL
) STRICT;
CREATE INDEX agent_actions_pending ON agent_actions (session_id) WHERE status = 'pending';

-- No references that cascade: what happened stays, whoever goes. `mac` chains each row to the one before.
CREATE TABLE agent_action_logs (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id      INTEGER,
    agent_id          INTEGER,
    user_id           INTEGER,
    session_id        INTEGER,
    phase             TEXT    NOT NULL DEFAULT 'outcome' CHECK (phase IN ('intent', 'outcome')),
    action_type       TEXT    NOT NULL,
    target_path       TEXT,
    input_summary     TEXT,
    output_summary    TEXT,
    was_allowed       INTEGER NOT NULL,
    reason            TEXT,
    execution_time_ms INTEGER,
    tokens            INTEGER,
    created_at        TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    mac               BLOB
) STRICT;
CREATE INDEX agent_action_logs_by_session ON agent_action_logs (session_id);
CREATE INDEX agent_action_logs_by_workspace ON agent_action_logs (workspace_id, created_at);
CREATE TRIGGER agent_action_logs_keep BEFORE DELETE ON agent_action_logs
    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;
CREATE TRIGGER agent_action_logs_hold BEFORE UPDATE ON agent_action_logs
    BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;
