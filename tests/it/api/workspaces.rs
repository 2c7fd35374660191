//! Workspaces and their members.

use serde_json::json;

use super::Api;

#[test]
fn a_workspace_is_made_found_renamed_and_forgotten() {
    let api = Api::start();
    let ada = api.person("ada");
    let made = api.call("POST", "/api/v1/workspaces/", &ada, &json!({"name": "My Lab"})).expect(201);
    assert_eq!((&made["slug"], &made["role"], &made["owner_id"]), (&json!("my-lab"), &json!("owner"), &json!(ada.id)));
    let path = made["path"].as_str().unwrap().to_owned();
    for named in [made["id"].to_string(), "my-lab".to_owned()] {
        let shown = api.get(&format!("/api/v1/workspaces/{named}"), &ada).expect(200);
        assert_eq!((&shown["name"], &shown["file_count"]), (&json!("My Lab"), &json!(0)));
    }
    let changed = api.call("PATCH", "/api/v1/workspaces/my-lab", &ada, &json!({"name": "Lab"})).expect(200);
    assert_eq!((&changed["name"], &changed["slug"]), (&json!("Lab"), &json!("my-lab")));
    let themed = api.call("PATCH", "/api/v1/workspaces/my-lab/theme", &ada, &json!({"theme": "cream"})).expect(200);
    assert_eq!(themed["theme_setting"], "cream");
    api.call("DELETE", "/api/v1/workspaces/my-lab", &ada, &json!({})).expect(204);
    api.get("/api/v1/workspaces/my-lab", &ada).expect(404);
    assert!(std::path::Path::new(&path).join(".codex").exists());
}

#[test]
fn a_workspace_that_goes_with_its_files_goes_to_the_trash() {
    let api = Api::start();
    let ada = api.person("ada");
    let made = api.workspace("lab", &ada);
    let path = std::path::PathBuf::from(made["path"].as_str().unwrap());
    std::fs::write(path.join("runs/a.md"), "# A\n").unwrap();
    api.call("DELETE", "/api/v1/workspaces/lab?delete_files=true", &ada, &json!({})).expect(204);
    assert!(!path.exists());
    let trash = path.parent().unwrap().join(".codex-trash");
    let kept = std::fs::read_dir(trash).unwrap().next().unwrap().unwrap().path();
    assert_eq!(std::fs::read_to_string(kept.join("runs/a.md")).unwrap(), "# A\n");
}

#[test]
fn a_path_of_ones_choice_is_below_the_configured_roots() {
    let root = tempfile::tempdir().unwrap();
    let at = root.path().canonicalize().unwrap();
    let roots = vec![at.clone()];
    let api = Api::start_with(|config| config.workspace_roots = roots);
    let ada = api.person("ada");
    let make = |path: String| api.call("POST", "/api/v1/workspaces", &ada, &json!({"name": "x", "path": path})).status;
    assert_eq!(make("/etc".to_owned()), 403);
    assert_eq!(make(format!("{}/../x", at.display())), 403);
    assert_eq!(make(format!("{}/mine", at.display())), 201);
    assert_eq!(make(format!("{}/mine", at.display())), 409);
    assert_eq!(make("mine".to_owned()), 422);
    let closed = Api::start();
    let bohr = closed.person("bohr");
    let body = json!({"name": "x", "path": at.join("other")});
    closed.call("POST", "/api/v1/workspaces", &bohr, &body).expect(403);
}

#[test]
fn members_see_what_their_role_allows() {
    let api = Api::start();
    let (ada, bohr, eve) = (api.person("ada"), api.person("bohr"), api.person("eve"));
    let lab = api.workspace("lab", &ada);
    let members = format!("/api/v1/workspaces/{}/members", lab["id"]);
    api.get(&members, &bohr).expect(404);
    let added = api.call("POST", &members, &ada, &json!({"email": "bohr@lab.example", "role": "viewer"})).expect(201);
    assert_eq!((&added["username"], &added["role"]), (&json!("bohr"), &json!("viewer")));
    let seen = api.get(&format!("/api/v1/workspaces/{}", lab["id"]), &bohr).expect(200);
    assert!(seen.get("path").is_none() && seen["role"] == "viewer", "{seen}");
    let listed = api.get(&members, &bohr).expect(200);
    assert!(listed.as_array().unwrap().len() == 2 && listed[0].get("email").is_none(), "{listed}");
    assert!(api.get(&members, &ada).expect(200)[0]["email"].is_string());
    api.call("POST", &members, &bohr, &json!({"username": "eve", "role": "owner"})).expect(403);
    api.call("POST", &members, &ada, &json!({"username": "bohr", "role": "editor"})).expect(409);
    api.call("POST", &members, &ada, &json!({"username": "nobody", "role": "editor"})).expect(404);
    api.call("POST", &members, &ada, &json!({"username": "eve", "role": "king"})).expect(422);
    api.call("POST", &members, &ada, &json!({"role": "viewer"})).expect(422);
    let of = |id: i64| format!("{members}/{id}");
    let promoted = api.call("PATCH", &of(bohr.id), &ada, &json!({"role": "editor"})).expect(200);
    assert_eq!(promoted["role"], "editor");
    api.call("PATCH", &of(ada.id), &ada, &json!({"role": "viewer"})).expect(409);
    api.call("DELETE", &of(ada.id), &ada, &json!({})).expect(409);
    api.call("DELETE", &of(eve.id), &ada, &json!({})).expect(404);
    api.call("DELETE", &of(ada.id), &bohr, &json!({})).expect(403);
    api.call("DELETE", &of(bohr.id), &bohr, &json!({})).expect(204);
    api.get(&format!("/api/v1/workspaces/{}", lab["id"]), &bohr).expect(404);
}

/// Two people may have a workspace of one slug; each gets their own, a guest the one they are a member of.
#[test]
fn a_slug_names_ones_own_workspace_first() {
    let api = Api::start();
    let (ada, bohr) = (api.person("ada"), api.person("bohr"));
    let first = api.workspace("lab", &ada);
    let second = api.workspace("lab", &bohr);
    assert_eq!((&first["slug"], &second["slug"]), (&json!("lab"), &json!("lab-2")));
    api.get("/api/v1/workspaces/lab", &bohr).expect(404);
    api.get("/api/v1/workspaces/lab-2", &bohr).expect(200);
}

#[test]
fn a_workspace_that_another_process_holds_is_said_to_be_so() {
    use cdx::engine::{Engine, EngineOptions};
    let api = Api::start();
    let ada = api.person("ada");
    let made = api.call("POST", "/api/v1/workspaces", &ada, &json!({"name": "lab"})).expect(201);
    let path = std::path::PathBuf::from(made["path"].as_str().unwrap());
    let actor = cdx::types::Actor::User("root".to_owned());
    let options = EngineOptions { actor, watch: false, serve: false, wait_for_scan: false, read_only: false };
    let engine = Engine::open(&path, options).unwrap();
    let error = api.get("/api/v1/workspaces/lab/notebooks", &ada).expect(503);
    assert!(error["detail"].as_str().unwrap().contains("in use by another process"), "{error}");
    assert!(!error.to_string().contains(path.to_str().unwrap()), "{error}");
    api.get("/api/v1/workspaces/lab", &ada).expect(200);
    engine.close();
    api.get("/api/v1/workspaces/lab/notebooks", &ada).expect(200);
}
