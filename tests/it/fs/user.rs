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

/// README: "for an ordinary user, and for files under 128 KiB that are only read, it goes through large requests and the page cache".
#[test]
fn an_ordinary_user_mounts_edits_retags_and_unmounts() {
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
    let script = "
        cdx init store > /dev/null
        cdx mount store mnt --background
        trap 'cdx umount mnt || fusermount3 -uz mnt' EXIT
        for i in $(seq 100); do test -e mnt/tags/x/a.md && break; sleep 0.05; done
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
    ";
    let said = as_user(at, script);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let left = sh_ok("/", &format!("grep -c {} /proc/self/mounts || true", at.join("mnt").display()));
    assert_eq!(left.trim(), "0", "the mount is gone");
}
