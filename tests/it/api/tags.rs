//! Tags: as a tree with counts, renamed in a workspace or in one notebook.

use serde_json::json;

use super::lab::Lab;

#[test]
fn tags_are_counted_and_renamed() {
    let lab = Lab::new();
    lab.make("a.md", "---\ntags: [gpu]\n---\n");
    lab.make("b.md", "---\ntags: [gpu/a100, draft]\n---\n");
    lab.make("v.cdx", "---\ntype: view\nquery: 'tag:gpu'\n---\n");
    let papers =
        lab.api.call("POST", "/api/v1/workspaces/lab/notebooks", &lab.ada, &json!({"name": "papers"})).expect(201);
    let papers = papers["id"].clone();
    let at = format!("/api/v1/workspaces/lab/notebooks/{papers}");
    lab.api
        .call("POST", &format!("{at}/files"), &lab.ada, &json!({"path": "p.md", "content": "---\ntags: [gpu]\n---\n"}))
        .expect(201);
    let all = "/api/v1/workspaces/lab/tags";
    let tree = |path: &str| lab.api.get(path, &lab.ada).expect(200)["tags"].clone();
    let below = json!([{"tag": "gpu/a100", "count": 1, "children": []}]);
    assert_eq!(
        tree(all),
        json!([{"tag": "draft", "count": 1, "children": []}, {"tag": "gpu", "count": 2, "children": below}])
    );
    assert_eq!(tree(&format!("{at}/tags")), json!([{"tag": "gpu", "count": 1, "children": []}]));
    let patch = |path: &str, body: serde_json::Value| lab.api.call("PATCH", path, &lab.ada, &body);
    let planned = patch(all, json!({"from": "gpu", "to": "card", "dry_run": true})).expect(200);
    assert_eq!((&planned["count"], &planned["dry_run"]), (&json!(4), &json!(true)), "{planned}");
    let listed: Vec<&str> =
        planned["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(listed, ["a.md", "b.md", "v.cdx", "p.md"]);
    assert!(lab.read("a.md").unwrap().contains("gpu"), "a dry run changes nothing");
    patch(all, json!({"from": "gpu", "to": "draft"})).expect(409);
    patch(all, json!({"from": "nothing", "to": "x"})).expect(404);
    patch(all, json!({"from": "gpu", "to": "gpu/below"})).expect(400);
    for bad in
        [json!({}), json!({"from": "a"}), json!({"from": "a//b", "to": "c"}), json!({"from": "a", "to": "", "x": 1})]
    {
        patch(all, bad).expect(422);
    }
    // In one notebook: the others keep theirs.
    let renamed = patch(&format!("{at}/tags"), json!({"from": "gpu", "to": "card"})).expect(200);
    assert_eq!((&renamed["count"], &renamed["files"][0]["notebook_id"]), (&json!(1), &papers));
    assert_eq!(tree(&format!("{at}/tags")), json!([{"tag": "card", "count": 1, "children": []}]));
    assert!(lab.read("a.md").unwrap().contains("gpu"));
    patch(&format!("{at}/tags"), json!({"from": "draft", "to": "x"})).expect(404);
    // Everywhere, into one that is there.
    let refused = patch(all, json!({"from": "gpu", "to": "card"})).expect(409);
    assert_eq!(refused["error"], "exists");
    let said = refused["detail"].as_str().unwrap();
    assert!(
        said.contains("`merge: true`") && !said.contains("--"),
        "a field, not a switch of the command line: {said}"
    );
    assert_eq!(patch(all, json!({"from": "gpu", "to": "card", "merge": true})).expect(200)["count"], 3);
    assert!(lab.read("b.md").unwrap().contains("card/a100") && lab.read("v.cdx").unwrap().contains("tag:card"));
    let tags = tree(all);
    assert_eq!((&tags[0]["tag"], &tags[0]["count"]), (&json!("card"), &json!(2)));
}
