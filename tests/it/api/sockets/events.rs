//! What a socket hears: changes of files, whoever makes them; once more what was missed; how indexing goes on.

use serde_json::{Value, json};

use super::{Opening, Sockets, lab};
use crate::api::Api;

#[test]
fn changes_are_heard_with_who_made_them() {
    let api = Api::start();
    let ada = api.person("ada");
    let (path, runs) = lab(&api, &ada);
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    let files = "/api/v1/workspaces/lab/notebooks/runs/files";
    let made = api.call("POST", files, &ada, &json!({"path": "a.md", "content": "# A\n"})).expect(201);
    let heard = sockets.change_of("a", "a.md");
    for (field, expected) in [
        ("event_type", json!("created")),
        ("notebook_id", json!(runs)),
        ("workspace_id", made_in(&api, &ada)),
        ("old_path", Value::Null),
        ("file_id", made["id"].clone()),
        ("ref", made["ref"].clone()),
        ("actor", json!("ada")),
    ] {
        assert_eq!(heard[field], expected, "{field} of {heard}");
    }
    assert!(heard["seq"].is_u64() && heard["timestamp"].as_str().unwrap().ends_with('Z'), "{heard}");
    let one = format!("{files}/{}", made["id"]);
    api.call("PUT", &one, &ada, &json!({"content": "more"})).expect(200);
    assert_eq!(sockets.change_of("a", "a.md")["event_type"], "modified");
    api.call("PATCH", &format!("{one}/move"), &ada, &json!({"new_path": "b.md"})).expect(200);
    let moved = sockets.change_of("a", "b.md");
    assert_eq!((&moved["event_type"], &moved["old_path"]), (&json!("moved"), &json!("a.md")));
    api.call("DELETE", &one, &ada, &json!({})).expect(204);
    // Its text may have been read anew since it was moved.
    let gone = sockets.until("a", |message| message["event_type"] == "deleted");
    assert_eq!((&gone["path"], &gone["actor"]), (&json!("b.md"), &json!("ada")));
    // Behind the server's back.
    std::fs::write(path.join("c.md"), "# C\n").unwrap();
    let found = sockets.change_of("a", "c.md");
    assert_eq!((&found["event_type"], &found["actor"]), (&json!("created"), &json!("unknown")));
}

fn made_in(api: &Api, who: &crate::api::Person) -> Value {
    api.get("/api/v1/workspaces/lab", who).expect(200)["id"].clone()
}

#[test]
fn a_reconnect_hears_what_was_missed_and_nothing_twice() {
    let api = Api::start();
    let ada = api.person("ada");
    let (path, runs) = lab(&api, &ada);
    let mut sockets = Sockets::of(&api);
    sockets.open("before", "/api/v1/ws", &ada);
    std::fs::write(path.join("0.md"), "0").unwrap();
    let since = sockets.change_of("before", "0.md")["seq"].as_u64().unwrap();
    sockets.close("before");
    for number in 1..=20 {
        std::fs::write(path.join(format!("{number}.md")), "x").unwrap();
    }
    // Seen by another socket: all of them have happened.
    sockets.open("other", "/api/v1/ws", &ada);
    std::fs::write(path.join("last.md"), "x").unwrap();
    sockets.change_of("other", "last.md");
    for (name, way) in [
        ("all", format!("/api/v1/ws?since={since}")),
        ("workspace", format!("/api/v1/ws?workspace_id=lab&since={since}")),
        ("notebook", format!("/api/v1/ws/notebooks/{runs}?since={since}")),
    ] {
        sockets.open(name, &way, &ada);
        let heard = sockets.rest(name, "file_change");
        let seqs: Vec<u64> = heard.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
        assert!(seqs.is_sorted_by(|a, b| a < b) && seqs[0] > since, "{name}: {seqs:?}");
        let mut created: Vec<&str> = heard
            .iter()
            .filter(|message| message["event_type"] == "created")
            .map(|message| message["path"].as_str().unwrap())
            .collect();
        created.sort_unstable();
        let mut expected: Vec<String> = (1..=20).map(|number| format!("{number}.md")).collect();
        expected.push("last.md".to_owned());
        expected.sort();
        assert_eq!(created, expected, "{name}");
    }
    // By a subscription.
    sockets.open("late", "/api/v1/ws", &ada);
    let said = sockets.subscribe("late", &json!({"workspace": "lab", "since": since}));
    assert_eq!(said["type"], "subscribed", "{said}");
    let heard = sockets.rest("late", "file_change");
    assert_eq!(heard.iter().filter(|message| message["event_type"] == "created").count(), 21, "{heard:?}");
}

#[test]
fn what_is_not_known_any_more_is_to_be_read_anew() {
    let mut api = Api::start();
    let ada = api.person("ada");
    let (path, runs) = lab(&api, &ada);
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    std::fs::write(path.join("a.md"), "x").unwrap();
    let seq = sockets.change_of("a", "a.md")["seq"].as_u64().unwrap();
    for (name, since) in [("old", 1), ("zero", 0), ("future", seq + 1000)] {
        sockets.open(name, &format!("/api/v1/ws/notebooks/{runs}?since={since}"), &ada);
        assert_eq!(sockets.message(name)["type"], "resync", "{name}");
    }
    sockets.open("subscribing", "/api/v1/ws", &ada);
    sockets.subscribe("subscribing", &json!({"workspace": "lab", "since": 1}));
    assert_eq!(sockets.message("subscribing")["type"], "resync");
    // Of another life of the server nothing is known, and its numbers are not given again.
    api.start_again(|_| {});
    let mut sockets = Sockets::of(&api);
    sockets.open("again", &format!("/api/v1/ws/notebooks/{runs}?since={seq}"), &ada);
    assert_eq!(sockets.message("again")["type"], "resync");
    std::fs::write(path.join("b.md"), "x").unwrap();
    assert!(sockets.change_of("again", "b.md")["seq"].as_u64().unwrap() > seq);
}

#[test]
fn a_subscription_says_what_is_heard() {
    let api = Api::start();
    let ada = api.person("ada");
    let (path, runs) = lab(&api, &ada);
    let papers = api.call("POST", "/api/v1/workspaces/lab/notebooks", &ada, &json!({"name": "papers"})).expect(201);
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    let said = sockets.subscribe("a", &json!({"workspace": "lab", "notebooks": ["papers"], "sessions": [3]}));
    assert_eq!((&said["notebooks"], &said["sessions"]), (&json!([papers["id"]]), &json!([3])), "{said}");
    std::fs::write(path.join("unheard.md"), "x").unwrap();
    std::fs::write(path.parent().unwrap().join("papers/heard.md"), "x").unwrap();
    // Of the new notebook it may be told, too, that it was indexed.
    assert_eq!(sockets.until("a", |message| message["type"] == "file_change")["path"], "heard.md");
    // What was asked for before is forgotten.
    let said = sockets.subscribe("a", &json!({"workspace": "lab", "notebooks": [runs]}));
    assert_eq!(said["notebooks"], json!([runs]));
    std::fs::write(path.parent().unwrap().join("papers/unheard.md"), "x").unwrap();
    std::fs::write(path.join("heard.md"), "x").unwrap();
    sockets.change_of("a", "heard.md");
    assert!(sockets.rest("a", "file_change").iter().all(|message| message["notebook_id"] == runs));
}

#[test]
fn pings_are_answered_and_nonsense_is_named() {
    let api = Api::start();
    let ada = api.person("ada");
    let (_, runs) = lab(&api, &ada);
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    sockets.say("a", "ping");
    assert_eq!(sockets.message("a"), "pong");
    sockets.send("a", &json!({"type": "ping"}));
    assert_eq!(sockets.message("a"), json!({"type": "pong"}));
    let deep = format!("{{\"subscribe\": {}", "[".repeat(30_000));
    for nonsense in ["", "{}", "[1", r#"{"subscribe": {"workspace": "lab", "x": 1}}"#, r#"{"subscribe": 1}"#, &deep] {
        sockets.say("a", nonsense);
        assert_eq!(sockets.message("a")["error"], "bad_request", "{nonsense}");
    }
    for (what, error) in [
        (json!({"workspace": "nothing"}), "not_found"),
        (json!({"workspace": 4_000_000_000_u32}), "not_found"),
        (json!({"workspace": "lab", "notebooks": ["nothing"]}), "not_found"),
        (json!({"workspace": "lab", "notebooks": [99999]}), "not_found"),
        (json!({"workspace": "lab", "views": ["1:1"]}), "not_found"),
        (json!({"workspace": "lab", "views": ["nonsense"]}), "not_found"),
        (json!({"workspace": "lab", "views": vec!["1:1"; 65]}), "invalid"),
    ] {
        assert_eq!(sockets.subscribe("a", &what)["error"], error, "{what}");
    }
    sockets.open("one", &format!("/api/v1/ws/notebooks/{runs}"), &ada);
    assert_eq!(sockets.subscribe("one", &json!({"workspace": "lab"}))["error"], "bad_request");
}

#[test]
fn messages_have_a_size_and_a_kind() {
    let api = Api::start();
    let ada = api.person("ada");
    let mut sockets = Sockets::of(&api);
    sockets.open("fits", "/api/v1/ws", &ada);
    sockets.say("fits", &" ".repeat(64 * 1024));
    assert_eq!(sockets.message("fits")["error"], "bad_request");
    sockets.say("fits", &" ".repeat(64 * 1024 + 1));
    assert_eq!(sockets.closed("fits"), 1009);
    sockets.open("binary", "/api/v1/ws", &ada);
    sockets.tell(&json!({"do": "send_bytes", "name": "binary", "count": 10}));
    assert_eq!(sockets.closed("binary"), 1003);
}

/// Where the scan had ended before the first look at how far it was, nothing was heard.
#[test]
fn indexing_is_heard_of() {
    let api = Api::start();
    let ada = api.person("ada");
    let (path, _) = lab(&api, &ada);
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    let many = path.parent().unwrap().join("many");
    let aside = path.parent().unwrap().join(".many");
    std::fs::create_dir(&aside).unwrap();
    for number in 0..1500 {
        std::fs::write(aside.join(format!("{number}.md")), format!("# Note {number}\n\n{}", "word ".repeat(200)))
            .unwrap();
    }
    std::fs::rename(&aside, &many).unwrap();
    // The other notebook may be heard of, too.
    let is_all = |message: &serde_json::Value| message["done"].as_u64().is_some_and(|done| done >= 1500);
    let heard = sockets
        .until("a", |message| message["type"] == "indexing" && message["status"] == "completed" && is_all(message));
    assert!(heard["notebook_id"].is_i64(), "{heard}");
}

#[test]
fn the_server_says_goodbye() {
    let mut api = Api::start();
    let ada = api.person("ada");
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    let began = std::time::Instant::now();
    api.stop();
    assert_eq!(sockets.closed("a"), 1001);
    assert!(began.elapsed() < std::time::Duration::from_secs(8));
}

#[test]
fn a_ticket_opens_one_socket() {
    let api = Api::start();
    let ada = api.person("ada");
    let (_, runs) = lab(&api, &ada);
    let mut sockets = Sockets::of(&api);
    let made = api.call("POST", "/api/v1/ws/ticket", &ada, &json!({})).expect(201);
    assert_eq!(made["expires_in"], 30);
    let ticket = made["ticket"].as_str().unwrap();
    let by = |path: String| Opening { path, ..Opening::default() };
    assert_eq!(sockets.try_open("a", &by(format!("/api/v1/ws/notebooks/{runs}?ticket={ticket}"))), Ok(()));
    assert_eq!(sockets.try_open("b", &by(format!("/api/v1/ws?ticket={ticket}"))), Err(401));
    assert_eq!(sockets.try_open("c", &by("/api/v1/ws?ticket=nonsense".to_owned())), Err(401));
    // A token has no place in an address.
    for name in ["token", "access_token", "ticket", "Authorization"] {
        assert_eq!(sockets.try_open("d", &by(format!("/api/v1/ws?{name}={}", ada.token))), Err(401), "{name}");
    }
}
