//! Files: made, listed, read, changed, moved, removed.

use serde_json::{Value, json};

use super::lab::Lab;

const NOTE: &str = "---\n# kept\nstatus: todo\nowner: ada\ntags: [gpu]\n---\n\n# Adam\n\nSee [[plan]].\n";

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    cdx::types::ContentHash(Sha256::digest(text).into()).to_string()
}

#[test]
fn a_file_is_made_shown_and_has_the_fields_of_the_contract() {
    let lab = Lab::new();
    let made =
        lab.call("POST", "/files", &json!({"path": "new/adam.md", "content": NOTE, "properties": {"loss": 0.5}}));
    let file = made.expect(201);
    let notebook = lab.get("").expect(200)["id"].clone();
    assert_eq!(file["ref"], json!(format!("{notebook}:{}", file["id"])));
    let text = lab.read("new/adam.md").unwrap();
    for (field, expected) in [
        ("notebook_id", notebook.clone()),
        ("path", json!("new/adam.md")),
        ("filename", json!("adam.md")),
        ("content_type", json!("text/markdown")),
        ("size", json!(text.len())),
        ("hash", json!(sha256(&text))),
        ("title", json!("Adam")),
        ("description", Value::Null),
        ("file_type", Value::Null),
        ("tags", json!(["gpu"])),
        ("properties", json!({"status": "todo", "owner": "ada", "loss": 0.5})),
        ("sidecar_path", Value::Null),
        ("etag", json!(format!("\"{}\"", sha256(&text)))),
    ] {
        assert_eq!(file[field], expected, "{field}");
    }
    for time in ["created_at", "updated_at", "file_modified_at"] {
        assert!(file[time].as_str().unwrap().ends_with('Z'), "{file}");
    }
    assert!(file.get("content").is_none() && text.contains("# kept"));
    assert_eq!(made.header("etag"), file["etag"].as_str());
    let shown = lab.get(&format!("/files/{}", file["id"]));
    assert_eq!((shown.expect(200), shown.header("etag")), (file.clone(), file["etag"].as_str()));
    assert_eq!(lab.get("/files/path/new/adam.md").expect(200), file);
    let flat = |rest: &str| lab.api.get(&format!("/api/v1/files/{rest}"), &lab.ada);
    assert_eq!(flat(file["ref"].as_str().unwrap()).expect(200), file);
    assert_eq!(flat(&format!("{}?notebook_id={notebook}", file["id"])).expect(200), file);
    flat(&file["id"].to_string()).expect(422);
    flat("999:1").expect(404);
    let again = lab.call("POST", "/files", &json!({"path": "new/adam.md", "content": ""}));
    assert_eq!(again.expect(409)["error"], "exists");
    let whole = lab.get(&format!("/files/{}?content=true", file["id"])).expect(200);
    assert_eq!((&whole["content"], &whole["etag"]), (&json!(text), &file["etag"]));
    assert_eq!(lab.get("/files/path/new/adam.md?content=true").expect(200), whole);
    lab.get("/files/999").expect(404);
    lab.get("/files/none").expect(404);
}

#[test]
fn strangers_and_readers_are_kept_out_of_flat_references_too() {
    let lab = Lab::new();
    let file = lab.make("a.md", "x");
    let bohr = lab.api.person("bohr");
    let path = format!("/api/v1/files/{}", file["ref"].as_str().unwrap());
    let hidden = lab.api.get(&path, &bohr).expect(404);
    let notebook = file["notebook_id"].as_i64().unwrap();
    let none = lab.api.get(&format!("/api/v1/files/{}:1", notebook + 1000), &bohr).expect(404);
    let shape = |error: &Value| error["detail"].as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "");
    assert_eq!(shape(&hidden), shape(&none));
}

#[test]
fn lists_are_pages_in_an_order() {
    let lab = Lab::new();
    for name in ["b.md", "a/x.md", "a/c/y.md"] {
        lab.make(name, &"x".repeat(name.len()));
    }
    let listed = |query: &str| {
        let page = lab.get(&format!("/files/{query}")).expect(200);
        let paths: Vec<&str> = page["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
        (paths.join(" "), page["pagination"].clone())
    };
    let page =
        |skip: u32, limit: u32, has_more: bool| json!({"skip": skip, "limit": limit, "total": 3, "has_more": has_more});
    assert_eq!(listed(""), ("a/c/y.md a/x.md b.md".to_owned(), page(0, 100, false)));
    assert_eq!(listed("?limit=2"), ("a/c/y.md a/x.md".to_owned(), page(0, 2, true)));
    assert_eq!(listed("?limit=2&skip=2"), ("b.md".to_owned(), page(2, 2, false)));
    assert_eq!(listed("?sort=size").0, "b.md a/x.md a/c/y.md");
    assert_eq!(listed("?sort=-path").0, "b.md a/x.md a/c/y.md");
    assert_eq!(listed("?folder=a").0, "a/c/y.md a/x.md");
    assert_eq!(listed("?folder=nowhere").0, "");
    for (query, field) in [("?limit=0", "limit"), ("?limit=1001", "limit"), ("?skip=-1", "skip"), ("?sort=x", "sort")] {
        assert_eq!(lab.get(&format!("/files{query}")).expect(422)["fields"][0]["field"], field, "{query}");
    }
    lab.get("/files?folder=../x").expect(400);
}

#[test]
fn texts_are_told_from_frontmatter_and_what_is_no_text_from_texts() {
    let lab = Lab::new();
    let file = lab.make("a.md", NOTE);
    let at = format!("/files/{}/text", file["id"]);
    let text = lab.get(&at).expect(200);
    assert_eq!((&text["raw"], &text["content"]), (&json!(NOTE), &json!("\n# Adam\n\nSee [[plan]].\n")));
    assert_eq!((&text["hash"], &text["properties"]["owner"]), (&file["hash"], &json!("ada")));
    assert_eq!(text["id"], file["id"]);
    std::fs::write(lab.root.join("x.bin"), b"\x00\xff\xfe").unwrap();
    let id = lab.until_found("x.bin")["id"].clone();
    lab.get(&format!("/files/{id}/text")).expect(415);
    assert_eq!(lab.get(&format!("/files/{id}/content")).body, b"\x00\xff\xfe");
}

#[test]
fn a_path_that_is_there_wins_over_what_ends_it() {
    let lab = Lab::new();
    lab.make("a.md", "of a");
    let by = |rest: &str| lab.get(&format!("/files/path/{rest}"));
    assert_eq!(by("a.md").expect(200)["path"], "a.md");
    assert_eq!(by("a.md/text").expect(200)["raw"], "of a");
    assert_eq!(by("a.md/content").text(), "of a");
    assert_eq!(by("a.md?as=text").expect(200)["raw"], "of a");
    assert_eq!(by("a.md?as=content").text(), "of a");
    by("a.md?as=nothing").expect(422);
    by("a.md/other").expect(404);
    by("a.md/text?as=text").expect(404);
    lab.make("text", "the file text");
    lab.make("notes/content", "the file content");
    assert_eq!(by("notes/content").expect(200)["path"], "notes/content");
    assert_eq!(by("notes/content/content").text(), "the file content");
    assert_eq!(by("text").expect(200)["path"], "text");
    lab.make("d\u{fc} b.md", "composed");
    assert_eq!(by("d%C3%BC%20b.md").expect(200)["path"], "d\u{fc} b.md");
    assert_eq!(by("du%CC%88%20b.md").expect(200)["path"], "d\u{fc} b.md");
}

#[test]
fn content_raw_and_properties_change_each_for_itself() {
    let lab = Lab::new();
    let file = lab.make("a.md", NOTE);
    let at = format!("/files/{}", file["id"]);
    let put = |body: Value| {
        let changed = lab.call("PUT", &at, &body).expect(200);
        assert_eq!(changed["id"], file["id"]);
        (lab.read("a.md").unwrap(), changed)
    };
    let front = "---\n# kept\nstatus: todo\nowner: ada\ntags: [gpu]\n---\n";
    assert_eq!(put(json!({"content": "new\n"})).0, format!("{front}new\n"));
    assert_eq!(put(json!({})).0, format!("{front}new\n"));
    assert_eq!(put(json!({"content": null, "properties": {}})).0, format!("{front}new\n"));
    assert_eq!(put(json!({"content": ""})).0, front);
    let (text, changed) = put(json!({"properties": {"status": "done", "owner": null, "loss": 0.5}}));
    assert_eq!(text, "---\n# kept\nstatus: done\ntags: [gpu]\nloss: 0.5\n---\n");
    assert_eq!(changed["properties"], json!({"status": "done", "loss": 0.5}));
    let (_, changed) = put(json!({"properties": {"metrics": {"a": [1, "x"]}}, "replace_properties": true}));
    assert_eq!((&changed["properties"], &changed["tags"]), (&json!({"metrics": {"a": [1, "x"]}}), &json!(["gpu"])));
    assert_eq!(put(json!({"properties": {}, "replace_properties": true})).1["properties"], json!({}));
    assert_eq!(put(json!({"properties": {"tags": ["x", "y/z"]}})).1["tags"], json!(["x", "y/z"]));
    assert_eq!(put(json!({"raw": ""})).0, "");
    assert_eq!(put(json!({"raw": "all\n", "properties": {"title": "T"}})).0, "---\ntitle: T\n---\nall\n");
}

#[test]
fn bodies_that_do_not_fit_change_nothing() {
    let lab = Lab::new();
    let file = lab.make("a.md", NOTE);
    let at = format!("/files/{}", file["id"]);
    for (body, status, field) in [
        (json!({"content": 1}), 422, "content"),
        (json!({"contents": "x"}), 422, "contents"),
        (json!({"content": "x", "raw": "y"}), 422, "raw"),
        (json!({"properties": []}), 422, "properties"),
        (json!({"properties": "x"}), 422, "properties"),
        (json!({"replace_properties": true}), 422, "properties"),
        (json!({"replace_properties": "yes", "properties": {}}), 422, "replace_properties"),
        (json!({"expected_hash": "abc", "content": "x"}), 422, "expected_hash"),
        (json!({"properties": {"": 1}, "content": "x"}), 400, ""),
        (json!({"properties": {"a..b": 1}, "content": "x"}), 400, ""),
        (json!({"properties": {"tags": ["a//b"]}, "content": "x"}), 400, ""),
        (json!({"properties": {"status.deep": 1}, "content": "x"}), 409, ""),
        (json!([]), 422, ""),
    ] {
        let error = lab.call("PUT", &at, &body).expect(status);
        assert_eq!(error["fields"][0]["field"].as_str().unwrap_or_default(), field, "{body} {error}");
        assert_eq!(lab.read("a.md").as_deref(), Some(NOTE), "{body}");
    }
    for (body, status, field) in [
        (json!({"path": "b.md"}), 422, "content"),
        (json!({"path": 1, "content": ""}), 422, "path"),
        (json!({"path": "b.md", "content": "", "mode": 1}), 422, "mode"),
        (json!({"path": "b.md", "content": "", "properties": {"a": {"b": {}}, "c\nd": 1}}), 400, ""),
        (json!({"path": ".metadata", "content": ""}), 422, "path"),
        (json!({"path": "node_modules/b.md", "content": ""}), 422, "path"),
        (json!({"path": "b\n.md", "content": ""}), 422, "path"),
        (json!({"path": "a.md/b.md", "content": ""}), 409, ""),
    ] {
        let error = lab.call("POST", "/files", &body).expect(status);
        assert_eq!(error["fields"][0]["field"].as_str().unwrap_or_default(), field, "{body} {error}");
    }
    assert_eq!(lab.get("/files").expect(200)["pagination"]["total"], 1);
    let json = "application/json";
    for (text, status) in [
        ("{", 400),
        ("{\"content\": \"\\ud800\"}", 400),
        (&format!("{{\"properties\": {}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000)), 400),
    ] as [(&str, u16); 3]
    {
        let reply = lab.api.send(&lab.ask("PUT", &at).body(json, text));
        reply.expect(status);
    }
    lab.api.send(&lab.ask("PUT", &at).body(json, &b"{\"content\": \"\xff\"}"[..])).expect(400);
    lab.api.send(&lab.ask("PUT", &at).header("Content-Length", "1073741824").body(json, "{")).expect(413);
    lab.api.send(&lab.ask("PUT", &at).body("text/plain", "{}")).expect(415);
}

#[test]
fn of_two_writers_with_one_hash_one_writes() {
    let lab = Lab::new();
    let file = lab.make("a.md", "zero\n");
    let at = format!("/files/{}", file["id"]);
    let etag = file["etag"].as_str().unwrap();
    let put = |etag: &str, text: &str| {
        lab.api.send(&lab.ask("PUT", &at).header("If-Match", etag).json(&json!({"content": text})))
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|n| scope.spawn(move || put(etag, &format!("writer {n}\n")).status)).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 412].contains(status)), "{statuses:?}");
    let now = lab.get(&at).expect(200);
    let refused = put(etag, "late\n").expect(412);
    assert_eq!((&refused["error"], &refused["current_hash"]), (&json!("precondition_failed"), &now["hash"]));
    assert_eq!(sha256(&lab.read("a.md").unwrap()), now["hash"].as_str().unwrap());
    put(&format!("W/{}", now["etag"].as_str().unwrap()), "weak\n").expect(412);
    put("*", "any\n").expect(200);
    let hash = lab.get(&at).expect(200)["hash"].clone();
    lab.call("PUT", &at, &json!({"raw": "bare\n", "expected_hash": hash})).expect(200);
    lab.call("PUT", &at, &json!({"properties": {"a": 1}, "expected_hash": hash})).expect(412);
    lab.api.send(&lab.ask("DELETE", &at).header("If-Match", etag)).expect(412);
    assert_eq!(lab.read("a.md").as_deref(), Some("bare\n"));
    let etag = lab.get(&at).expect(200)["etag"].as_str().unwrap().to_owned();
    lab.api.send(&lab.ask("DELETE", &at).header("If-Match", etag)).expect(204);
}

#[test]
fn a_file_moves_with_its_sidecar_and_keeps_what_it_is() {
    let lab = Lab::new();
    let file = lab.make("plot.txt", "x");
    let at = format!("/files/{}", file["id"]);
    let described = lab.call("PUT", &at, &json!({"properties": {"tags": ["plot"], "n": 1}})).expect(200);
    assert_eq!(described["sidecar_path"], ".plot.txt.json");
    let moved = lab.call("PATCH", &format!("{at}/move"), &json!({"new_path": "old/p.txt"})).expect(200);
    assert_eq!((&moved["id"], &moved["tags"], &moved["path"]), (&file["id"], &json!(["plot"]), &json!("old/p.txt")));
    assert_eq!(moved["sidecar_path"], "old/.p.txt.json");
    assert!(lab.read(".plot.txt.json").is_none() && lab.read("old/.p.txt.json").is_some());
    lab.make("taken.txt", "");
    assert_eq!(
        lab.call("PATCH", &format!("{at}/move"), &json!({"new_path": "taken.txt"})).expect(409)["error"],
        "exists"
    );
    for bad in ["../out.txt", "/etc/x", "a\u{0}b", ".codex/x", ""] {
        lab.call("PATCH", &format!("{at}/move"), &json!({"new_path": bad})).expect(400);
    }
    lab.call("PATCH", &format!("{at}/move"), &json!({"to": "x"})).expect(422);
    lab.flush();
    let history = lab.get(&format!("{at}/history")).expect(200);
    assert_eq!(history["history"][0]["author"], "ada");
    lab.call("DELETE", &at, &Value::Null).expect(204);
    assert!(lab.read("old/p.txt").is_none() && lab.read("old/.p.txt.json").is_none());
    lab.get(&at).expect(404);
    lab.call("DELETE", &at, &Value::Null).expect(404);
}

#[test]
fn links_are_listed_resolved_and_follow_a_move() {
    let lab = Lab::new();
    let plan = lab.make("notes/plan.md", "# Plan\n");
    let index = lab.make("index.md", "[[plan]] [p](notes/plan.md#x) [gone](missing.md) [w](https://example.org)\n");
    let links = |file: &Value| lab.get(&format!("/files/{}/links", file["id"])).expect(200);
    let of_index = links(&index);
    assert_eq!(of_index["broken"], json!(["missing.md"]));
    assert_eq!(
        of_index["out"][0],
        json!({"target": "plan", "id": plan["id"], "ref": plan["ref"], "path": "notes/plan.md"})
    );
    assert_eq!(of_index["out"].as_array().unwrap().len(), 2);
    assert_eq!(links(&plan)["in"], json!([{"id": index["id"], "ref": index["ref"], "path": "index.md"}]));
    let resolve = |body: Value| lab.call("POST", "/files/resolve-link", &body);
    for (link, from) in
        [("[[plan#x|the plan]]", "index.md"), ("plan.md", "notes/other.md"), ("/notes/plan.md", "a/b.md")]
    {
        let found = resolve(json!({"link": link, "current_file_path": from})).expect(200);
        assert_eq!((&found["id"], &found["resolved_path"]), (&plan["id"], &json!("notes/plan.md")), "{link}");
    }
    assert_eq!(resolve(json!({"link": "notes%2Fplan.md"})).expect(200)["id"], plan["id"]);
    for link in ["nowhere", "../../etc/passwd", "https://example.org", "#x"] {
        resolve(json!({"link": link})).expect(404);
    }
    resolve(json!({"link": ""})).expect(422);
    resolve(json!({"link": "plan", "current_file_path": "../x"})).expect(400);
    let moved = json!({"new_path": "old/the plan.md", "update_links": true});
    lab.call("PATCH", &format!("/files/{}/move", plan["id"]), &moved).expect(200);
    let text = "[[the plan]] [p](old/the%20plan.md#x) [gone](missing.md) [w](https://example.org)\n";
    assert_eq!(lab.read("index.md").as_deref(), Some(text));
    assert_eq!(links(&index)["broken"], json!(["missing.md"]));
}

#[test]
fn templates_begin_files() {
    let lab = Lab::new();
    std::fs::create_dir(lab.root.join(".templates")).unwrap();
    std::fs::write(lab.root.join(".templates/run.md"), "---\nname: {{title}}\n---\n# {{title}} {{unknown}} {{yyyy}}\n")
        .unwrap();
    let listed = lab.get("/files/templates").expect(200);
    let ids: Vec<&str> = listed["templates"].as_array().unwrap().iter().map(|t| t["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"builtin:experiment") && ids.contains(&"notebook:run.md"), "{ids:?}");
    let make = |body: Value| lab.call("POST", "/files/from-template", &body);
    let made =
        make(json!({"template_id": "notebook:run.md", "filename": "r/adam", "properties": {"lr": 0.1}})).expect(201);
    assert_eq!((&made["path"], &made["title"]), (&json!("r/adam.md"), &made["title"]));
    let text = lab.read("r/adam.md").unwrap();
    assert!(
        text.contains("name: adam\n") && text.contains("lr: 0.1") && text.contains("# adam {{unknown}} 2"),
        "{text}"
    );
    make(json!({"template_id": "notebook:run.md", "filename": "r/adam"})).expect(409);
    make(json!({"template_id": "notebook:run.md", "filename": "a: b"})).expect(422);
    let first = make(json!({"template_id": "builtin:experiment"})).expect(201);
    let second = make(json!({"template_id": "builtin:experiment"})).expect(201);
    assert_ne!(first["path"], second["path"]);
    assert_eq!((&first["file_type"], &first["tags"]), (&json!("experiment"), &json!(["experiment"])));
    let titled = json!({"template_id": "builtin:note", "filename": "n.md", "properties": {"title": "A: \"b\""}});
    assert_eq!(make(titled).expect(201)["title"], "A: \"b\"");
    make(json!({"template_id": "notebook:../a.md"})).expect(404);
    make(json!({"template_id": "builtin:note", "filename": "../x"})).expect(400);
}

/// What one caller's request has changed, its next one sees, and so do tags and lists.
#[test]
fn a_callers_writes_are_seen_by_its_next_request() {
    let lab = Lab::new();
    for n in 0..30 {
        let made = lab.make(&format!("n{n}.md"), "x\n");
        let at = format!("/files/{}", made["id"]);
        lab.call("PUT", &at, &json!({"properties": {"n": n, "tags": ["seen"]}})).expect(200);
        let shown = lab.get(&at).expect(200);
        assert_eq!((&shown["properties"]["n"], &shown["tags"]), (&json!(n), &json!(["seen"])));
        assert_eq!(lab.get("/files").expect(200)["pagination"]["total"], n + 1);
    }
    // What somebody else does to the store is seen soon.
    std::fs::write(lab.root.join("n0.md"), "from outside\n").unwrap();
    let shown = lab.get("/files/path/n0.md/content");
    assert_eq!(
        (shown.text(), shown.header("etag")),
        ("from outside\n".to_owned(), Some(&*format!("\"{}\"", sha256("from outside\n"))))
    );
}
