//! Paths that lead out: written so, or made so by links, or made so while they are used.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags};
use serde_json::{Value, json};

use super::client::Reply;
use super::lab::Lab;

#[test]
fn paths_that_lead_out_or_are_not_the_callers_are_malformed() {
    let lab = Lab::new();
    lab.make("a.md", "x");
    let long = "x".repeat(300);
    for path in [
        "../a.md",
        "%2e%2e/a.md",
        "%2e%2e%2fa.md",
        "x/..%2f..%2f..%2fetc/passwd",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "./a.md",
        "a.md/../a.md",
        "x//a.md",
        "a%00.md",
        ".codex/notebook.db",
        ".codex/notebook.db/content",
        "x/.git/config",
        ".CODEX/x",
        &long,
        "%ff.md",
    ] {
        let reply = lab.get(&format!("/files/path/{path}"));
        assert_eq!(reply.status, 400, "{path} {}", reply.text());
        let in_body = path.replace("%2e", ".").replace("%2f", "/").replace("%2F", "/").replace("%00", "\0");
        if !path.contains("%ff") && !path.ends_with("/content") {
            lab.call("POST", "/files", &json!({"path": in_body, "content": "x"})).expect(400);
            lab.call("POST", "/folders", &json!({"path": in_body})).expect(400);
        }
    }
    for name in ["%2e%2e%2e", "a..b.md", "..hidden"] {
        assert_eq!(lab.get(&format!("/files/path/{name}")).status, 404, "{name}");
    }
}

/// Asks for a file in every way; what is answered.
fn ask_every_way(lab: &Lab, folder: &str, id: &Value) -> Vec<Reply> {
    let by_path = format!("/files/path/{folder}/secret.md");
    let new = json!({"path": format!("{folder}/new.md"), "content": "written"});
    vec![
        lab.get(&format!("{by_path}?as=content")),
        lab.get(&format!("{by_path}?as=text")),
        lab.get(&format!("/files/{id}/content")),
        lab.get(&format!("/files/{id}/text")),
        lab.get(&format!("/folders/{folder}")),
        lab.call("PUT", &format!("/files/{id}"), &json!({"raw": "written"})),
        lab.call("PUT", &format!("/files/{id}"), &json!({"properties": {"a": 1}})),
        lab.call("POST", "/files", &new),
        lab.call("PUT", &format!("/folders/{folder}"), &json!({"properties": {"a": 1}})),
        lab.call("POST", "/folders", &json!({"path": format!("{folder}/made")})),
        lab.call("POST", "/folders/move", &json!({"path": format!("{folder}/made"), "new_path": "taken"})),
        lab.call("DELETE", &format!("/folders/{folder}/made"), &Value::Null),
    ]
}

/// A folder outside, whose contents are to stay what they are and unread.
struct Outside {
    folder: tempfile::TempDir,
}

const SECRET: &str = "the secret of the outside";

impl Outside {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret.md"), SECRET).unwrap();
        std::fs::create_dir(folder.path().join("made")).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    #[track_caller]
    fn assert_untouched(&self) {
        let mut names: Vec<_> =
            std::fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["made", "secret.md"]);
        assert_eq!(std::fs::read_to_string(self.path().join("secret.md")).unwrap(), SECRET);
        assert_eq!(std::fs::read_dir(self.path().join("made")).unwrap().count(), 0);
    }
}

#[test]
fn links_that_leave_the_notebook_are_not_followed() {
    let lab = Lab::new();
    let outside = Outside::new();
    let id = lab.make("door/secret.md", "inside")["id"].clone();
    std::fs::rename(lab.root.join("door"), lab.root.join("away")).unwrap();
    symlink(outside.path(), lab.root.join("door")).unwrap();
    symlink(outside.path().join("secret.md"), lab.root.join("link.md")).unwrap();
    for reply in ask_every_way(&lab, "door", &id) {
        assert!(!reply.text().contains(SECRET) && reply.status != 500, "{} {}", reply.status, reply.text());
    }
    for form in ["object", "text", "content"] {
        assert_eq!(lab.get(&format!("/files/path/link.md?as={form}")).status, 404);
    }
    outside.assert_untouched();
}

/// Issue 4, point 6: `CDX_RACE_SECONDS=60` is the long form.
#[test]
fn a_folder_that_becomes_a_link_while_it_is_used_leads_nowhere() {
    let seconds = std::env::var("CDX_RACE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let lab = Lab::new();
    let outside = Outside::new();
    let id = lab.make("door/secret.md", "inside")["id"].clone();
    let (door, link) = (lab.root.join("door"), lab.root.join("link"));
    symlink(outside.path(), &link).unwrap();
    let (is_over, swaps, answers) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let until = Instant::now() + Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // In one step: there is always something of the name.
                rustix::fs::renameat_with(CWD, &door, CWD, &link, RenameFlags::EXCHANGE).unwrap();
                swaps.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
            }
        });
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    while Instant::now() < until {
                        for reply in ask_every_way(&lab, "door", &id) {
                            assert!(!reply.text().contains(SECRET), "{}", reply.text());
                            assert_ne!(reply.status, 500, "{}", reply.text());
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        let ended: Vec<_> = clients.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        for client in ended {
            client.unwrap();
        }
    });
    outside.assert_untouched();
    let (swaps, answers) = (swaps.into_inner(), answers.into_inner());
    eprintln!("{swaps} swaps, {answers} answers in {seconds} s");
    assert!(swaps > 100 && answers > 100, "{swaps} swaps, {answers} answers");
}
