//! Notebooks of a workspace.

use std::time::Duration;

use serde_json::json;

use super::Api;
use crate::support::eventually;

#[test]
fn a_notebook_is_made_renamed_and_retired() {
    let api = Api::start();
    let ada = api.person("ada");
    let lab = api.workspace("lab", &ada);
    let path = std::path::PathBuf::from(lab["path"].as_str().unwrap());
    let all = "/api/v1/workspaces/lab/notebooks";
    let made = api.call("POST", all, &ada, &json!({"name": "My Papers", "description": "read"})).expect(201);
    assert_eq!(
        (&made["slug"], &made["path"], &made["name"]),
        (&json!("my-papers"), &json!("my-papers"), &json!("My Papers"))
    );
    assert!(path.join("my-papers/.codex/notebook.db").exists());
    api.call("POST", all, &ada, &json!({"name": "my papers"})).expect(409);
    let year = api.call("POST", all, &ada, &json!({"name": "2026"})).expect(201);
    assert_eq!(year["slug"], "nb-2026");
    std::fs::write(path.join("my-papers/a.md"), "# A\n").unwrap();
    let one = format!("{all}/my-papers");
    eventually(Duration::from_secs(10), "the file is counted", || api.get(&one, &ada).expect(200)["file_count"] == 1);
    let renamed = api.call("PATCH", &one, &ada, &json!({"name": "Reading"})).expect(200);
    assert_eq!(
        (&renamed["id"], &renamed["path"], &renamed["description"]),
        (&made["id"], &json!("reading"), &json!("read"))
    );
    assert!(path.join("reading/a.md").exists());
    // The watcher has seen the rename too; the row is the same one all the same.
    std::thread::sleep(Duration::from_millis(700));
    let by_id = format!("{all}/{}", made["id"]);
    assert_eq!(api.get(&by_id, &ada).expect(200)["slug"], "reading");
    api.get(&one, &ada).expect(404);
    api.call("PATCH", &by_id, &ada, &json!({"name": "runs"})).expect(409);
    api.call("DELETE", &by_id, &ada, &json!({})).expect(204);
    api.get(&by_id, &ada).expect(404);
    assert!(!path.join("reading").exists());
}

#[test]
fn folders_that_come_behind_the_servers_back_are_notebooks() {
    let api = Api::start();
    let ada = api.person("ada");
    let lab = api.workspace("lab", &ada);
    let path = std::path::PathBuf::from(lab["path"].as_str().unwrap());
    std::fs::create_dir(path.join("Bees & more")).unwrap();
    let all = "/api/v1/workspaces/lab/notebooks";
    eventually(Duration::from_secs(10), "it is listed", || {
        api.get(all, &ada).expect(200).as_array().unwrap().iter().any(|notebook| notebook["slug"] == "bees-more")
    });
    let adopted = api.call("POST", all, &ada, &json!({"name": "Bees", "adopt": "Bees & more"})).expect(201);
    assert_eq!((&adopted["name"], &adopted["path"]), (&json!("Bees"), &json!("Bees & more")));
    api.call("POST", all, &ada, &json!({"name": "x", "adopt": "nothing"})).expect(404);
    for bad in ["..", "../lab", "/etc", ".codex", "tags", "runs/x"] {
        let status = api.call("POST", all, &ada, &json!({"name": "x", "adopt": bad})).status;
        assert!([400, 403, 404].contains(&status), "{bad} {status}");
    }
}

#[test]
fn the_index_says_how_far_it_is() {
    let api = Api::start();
    let ada = api.person("ada");
    api.workspace("lab", &ada);
    let path = "/api/v1/workspaces/lab/notebooks/runs/indexing-status";
    eventually(Duration::from_secs(10), "it is complete", || api.get(path, &ada).expect(200)["status"] == "completed");
    let status = api.get(path, &ada).expect(200);
    assert_eq!((&status["is_alive"], &status["done"], &status["errors"]), (&json!(true), &json!(0), &json!([])));
}

#[test]
fn a_restart_keeps_ids() {
    let mut api = Api::start();
    let ada = api.person("ada");
    api.workspace("lab", &ada);
    let before = api.get("/api/v1/workspaces/lab/notebooks/runs", &ada).expect(200);
    api.start_again(|_| {});
    // The session outlives the server, since its secret does.
    let after = api.get("/api/v1/workspaces/lab/notebooks/runs", &ada).expect(200);
    assert_eq!(before["id"], after["id"]);
}
