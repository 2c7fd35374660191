//! Tasks of a workspace.

use serde_json::{Value, json};

use super::Api;
use super::client::Ask;
use cdx::types::{Role, WorkspaceId};

#[test]
fn a_task_is_made_changed_and_done() {
    let api = Api::start();
    let (ada, _) = (api.person("ada"), api.person("bohr"));
    let lab = api.workspace("lab", &ada);
    let all = "/api/v1/tasks/?workspace_id=lab";
    let made = api.call("POST", all, &ada, &json!({"title": "Calibrate", "assigned_to": "ADA"})).expect(201);
    assert_eq!(
        (&made["status"], &made["assigned_to"], &made["workspace_id"], &made["completed_at"]),
        (&json!("pending"), &json!("ada"), &lab["id"], &Value::Null)
    );
    // As parameters of the address.
    let ask = Ask::new("POST", "/api/v1/tasks?workspace_id=lab&title=Measure&status=in_progress").bearer(&ada.token);
    let second = api.send(&ask).expect(201);
    assert_eq!((&second["title"], &second["status"]), (&json!("Measure"), &json!("in_progress")));
    let one = format!("/api/v1/tasks/{}", made["id"]);
    let done = api.call("PUT", &one, &ada, &json!({"status": "completed", "description": "as always"})).expect(200);
    assert!(done["completed_at"].is_string() && done["title"] == "Calibrate", "{done}");
    let ended = done["completed_at"].clone();
    let later = api.call("PUT", &one, &ada, &json!({"description": null, "assigned_to": null})).expect(200);
    assert_eq!(
        (&later["description"], &later["assigned_to"], &later["completed_at"]),
        (&Value::Null, &Value::Null, &ended)
    );
    let again = api.send(&Ask::new("PUT", &format!("{one}?status=pending")).bearer(&ada.token)).expect(200);
    assert!(again["completed_at"].is_null());
    let listed = api.get(all, &ada).expect(200);
    assert_eq!(listed["pagination"], json!({"skip": 0, "limit": 100, "total": 2, "has_more": false}), "{listed}");
    let titles = |path: &str| -> Vec<String> {
        let listed = api.get(path, &ada).expect(200);
        listed["tasks"].as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles(&format!("{all}&status=in_progress")), ["Measure"]);
    assert_eq!(titles(&format!("{all}&assigned_to=ada")), [""; 0]);
    assert_eq!(titles(&format!("{all}&skip=1&limit=1")), ["Measure"]);
    api.call("DELETE", &one, &ada, &json!({})).expect(204);
    api.get(&one, &ada).expect(404);
    api.call("DELETE", &one, &ada, &json!({})).expect(404);
}

#[test]
fn tasks_that_do_not_fit_are_refused() {
    let api = Api::start();
    let (ada, _) = (api.person("ada"), api.person("bohr"));
    api.workspace("lab", &ada);
    let all = "/api/v1/tasks?workspace_id=lab";
    for (body, field) in [
        (json!({}), "title"),
        (json!({"title": " "}), "title"),
        (json!({"title": "x".repeat(501)}), "title"),
        (json!({"title": "a\u{0}"}), "title"),
        (json!({"title": 1}), "title"),
        (json!({"title": "a", "status": "later"}), "status"),
        (json!({"title": "a", "assigned_to": "bohr"}), "assigned_to"),
        (json!({"title": "a", "assigned_to": ""}), "assigned_to"),
        (json!({"title": "a", "colour": "red"}), "colour"),
    ] {
        assert_eq!(api.call("POST", all, &ada, &body).expect(422)["fields"][0]["field"], field, "{body}");
    }
    api.get("/api/v1/tasks", &ada).expect(422);
    api.get("/api/v1/tasks?workspace_id=lab&status=later", &ada).expect(422);
    assert_eq!(api.get(all, &ada).expect(200)["pagination"]["total"], 0);
}

#[test]
fn tasks_of_others_are_not_there() {
    let api = Api::start();
    let (ada, bohr) = (api.person("ada"), api.person("bohr"));
    let lab = WorkspaceId(api.workspace("lab", &ada)["id"].as_i64().unwrap());
    let made = api.call("POST", "/api/v1/tasks?workspace_id=lab", &ada, &json!({"title": "Secret"})).expect(201);
    let one = format!("/api/v1/tasks/{}", made["id"]);
    for (method, path) in [("GET", &*one), ("PUT", &one), ("DELETE", &one), ("GET", "/api/v1/tasks?workspace_id=lab")] {
        let refused = api.call(method, path, &bohr, &json!({})).expect(404);
        assert!(!refused.to_string().contains("workspace `1`"), "{refused}");
    }
    assert_eq!(
        api.get(&one, &bohr).expect(404)["detail"].as_str().unwrap().replace(&made["id"].to_string(), "N"),
        api.get("/api/v1/tasks/999", &bohr).expect(404)["detail"].as_str().unwrap().replace("999", "N"),
        "one that is not there says the same"
    );
    api.db().add_member(lab, "bohr", Role::Viewer).unwrap();
    api.get(&one, &bohr).expect(200);
    api.call("PUT", &one, &bohr, &json!({"title": "x"})).expect(403);
    api.call("POST", "/api/v1/tasks?workspace_id=lab", &bohr, &json!({"title": "x"})).expect(403);
}
