//! The mount of an ordinary user, through fusermount3: no root's rights, no passthrough, the same meaning.

use std::process::Command;
use std::time::Duration;

use crate::support::note;
use crate::support::run::{Said, limited, sh_ok};

/// Runs a script as an ordinary user, in a folder of its own; `cdx` is the program under test.
fn as_user(folder: &std::path::Path, script: &str) -> Said {
    let is_root = rustix::process::geteuid().is_root();
    let mut command = Command::new(if is_root { "/usr/sbin/runuser" } else { "bash" });
    if is_root {
        command.args(["-u", "cdxtest", "--", "bash"]);
    }
    command.args(["-euc", script]).current_dir(folder);
    command.env("CODEX_HOME", folder.join("home")).env("HOME", folder).env("PATH", path_with(folder));
    limited(command, Duration::from_secs(90))
}

fn path_with(folder: &std::path::Path) -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", folder.join("bin").display())
}

/// A store with one note, and a copy of the program, all of them the user's.
fn folder_of_user() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir_all(at.join("bin")).unwrap();
    std::fs::create_dir_all(at.join("store/lab")).unwrap();
    std::fs::create_dir_all(at.join("mnt")).unwrap();
    // A copy, since the checkout may lie where the user cannot look.
    std::fs::copy(env!("CARGO_BIN_EXE_cdx"), at.join("bin/cdx")).unwrap();
    std::fs::write(at.join("store/lab/a.md"), note("tags: [x]\nstatus: todo", "alpha")).unwrap();
    if rustix::process::geteuid().is_root() {
        sh_ok("/", "id cdxtest > /dev/null 2>&1 || useradd cdxtest");
        sh_ok("/", &format!("chown -R cdxtest {0} && chmod 755 {0}", at.display()));
    }
    folder
}

/// The script succeeds, and leaves no mount.
#[track_caller]
fn holds(script: &str) {
    let folder = folder_of_user();
    let at = folder.path();
    let said = as_user(at, &format!("{PRELUDE}{script}"));
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let left = sh_ok("/", &format!("grep -c {} /proc/self/mounts || true", at.join("mnt").display()));
    assert_eq!(left.trim(), "0", "the mount is gone");
}

const PRELUDE: &str = r#"
        cdx init store > /dev/null
        trap 'cdx umount mnt 2> /dev/null || fusermount3 -uz mnt 2> /dev/null || true' EXIT
        up() { cdx mount store mnt --background; for i in $(seq 100); do test -e mnt/tags/x/a.md && return; sleep 0.05; done; exit 70; }
        daemon() { grep -o '"pid": *[0-9]*' mnt/.codex/status.json | grep -o '[0-9]*'; }
        gone() { for i in $(seq 400); do kill -0 $1 2> /dev/null || return 0; sleep 0.05; done; echo "process $1 is there"; exit 71; }
        up
"#;

/// README: "for an ordinary user, and for files under 128 KiB that are only read, it goes through large requests and the page cache".
#[test]
fn an_ordinary_user_mounts_edits_retags_and_unmounts() {
    holds(
        "
        test \"$(ls mnt/tags/x)\" = a.md
        sed -i s/alpha/beta/ mnt/tags/x/a.md
        grep -q beta store/lab/a.md
        mkdir mnt/tags/blue && mv mnt/tags/x/a.md mnt/tags/blue/
        grep -q 'tags: .blue.' store/lab/a.md
        dd if=/dev/urandom of=mnt/lab/big.bin bs=1M count=8 2> /dev/null
        cmp mnt/lab/big.bin store/lab/big.bin
        printf end >> mnt/lab/big.bin && test \"$(tail -c 3 mnt/lab/big.bin)\" = end
        test \"$(ls mnt/.codex/search/beta)\" = a.md
        cdx flush -w store && test \"$(ls mnt/.codex/history/lab/a.md | wc -l)\" -ge 1
        cdx check -w store
    ",
    );
}

#[test]
fn a_mount_whose_daemon_was_killed_is_taken_over_by_its_user() {
    holds(
        r#"
        for n in 1 2 3; do
            echo line $n >> mnt/lab/a.md
            exec 5>> mnt/lab/open.md; echo open $n >&5
            pid=$(daemon); kill -9 $pid; gone $pid
            if ls mnt > /dev/null 2>&1; then echo 'it looks like an empty folder'; exit 72; fi
            up
            tail -n 1 mnt/lab/a.md | grep -qx "line $n"
            tail -n 1 mnt/lab/open.md | grep -qx "open $n"
            exec 5>&-
            cdx check -w store
        done
        # By hand as well: nothing is left that only root could remove.
        pid=$(daemon); kill -9 $pid; gone $pid
        cdx umount mnt
        test -z "$(ls -A mnt)"
        "#,
    );
}

#[test]
fn sigterm_to_a_users_daemon_records_and_unmounts_while_files_are_open() {
    holds(
        r#"
        exec 5>> mnt/lab/a.md 6< mnt/lab/a.md; echo 'the last word' >&5
        here=$PWD; cd mnt/lab
        pid=$(grep -o '"pid": *[0-9]*' ../.codex/status.json | grep -o '[0-9]*')
        kill -TERM $pid; gone $pid
        cd "$here"
        test -z "$(ls -A mnt)"
        git -c safe.directory='*' --git-dir store/lab/.codex/history.git show main:a.md | tail -n 1 | grep -qx 'the last word'
        exec 5>&- 6<&-
        up
        cdx check -w store
        "#,
    );
}
