//! Folders, and the history of a notebook as a whole.

use serde_json::{Value, json};

use super::lab::Lab;

#[test]
fn a_folder_is_made_described_listed_moved_and_removed() {
    let lab = Lab::new();
    let made = lab.call("POST", "/folders/", &json!({"path": "runs/2026"})).expect(201);
    assert_eq!((&made["path"], &made["name"], &made["file_count"]), (&json!("runs/2026"), &json!("2026"), &json!(0)));
    lab.call("POST", "/folders", &json!({"path": "runs/2026"})).expect(409);
    lab.make("runs/a.md", "x");
    let deep = lab.make("runs/2026/deep/b.md", "x");
    let described = json!({"properties": {"title": "All runs", "description": "d", "owner": "ada"}});
    let folder = lab.call("PUT", "/folders/runs", &described).expect(200);
    for (field, expected) in [
        ("title", json!("All runs")),
        ("description", json!("d")),
        ("properties", json!({"owner": "ada"})),
        ("file_count", json!(2)),
        ("subfolder_count", json!(1)),
        ("subfolders", json!([{"path": "runs/2026", "name": "2026", "file_count": 1}])),
    ] {
        assert_eq!(folder[field], expected, "{field}");
    }
    assert_eq!(folder["files"][0]["path"], "runs/a.md");
    assert!(lab.read("runs/.metadata").unwrap().contains("All runs"));
    let changed = json!({"properties": {"colour": "red"}, "replace_properties": true});
    let folder = lab.call("PUT", "/folders/runs", &changed).expect(200);
    assert_eq!((&folder["properties"], &folder["title"]), (&json!({"colour": "red"}), &json!("All runs")));
    let moved = lab.call("PATCH", "/folders/runs/2026/move", &json!({"new_path": "archive/2026"})).expect(200);
    assert_eq!((&moved["path"], &moved["file_count"]), (&json!("archive/2026"), &json!(1)));
    let found = lab.get(&format!("/files/{}", deep["id"])).expect(200);
    assert_eq!(found["path"], "archive/2026/deep/b.md");
    let named = json!({"path": "archive/2026", "new_path": "runs/2026"});
    lab.call("POST", "/folders/move", &named).expect(200);
    let root = lab.get("/folders/").expect(200);
    let names: Vec<&str> = root["subfolders"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["archive", "runs"]);
    lab.call("DELETE", "/folders/runs", &Value::Null).expect(204);
    assert!(!lab.root.join("runs").exists());
    lab.get("/folders/runs").expect(404);
    assert_eq!(lab.get("/files").expect(200)["pagination"]["total"], 0);
}

#[test]
fn folders_named_as_routes_are_folders() {
    let lab = Lab::new();
    lab.make("move/a.md", "x");
    assert_eq!(lab.get("/folders/move").expect(200)["file_count"], 1);
    lab.call("POST", "/folders/move", &json!({"path": "move", "new_path": "moved"})).expect(200);
    lab.make("move/move/a.md", "x");
    lab.call("PATCH", "/folders/move/move/move", &json!({"new_path": "deep"})).expect(200);
    assert!(lab.read("deep/a.md").is_some() && lab.read("moved/a.md").is_some());
    lab.call("POST", "/folders/elsewhere", &json!({"path": "deep", "new_path": "x"})).expect(404);
    lab.call("PATCH", "/folders/deep", &json!({"new_path": "x"})).expect(404);
}

#[test]
fn the_notebook_itself_and_what_is_outside_stay() {
    let lab = Lab::new();
    lab.make("a/b.md", "x");
    for path in
        ["", "/", "/.", "/..", "/%2e%2e", "/a/..", "/a/%2e%2e/%2e%2e", "/a/../..", "/.codex", "/%2Fetc", "/a%00"]
    {
        let reply = lab.call("DELETE", &format!("/folders{path}"), &Value::Null);
        assert_eq!(reply.status, 400, "{path} {}", reply.text());
    }
    for (from, to) in [("", "x"), ("a", ""), ("a", "../x"), ("..", "x"), ("a", ".git")] {
        lab.call("POST", "/folders/move", &json!({"path": from, "new_path": to})).expect(400);
    }
    lab.call("PATCH", "/folders/move", &json!({"new_path": "x"})).expect(400);
    lab.call("POST", "/folders/move", &json!({"path": "a", "new_path": "a/inside/itself"})).expect(400);
    lab.call("POST", "/folders/move", &json!({"path": "nowhere", "new_path": "x"})).expect(404);
    lab.call("DELETE", "/folders/nowhere", &Value::Null).expect(404);
    lab.call("DELETE", "/folders/a/b.md", &Value::Null).expect(404);
    lab.call("PUT", "/folders/nowhere", &json!({"properties": {"a": 1}})).expect(404);
    lab.call("PUT", "/folders/a", &json!({})).expect(422);
    assert_eq!(lab.read("a/b.md").as_deref(), Some("x"));
}

#[test]
fn versions_are_listed_read_compared_and_restored() {
    let lab = Lab::new();
    let file = lab.make("a.md", "one\n");
    let at = format!("/files/{}", file["id"]);
    lab.flush();
    lab.call("PUT", &at, &json!({"raw": "two\n"})).expect(200);
    lab.flush();
    let history = lab.get(&format!("{at}/history")).expect(200)["history"].clone();
    let history = history.as_array().unwrap();
    assert_eq!(history.len(), 2);
    for field in ["hash", "author", "date", "message"] {
        assert!(history[0][field].is_string(), "{history:?}");
    }
    let first = history[1]["hash"].as_str().unwrap();
    let version = lab.get(&format!("{at}/history/{first}")).expect(200);
    assert_eq!(
        (&version["content"], &version["path"], &version["hash"]),
        (&json!("one\n"), &json!("a.md"), &json!(first))
    );
    assert_eq!(lab.get(&format!("{at}/history/{first}?as=content")).text(), "one\n");
    let diff = lab.get(&format!("{at}/diff?from={first}")).expect(200);
    assert!(diff["diff"].as_str().unwrap().contains("-one\n+two\n"), "{diff}");
    let both = lab.get(&format!("{at}/diff?from={first}&to={}", history[0]["hash"].as_str().unwrap())).expect(200);
    assert!(both["diff"].as_str().unwrap().contains("-one\n+two\n"), "{both}");
    assert_eq!(lab.get(&format!("{at}/diff")).expect(200)["diff"], "");
    assert_eq!(lab.get(&format!("{at}/history?limit=1&skip=1")).expect(200)["history"][0]["hash"], first);
    lab.get(&format!("{at}/history/0000000")).expect(404);
    lab.get(&format!("{at}/history/nonsense")).expect(400);
    let restored = lab.call("POST", &format!("{at}/restore"), &json!({"commit": first})).expect(200);
    assert_eq!((&restored["id"], lab.read("a.md").as_deref()), (&file["id"], Some("one\n")));
    lab.call("POST", &format!("{at}/restore"), &json!({"commit": "ffffffff"})).expect(404);
    lab.call("POST", &format!("{at}/restore"), &json!({})).expect(422);
}

#[test]
fn a_notebook_has_a_past_and_gives_back_what_was_removed() {
    let lab = Lab::new();
    let file = lab.make("x/a.md", "one\n");
    lab.make("b.md", "b\n");
    lab.flush();
    lab.call("DELETE", &format!("/files/{}", file["id"]), &Value::Null).expect(204);
    lab.flush();
    let history = lab.get("/history").expect(200)["history"].clone();
    let commits = history.as_array().unwrap();
    assert!(
        commits[0]["changes"].as_array().unwrap().contains(&json!({"kind": "deleted", "path": "x/a.md"})),
        "{history}"
    );
    assert_eq!(lab.get("/history?author=ada&limit=1").expect(200)["history"].as_array().unwrap().len(), 1);
    assert_eq!(lab.get("/history?author=nobody").expect(200)["history"], json!([]));
    assert_eq!(lab.get("/history?until=2020-01-01").expect(200)["history"], json!([]));
    assert_eq!(lab.get("/history?since=2020").expect(200)["history"], history);
    lab.get("/history?since=soon").expect(422);
    let deleted = lab.get("/deleted").expect(200)["deleted"].clone();
    assert_eq!((&deleted[0]["path"], &deleted[0]["author"]), (&json!("x/a.md"), &json!("ada")));
    let commit = deleted[0]["commit"].as_str().unwrap();
    let past = lab.get(&format!("/at/{commit}")).expect(200);
    assert_eq!((&past["kind"], &past["entries"][0]["kind"]), (&json!("folder"), &json!("file")));
    let past = lab.get(&format!("/at/{commit}?path=x/a.md")).expect(200);
    assert_eq!((&past["kind"], &past["content"]), (&json!("file"), &json!("one\n")));
    assert_eq!(lab.get(&format!("/at/{commit}?path=x/a.md&as=content")).text(), "one\n");
    assert_eq!(lab.get("/at/today?path=x/a.md").status, 404);
    lab.get(&format!("/at/{commit}?path=../x")).expect(400);
    lab.get("/at/1999-01-01").expect(404);
    lab.get("/at/nonsense").expect(400);
    let back = json!({"path": "x/a.md", "commit": commit});
    let restored = lab.call("POST", "/deleted/restore", &back).expect(200);
    assert_eq!((&restored["files"][0]["path"], lab.read("x/a.md").as_deref()), (&json!("x/a.md"), Some("one\n")));
    assert_eq!(lab.get("/deleted").expect(200)["deleted"], json!([]));
    lab.call("POST", "/deleted/restore", &json!({"path": "never.md"})).expect(404);
    lab.call("POST", "/deleted/restore", &json!({"path": "../x"})).expect(400);
}
