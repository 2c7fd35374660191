//! Search, search by tags, suggestions.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Api, Person};
use crate::support::eventually;

fn stocked(api: &Api, owner: &Person, files: &[(String, String)]) {
    let lab = api.workspace("lab", owner);
    let path = std::path::PathBuf::from(lab["path"].as_str().unwrap()).join("runs");
    for (file, text) in files {
        let at = path.join(file);
        std::fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::fs::write(at, text).unwrap();
    }
    eventually(Duration::from_secs(60), "they are indexed", || {
        api.get("/api/v1/query?workspace_id=lab&limit=1", owner).expect(200)["total"] == files.len()
    });
}

fn paths(result: &Value) -> Vec<&str> {
    result["results"].as_array().unwrap().iter().map(|hit| hit["path"].as_str().unwrap()).collect()
}

#[test]
fn hits_are_ranked_and_their_excerpts_escaped() {
    let api = Api::start();
    let ada = api.person("ada");
    let note = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    stocked(
        &api,
        &ada,
        &[
            note("once.md", "# One\n\nThe rate of adam, among many other words that say nothing of it at all.\n"),
            note("often.md", "---\ntags: [gpu]\n---\n\nadam adam <script>alert('adam')</script> & adam\n"),
            note("never.md", "---\ntags: [gpu, tpu]\n---\n\nSGD.\n"),
        ],
    );
    let at = "/api/v1/workspaces/lab/search/";
    let found = api.get(&format!("{at}?q=adam"), &ada).expect(200);
    assert_eq!((paths(&found), &found["total"]), (vec!["often.md", "once.md"], &json!(2)));
    let scores: Vec<f64> =
        found["results"].as_array().unwrap().iter().map(|hit| hit["score"].as_f64().unwrap()).collect();
    assert!(scores[0] > scores[1] && scores[1] > 0.0, "{scores:?}");
    let excerpt = found["results"][0]["snippet"].as_str().unwrap();
    assert!(excerpt.contains("<mark>adam</mark>") && excerpt.contains("&lt;script&gt;") && excerpt.contains("&amp;"));
    assert!(!excerpt.replace("<mark>", "").replace("</mark>", "").contains('<'), "{excerpt}");
    let page = api.get(&format!("{at}?q=adam&limit=1&offset=1"), &ada).expect(200);
    assert_eq!((paths(&page), &page["limit"], &page["offset"]), (vec!["once.md"], &json!(1), &json!(1)));
    let tagged = api.get(&format!("{at}?q=tag:gpu"), &ada).expect(200);
    assert_eq!(paths(&tagged), ["never.md", "often.md"]);
    assert!(tagged["results"][0]["score"].is_null() && tagged["results"][0]["snippet"].is_null());
    let notebook = "/api/v1/workspaces/lab/notebooks/runs/search";
    assert_eq!(paths(&api.get(&format!("{notebook}?q=adam"), &ada).expect(200)).len(), 2);
    for bad in ["", "?q=", "?q=%20", "?q=tag:(", "?q=a&limit=0", "?q=a&limit=1001", "?q=a&offset=-1", "?q=sort:"] {
        api.get(&format!("{at}{bad}"), &ada).expect(422);
    }
    let refused = api.get(&format!("{at}?q=a%20OR"), &ada).expect(422);
    assert_eq!(refused["fields"][0]["field"], "q");
    assert!(refused["fields"][0]["position"].is_u64());
    for (tags, expected) in [
        ("gpu", vec!["never.md", "often.md"]),
        ("gpu,tpu", vec!["never.md"]),
        ("%3Dgpu", vec!["never.md", "often.md"]),
        ("GPU", vec!["never.md", "often.md"]),
        ("nothing", vec![]),
    ] {
        for at in ["/api/v1/workspaces/lab", "/api/v1/workspaces/lab/notebooks/runs"] {
            let found = api.get(&format!("{at}/search/tags?tags={tags}"), &ada).expect(200);
            assert_eq!(paths(&found), expected, "{tags}");
        }
    }
    for bad in ["", "?tags=", "?tags=,", "?tags=a//b"] {
        api.get(&format!("{at}tags{bad}"), &ada).expect(422);
    }
}

#[test]
fn what_is_typed_suggests_files_tags_and_properties() {
    let api = Api::start();
    let ada = api.person("ada");
    let note = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    stocked(
        &api,
        &ada,
        &[
            note("plan.md", "# The great plan\n"),
            note("deep/explanation.md", "---\ntags: [planning/2026]\n---\n"),
            note("deep/warm up.md", "---\ntitle: Adam\nplanned: 2026-01-01\n---\n"),
            note("x.md", "---\ntitle: Replanned in größe\n---\n"),
        ],
    );
    let ask = |q: &str| api.get(&format!("/api/v1/workspaces/lab/suggest?q={q}"), &ada).expect(200);
    let files = |found: &Value| -> Vec<String> {
        found["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect()
    };
    let found = ask("plan");
    assert_eq!(files(&found), ["plan.md", "deep/explanation.md"]);
    assert_eq!((&found["tags"], &found["properties"]), (&json!(["planning", "planning/2026"]), &json!(["planned"])));
    assert_eq!(found["files"][0]["title"], "The great plan");
    assert_eq!(files(&ask("warm")), ["deep/warm up.md"]);
    assert_eq!(files(&ask("ADAM")), ["deep/warm up.md"]);
    assert_eq!(files(&ask("deep%20up")), ["deep/warm up.md"]);
    assert_eq!(files(&ask("gr%C3%B6%C3%9Fe")), ["x.md"]);
    assert_eq!(files(&ask("replan")), ["x.md"], "by the beginning of a word of its title");
    assert_eq!(files(&ask("%22%27%20!")), [""; 0]);
    assert_eq!(files(&ask("nothing")), [""; 0]);
    assert_eq!(files(&ask("")).len(), 4);
    let few = api.get("/api/v1/workspaces/lab/suggest?limit=1", &ada).expect(200);
    assert_eq!(files(&few).len(), 1);
    for bad in ["limit=0", "limit=51", "limit=x"] {
        api.get(&format!("/api/v1/workspaces/lab/suggest?{bad}"), &ada).expect(422);
    }
}

#[test]
fn ten_thousand_notes_are_no_reason_to_wait() {
    let api = Api::start_with(|config| config.requests_per_second = 0);
    let ada = api.person("ada");
    let files: Vec<(String, String)> = (0..10_000)
        .map(|n| {
            let text = format!("---\ntags: [t{}]\nkey{}: {n}\n---\n\n# Note number {n}\n", n % 200, n % 20);
            (format!("folder{}/note-{n}.md", n % 50), text)
        })
        .collect();
    stocked(&api, &ada, &files);
    let mut worst: Vec<Duration> = Vec::new();
    for text in ["", "n", "note", "note-77", "key1", "t1", "number%205", "folder7%20note", "zzz", "%C3%BC"] {
        let path = format!("/api/v1/workspaces/lab/suggest?q={text}");
        api.get(&path, &ada).expect(200);
        // The best of some, since other tests run beside this one; 10 ms are promised of a release build.
        let best = (0..5).map(|_| {
            let began = Instant::now();
            api.get(&path, &ada).expect(200);
            began.elapsed()
        });
        worst.push(best.min().unwrap());
    }
    println!("suggestions at 10,000 notes: {worst:?}");
    assert!(*worst.iter().max().unwrap() < Duration::from_millis(100), "{worst:?}");
}
