//! What was done: recorded, listed, taken back; what was thrown away, and brought back.

use std::time::Duration;

use serde_json::{Value, json};

use super::lab::Lab;
use crate::support::eventually;
use cdx::types::{Role, WorkspaceId};

const AT: &str = "/api/v1/workspaces/lab";

fn workspace(lab: &Lab) -> WorkspaceId {
    WorkspaceId(lab.api.get(AT, &lab.ada).expect(200)["id"].as_i64().unwrap())
}

#[test]
fn gestures_are_listed_and_taken_back() {
    let lab = Lab::new();
    let file = lab.make("a.md", "one\n");
    let one = format!("/files/{}", file["id"]);
    lab.api.call("POST", &format!("{AT}/flush"), &lab.ada, &json!({})).expect(204);
    lab.call("PUT", &one, &json!({"raw": "two\n"})).expect(200);
    lab.api.call("POST", &format!("{AT}/flush"), &lab.ada, &json!({})).expect(204);
    let gestures = || lab.api.get(&format!("{AT}/gestures"), &lab.ada).expect(200)["gestures"].clone();
    let listed = gestures();
    assert_eq!((&listed[0]["author"], &listed[0]["changes"][0]["path"]), (&json!("ada"), &json!("a.md")), "{listed}");
    assert_eq!(listed[0]["changes"][0]["notebook_id"], file["notebook_id"]);
    let undo = |body: Value| lab.api.call("POST", &format!("{AT}/undo"), &lab.ada, &body);
    let done = undo(json!({"n": 1})).expect(200);
    assert_eq!(
        (&done["undone"][0]["gesture"], &done["undone"][0]["files"][0]["path"]),
        (&listed[0]["id"], &json!("a.md"))
    );
    assert_eq!(lab.read("a.md").unwrap(), "one\n");
    let left = gestures();
    assert!(left.as_array().unwrap().iter().all(|gesture| gesture["id"] != listed[0]["id"]), "{left}");
    // One in particular.
    let by_id = undo(json!({"gesture": left[0]["id"]})).expect(200);
    assert_eq!(by_id["undone"].as_array().unwrap().len(), 1);
    assert_eq!(lab.read("a.md"), None);
    undo(json!({"n": 1})).expect(404);
    undo(json!({"gesture": "nothing"})).expect(404);
    for bad in [
        json!({}),
        json!({"n": 0}),
        json!({"n": 101}),
        json!({"n": 1, "gesture": "x"}),
        json!({"n": "1"}),
        json!({"m": 1}),
    ] {
        undo(bad).expect(422);
    }
}

#[test]
fn what_others_did_is_for_owners_to_take_back() {
    let lab = Lab::new();
    let bohr = lab.api.person("bohr");
    lab.api.db().add_member(workspace(&lab), "bohr", Role::Editor).unwrap();
    lab.make("a.md", "ada's\n");
    lab.api.call("POST", &format!("{AT}/flush"), &bohr, &json!({})).expect(204);
    let gesture = lab.api.get(&format!("{AT}/gestures"), &bohr).expect(200)["gestures"][0]["id"].clone();
    let undo = |who, body: Value| lab.api.call("POST", &format!("{AT}/undo"), who, &body);
    undo(&bohr, json!({"n": 1})).expect(404);
    undo(&bohr, json!({"gesture": gesture})).expect(403);
    undo(&bohr, json!({"gesture": gesture, "anyone": true})).expect(403);
    assert!(lab.read("a.md").is_some());
    undo(&lab.ada, json!({"gesture": gesture, "anyone": true})).expect(200);
    assert_eq!(lab.read("a.md"), None);
}

#[test]
fn a_later_edit_that_does_not_merge_is_in_the_way() {
    let lab = Lab::new();
    let file = lab.make("a.md", "one\n");
    let one = format!("/files/{}", file["id"]);
    for text in ["two\n", "three\n"] {
        lab.api.call("POST", &format!("{AT}/flush"), &lab.ada, &json!({})).expect(204);
        lab.call("PUT", &one, &json!({"raw": text})).expect(200);
    }
    lab.api.call("POST", &format!("{AT}/flush"), &lab.ada, &json!({})).expect(204);
    let listed = lab.api.get(&format!("{AT}/gestures"), &lab.ada).expect(200)["gestures"].clone();
    let refused =
        lab.api.call("POST", &format!("{AT}/undo"), &lab.ada, &json!({"gesture": listed[1]["id"]})).expect(409);
    assert!(refused["detail"].as_str().unwrap().contains("a.md"), "{refused}");
    assert_eq!(lab.read("a.md").unwrap(), "three\n");
}

#[test]
fn activity_says_who_did_what_before_it_is_recorded_and_after() {
    let lab = Lab::new();
    lab.make("a.md", "one\n");
    let activity = || lab.api.get(&format!("{AT}/activity"), &lab.ada).expect(200)["activity"].clone();
    eventually(Duration::from_secs(5), "it is heard of", || activity()[0]["changes"][0]["path"] == "a.md");
    let first = activity()[0].clone();
    assert_eq!(
        (&first["author"], &first["hash"], &first["changes"][0]["event_type"]),
        (&json!("ada"), &Value::Null, &json!("created"))
    );
    lab.api.call("POST", &format!("{AT}/flush"), &lab.ada, &json!({})).expect(204);
    let all = activity();
    let of_a: Vec<&Value> =
        all.as_array().unwrap().iter().filter(|entry| entry["changes"].to_string().contains("a.md")).collect();
    assert_eq!(of_a.len(), 1, "{all}");
    assert_eq!(of_a[0]["hash"].as_str().unwrap().len(), 40);
    std::fs::write(lab.root.join("b.md"), "x").unwrap();
    eventually(Duration::from_secs(5), "a stranger's change", || {
        let newest = activity()[0].clone();
        newest["author"] == "unknown" && newest["changes"][0]["path"] == "b.md"
    });
    for path in ["activity", "gestures"] {
        for bad in ["limit=0", "limit=1001", "limit=x"] {
            lab.api.get(&format!("{AT}/{path}?{bad}"), &lab.ada).expect(422);
        }
    }
}

#[test]
fn notebooks_come_back_from_the_trash() {
    let lab = Lab::new();
    lab.make("a.md", "one\n");
    let trash = || lab.api.get(&format!("{AT}/trash"), &lab.ada).expect(200)["trash"].clone();
    assert_eq!(trash(), json!([]));
    lab.call("DELETE", "", &json!({})).expect(204);
    let listed = trash();
    assert_eq!(
        (&listed[0]["kind"], &listed[0]["notebook"], &listed[0]["path"]),
        (&json!("notebook"), &json!("runs"), &Value::Null)
    );
    let restore = |id: &str| lab.api.call("POST", &format!("{AT}/trash/{id}/restore"), &lab.ada, &json!({}));
    for bad in ["nothing", "..", "%2e%2e", "a%2fb", "runs"] {
        assert_eq!(restore(bad).status, 404, "{bad}");
    }
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    // Its name is taken meanwhile.
    let other = lab.api.call("POST", &format!("{AT}/notebooks"), &lab.ada, &json!({"name": "runs"})).expect(201);
    restore(&id).expect(409);
    lab.api.call("PATCH", &format!("{AT}/notebooks/{}", other["id"]), &lab.ada, &json!({"name": "others"})).expect(200);
    assert_eq!(restore(&id).expect(200)["id"], json!(id));
    assert_eq!(lab.read("a.md").unwrap(), "one\n");
    assert_eq!(trash(), json!([]));
    assert_eq!(lab.api.get(&format!("{AT}/notebooks/runs"), &lab.ada).expect(200)["slug"], "runs");
    restore(&id).expect(404);
}

#[test]
fn files_that_no_history_holds_come_back_from_the_trash() {
    let lab = Lab::new();
    // Larger than what histories hold.
    let big = std::fs::File::create(lab.root.join("big.bin")).unwrap();
    big.set_len(80 << 20).unwrap();
    eventually(Duration::from_secs(10), "it is indexed", || {
        lab.api.get(&format!("{AT}/search?q=name:big.bin"), &lab.ada).expect(200)["total"] == 1
    });
    let found = lab.api.get(&format!("{AT}/search?q=name:big.bin"), &lab.ada).expect(200);
    lab.call("DELETE", &format!("/files/{}", found["results"][0]["id"]), &json!({})).expect(204);
    assert!(!lab.root.join("big.bin").exists());
    let trash = lab.api.get(&format!("{AT}/trash"), &lab.ada).expect(200)["trash"].clone();
    assert_eq!(
        (&trash[0]["kind"], &trash[0]["path"], &trash[0]["notebook"]),
        (&json!("file"), &json!("big.bin"), &json!("runs"))
    );
    let id = trash[0]["id"].as_str().unwrap();
    let restore = || lab.api.call("POST", &format!("{AT}/trash/{id}/restore"), &lab.ada, &json!({}));
    std::fs::write(lab.root.join("big.bin"), "another").unwrap();
    restore().expect(409);
    std::fs::remove_file(lab.root.join("big.bin")).unwrap();
    restore().expect(200);
    assert_eq!(std::fs::metadata(lab.root.join("big.bin")).unwrap().len(), 80 << 20);
    assert_eq!(lab.api.get(&format!("{AT}/search?q=name:big.bin"), &lab.ada).expect(200)["total"], 1);
    assert_eq!(lab.api.get(&format!("{AT}/trash"), &lab.ada).expect(200)["trash"], json!([]));
}
