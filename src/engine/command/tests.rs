//! Commands through the control socket of a real engine.

use serde_json::{Value, json};

use super::{Command, ask_running};
use crate::engine::EngineError;
use crate::engine::edit::scratch::{Workspace, ada};

fn ask(w: &Workspace, command: Value) -> Result<Value, EngineError> {
    let command: Command = serde_json::from_value(command).unwrap();
    ask_running(&w.path(), &command, &ada()).map(|reply| reply.expect("an engine runs"))
}

fn served() -> Workspace {
    Workspace::holding(&[
        ("lab/a.md", "---\ntags: [gpu]\nloss: 0.5\n---\nsee [[b]] and [gone](gone.md)\n"),
        ("lab/b.md", "---\ntags: [gpu/old]\n---\n"),
    ])
    .reopen(true)
}

#[test]
fn reads_have_the_shapes_that_the_command_line_knows() {
    let w = served();
    let query = json!({"command": "query", "line": "tag:gpu sort:path", "view": null, "limit": 1, "offset": 0, "snippets": false});
    let found = ask(&w, query).unwrap();
    assert_eq!((found["total"].as_u64(), found["files"][0]["path"].as_str()), (Some(2), Some("a.md")));
    assert_eq!(
        ask(&w, json!({"command": "tags", "tag": null})).unwrap(),
        json!({"tags": [{"name": "gpu", "count": 1}, {"name": "gpu/old", "count": 1}]})
    );
    assert_eq!(ask(&w, json!({"command": "tags", "tag": "GPU"})).unwrap()["files"], json!(["lab/a.md"]));
    let links = ask(&w, json!({"command": "links", "file": "lab/b.md"})).unwrap();
    assert_eq!(links["incoming"], json!(["lab/a.md"]));
    let links = ask(&w, json!({"command": "links", "file": "lab/a.md"})).unwrap();
    assert_eq!(links["outgoing"][0][1], json!("lab/b.md"));
    assert_eq!(links["outgoing"][1][1], Value::Null);
    let notebooks = ask(&w, json!({"command": "notebook_list"})).unwrap();
    assert_eq!(notebooks["notebooks"][1]["name"], json!("lab"));
    assert!(ask(&w, json!({"command": "status"})).unwrap().is_object());
}

#[test]
fn writes_are_done_by_the_asker_and_answered_when_they_are_durable() {
    let w = served();
    let tagged = ask(&w, json!({"command": "tag_add", "tag": "new", "files": ["lab/a.md", "lab/b.md"]})).unwrap();
    assert_eq!(tagged["files"], json!(["lab/a.md", "lab/b.md"]));
    let again = ask(&w, json!({"command": "tag_add", "tag": "new", "files": ["lab/a.md"]})).unwrap();
    assert_eq!(again["files"], json!([]));
    ask(&w, json!({"command": "set", "file": "lab/a.md", "values": [["loss", 0.25]]})).unwrap();
    assert!(w.read("lab/a.md").unwrap().contains("loss: 0.25"));
    ask(&w, json!({"command": "unset", "file": "lab/a.md", "keys": ["loss"]})).unwrap();
    assert!(!w.read("lab/a.md").unwrap().contains("loss"));
    assert_eq!(ask(&w, json!({"command": "flush"})).unwrap(), json!({}));
    let log = ask(&w, json!({"command": "log", "file": "lab/a.md", "limit": 1})).unwrap();
    assert_eq!((&log["commits"][0]["actor"], &log["commits"][0]["notebook"]), (&json!("ada"), &json!("lab")));
    let shown = ask(&w, json!({"command": "show", "file": "lab/a.md", "revision": null})).unwrap();
    assert!(shown["text"].as_str().unwrap().contains("new"));
    assert_eq!(ask(&w, json!({"command": "check", "repair": false})).unwrap()["clean"], json!(true));
    let index = ask(&w, json!({"command": "index", "rebuild": true})).unwrap();
    assert_eq!(index, json!({"files": 2}));
}

#[test]
fn a_wrong_name_changes_nothing_and_says_what_is_wrong() {
    let w = served();
    let before = w.read("lab/a.md");
    let error = ask(&w, json!({"command": "tag_add", "tag": "new", "files": ["lab/a.md", "lab/none.md"]})).unwrap_err();
    assert!(matches!(&error, EngineError::NotFound(text) if text.contains("none.md")), "{error}");
    assert_eq!(w.read("lab/a.md"), before);
    let error = ask(&w, json!({"command": "tag_add", "tag": "+bad", "files": ["lab/a.md"]})).unwrap_err();
    assert!(matches!(error, EngineError::Invalid(_)));
    let error = ask(
        &w,
        json!({"command": "query", "line": "loss<", "view": null, "limit": null, "offset": null, "snippets": false}),
    )
    .unwrap_err();
    assert!(matches!(error, EngineError::Invalid(_)));
    let mount = json!({"command": "unmount", "mountpoint": "/mnt"});
    assert!(matches!(ask(&w, mount).unwrap_err(), EngineError::Meaningless(_)));
}

#[test]
fn the_socket_goes_with_the_engine() {
    let w = served();
    assert!(ask(&w, json!({"command": "flush"})).is_ok());
    let w = w.reopen(false);
    assert!(ask_running(&w.path(), &Command::Flush, &ada()).unwrap().is_none());
}
