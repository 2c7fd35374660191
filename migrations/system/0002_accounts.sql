-- What a server needs of accounts: a stamp that ends sign-ins, sessions, limits of tokens, slowed sign-ins, and counters
-- that tell whoever keeps accounts in memory that they changed, whichever program changed them.

-- Stands in every access token; another value makes all of them void.
ALTER TABLE users ADD COLUMN security_stamp TEXT NOT NULL DEFAULT '';
UPDATE users SET security_stamp = lower(hex(randomblob(16)));
CREATE TRIGGER users_have_a_stamp AFTER INSERT ON users WHEN NEW.security_stamp = ''
    BEGIN UPDATE users SET security_stamp = lower(hex(randomblob(16))) WHERE id = NEW.id; END;

-- The original Codex kept no row for the owner itself, and knew no owner of the server: the oldest account is it.
INSERT INTO workspace_permissions (workspace_id, user_id, permission_level) SELECT id, owner_id, 'owner' FROM workspaces
    WHERE true ON CONFLICT (workspace_id, user_id) DO UPDATE SET permission_level = 'owner';
UPDATE users SET is_server_owner = 1
    WHERE id = (SELECT min(id) FROM users WHERE hashed_password IS NOT NULL AND is_active = 1)
    AND NOT EXISTS (SELECT 1 FROM users WHERE is_server_owner = 1);

-- A sign-in with all that was refreshed from it; `family` is that of its refresh tokens.
CREATE TABLE sessions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    family       TEXT    NOT NULL UNIQUE,
    address      TEXT    NOT NULL,
    user_agent   TEXT,
    created_at   TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    last_used_at TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    expires_at   TEXT    NOT NULL,
    revoked_at   TEXT
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

-- Where a token is good; NULL is everywhere. With a notebook its workspace is given too.
ALTER TABLE api_tokens ADD COLUMN workspace_id INTEGER REFERENCES workspaces (id) ON DELETE CASCADE;
ALTER TABLE api_tokens ADD COLUMN notebook_id INTEGER REFERENCES notebooks (id) ON DELETE CASCADE;

-- Wrong passwords in a row, of an account, an address, or both; times in seconds since 1970.
CREATE TABLE login_failures (
    subject  TEXT    PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row. `accounts` counts changes of who there is and where they are let in, `revocations` those of sessions and tokens.
CREATE TABLE access_revision (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    accounts    INTEGER NOT NULL,
    revocations INTEGER NOT NULL
) STRICT;
INSERT INTO access_revision VALUES (1, 0, 0);

CREATE TRIGGER users_added AFTER INSERT ON users
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER users_changed AFTER UPDATE ON users
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER users_removed AFTER DELETE ON users
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER workspaces_added AFTER INSERT ON workspaces
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER workspaces_changed AFTER UPDATE ON workspaces
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER workspaces_removed AFTER DELETE ON workspaces
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER workspace_permissions_added AFTER INSERT ON workspace_permissions
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER workspace_permissions_changed AFTER UPDATE ON workspace_permissions
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER workspace_permissions_removed AFTER DELETE ON workspace_permissions
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER notebooks_added AFTER INSERT ON notebooks
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER notebooks_changed AFTER UPDATE ON notebooks
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER notebooks_removed AFTER DELETE ON notebooks
    BEGIN UPDATE access_revision SET accounts = accounts + 1; END;
CREATE TRIGGER sessions_revoked AFTER UPDATE OF revoked_at ON sessions
    BEGIN UPDATE access_revision SET revocations = revocations + 1; END;
CREATE TRIGGER sessions_removed AFTER DELETE ON sessions
    BEGIN UPDATE access_revision SET revocations = revocations + 1; END;
CREATE TRIGGER api_tokens_changed AFTER UPDATE OF revoked_at, expires_at, scopes, workspace_id, notebook_id ON api_tokens
    BEGIN UPDATE access_revision SET revocations = revocations + 1; END;
CREATE TRIGGER api_tokens_removed AFTER DELETE ON api_tokens
    BEGIN UPDATE access_revision SET revocations = revocations + 1; END;
