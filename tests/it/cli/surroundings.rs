//! What else is on the machine: configuration that is not ours, folders that go away, programs that are missing,
//! engines that do not answer.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::mount::{mount, names};
use super::{Bench, Ran, run};

/// index.md §5: no configuration of the user's. A `.gitconfig` that does not parse, or that is no file at all, is none
/// of history's business, and one that does parse changes nothing.
#[test]
fn git_configuration_of_the_user_is_never_read() {
    for (name, broken) in [(".gitconfig", true), (".config/git/config", true), (".gitconfig", false)] {
        let bench = Bench::lab();
        let text = if broken {
            "[core\nno = \"such"
        } else {
            "[core]\n\tfsyncObjectFiles = nonsense\n\tbigFileThreshold = 1\n"
        };
        bench.write(&format!("user/{name}"), text);
        works(name, |args| {
            let mut command = bench.command(&bench.path("ws"));
            command.env("HOME", bench.path("user")).env("XDG_CONFIG_HOME", bench.path("user/.config"));
            command.env("GIT_CONFIG_GLOBAL", bench.path("user").join(name));
            command.env("GIT_CONFIG_SYSTEM", bench.path("user").join(name));
            run(command.args(args))
        });
    }
    let bench = Bench::lab();
    std::fs::create_dir_all(bench.path("user/.gitconfig")).unwrap();
    works("a directory", |args| run(bench.command(&bench.path("ws")).env("HOME", bench.path("user")).args(args)));
}

#[track_caller]
fn works(what: &str, cdx: impl Fn(&[&str]) -> Ran) {
    for args in [
        &["set", "lab/plan.md", "status=one"][..],
        &["flush"],
        &["set", "lab/plan.md", "status=two"],
        &["flush"],
        &["diff", "lab/plan.md"],
        &["undo"],
        &["check"],
    ] {
        let ran = cdx(args);
        assert_eq!(ran.code, 0, "{what}: {args:?}: {ran:?}");
    }
    let shown = cdx(&["show", "lab/plan.md"]).done();
    assert!(shown.contains("status: one"), "{what}: {shown}");
    assert!(cdx(&["log", "lab/plan.md"]).done().lines().count() >= 3, "{what}");
}

fn problems(bench: &Bench) -> String {
    let status: serde_json::Value = serde_json::from_str(&bench.read("mnt/.codex/status.json")).unwrap();
    status["problems"].to_string()
}

#[test]
fn a_store_that_moves_away_while_mounted_is_said_and_loses_nothing() {
    let bench = Bench::lab();
    let mounted = mount(&bench, "mnt", &[]);
    assert_eq!(problems(&bench), "[]");
    std::fs::rename(bench.path("ws"), bench.path("away")).unwrap();
    // What is open stays reachable: notes can be read and written.
    assert!(bench.read("mnt/lab/plan.md").contains("Rate the learning"));
    bench.write("mnt/lab/new.md", "---\ntags: [new]\n---\nwritten meanwhile\n");
    assert_eq!(bench.read("away/lab/new.md"), bench.read("mnt/lab/new.md"));
    let said = problems(&bench);
    assert!(said.contains("is not at") && said.contains("put it back"), "{said}");
    assert!(names(bench.path("mnt/tags")).contains(&"experiment".to_owned()));
    let refused = bench.cdx(&["tags", "-w", "ws"]).failed(4);
    assert!(refused.contains("ws"), "{refused}");
    std::fs::rename(bench.path("away"), bench.path("ws")).unwrap();
    bench.cdx_in("ws", &["flush"]).done();
    assert_eq!(problems(&bench), "[]");
    assert!(bench.cdx_in("ws", &["log", "lab/new.md"]).done().contains("lab"));
    drop(mounted);
    assert_eq!(bench.cdx_in("ws", &["check"]).code, 0);
}

#[test]
fn a_store_that_is_removed_while_mounted_is_said_and_can_be_unmounted() {
    let bench = Bench::lab();
    let mounted = mount(&bench, "mnt", &[]);
    // The daemon writes meanwhile: what it makes in a folder that is being emptied is removed in turn.
    let began = Instant::now();
    while std::fs::remove_dir_all(bench.path("ws")).is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "it cannot be removed");
    }
    assert!(std::fs::read(bench.path("mnt/lab/plan.md")).is_err());
    assert!(std::fs::write(bench.path("mnt/lab/new.md"), "x").is_err());
    let said = problems(&bench);
    assert!(said.contains("was removed") && said.contains("bring it back"), "{said}");
    let began = Instant::now();
    drop(mounted);
    assert!(began.elapsed() < Duration::from_secs(15), "it ends: {:?}", began.elapsed());
    assert!(names(bench.path("mnt")).is_empty());
    assert!(!bench.path("ws").exists(), "nothing is put where the workspace was");
}

/// An engine that is stopped (a debugger, a hung disk) is named, and what can be done about it.
#[test]
fn an_engine_that_does_not_answer_is_named() {
    let bench = Bench::lab();
    let mounted = mount(&bench, "mnt", &[]);
    let status: serde_json::Value = serde_json::from_str(&bench.read("mnt/.codex/status.json")).unwrap();
    let number = status["pid"].as_i64().unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(number).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let began = Instant::now();
    let ran = bench.cdx(&["tags", "-w", "ws"]);
    let took = began.elapsed();
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    let said = ran.failed(3);
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert!(said.contains("does not answer") && said.contains(&format!("`kill {number}`")), "{said}");
    assert!(said.contains("cdx") && !said.contains("os error"), "{said}");
    assert!(bench.cdx(&["tags", "-w", "ws"]).done().contains("experiment"));
    drop(mounted);
}

/// The lock is held by something that serves nobody: a command waits for a while, then says who it is.
#[test]
fn a_workspace_that_is_locked_for_long_is_said_to_be_so() {
    let bench = Bench::lab();
    bench.write("ws/.codex/engine.lock", "pid 4321\nboot x\ncdx index --rebuild\n");
    let lock = std::fs::File::open(bench.path("ws/.codex/engine.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let said = bench.cdx_in("ws", &["tags"]).failed(3);
    assert!(said.contains("in use by process 4321 (`cdx index --rebuild`)") && said.contains("wait until"), "{said}");
    drop(lock);
    bench.cdx_in("ws", &["tags"]).done();
}

/// Runs in a mount namespace of its own, after `prepare` has changed it; `None` where this machine permits none.
fn elsewhere(bench: &Bench, prepare: &str, args: &[&str]) -> Option<Ran> {
    let mut command = Command::new("unshare");
    let script = format!("set -e; {prepare}; exec \"$@\"");
    command.args(["-m", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_cdx")]).args(args);
    command.current_dir(bench.path("")).stdin(Stdio::null());
    command.env("CODEX_HOME", bench.path("home")).env("CODEX_USER", "ada").env_remove("CODEX_WORKSPACE");
    let may = Command::new("unshare").args(["-m", "true"]).output().is_ok_and(|output| output.status.success());
    may.then(|| run(&mut command))
}

/// README: "`cdx doctor` says what of a machine is in the way, and the command that mends it.".
#[test]
fn a_machine_without_fuse_is_said_with_what_mends_it() {
    let bench = Bench::lab();
    std::fs::create_dir(bench.path("mnt")).unwrap();
    let bare = "mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3";
    for flags in [&[][..], &["--background"]] {
        let args = [&["mount", "ws", "mnt"], flags].concat();
        let Some(ran) = elsewhere(&bench, bare, &args) else { return };
        let said = ran.failed(3);
        assert!(said.contains("/dev/fuse does not exist") && said.contains("modprobe fuse"), "{said}");
        assert_eq!(said.lines().count(), 1, "said once: {said}");
    }
    let doctor = elsewhere(&bench, bare, &["doctor"]).unwrap();
    assert!(doctor.code == 1 && doctor.out.contains("modprobe fuse"), "{doctor:?}");
    // Nothing is left running or mounted, and the workspace is free.
    bench.cdx_in("ws", &["tags"]).done();
    assert!(names(bench.path("mnt")).is_empty());
}

/// As an ordinary user (the tests are root's as a rule).
fn by_a_user(bench: &Bench, args: &[&str], change: impl FnOnce(&mut Command)) -> Ran {
    let folder = bench.path("");
    std::fs::copy(env!("CARGO_BIN_EXE_cdx"), bench.path("cdx")).unwrap();
    let mut command = Command::new(bench.path("cdx"));
    command.args(args).current_dir(&folder).stdin(Stdio::null());
    command.env("CODEX_HOME", bench.path("users")).env("HOME", &folder).env_remove("CODEX_WORKSPACE");
    if rustix::process::geteuid().is_root() {
        let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(&folder).status().unwrap();
        assert!(owned.success());
        command.uid(65534).gid(65534);
    }
    change(&mut command);
    run(&mut command)
}

#[test]
fn a_user_without_fusermount3_or_with_a_mountpoint_of_others_is_told_what_to_do() {
    let bench = Bench::lab();
    std::fs::create_dir(bench.path("mnt")).unwrap();
    by_a_user(&bench, &["init", "ws"], |_| ()).done();
    let ran = by_a_user(&bench, &["mount", "ws", "mnt"], |command| {
        command.env("FUSERMOUNT_PATH", "/nonexistent/fusermount3");
    });
    let said = ran.failed(3);
    assert!(said.contains("fusermount3 is not installed") && said.contains("apt-get install fuse3"), "{said}");
    let others = tempfile::tempdir_in("/tmp").unwrap();
    if rustix::process::geteuid().is_root() {
        let_all_in(others.path());
        let at = others.path().to_str().unwrap();
        let said = by_a_user(&bench, &["mount", "ws", at], |_| ()).failed(3);
        assert!(said.contains(at) && said.contains("Choose a directory of your own"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

fn let_all_in(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
