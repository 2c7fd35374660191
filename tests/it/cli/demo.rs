//! The first thing a newcomer runs.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{Bench, Ran, run};
use crate::api::client::{Ask, Reply};
use crate::cli::mount::names;

/// The sample in `demo`, mounted and served; ended when the test ends, however it does.
pub struct Sample {
    bench: Bench,
    said: String,
}

impl Drop for Sample {
    fn drop(&mut self) {
        self.bench.cdx(&["demo", "--stop"]);
    }
}

impl Sample {
    pub fn start() -> Self {
        let mut sample = Self { bench: Bench::empty(), said: String::new() };
        sample.again();
        sample
    }

    /// `cdx demo`, once more.
    fn again(&mut self) {
        self.said = self.bench.cdx(&["demo"]).done();
    }

    pub fn bench(&self) -> &Bench {
        &self.bench
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.bench.path("demo").join(below)
    }

    /// Host and port, as it says.
    pub fn address(&self) -> String {
        let line = self.said.lines().find_map(|line| line.trim().strip_prefix("http://")).expect("an address");
        line.split(' ').next().unwrap_or_default().to_owned()
    }

    fn socket(&self) -> SocketAddr {
        self.address().parse().expect("an address and a port")
    }

    /// The last word of the line of the address.
    fn password(&self) -> &str {
        let line = self.said.lines().find(|line| line.contains("http://")).expect("an address");
        line.rsplit(' ').next().unwrap_or_default()
    }

    fn sign_in(&self) -> Reply {
        let body = json!({"username": "ada", "password": self.password()});
        Ask::new("POST", "/api/v1/users/token").json(&body).send(self.socket())
    }

    /// What the mount says of itself.
    fn status(&self) -> Value {
        serde_json::from_str(&self.bench.read("demo/mnt/.codex/status.json")).expect("JSON")
    }

    fn pid(&self) -> Pid {
        self.status()["pid"].as_i64().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).expect("a process")
    }
}

#[test]
fn the_sample_is_whole_searchable_and_has_a_past() {
    let bench = Bench::empty();
    let said = bench.cdx(&["demo", "try", "--no-mount"]).done();
    assert!(said.contains("in 3 notebooks") && said.contains("cdx query"), "{said}");
    let cdx = |args: &[&str]| bench.cdx_in("try/store", args);
    assert!(cdx(&["tags"]).done().contains("experiment/gpu"));
    assert!(cdx(&["search", "learning", "rate"]).done().contains("lab/"));
    assert!(cdx(&["query", "lab/todo.cdx"]).done().contains("doing ("));
    assert!(!cdx(&["query", "tag:experiment loss<0.05 sort:loss", "--format", "paths"]).done().is_empty());
    assert_ne!(cdx(&["show", "lab/plan.md@yesterday"]).done(), bench.read("try/store/lab/plan.md"));
    let log = cdx(&["log", "protocols/microscope/beads.md", "--json"]).json();
    assert!(log["commits"].as_array().unwrap().len() >= 3, "renames are followed: {log}");
    let check = cdx(&["check", "--json"]);
    assert_eq!(check.code, 0, "{check:?}");
    assert_eq!(check.json()["clean"], true);
    // Again: what is there is taken.
    assert!(bench.cdx(&["demo", "try", "--no-mount"]).done().contains("there already"));
}

/// README: "The demo's server has a home of its own, `demo/home`, with one account, `ada`; `cdx demo` prints her password
/// each time." README: "`http://127.0.0.1:8765/` is the web UI, `http://127.0.0.1:8765/docs` shows the API."
#[test]
fn it_is_mounted_and_served_in_the_background_and_stopped() {
    let mut sample = Sample::start();
    let said = &sample.said;
    assert!(said.contains("demo/mnt/tags/experiment/gpu") && said.contains(" demo --stop"), "{said}");
    assert!(names(sample.path("mnt/tags/experiment/gpu")).len() > 20);
    let read = |below: &str| sample.bench.read(&format!("demo/mnt/{below}/plan.md"));
    assert_ne!(read("lab"), read(".codex/at/yesterday/lab"));
    // Who signs in owns the server and the sample.
    let token = sample.sign_in().expect(200)["access_token"].as_str().unwrap().to_owned();
    let get = |path: &str| Ask::new("GET", path).bearer(&token).send(sample.socket()).expect(200);
    assert_eq!(
        (&get("/api/v1/workspaces")[0]["slug"], &get("/api/v1/workspaces/demo")["role"]),
        (&json!("demo"), &json!("owner"))
    );
    assert_eq!(get("/api/v1/workspaces/demo/mounts").as_array().map(Vec::len), Some(1));
    for address in ["/", "/docs"] {
        let page = Ask::new("GET", address).header("Accept", "text/html").send(sample.socket());
        assert_eq!((page.status, page.text().contains("<html")), (200, true), "{address}");
    }
    assert!(get("/openapi.json")["paths"].as_object().unwrap().len() > 50);
    let mode = |below: &str| std::fs::metadata(sample.path(below)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("home"), mode("home/password")), (0o700, 0o600));
    assert_eq!(sample.bench.cdx(&["user", "list", "--json"]).json(), json!([]), "nothing of it is in your own home");
    // Again: the same one.
    let before = (sample.pid(), sample.address(), sample.password().to_owned());
    sample.again();
    assert_eq!((sample.pid(), sample.address(), sample.password().to_owned()), before);
    sample.bench.cdx(&["demo", "--stop"]).done();
    assert!(TcpStream::connect(sample.socket()).is_err());
    assert_eq!(names(sample.path("mnt")), [""; 0]);
    assert!(sample.bench.cdx(&["demo", "--stop"]).err.contains("no demo is running"));
    // Complete when it returns, also where the files changed meanwhile.
    sample.bench.write("demo/store/lab/meanwhile.md", "---\ntags: [meanwhile]\n---\n");
    sample.again();
    assert_eq!((&sample.status()["complete"], names(sample.path("mnt/tags/meanwhile")).len()), (&json!(true), 1));
    sample.sign_in().expect(200);
}

#[test]
fn after_kill_9_it_is_begun_again_and_stopped() {
    let mut sample = Sample::start();
    let password = sample.password().to_owned();
    let killed = sample.pid();
    kill_process(killed, Signal::KILL).unwrap();
    sample.again();
    assert_ne!(sample.pid(), killed);
    assert_eq!(sample.password(), password);
    sample.sign_in().expect(200);
    kill_process(sample.pid(), Signal::KILL).unwrap();
    let said = sample.bench.cdx(&["demo", "--stop"]);
    assert!(said.code == 0 && said.err.contains("stopped"), "{said:?}");
    assert_eq!(names(sample.path("mnt")), [""; 0]);
    assert_eq!(sample.bench.cdx_in("demo/store", &["check"]).code, 0);
}

/// README: "and served at `http://127.0.0.1:8765`, or at the next port that is free"
#[test]
fn where_its_port_is_taken_the_next_free_one_serves() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().port();
    let mut sample = Sample { bench: Bench::empty(), said: String::new() };
    let demo = |bench: &Bench| -> Ran {
        run(bench.command(&bench.path("")).arg("demo").env("CODEX_LISTEN", format!("127.0.0.1:{taken}")))
    };
    sample.said = demo(&sample.bench).done();
    assert!(sample.said.contains(&format!("port {taken} is another program's")), "{}", sample.said);
    assert!(sample.socket().port() > taken, "{}", sample.said);
    sample.sign_in().expect(200);
    // It stays there, and is found there again.
    let address = sample.address();
    drop(other);
    sample.said = demo(&sample.bench).done();
    assert_eq!(sample.address(), address);
}

#[test]
fn what_was_unmounted_is_mounted_again_by_the_same_server() {
    let mut sample = Sample::start();
    let before = sample.pid();
    sample.bench.cdx(&["umount", "demo/mnt"]).done();
    assert_eq!(names(sample.path("mnt")), [""; 0]);
    sample.again();
    assert_eq!(sample.pid(), before);
    cdx::fs::detach(&sample.path("mnt")).unwrap();
    sample.again();
    assert_eq!(sample.pid(), before);
}

#[test]
fn a_password_that_was_changed_is_not_set_back() {
    let mut sample = Sample::start();
    let token = sample.sign_in().expect(200)["access_token"].as_str().unwrap().to_owned();
    let change = json!({"current_password": sample.password(), "new_password": "correct horse battery"});
    let change = Ask::new("POST", "/api/v1/users/me/password").bearer(&token).json(&change);
    assert!(change.send(sample.socket()).status < 300);
    sample.again();
    assert!(sample.said.contains("the password that you have set"), "{}", sample.said);
}

#[test]
fn a_sample_that_is_mounted_otherwise_is_left_to_whoever_has_it() {
    let bench = Bench::empty();
    bench.cdx(&["demo", "--no-mount"]).done();
    std::fs::create_dir(bench.path("other")).unwrap();
    bench.cdx(&["mount", "demo/store", "other", "--background"]).done();
    let said = bench.cdx(&["demo"]);
    bench.cdx(&["umount", "other"]).done();
    assert!(said.code == 3 && said.err.contains("cdx umount ") && said.err.contains("/other"), "{said:?}");
    assert!(bench.cdx(&["demo", "--stop"]).err.contains("no demo is running"));
}

#[test]
fn a_directory_that_holds_something_else_is_left_alone() {
    let bench = Bench::empty();
    bench.write("demo/store/mine.txt", "mine");
    assert!(bench.cdx(&["demo"]).failed(3).contains("name another directory"));
    assert_eq!(bench.read("demo/store/mine.txt"), "mine");
}
