//! Who opens a socket, what each hears, and when it ends.

use std::time::{Duration, Instant};

use cdx::access::{NewSecret, TokenKind};
use cdx::index::system::NewApiToken;
use cdx::types::{NotebookId, Role, TokenLimit, TokenScope, UserId, WorkspaceId};
use serde_json::{Value, json};

use super::{Opening, Sockets, lab};
use crate::api::client::Ask;
use crate::api::{Api, PASSWORD, Person};

#[test]
fn everybody_opens_what_the_table_says() {
    let api = Api::start();
    let owner = api.person("owner");
    let (_, runs) = lab(&api, &owner);
    let id = WorkspaceId(api.get("/api/v1/workspaces/lab", &owner).expect(200)["id"].as_i64().unwrap());
    let mut people = vec![("owner", owner.token.clone())];
    for (name, role) in [("editor", Some(Role::Editor)), ("viewer", Some(Role::Viewer)), ("stranger", None)] {
        let person = api.person(name);
        if let Some(role) = role {
            api.db().add_member(id, name, role).unwrap();
        }
        people.push((name, person.token));
    }
    let disabled = api.person("disabled");
    api.db().add_member(id, "disabled", Role::Owner).unwrap();
    api.db().set_active(UserId(disabled.id), false).unwrap();
    people.push(("disabled", disabled.token));
    people.push(("revoked", revoked_token(&api, &owner)));
    people.push(("forged", "a.b.c".to_owned()));
    let mut sockets = Sockets::of(&api);
    let mut found = Vec::new();
    for (name, token) in people.iter().map(|(name, token)| (*name, Some(token.as_str()))).chain([("nobody", None)]) {
        let mut open = |what: &str, path: String| {
            let opening = Opening { path, bearer: token, ..Opening::default() };
            sockets.try_open(&format!("{name} {what}"), &opening).err().unwrap_or(101)
        };
        let all = open("all", "/api/v1/ws".to_owned());
        let workspace = open("workspace", "/api/v1/ws?workspace_id=lab".to_owned());
        found.push((name, [all, workspace, open("notebook", format!("/api/v1/ws/notebooks/{runs}"))]));
    }
    assert_eq!(
        found,
        [
            ("owner", [101, 101, 101]),
            ("editor", [101, 101, 101]),
            ("viewer", [101, 101, 101]),
            ("stranger", [101, 404, 404]),
            ("disabled", [401, 401, 401]),
            ("revoked", [401, 401, 401]),
            ("forged", [401, 401, 401]),
            ("nobody", [401, 401, 401]),
        ]
    );
}

fn revoked_token(api: &Api, who: &Person) -> String {
    let secret = token(api, who, TokenLimit::None);
    let digest = TokenKind::Personal.digest(&secret).unwrap();
    let tokens = api.db().tokens(UserId(who.id)).unwrap();
    assert_eq!(digest.0.len(), 32);
    api.db().revoke_token(UserId(who.id), tokens.last().unwrap().id, jiff::Timestamp::now()).unwrap();
    secret
}

fn token(api: &Api, who: &Person, limit: TokenLimit) -> String {
    let secret = NewSecret::new(TokenKind::Personal);
    let new = NewApiToken { user: UserId(who.id), name: "t", scopes: &[TokenScope::Read], limit, expires_at: None };
    api.db().add_token(&new, &secret.digest.0).unwrap();
    secret.shown
}

#[test]
fn a_cookie_opens_a_socket_for_our_own_pages_alone() {
    let api = Api::start();
    let ada = api.person("ada");
    let mut sockets = Sockets::of(&api);
    let own = format!("http://{}", api.server().address());
    for (name, origin, expected) in [
        ("own", Some(own.as_str()), Ok(())),
        ("other", Some("http://evil.example"), Err(403)),
        ("port", Some("http://127.0.0.1:1"), Err(403)),
        ("scheme", Some("https://127.0.0.1"), Err(403)),
        ("null", Some("null"), Err(403)),
        ("none", None, Err(403)),
    ] {
        let opening = Opening { path: "/api/v1/ws".to_owned(), cookie: Some(&ada.token), origin, ..Opening::default() };
        assert_eq!(sockets.try_open(name, &opening), expected, "{name}");
    }
    // A bearer is no browser's to send: the page says nothing then.
    let opening = Opening {
        path: "/api/v1/ws".to_owned(),
        bearer: Some(&ada.token),
        origin: Some("http://evil.example"),
        ..Opening::default()
    };
    assert_eq!(sockets.try_open("bearer", &opening), Ok(()));
}

#[test]
fn who_asks_without_a_handshake_is_told() {
    let api = Api::start();
    let ada = api.person("ada");
    assert_eq!(api.get("/api/v1/ws", &ada).expect(426)["error"], "upgrade_required");
    let odd = Ask::new("GET", "/api/v1/ws").bearer(&ada.token).header("Upgrade", "websocket");
    api.send(&odd).expect(400);
    api.send(&Ask::new("GET", "/api/v1/ws").header("Upgrade", "websocket")).expect(401);
}

#[test]
fn nobody_hears_of_what_they_may_not_read() {
    let api = Api::start();
    let (ada, bohr) = (api.person("ada"), api.person("bohr"));
    let (path, _) = lab(&api, &ada);
    let own = api.workspace("own", &bohr);
    let mut sockets = Sockets::of(&api);
    sockets.open("bohr", "/api/v1/ws", &bohr);
    sockets.open("ada", "/api/v1/ws", &ada);
    std::fs::write(path.join("secret.md"), "secret").unwrap();
    sockets.change_of("ada", "secret.md");
    std::fs::write(std::path::Path::new(own["path"].as_str().unwrap()).join("runs/own.md"), "x").unwrap();
    // Whatever file comes first is not of the other's.
    let heard = sockets.until("bohr", |message| message["type"] == "file_change");
    assert_eq!((&heard["path"], &heard["workspace_id"]), (&json!("own.md"), &own["id"]));
    assert!(sockets.rest("ada", "file_change").iter().all(|message| message["path"] != "own.md"));
    // Nor once more.
    sockets.open("again", "/api/v1/ws?since=1", &bohr);
    let missed = sockets.rest("again", "resync");
    assert!(missed.iter().all(|message| message["workspace_id"] == own["id"]), "{missed:?}");
}

#[test]
fn rights_that_end_end_the_messages() {
    let api = Api::start();
    let (ada, bohr) = (api.person("ada"), api.person("bohr"));
    let (path, runs) = lab(&api, &ada);
    let id = WorkspaceId(api.get("/api/v1/workspaces/lab", &ada).expect(200)["id"].as_i64().unwrap());
    api.db().add_member(id, "bohr", Role::Viewer).unwrap();
    let mut sockets = Sockets::of(&api);
    sockets.open("all", "/api/v1/ws", &bohr);
    sockets.subscribe("all", &json!({"workspace": "lab"}));
    sockets.open("one", &format!("/api/v1/ws/notebooks/{runs}"), &bohr);
    std::fs::write(path.join("a.md"), "x").unwrap();
    sockets.change_of("all", "a.md");
    api.db().remove_member(id, UserId(bohr.id)).unwrap();
    std::fs::write(path.join("b.md"), "x").unwrap();
    assert_eq!(sockets.closed("one"), 4404);
    assert_eq!(sockets.rest("all", "file_change"), Vec::<Value>::new());
    // It goes on, and hears again of what its holder may read again.
    api.db().add_member(id, "bohr", Role::Viewer).unwrap();
    std::fs::write(path.join("c.md"), "x").unwrap();
    sockets.change_of("all", "c.md");
}

#[test]
fn a_token_of_one_notebook_hears_of_it_alone() {
    let api = Api::start();
    let ada = api.person("ada");
    let (path, runs) = lab(&api, &ada);
    let id = WorkspaceId(api.get("/api/v1/workspaces/lab", &ada).expect(200)["id"].as_i64().unwrap());
    let papers = api.call("POST", "/api/v1/workspaces/lab/notebooks", &ada, &json!({"name": "papers"})).expect(201);
    let limited = Person { token: token(&api, &ada, TokenLimit::Notebook(id, NotebookId(runs))), ..ada.clone() };
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &limited);
    let refused = sockets.subscribe("a", &json!({"workspace": "lab", "notebooks": ["papers"]}));
    assert_eq!(refused["error"], "not_found");
    sockets.subscribe("a", &json!({"workspace": "lab"}));
    let path_of_papers = path.parent().unwrap().join("papers");
    std::fs::write(path_of_papers.join("secret.md"), "x").unwrap();
    std::fs::write(path.join("own.md"), "x").unwrap();
    assert_eq!(sockets.until("a", |message| message["type"] == "file_change")["path"], "own.md");
    let opening = Opening {
        path: format!("/api/v1/ws/notebooks/{}", papers["id"]),
        bearer: Some(&limited.token),
        ..Opening::default()
    };
    assert_eq!(sockets.try_open("b", &opening), Err(404));
}

/// A way for a session to end.
type End<'a> = (&'static str, Box<dyn Fn(&Person) + 'a>);

/// However a session ends, its sockets are closed within two seconds.
#[test]
fn a_session_that_ends_closes_its_sockets() {
    let api = Api::start();
    let ada = api.person("ada");
    let id = UserId(ada.id);
    let again = || api.signed_in("ada", ada.id);
    let ends: Vec<End<'_>> = vec![
        ("logout", Box::new(|who| drop(api.call("POST", "/api/v1/users/logout", who, &json!({}))))),
        (
            "revoked by another",
            Box::new(|_| drop(api.call("DELETE", "/api/v1/users/me/sessions", &again(), &json!({})))),
        ),
        ("password changed by another", Box::new(|_| set_password(&api, &again()))),
        ("password changed by itself", Box::new(|who| set_password(&api, who))),
        ("disabled", Box::new(|_| api.db().set_active(id, false).map(drop).unwrap())),
    ];
    let mut sockets = Sockets::of(&api);
    for (name, end) in ends {
        let who = again();
        sockets.open(name, "/api/v1/ws", &who);
        end(&who);
        let began = Instant::now();
        assert_eq!(sockets.closed(name), 4401, "{name}");
        assert!(began.elapsed() < Duration::from_secs(2), "{name} {:?}", began.elapsed());
    }
}

/// The answer is a new session, with which the client goes on.
fn set_password(api: &Api, who: &Person) {
    let body = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    api.call("POST", "/api/v1/users/me/password", who, &body).expect(200);
}
