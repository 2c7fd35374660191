//! Workspaces are open while somebody uses them: many of them, with many notebooks, on one server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::Api;
use super::sockets::Sockets;
use crate::support::eventually;

/// The idle time of these tests.
const IDLE: Duration = Duration::from_millis(400);

/// So long everything that is idle is closed.
const PATIENCE: Duration = Duration::from_secs(30);

fn is_open(path: &Path) -> bool {
    cdx::engine::is_held(path)
}

#[test]
fn a_workspace_that_nobody_uses_is_closed_and_opened_again() {
    let api = Api::start_with(|config| config.workspace_idle = IDLE);
    let ada = api.person("ada");
    let lab = api.workspace("lab", &ada);
    let path = PathBuf::from(lab["path"].as_str().unwrap());
    eventually(PATIENCE, "it is closed", || !is_open(&path));
    // What happens meanwhile is found when somebody asks.
    std::fs::write(path.join("runs/a.md"), "x").unwrap();
    eventually(Duration::from_secs(10), "it is found", || {
        api.get("/api/v1/query?workspace_id=lab", &ada).expect(200)["total"] == 1
    });
    assert!(is_open(&path));
    // A list that counts its files is no use of it.
    eventually(PATIENCE, "it is closed though it is listed", || {
        api.get("/api/v1/workspaces", &ada).expect(200);
        !is_open(&path)
    });
    assert_eq!(api.get("/health", &ada).expect(200)["workspaces"], 0);
}

#[test]
fn a_workspace_that_somebody_listens_to_stays_open() {
    let api = Api::start_with(|config| config.workspace_idle = IDLE);
    let ada = api.person("ada");
    let lab = api.workspace("lab", &ada);
    let path = PathBuf::from(lab["path"].as_str().unwrap());
    let mut sockets = Sockets::of(&api);
    for (name, way) in [("chosen", "/api/v1/ws?workspace_id=lab"), ("all", "/api/v1/ws")] {
        api.get("/api/v1/workspaces/lab/notebooks", &ada).expect(200);
        sockets.open(name, way, &ada);
        std::thread::sleep(4 * IDLE);
        assert!(is_open(&path), "{name}");
        std::fs::write(path.join(format!("runs/{name}.md")), "x").unwrap();
        let seq = sockets.change_of(name, &format!("{name}.md"))["seq"].as_u64().unwrap();
        sockets.close(name);
        eventually(PATIENCE, "it is closed", || !is_open(&path));
        // What came between, nobody has seen.
        sockets.open(&format!("{name} again"), &format!("/api/v1/ws?workspace_id=lab&since={seq}"), &ada);
        assert_eq!(sockets.message(&format!("{name} again"))["type"], "resync");
        sockets.close(&format!("{name} again"));
        eventually(PATIENCE, "it is closed again", || !is_open(&path));
    }
}

/// Requests and closing cross each other all the time; nobody is told that the workspace is being closed.
#[test]
fn closing_is_in_nobodys_way() {
    let api = Api::start_with(|config| {
        config.workspace_idle = Duration::from_millis(1);
        config.requests_per_second = 0;
    });
    let ada = api.person("ada");
    api.workspace("lab", &ada);
    let files = "/api/v1/workspaces/lab/notebooks/runs/files";
    let mut made = 0;
    let until = std::time::Instant::now() + Duration::from_secs(6);
    while std::time::Instant::now() < until {
        api.call("POST", files, &ada, &json!({"path": format!("{made}.md"), "content": "x"})).expect(201);
        made += 1;
        let pause = [0, 30, 110, 130][made % 4];
        std::thread::sleep(Duration::from_millis(pause));
        assert_eq!(api.get("/api/v1/query?workspace_id=lab", &ada).expect(200)["total"], made);
    }
    println!("{made} files");
}

/// The same from several sides at once, for what lists notebooks: an engine that is closed has none.
#[test]
fn a_request_never_finds_its_workspace_closed_for_idleness() {
    let api = Api::start_with(|config| {
        config.workspace_idle = Duration::from_millis(1);
        config.requests_per_second = 0;
    });
    let ada = api.person("ada");
    api.workspace("lab", &ada);
    let files = "/api/v1/workspaces/lab/notebooks/runs/files";
    api.call("POST", files, &ada, &json!({"path": "a.md", "content": "x"})).expect(201);
    let until = std::time::Instant::now() + Duration::from_secs(6);
    let ask = |path: &str, pause: u64| {
        let mut asked = 0;
        while std::time::Instant::now() < until {
            let reply = api.get(path, &ada);
            assert_eq!(reply.status, 200, "{path}, asked {asked} times: {}", reply.text());
            if path.ends_with("/notebooks") {
                let listed = reply.json();
                assert_eq!((&listed[0]["slug"], &listed[0]["file_count"]), (&json!("runs"), &json!(1)), "{listed}");
            }
            asked += 1;
            std::thread::sleep(Duration::from_millis(pause));
        }
        asked
    };
    let asked: u64 = std::thread::scope(|scope| {
        let paths =
            [("/notebooks", 97), ("/notebooks", 131), ("/mounts", 113), ("/notebooks/runs/files", 89), ("/tags", 151)];
        let asking = paths.map(|(path, pause)| {
            let ask = &ask;
            scope.spawn(move || ask(&format!("/api/v1/workspaces/lab{path}"), pause))
        });
        asking.into_iter().map(|one| one.join().expect("no refusal")).sum()
    });
    println!("{asked} requests");
}

/// A workspace that is removed while others ask for it is closed for good: its folder can be a workspace again at once.
#[test]
fn a_workspace_that_was_removed_is_not_opened_again_by_those_who_waited_for_it() {
    let mut api = Api::start();
    let roots = vec![api.home()];
    api.start_again(|config| {
        config.requests_per_second = 0;
        config.workspace_roots = roots;
    });
    let ada = api.person("ada");
    let path = api.home().join("lab");
    for round in 0..8 {
        let made = api.call("POST", "/api/v1/workspaces", &ada, &json!({"name": "lab", "path": path})).expect(201);
        let at = format!("/api/v1/workspaces/{}", made["id"]);
        api.get(&format!("{at}/notebooks"), &ada).expect(200);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let status = api.get(&format!("{at}/notebooks"), &ada).status;
                        assert!([200, 404, 503].contains(&status), "{status}");
                    }
                });
            }
            api.call("DELETE", &at, &ada, &json!({})).expect(204);
        });
        assert!(!is_open(&path), "round {round}");
    }
}

/// Descriptors and threads of this process.
fn held() -> (usize, usize) {
    let count = |path: &str| std::fs::read_dir(path).expect("/proc").count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

#[test]
fn a_thousand_notebooks_on_one_server() {
    const WORKSPACES: usize = 10;
    const NOTEBOOKS: usize = 100;
    let api = Api::start_with(|config| {
        config.workspace_idle = Duration::from_secs(3);
        config.requests_per_second = 0;
    });
    let ada = api.person("ada");
    let before = held();
    for number in 0..WORKSPACES {
        let made = api.call("POST", "/api/v1/workspaces", &ada, &json!({"name": format!("w{number}")})).expect(201);
        let path = PathBuf::from(made["path"].as_str().unwrap());
        for notebook in 0..NOTEBOOKS {
            let folder = path.join(format!("n{notebook}"));
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("a.md"), format!("---\ntags: [t{notebook}]\n---\n\nword\n")).unwrap();
        }
    }
    let started = held();
    assert!(started.1 < before.1 + 40, "nothing is open yet: {before:?} {started:?}");
    let mut most = (0, 0);
    for number in 0..WORKSPACES {
        let at = format!("/api/v1/query?workspace_id=w{number}");
        eventually(Duration::from_secs(120), "all are indexed", || {
            api.get(&format!("{at}&limit=1"), &ada).expect(200)["total"] == NOTEBOOKS
        });
        let found = api.get(&format!("{at}&q=word%20tag:t7"), &ada).expect(200);
        assert_eq!(found["total"], 1);
        let now = held();
        most = (most.0.max(now.0), most.1.max(now.1));
    }
    println!("descriptors and threads: {before:?} at first, {most:?} at most");
    // An engine is closed a while after nobody asks for it any more, and then nothing of it is left.
    eventually(Duration::from_secs(120), "all are closed", || {
        let now = held();
        now.0 < before.0 + 60 && now.1 < before.1 + 60
    });
    assert_eq!(api.get("/health", &ada).expect(200)["workspaces"], 0);
    let each = (most.0 - before.0) / NOTEBOOKS;
    assert!(most.1 < before.1 + 150, "threads are a workspace's, not a notebook's: {most:?}");
    assert!(each < 10 * WORKSPACES, "{each} descriptors a notebook");
}
