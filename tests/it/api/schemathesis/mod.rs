//! Schemathesis (a package of `PyPI`), an independent reader of the description, against `cdx serve` with two people who each have
//! workspaces of their own: no answer is a fault of the server, none is outside of the description, none shows what is
//! another's. `make schemathesis` runs it longer, and with other seeds.

mod stage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use stage::Stage;

/// What is made up for each operation beyond what its types suggest, unless `CDX_SCHEMATHESIS_EXAMPLES` says otherwise.
const EXAMPLES: &str = "5";

/// Operations that nothing that is made up succeeds at: sockets need a handshake, owners of workspaces and the root of a
/// notebook stay.
const NEVER_DONE: [&str; 4] =
    ["delete_users_me", "get_ws", "get_ws_notebooks_notebook_id", "delete_workspaces_ws_notebooks_nb_folders"];

/// What only the server's owner may do.
const FOR_ITS_OWNER: [&str; 2] = ["delete_workspaces_ws_mounts", "post_workspaces_ws_mounts"];

#[test]
fn answers_to_the_owner_of_the_server_are_as_described_and_hold_nothing_of_others() {
    run("ada", "bohr", &NEVER_DONE);
}

#[test]
fn answers_to_somebody_else_are_as_described_and_hold_nothing_of_others() {
    run("bohr", "ada", &[NEVER_DONE.as_slice(), &FOR_ITS_OWNER].concat());
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(format!("CDX_SCHEMATHESIS_{name}")).unwrap_or_else(|_| default.to_owned())
}

fn run(me: &str, other: &str, never_done: &[&str]) {
    let seed = setting("SEED", "1");
    let mut stage = Stage::new();
    let report = stage.path("report.json");
    let mut command = command();
    let schema = format!("{}/openapi.json", stage.url());
    command.args(["run", &schema, "--checks", "all", "--exclude-checks", "positive_data_acceptance"]);
    command.args(["--seed", &seed, "--max-examples", &setting("EXAMPLES", EXAMPLES), "--continue-on-failure"]);
    command.args(["--phases", &setting("PHASES", "examples,coverage,fuzzing"), "--generation-database", "none"]);
    command.args(["--output-sanitize", "false", "--output-truncate", "false", "--no-color", "--warnings", "off"]);
    command.args(["--suppress-health-check", "all", "--request-timeout", "60"]);
    let seconds = setting("SECONDS", "");
    if !seconds.is_empty() {
        command.args(["--max-time", &seconds]);
    }
    command.env("STAGE", stage.told(me, other, &seed, &report).to_string()).current_dir(stage.path(""));
    let done = command.stdin(Stdio::null()).output().expect("schemathesis");
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let log = stage.end();
    assert!(done.status.success(), "{said}\nseed {seed}, as {me}: what to send again stands below `Reproduce with`");
    let faults: Vec<&str> = log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    judge(&report, never_done);
}

/// What schemathesis found is worth something only if it got at everything.
fn judge(report: &Path, not_expected: &[&str]) {
    let report: Value = serde_json::from_slice(&std::fs::read(report).expect("a report")).expect("JSON");
    let counts = |name: &str| -> BTreeMap<String, u64> {
        let all = report[name].as_object().expect("counts");
        all.iter().map(|(name, count)| (name.clone(), count.as_u64().expect("a count"))).collect()
    };
    let (calls, successes) = (counts("calls"), counts("successes"));
    let described: Value = serde_json::from_str(&cdx::api::openapi_json()).expect("JSON");
    let operations = described["paths"].as_object().expect("paths").values().flat_map(|item| {
        item.as_object().expect("operations").values().map(|one| one["operationId"].as_str().expect("an id"))
    });
    let (mut never_called, mut never_done) = (Vec::new(), Vec::new());
    for operation in operations {
        if !calls.contains_key(&format!("called {operation}")) {
            never_called.push(operation);
        }
        if !successes.contains_key(operation) && !not_expected.contains(&operation) {
            never_done.push(operation);
        }
    }
    assert!(never_called.is_empty(), "never called: {never_called:?}");
    assert!(never_done.is_empty(), "never with success: {never_done:?}");
    for what in ["own secrets", "asked for the other's"] {
        assert!(calls.get(what).is_some_and(|count| *count > 100), "{what}: {calls:?}");
    }
}

fn command() -> Command {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = root.join(".tools/python/bin/python");
    assert!(python.exists(), "{} is not there; `make python` makes it", python.display());
    let mut command = Command::new(python);
    command.args(["-m", "schemathesis.cli"]);
    command.env("SCHEMATHESIS_HOOKS", root.join("tests/it/api/schemathesis/hooks.py"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
