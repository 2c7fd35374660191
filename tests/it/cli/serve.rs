//! `cdx serve`, `cdx user`, `cdx member`, `cdx token`: from an empty machine to a request that is answered.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::Bench;
use crate::api::client::Ask;
use crate::support::eventually;
use crate::support::serving::Serving;

pub fn with_password(mut command: Command, password: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    said
}

#[test]
fn accounts_tokens_and_members_made_on_the_command_line_are_good_at_once() {
    let bench = Bench::lab();
    let said = with_password(bench.program(&["user", "add", "ada", "--email", "ada@lab.example"]), "correct horse");
    assert!(said.contains("owns the server"), "{said}");
    let serving = Serving::start(&bench, &[]);
    let to = serving.address();
    let token = bench.cdx(&["token", "new", "ada", "--name", "ci", "--scope", "write"]).done().trim().to_owned();
    let get = |path: &str, token: &str| Ask::new("GET", path).bearer(token).send(to);
    // What `cdx init` made before is the first person's.
    let workspaces = get("/api/v1/workspaces", &token).expect(200);
    assert_eq!((&workspaces[0]["slug"], &workspaces[0]["role"]), (&json!("ws"), &json!("owner")));
    eventually(Duration::from_secs(10), "the notes are counted", || {
        get("/api/v1/workspaces/ws/notebooks/lab", &token).expect(200)["file_count"] == 3
    });
    with_password(bench.program(&["user", "add", "bohr"]), "correct horse");
    let other = bench.cdx(&["token", "new", "bohr", "--name", "ci"]).done().trim().to_owned();
    get("/api/v1/workspaces/ws", &other).expect(404);
    bench.cdx(&["member", "add", "bohr", "-w", "ws"]).done();
    assert_eq!(get("/api/v1/workspaces/ws", &other).expect(200)["role"], "viewer");
    bench.cdx(&["member", "add", "bohr", "--role", "editor", "-w", "ws"]).done();
    assert_eq!(get("/api/v1/workspaces/ws", &other).expect(200)["role"], "editor");
    bench.cdx(&["member", "rm", "bohr", "-w", "ws"]).done();
    get("/api/v1/workspaces/ws", &other).expect(404);
    assert!(bench.cdx(&["member", "rm", "ada", "-w", "ws"]).failed(3).contains("last owner"));
    bench.cdx(&["user", "disable", "bohr"]).done();
    get("/api/v1/users/me", &other).expect(401);
    let id = bench.cdx(&["token", "list", "ada", "--json"]).json()[0]["id"].to_string();
    bench.cdx(&["token", "revoke", "ada", &id]).done();
    get("/api/v1/users/me", &token).expect(401);
    let listed = bench.cdx(&["user", "list"]).done();
    assert!(listed.contains("owns the server") && listed.contains("disabled"), "{listed}");
    serving.end();
}

/// README: "cdx serve --mount journal=/home/ada/mnt".
#[test]
fn a_server_takes_commands_and_refuses_what_is_held() {
    let bench = Bench::lab();
    with_password(bench.program(&["user", "add", "ada"]), "correct horse");
    let token = bench.cdx(&["token", "new", "ada", "--name", "ci"]).done().trim().to_owned();
    std::fs::create_dir(bench.path("mnt")).unwrap();
    let mount = format!("ws={}", bench.path("mnt").display());
    let serving = Serving::start(&bench, &["--mount", &mount]);
    let to = serving.address();
    assert!(bench.path("mnt/lab/plan.md").exists());
    // The command line asks the server's engine, and the mount shows it at once.
    bench.cdx(&["tag", "add", "seen", "lab/plan.md", "-w", "ws"]).done();
    assert!(bench.path("mnt/tags/seen/plan.md").exists());
    Ask::new("GET", "/api/v1/workspaces/ws/notebooks").bearer(&token).send(to).expect(200);
    serving.end();
    assert!(!bench.path("mnt/lab").exists());
}

#[test]
fn mistakes_are_said_before_anything_is_served() {
    let bench = Bench::lab();
    assert!(bench.cdx(&["serve", "--mount", "ws"]).failed(2).contains("--mount lab="));
    assert!(bench.cdx(&["serve", "--listen", "nowhere"]).failed(2).contains("an address and a port"));
    assert!(
        bench
            .cdx(&["serve", "--listen", "127.0.0.1:0", "--mount", "none=/tmp"])
            .failed(4)
            .contains("no workspace `none`")
    );
    let weak = bench.program(&["serve", "--listen", "127.0.0.1:0"]).env("SECRET_KEY", "short").output().unwrap();
    assert!(String::from_utf8_lossy(&weak.stderr).contains("shorter than 32 bytes"));
    assert!(bench.cdx(&["user", "passwd", "nobody"]).failed(4).contains("no account"));
}
