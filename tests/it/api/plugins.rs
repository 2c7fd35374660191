//! Whether plugins are on, and how they are set up.

use serde_json::json;

use super::lab::Lab;

#[test]
fn a_notebook_says_otherwise_than_its_workspace() {
    let lab = Lab::new();
    let at = "/api/v1/workspaces/lab/plugins";
    let get = |path: &str| lab.api.get(path, &lab.ada).expect(200);
    let put = |path: &str, body: serde_json::Value| lab.api.call("PUT", path, &lab.ada, &body);
    let default = json!({"plugin_id": "kanban", "enabled": true, "config": {}, "source": "default"});
    assert_eq!(get(&format!("{at}/kanban")), default);
    assert_eq!(lab.get("/plugins/kanban").expect(200), default);
    assert_eq!(get(at), json!([]));
    let said = put(&format!("{at}/kanban"), json!({"config": {"a": {"b": [1]}}})).expect(200);
    assert_eq!(
        said,
        json!({"plugin_id": "kanban", "enabled": true, "config": {"a": {"b": [1]}}, "source": "workspace"})
    );
    assert_eq!(lab.get("/plugins/kanban").expect(200), said);
    // What is left out stays as it holds there.
    let own = lab.call("PUT", "/plugins/kanban", &json!({"enabled": false})).expect(200);
    assert_eq!(
        own,
        json!({"plugin_id": "kanban", "enabled": false, "config": {"a": {"b": [1]}}, "source": "notebook"})
    );
    assert_eq!(get(&format!("{at}/kanban"))["enabled"], true);
    lab.call("PUT", "/plugins/chart", &json!({"enabled": true, "config": {}})).expect(200);
    put(&format!("{at}/weather-api"), json!({"enabled": false})).expect(200);
    let listed = lab.get("/plugins").expect(200);
    let ids: Vec<(&str, &str)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["plugin_id"].as_str().unwrap(), row["source"].as_str().unwrap()))
        .collect();
    assert_eq!(ids, [("chart", "notebook"), ("kanban", "notebook"), ("weather-api", "workspace")]);
    lab.call("DELETE", "/plugins/kanban", &json!({})).expect(204);
    assert_eq!(lab.get("/plugins/kanban").expect(200), said);
    lab.call("DELETE", "/plugins/kanban", &json!({})).expect(404);
    lab.api.call("DELETE", &format!("{at}/kanban"), &lab.ada, &json!({})).expect(204);
    assert_eq!(get(&format!("{at}/kanban")), default);
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let lab = Lab::new();
    let one = "/api/v1/workspaces/lab/plugins/kanban";
    for bad in [
        json!({}),
        json!({"enabled": "yes"}),
        json!({"config": []}),
        json!({"config": null}),
        json!({"enabled": true, "secret": 1}),
        json!({"config": {"a": "x".repeat(300_000)}}),
    ] {
        lab.api.call("PUT", one, &lab.ada, &bad).expect(422);
    }
    for id in ["Kanban", "a_b", "..%2fx", "%00", &"a".repeat(101)] {
        lab.api.get(&format!("/api/v1/workspaces/lab/plugins/{id}"), &lab.ada).expect(404);
    }
}
