//! `cdx serve` with two people, each with workspaces, notebooks, files, tags, tasks, members, history and trash of their
//! own. What is one's own holds a word that stands nowhere else, and has ids of a range of its own.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::api::PASSWORD;
use crate::api::client::{Ask, Reply};
use crate::cli::Bench;
use crate::support::serving::Serving;

/// Two people with what is theirs, somebody whose account is there to be changed, and the server.
pub struct Stage {
    serving: Option<Serving>,
    people: Vec<Value>,
    spare: Value,
    bench: Bench,
}

/// Workspaces of each: one to be read, one to be changed.
const PLACES: [&str; 2] = ["vault", "bench"];

/// Login, word, and what ids begin above.
const PEOPLE: [(&str, &str, u64); 2] = [("ada", "kestrel5f3a", 7_100_000), ("bohr", "osprey91bc", 8_200_000)];

impl Stage {
    pub fn new() -> Self {
        let bench = Bench::empty();
        // Requests of the person that is spared come from addresses that she says.
        let settings = "requests_per_second = 0\ntrusted_proxies = [\"127.0.0.1\"]\naccess_minutes = 600\n";
        bench.write("home/config.toml", settings);
        let serving = Serving::start_with(&bench, &[], &[("LOG_LEVEL", "info")]);
        let to = serving.address();
        let db = bench.path("home/codex_system.db");
        let mut people = Vec::new();
        for (name, secret, above) in PEOPLE {
            begin_ids_above(&db, above);
            let mut setting = Setting { to, secret, token: String::new(), ids: BTreeSet::new() };
            people.push(setting.person(name, above));
        }
        begin_ids_above(&db, 100_000_000);
        let spare = register(to, "dora").expect(201);
        let spare = json!({"id": spare["id"], "name": "dora", "password": PASSWORD});
        Self { serving: Some(serving), people, spare, bench }
    }

    pub fn url(&self) -> &str {
        self.serving.as_ref().expect("a server that runs").url()
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.bench.path(below)
    }

    /// What the Python side is told.
    pub fn told(&self, me: &str, other: &str, seed: &str, report: &Path) -> Value {
        let person = |name: &str| {
            let at = PEOPLE.iter().position(|(login, ..)| *login == name).expect("one of the people");
            &self.people[at]
        };
        json!({
            "base": self.url(),
            "seed": seed,
            "report": report,
            "me": person(me),
            "other": person(other),
            "spare": self.spare,
        })
    }

    /// Ends the server; its log.
    pub fn end(&mut self) -> String {
        self.serving.take().expect("a server that runs").end()
    }
}

/// The next rows of the system database have ids above, each table's in a thousand of its own: a number says whose it is.
fn begin_ids_above(db: &Path, above: u64) {
    let tables = ["users", "workspaces", "notebooks", "tasks", "api_tokens", "sessions"];
    let begin = |(table, above): (&str, u64)| {
        format!(
            "DELETE FROM sqlite_sequence WHERE name = '{table}'; \
             INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {above});"
        )
    };
    let sql: Vec<String> = tables.into_iter().zip((above..).step_by(1000)).map(begin).collect();
    let sql = sql.concat();
    let done = Command::new("sqlite3").args(["-cmd", ".timeout 10000"]).arg(db).arg(&sql).output().expect("sqlite3");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn register(to: SocketAddr, name: &str) -> Reply {
    let body = json!({"username": name, "email": format!("{name}@lab.example"), "password": PASSWORD});
    Ask::new("POST", "/api/v1/users/register").json(&body).send(to)
}

/// Sets up what is one person's.
struct Setting<'a> {
    to: SocketAddr,
    secret: &'a str,
    token: String,
    ids: BTreeSet<u64>,
}

impl Setting<'_> {
    /// A person with workspaces, as the Python side knows them.
    fn person(&mut self, name: &str, above: u64) -> Value {
        let login = format!("{name}-{}", self.secret);
        let id = register(self.to, &login).expect(201)["id"].clone();
        // A member of everything, who is known to both; there since the first of them was.
        assert!([201, 409].contains(&register(self.to, "curie").status));
        let body = json!({"username": login, "password": PASSWORD});
        let tokens = Ask::new("POST", "/api/v1/users/token").json(&body).send(self.to).expect(200);
        tokens["access_token"].as_str().expect("a token").clone_into(&mut self.token);
        let places: Map<String, Value> =
            PLACES.iter().map(|place| ((*place).to_owned(), self.workspace(place))).collect();
        self.call("POST", "/users/me/tokens", &json!({"name": self.secret, "scopes": ["read"]}), 201);
        self.call("GET", "/workspaces", &Value::Null, 200);
        let ids: Vec<u64> = self.ids.iter().copied().filter(|id| (above..above + 100_000).contains(id)).collect();
        assert!(ids.len() >= 8, "{ids:?}");
        json!({
            "id": id, "name": login, "password": PASSWORD, "secret": self.secret, "places": places, "ids": ids
        })
    }

    /// A workspace of everything that there can be in one.
    fn workspace(&mut self, place: &str) -> Value {
        let secret = self.secret;
        let made = self.call("POST", "/workspaces", &json!({"name": format!("{place} {secret}")}), 201);
        let at = format!("/workspaces/{}", made["id"]);
        let new = json!({"name": "runs", "description": format!("runs of {secret}")});
        let notebook = self.call("POST", &format!("{at}/notebooks"), &new, 201);
        let inside = format!("{at}/notebooks/{}", notebook["id"]);
        let files = self.files(&inside);
        let first = files.keys().next().expect("a file").clone();
        self.call("POST", &format!("{at}/flush"), &Value::Null, 204);
        let gone = files.iter().find(|(_, path)| path.as_str() == Some(&format!("gone-{secret}.md")));
        let gone = gone.expect("the file that goes").0.clone();
        self.call("DELETE", &format!("{inside}/files/{gone}"), &Value::Null, 204);
        self.call("POST", &format!("{at}/flush"), &Value::Null, 204);
        let history = self.call("GET", &format!("{inside}/files/{first}/history"), &Value::Null, 200);
        let deleted = self.call("GET", &format!("{inside}/deleted"), &Value::Null, 200);
        let old = self.call("POST", &format!("{at}/notebooks"), &json!({"name": format!("old {secret}")}), 201);
        self.call("DELETE", &format!("{at}/notebooks/{}", old["id"]), &Value::Null, 204);
        let trash = self.call("GET", &format!("{at}/trash"), &Value::Null, 200);
        let task = json!({"title": format!("tidy up {secret}"), "description": secret});
        let task = self.call("POST", &format!("/tasks?workspace_id={}", made["id"]), &task, 201);
        let curie = self.call("POST", &format!("{at}/members"), &json!({"username": "curie", "role": "viewer"}), 201);
        let plugin = json!({"enabled": true, "config": {"board": secret}});
        self.call("PUT", &format!("{at}/plugins/kanban"), &plugin, 200);
        self.call("PUT", &format!("{inside}/plugins/kanban"), &plugin, 200);
        let templates = self.call("GET", &format!("{inside}/files/templates"), &Value::Null, 200);
        let files: Map<String, Value> = files.into_iter().filter(|(id, _)| *id != gone).collect();
        // Hers is nobody's secret.
        self.ids.remove(&curie["user_id"].as_u64().expect("an id"));
        json!({
            "id": made["id"],
            "slug": made["slug"],
            "notebook": {"id": notebook["id"], "slug": notebook["slug"], "files": files},
            "member": curie["user_id"],
            "task": task["id"],
            "tag": format!("tag-{secret}"),
            "trash": trash["trash"][0]["id"],
            "commit": history["history"][0]["hash"],
            "deleted": deleted["deleted"][0]["path"],
            "deleted_in": deleted["deleted"][0]["commit"],
            "template": templates["templates"][0]["id"],
            "now": made["created_at"],
        })
    }

    /// Files of several kinds; their paths by id.
    fn files(&mut self, inside: &str) -> Map<String, Value> {
        let secret = self.secret;
        let note = format!(
            "---\ntitle: First of {secret}\ntags: [tag-{secret}, experiment]\nloss: 0.1\n---\n\n# {secret}\n\nSee \
             [[gone-{secret}]] and [a note](sub/b.md). Done with {secret}.\n"
        );
        let mut files = Map::new();
        for (path, content) in [
            (format!("a-{secret}.md"), note.clone()),
            ("sub/b.md".to_owned(), note.clone()),
            (format!("gone-{secret}.md"), note),
            ("board.cdx".to_owned(), format!("---\ntype: view\nview_type: table\nquery: 'tag:tag-{secret}'\n---\n")),
            (format!("log-{secret}.txt"), format!("{secret}\n")),
            (".templates/mine.md".to_owned(), format!("# {{{{title}}}} {secret}\n")),
        ] {
            let made = json!({"path": path, "content": content, "properties": {"of": secret}});
            let made = if path.ends_with(".cdx") || path.starts_with('.') {
                json!({"path": path, "content": content})
            } else {
                made
            };
            let made = self.call("POST", &format!("{inside}/files"), &made, 201);
            files.insert(made["id"].to_string(), made["path"].clone());
        }
        files
    }

    #[track_caller]
    fn call(&mut self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let ask = Ask::new(method, &format!("/api/v1{path}")).bearer(&self.token);
        let reply = if body.is_null() { ask } else { ask.json(body) }.send(self.to);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text());
        let answer = reply.expect(status);
        self.note_ids(&answer);
        answer
    }

    fn note_ids(&mut self, value: &Value) {
        match value {
            Value::Number(number) => self.ids.extend(number.as_u64()),
            Value::Array(all) => all.iter().for_each(|one| self.note_ids(one)),
            Value::Object(all) => all.values().for_each(|one| self.note_ids(one)),
            _ => {}
        }
    }
}
