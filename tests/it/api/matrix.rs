//! Who may call which route: every route of the description, for everybody. A route without a row fails.

use serde_json::{Value, json};

use super::client::Ask;
use super::{Api, Person};
use cdx::access::{NewSecret, TokenKind};
use cdx::engine::command::ask_running;
use cdx::engine::{Command, Requester};
use cdx::index::system::{NewApiToken, NewTask};
use cdx::types::{Actor, Instant, Role, TaskId, TaskStatus, TokenLimit, TokenScope, UserId, WorkspaceId};

/// Columns of the table. Member columns are people of the workspace `lab`; the last three show the owner's rights with
/// something that is no longer good.
const COLUMNS: [&str; 8] = ["owner", "editor", "viewer", "stranger", "nobody", "disabled", "expired", "revoked"];

/// A row: method, path (as described; with a query where the workspace is named there), body, and one letter a column: `A`llowed (whatever else the answer is), `h`idden (404),
/// `r`efused (403), `n`obody (401).
struct Row(&'static str, &'static str, fn() -> Value, &'static str);

fn none() -> Value {
    Value::Null
}

/// Anybody, signed in or not.
const ALL: &str = "AAAAAAAA";
/// Anybody who is signed in.
const PERSON: &str = "AAAAnnnn";
const VIEWER: &str = "AAAhnnnn";
const EDITOR: &str = "AArhnnnn";
const OWNER: &str = "Arrhnnnn";

const ROWS: &[Row] = &[
    Row("GET", "/", none, ALL),
    Row("GET", "/health", none, ALL),
    Row("GET", "/ready", none, ALL),
    // Accounts.
    Row("GET", "/api/v1/users/register", none, ALL),
    Row("POST", "/api/v1/users/register", || json!({}), ALL),
    Row("POST", "/api/v1/users/token", || json!({"username": "x"}), ALL),
    // 401 is the answer to whoever brings no refresh token.
    Row("POST", "/api/v1/users/token/refresh", none, "nnnnnnnn"),
    Row("POST", "/api/v1/users/logout", none, ALL),
    Row("GET", "/api/v1/users/me", none, PERSON),
    Row("PATCH", "/api/v1/users/me", || json!({}), PERSON),
    Row("DELETE", "/api/v1/users/me", none, PERSON),
    Row("PATCH", "/api/v1/users/me/theme", || json!({"theme": "cream"}), PERSON),
    Row("POST", "/api/v1/users/me/password", || json!({}), PERSON),
    Row("GET", "/api/v1/users/me/tokens", none, PERSON),
    Row("POST", "/api/v1/users/me/tokens", || json!({"name": "x", "scopes": ["read"]}), PERSON),
    // Somebody's own; nobody has the token 999999.
    Row("DELETE", "/api/v1/users/me/tokens/{id}", none, "hhhhnnnn"),
    Row("GET", "/api/v1/users/me/sessions", none, PERSON),
    Row("DELETE", "/api/v1/users/me/sessions", none, PERSON),
    Row("DELETE", "/api/v1/users/me/sessions/{id}", none, "hhhhnnnn"),
    // Workspaces.
    Row("GET", "/api/v1/workspaces", none, PERSON),
    Row("POST", "/api/v1/workspaces", || json!({}), PERSON),
    Row("GET", "/api/v1/workspaces/{ws}", none, VIEWER),
    Row("PATCH", "/api/v1/workspaces/{ws}", || json!({}), OWNER),
    Row("DELETE", "/api/v1/workspaces/{ws}", none, OWNER),
    Row("PATCH", "/api/v1/workspaces/{ws}/theme", || json!({"theme": "cream"}), OWNER),
    // Members.
    Row("GET", "/api/v1/workspaces/{ws}/members", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/members", || json!({}), OWNER),
    Row("PATCH", "/api/v1/workspaces/{ws}/members/{user_id}", || json!({"role": "viewer"}), OWNER),
    Row("DELETE", "/api/v1/workspaces/{ws}/members/{user_id}", none, OWNER),
    // Notebooks.
    Row("GET", "/api/v1/workspaces/{ws}/notebooks", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks", || json!({}), EDITOR),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}", none, VIEWER),
    Row("PATCH", "/api/v1/workspaces/{ws}/notebooks/{nb}", || json!({}), EDITOR),
    Row("DELETE", "/api/v1/workspaces/{ws}/notebooks/{nb}", none, OWNER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/indexing-status", none, VIEWER),
    // Files.
    Row("GET", "/api/v1/files/{ref}", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks/{nb}/files", || json!({}), EDITOR),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/upload", none, EDITOR),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/resolve-link", || json!({}), VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/templates", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/from-template", || json!({}), EDITOR),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/path/{path}", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}", none, VIEWER),
    Row("PUT", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}", || json!({"raw": 1}), EDITOR),
    Row("DELETE", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}", none, EDITOR),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}/text", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}/content", none, VIEWER),
    Row("PATCH", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}/move", || json!({}), EDITOR),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}/links", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}/history", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}/history/{commit}", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}/diff", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks/{nb}/files/{file_id}/restore", || json!({}), EDITOR),
    // Folders.
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/folders", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks/{nb}/folders", || json!({}), EDITOR),
    Row("DELETE", "/api/v1/workspaces/{ws}/notebooks/{nb}/folders", none, EDITOR),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/folders/{path}", none, VIEWER),
    Row("PUT", "/api/v1/workspaces/{ws}/notebooks/{nb}/folders/{path}", || json!({}), EDITOR),
    Row("PATCH", "/api/v1/workspaces/{ws}/notebooks/{nb}/folders/{path}", || json!({}), EDITOR),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks/{nb}/folders/{path}", || json!({}), EDITOR),
    Row("DELETE", "/api/v1/workspaces/{ws}/notebooks/{nb}/folders/{path}", none, EDITOR),
    // History.
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/history", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/at/{time}", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/deleted", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/notebooks/{nb}/deleted/restore", || json!({}), EDITOR),
    // Queries and search.
    Row("GET", "/api/v1/query?workspace_id={ws}", none, VIEWER),
    Row("POST", "/api/v1/query?workspace_id={ws}", || json!({}), VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/search?q=a", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/search/tags?tags=a", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/search?q=a", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/search/tags?tags=a", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/suggest", none, VIEWER),
    // Tags.
    Row("GET", "/api/v1/workspaces/{ws}/tags", none, VIEWER),
    Row("PATCH", "/api/v1/workspaces/{ws}/tags", || json!({}), EDITOR),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/tags", none, VIEWER),
    Row("PATCH", "/api/v1/workspaces/{ws}/notebooks/{nb}/tags", || json!({}), EDITOR),
    // History across notebooks.
    Row("POST", "/api/v1/workspaces/{ws}/flush", none, EDITOR),
    Row("GET", "/api/v1/workspaces/{ws}/gestures", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/undo", || json!({}), EDITOR),
    Row("GET", "/api/v1/workspaces/{ws}/activity", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/trash", none, VIEWER),
    // Nothing of the id is in it.
    Row("POST", "/api/v1/workspaces/{ws}/trash/{id}/restore", none, "hhrhnnnn"),
    // Tasks.
    Row("GET", "/api/v1/tasks?workspace_id={ws}", none, VIEWER),
    Row("POST", "/api/v1/tasks?workspace_id={ws}", || json!({}), EDITOR),
    Row("GET", "/api/v1/tasks/{id}", none, VIEWER),
    Row("PUT", "/api/v1/tasks/{id}", || json!({"title": ""}), EDITOR),
    Row("DELETE", "/api/v1/tasks/{id}", none, EDITOR),
    // Mounts: the owner of this workspace owns the server too.
    Row("GET", "/api/v1/workspaces/{ws}/mounts", none, VIEWER),
    Row("POST", "/api/v1/workspaces/{ws}/mounts", || json!({}), OWNER),
    Row("DELETE", "/api/v1/workspaces/{ws}/mounts", none, OWNER),
    // Plugins; nothing was said of the one that is asked for.
    Row("GET", "/api/v1/workspaces/{ws}/plugins", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/plugins/{pid}", none, VIEWER),
    Row("PUT", "/api/v1/workspaces/{ws}/plugins/{pid}", || json!({}), OWNER),
    Row("DELETE", "/api/v1/workspaces/{ws}/plugins/{pid}", none, "hrrhnnnn"),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/plugins", none, VIEWER),
    Row("GET", "/api/v1/workspaces/{ws}/notebooks/{nb}/plugins/{pid}", none, VIEWER),
    Row("PUT", "/api/v1/workspaces/{ws}/notebooks/{nb}/plugins/{pid}", || json!({}), OWNER),
    Row("DELETE", "/api/v1/workspaces/{ws}/notebooks/{nb}/plugins/{pid}", none, "hrrhnnnn"),
    // Sockets, without a handshake (426); with one: `sockets::rights`.
    Row("GET", "/api/v1/ws", none, PERSON),
    Row("GET", "/api/v1/ws/notebooks/{notebook_id}", none, VIEWER),
    Row("POST", "/api/v1/ws/ticket", none, PERSON),
];

/// A server, the people of the columns, and a workspace that is made again when a row removed it.
struct Stage {
    api: Api,
    people: Vec<Person>,
    lab: (i64, i64),
    task: i64,
    /// The id of `sub/note.md`.
    note: i64,
}

impl Stage {
    fn new() -> Self {
        let api = Api::start_with(|config| config.requests_per_second = 0);
        let people = ["owner", "editor", "viewer", "stranger", "disabled", "other"].map(|name| api.person(name)).into();
        let mut stage = Self { api, people, lab: (0, 0), task: 0, note: 0 };
        stage.set();
        stage
    }

    fn person(&self, name: &str) -> &Person {
        self.people.iter().find(|person| person.name == name).expect("one of the columns")
    }

    /// Whatever the last request took away is there again.
    fn set(&mut self) {
        for at in 0..self.people.len() {
            let Person { id, name, .. } = self.people[at].clone();
            let is_gone = self.api.db().find_account(&name).unwrap().is_none_or(|account| account.id.0 != id);
            let id = if is_gone { self.api.account(&name).0 } else { id };
            if name != "disabled" && self.api.get("/api/v1/users/me", &self.people[at]).status != 200 {
                self.people[at] = self.api.signed_in(&name, id);
            }
        }
        let owner = self.person("owner").clone();
        let db = self.api.db();
        let lab = db.find_workspace("lab").unwrap();
        let lab = match lab {
            Some(row) => row.id,
            None => WorkspaceId(self.api.workspace("lab", &owner)["id"].as_i64().unwrap()),
        };
        let members = db.members(lab).unwrap();
        for (name, role) in
            [("editor", Role::Editor), ("viewer", Role::Viewer), ("disabled", Role::Owner), ("other", Role::Editor)]
        {
            if !members.iter().any(|member| member.username == name) {
                db.add_member(lab, name, role).unwrap();
            } else if members.iter().any(|member| member.username == name && member.role != role) {
                db.change_member(lab, UserId(self.person(name).id), role).unwrap();
            }
        }
        let path = format!("/api/v1/workspaces/{lab}/notebooks");
        let listed = self.api.get(&path, &owner).expect(200);
        let runs = listed.as_array().unwrap().iter().find(|notebook| notebook["slug"] == "runs").cloned();
        let runs = runs.unwrap_or_else(|| self.api.call("POST", &path, &owner, &json!({"name": "runs"})).expect(201));
        self.lab = (lab.0, runs["id"].as_i64().unwrap());
        let new = NewTask { title: "x", description: None, status: TaskStatus::Pending, assigned_to: None };
        if db.task(TaskId(self.task)).unwrap().is_none_or(|task| task.workspace != lab) {
            self.task = db.add_task(lab, &new).unwrap().id.0;
        }
        self.note = self.set_note(&format!("{path}/{}", self.lab.1), &owner);
        let disabled = UserId(self.person("disabled").id);
        if db.find_account("disabled").unwrap().unwrap().is_active {
            db.set_active(disabled, false).unwrap();
        }
    }

    /// The note is there, and its history has it.
    fn set_note(&self, notebook: &str, owner: &Person) -> i64 {
        let found = self.api.get(&format!("{notebook}/files/path/sub/note.md"), owner);
        if found.status == 200 {
            return found.json()["id"].as_i64().unwrap();
        }
        let note = json!({"path": "sub/note.md", "content": "x"});
        let made = self.api.call("POST", &format!("{notebook}/files"), owner, &note).expect(201);
        let lab = self.api.db().find_workspace("lab").unwrap().expect("a workspace");
        let by = Requester { actor: Actor::Codex, gesture: None };
        ask_running(&lab.path, &Command::Flush, &by).expect("an engine");
        made["id"].as_i64().unwrap()
    }

    /// An address of a route at which there is something.
    fn address(&self, method: &str, path: &str) -> String {
        // Folders are moved by addresses of their own.
        let rest = match method {
            _ if path.contains("/files/path/") => "sub/note.md",
            "PATCH" => "sub/move",
            "POST" => "move",
            _ => "sub",
        };
        path.replace("{ws}", &self.lab.0.to_string())
            .replace("{nb}", &self.lab.1.to_string())
            .replace("{user_id}", &self.person("other").id.to_string())
            .replace("{file_id}", &self.note.to_string())
            .replace("{ref}", &format!("{}:{}", self.lab.1, self.note))
            .replace("{path}", rest)
            .replace("{commit}", "today")
            .replace("{time}", "today")
            .replace("{notebook_id}", &self.lab.1.to_string())
            .replace("{pid}", "kanban")
            .replace("/tasks/{id}", &format!("/tasks/{}", self.task))
            .replace("{id}", "999999")
    }

    /// A token of the owner's that is no longer good.
    fn stale(&self, column: &str) -> String {
        let (db, now) = (self.api.db(), Instant::now());
        let user = UserId(self.person("owner").id);
        let secret = NewSecret::new(TokenKind::Personal);
        let expires_at = (column == "expired").then(|| now - jiff::SignedDuration::from_secs(1));
        let new = NewApiToken { user, name: column, scopes: &[TokenScope::Admin], limit: TokenLimit::None, expires_at };
        let token = db.add_token(&new, &secret.digest.0).unwrap();
        if column == "revoked" {
            db.revoke_token(user, token.id, now).unwrap();
        }
        secret.shown
    }

    fn verdict(&mut self, row: &Row, column: &str) -> char {
        self.set();
        let Row(method, path, body, _) = row;
        let path = self.address(method, path);
        let mut ask = Ask::new(method, &path);
        ask = match column {
            "nobody" => ask,
            "expired" | "revoked" => ask.bearer(&self.stale(column)),
            name => ask.bearer(&self.person(name).token),
        };
        let body = body();
        let reply = self.api.send(&if body.is_null() { ask } else { ask.json(&body) });
        assert!(reply.status < 500, "{method} {path} as {column}: {}", reply.text());
        match reply.status {
            401 => 'n',
            403 => 'r',
            404 => 'h',
            _ => 'A',
        }
    }
}

#[test]
fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let described: Value = serde_json::from_str(&cdx::api::openapi_json()).unwrap();
    let mut routes: Vec<String> = described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let mut rows: Vec<String> = ROWS
        .iter()
        .map(|Row(method, path, ..)| format!("{method} {}", path.split('?').next().unwrap_or(path)))
        .collect();
    routes.sort();
    rows.sort();
    assert_eq!(routes, rows, "every route has a row, and every row a route");
    let mut stage = Stage::new();
    let mut wrong = Vec::new();
    for row in ROWS {
        // Those who are refused first, so that a row which removes what it is about removes it last.
        let mut found = ['?'; COLUMNS.len()];
        for at in (0..COLUMNS.len()).rev() {
            found[at] = stage.verdict(row, COLUMNS[at]);
        }
        let found: String = found.iter().collect();
        if found != row.3 {
            wrong.push(format!("{} {}: {found}, the table says {}", row.0, row.1, row.3));
        }
    }
    assert!(wrong.is_empty(), "columns: {COLUMNS:?}\n{}", wrong.join("\n"));
}
