//! Queries: bodies and lines, groups, aggregates, mistakes with their place, and what others may not find.

use serde_json::{Value, json};

use super::{Api, Person};

const QUERY: &str = "/api/v1/query/?workspace_id=lab";

/// A workspace with notes in two notebooks.
fn stocked(api: &Api, owner: &Person) -> Value {
    let lab = api.workspace("lab", owner);
    api.call("POST", "/api/v1/workspaces/lab/notebooks", owner, &json!({"name": "papers"})).expect(201);
    let path = std::path::PathBuf::from(lab["path"].as_str().unwrap());
    for (file, text) in [
        ("runs/a.md", "---\ntags: [experiment, gpu]\nstatus: done\nloss: 0.1\n---\n\nAdam warms up.\n"),
        ("runs/b.md", "---\ntags: [experiment/old]\nstatus: todo\nloss: 0.7\n---\n\nSGD.\n"),
        ("runs/c.md", "---\nstatus: todo\nkinds: [x, _none, '']\n---\n\n[[a]]\n"),
        ("papers/p.md", "---\ntags: [experiment]\nloss: 3\n---\n\nAdam again.\n"),
    ] {
        std::fs::write(path.join(file), text).unwrap();
    }
    crate::support::eventually(std::time::Duration::from_secs(10), "they are indexed", || {
        api.get(&format!("{QUERY}&q="), owner).expect(200)["total"] == 4
    });
    lab
}

fn paths(result: &Value) -> Vec<&str> {
    result["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect()
}

#[test]
fn a_body_a_line_and_a_parameter_ask_the_same() {
    let api = Api::start();
    let ada = api.person("ada");
    stocked(&api, &ada);
    let by_line = api.call("POST", QUERY, &ada, &json!({"q": "tag:experiment loss<1 sort:-loss"})).expect(200);
    assert_eq!(paths(&by_line), ["b.md", "a.md"]);
    assert_eq!((&by_line["total"], &by_line["limit"], &by_line["offset"]), (&json!(2), &json!(100), &json!(0)));
    let by_param = api.get(&format!("{QUERY}&q=tag:experiment%20loss%3C1%20sort:-loss"), &ada).expect(200);
    assert_eq!(by_line, by_param);
    let body = json!({"tags": ["experiment"], "where": "loss<1", "sort": "loss desc"});
    assert_eq!(by_line, api.call("POST", QUERY, &ada, &body).expect(200));
    let file = &by_line["files"][0];
    for field in ["id", "ref", "notebook_id", "filename", "hash", "etag", "tags", "properties", "created_at"] {
        assert!(!file[field].is_null(), "{field} of {file}");
    }
    let page = api.get(&format!("{QUERY}&q=sort:path&limit=2&offset=1"), &ada).expect(200);
    assert_eq!((paths(&page), &page["total"]), (vec!["b.md", "c.md"], &json!(4)));
}

#[test]
fn groups_aggregates_and_notebooks() {
    let api = Api::start();
    let ada = api.person("ada");
    stocked(&api, &ada);
    let ask = |body: Value| api.call("POST", QUERY, &ada, &body).expect(200);
    let grouped =
        ask(json!({"group_by": "status", "limit": 1, "aggregate": {"loss": ["min", "max", "count"], "_": "count"}}));
    let groups = grouped["groups"].as_object().unwrap();
    let sizes: Vec<(&str, usize)> =
        groups.iter().map(|(key, of)| (key.as_str(), of.as_array().unwrap().len())).collect();
    // All that match, whatever the page is, in the order of the values; those without one last.
    assert_eq!(sizes, [("done", 1), ("todo", 2), ("_none", 1)]);
    assert_eq!(paths(&grouped).len(), 1);
    assert_eq!(grouped["aggregates"], json!({"loss": {"min": 0.1, "max": 3.0, "count": 3}, "_": {"count": 4}}));
    let keys: Vec<String> = ask(json!({"group_by": "kinds"}))["groups"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["", "%5Fnone", "x", "_none"]);
    for name in [json!("papers"), api.get("/api/v1/workspaces/lab/notebooks/papers", &ada).expect(200)["id"].clone()] {
        for key in ["notebooks", "notebook_ids"] {
            assert_eq!(paths(&ask(json!({key: [name]}))), ["p.md"], "{key} {name}");
        }
    }
    assert_eq!(ask(json!({"notebooks": "*"}))["total"], 4);
    assert_eq!(ask(json!({"q": "notebook:papers"}))["total"], 1);
    assert_eq!(ask(json!({"q": "links-to:a"}))["total"], 1);
}

#[test]
fn mistakes_name_field_and_place_and_unknown_keys_are_warned_of() {
    let api = Api::start();
    let ada = api.person("ada");
    stocked(&api, &ada);
    for (body, field, position) in [
        (json!({"q": "tag:a ("}), "q", json!(7)),
        (json!({"where": "loss<"}), "where", json!(5)),
        (json!({"limit": 0}), "limit", Value::Null),
        (json!({"limit": 10_001}), "limit", Value::Null),
        (json!({"q": "limit:10001"}), "limit", Value::Null),
        (json!({"limit": "many"}), "limit", Value::Null),
        (json!({"tags": [{}]}), "tags", Value::Null),
        (json!({"notebooks": ["nothing"]}), "notebooks", Value::Null),
        (json!({"group_by": {}}), "group_by", Value::Null),
        (json!([]), "", Value::Null),
        (json!("tag:a"), "", Value::Null),
        (json!(null), "", Value::Null),
    ] {
        let refused = api.call("POST", QUERY, &ada, &body);
        assert_eq!(refused.status, 422, "{body}");
        let refused = refused.json();
        assert_eq!(refused["fields"][0]["field"], field, "{body} {refused}");
        assert_eq!(refused["fields"][0]["position"].is_null(), position.is_null(), "{body} {refused}");
    }
    let refused = api.get(&format!("{QUERY}&q=tag:a%20("), &ada).expect(422);
    assert!(refused["fields"][0]["position"].is_u64(), "{refused}");
    let warned = api.call("POST", QUERY, &ada, &json!({"tgas": ["a"], "limit": 1})).expect(200);
    assert!(warned["warnings"][0].as_str().unwrap().contains("did you mean `tags`"), "{warned}");
    api.call("POST", "/api/v1/query", &ada, &json!({})).expect(422);
    api.call("POST", "/api/v1/query?workspace_id=nothing", &ada, &json!({})).expect(404);
    // What is no JSON, or too deep, or too slow to run.
    let raw = |body: Vec<u8>| {
        api.send(&super::client::Ask::new("POST", QUERY).bearer(&ada.token).body("application/json", body)).status
    };
    assert_eq!(raw(b"{".to_vec()), 400);
    assert_eq!(raw(b"{\"q\": \"\xff\"}".to_vec()), 400);
    assert_eq!(raw("[".repeat(100_000).into_bytes()), 400);
    assert_eq!(raw(format!("{{\"q\": \"{}\"}}", "(".repeat(10_000)).into_bytes()), 422);
    let long = format!("{{\"q\": \"status:~{}\"}}", "(a+)+".repeat(2000));
    // An expression that would take for ever elsewhere takes no longer than others here.
    assert!([200, 400, 422].contains(&raw(long.into_bytes())));
}

#[test]
fn nobody_finds_counts_or_groups_what_they_may_not_read() {
    let api = Api::start();
    let (ada, bohr) = (api.person("ada"), api.person("bohr"));
    let lab = stocked(&api, &ada);
    api.call("POST", QUERY, &bohr, &json!({})).expect(404);
    api.call("POST", &format!("/api/v1/query?workspace_id={}", lab["id"]), &bohr, &json!({})).expect(404);
    // A token of one notebook.
    let runs = api.get("/api/v1/workspaces/lab/notebooks/runs", &ada).expect(200)["id"].clone();
    let made = api.call(
        "POST",
        "/api/v1/users/me/tokens",
        &ada,
        &json!({"name": "t", "scopes": ["read"], "workspace_id": lab["id"], "notebook_id": runs}),
    );
    let limited = Person { token: made.expect(201)["token"].as_str().unwrap().to_owned(), ..ada.clone() };
    let all = api.call("POST", QUERY, &limited, &json!({"group_by": "tag", "aggregate": {"loss": "max"}})).expect(200);
    assert_eq!((&all["total"], &all["aggregates"]["loss"]["max"]), (&json!(3), &json!(0.7)), "{all}");
    assert!(!all.to_string().contains("p.md"), "{all}");
    for body in [json!({"notebooks": ["papers"]}), json!({"notebooks": ["nothing"]})] {
        let refused = api.call("POST", QUERY, &limited, &body).expect(422);
        assert_eq!(refused["fields"][0]["field"], "notebooks", "the same, whether it is there or not");
    }
    assert_eq!(api.call("POST", QUERY, &limited, &json!({"notebooks": "*"})).expect(200)["total"], 3);
    assert_eq!(api.call("POST", QUERY, &limited, &json!({"q": "notebook:papers"})).expect(200)["total"], 0);
    let tags = api.get("/api/v1/workspaces/lab/tags", &limited).expect(200);
    let count = |tags: &Value, tag: &str| {
        tags["tags"].as_array().unwrap().iter().find(|one| one["tag"] == tag).map(|one| one["count"].clone())
    };
    assert_eq!(count(&tags, "experiment"), Some(json!(1)));
    assert_eq!(count(&api.get("/api/v1/workspaces/lab/tags", &ada).expect(200), "experiment"), Some(json!(2)));
    let found = api.get("/api/v1/workspaces/lab/search?q=adam", &limited).expect(200);
    assert_eq!(found["total"], 1);
    let suggested = api.get("/api/v1/workspaces/lab/suggest?q=p", &limited).expect(200);
    assert!(!suggested.to_string().contains("p.md"), "{suggested}");
    for path in ["activity", "gestures", "trash"] {
        let shown = api.get(&format!("/api/v1/workspaces/lab/{path}"), &limited).expect(200).to_string();
        assert!(!shown.contains("p.md"), "{path}: {shown}");
    }
}
