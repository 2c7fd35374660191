//! A store that disappears: nothing is taken for removed, it is said, and it comes back by itself.

use std::process::Command;
use std::time::Duration;

use crate::cli::Bench;
use crate::support::run::{Said, limited};

/// What the scripts below share: a workspace whose notebook `lab` is on a disk of its own (a tmpfs, mounted a second
/// time), and words for waiting.
const PRELUDE: &str = r#"
    set -u
    fail() { echo "FAILED: $*"; "$CDX" status -w ws --json || true; exit 1; }
    until_true() { local what=$1; shift; for _ in $(seq 200); do if eval "$*"; then return; fi; sleep 0.05; done; fail "$what"; }
    status() { cat mnt/.codex/status.json; }
    commits() { git --git-dir "$1/.codex/history.git" rev-list --count main; }
    mkdir -p disk ws/lab mnt
    mount -t tmpfs none disk
    plug() { mount --bind disk ws/lab; }
    unplug() { umount -l ws/lab; }
    trap 'umount -l mnt ws/lab ws/lab/data disk 2> /dev/null || true' EXIT
    for n in $(seq 30); do printf -- '---\ntags: [t]\n---\nnote %s\n' $n > disk/n$n.md; done
"#;

/// Runs a script in a mount namespace of its own; `None` where this machine permits none.
fn script(bench: &Bench, text: &str) -> Option<Said> {
    let may = Command::new("unshare").args(["-m", "true"]).output().is_ok_and(|output| output.status.success());
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "bash", "-ec", &format!("{PRELUDE}\n{text}")]);
    command.current_dir(bench.path("")).env("CDX", env!("CARGO_BIN_EXE_cdx"));
    command.env("CODEX_HOME", bench.path("home")).env("CODEX_USER", "ada").env_remove("CODEX_WORKSPACE");
    may.then(|| limited(command, Duration::from_secs(100)))
}

#[track_caller]
fn holds(text: &str) {
    let bench = Bench::empty();
    if let Some(said) = script(&bench, text) {
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    }
}

#[test]
fn a_notebook_whose_disk_is_unmounted_under_the_daemon_is_away_and_comes_back() {
    holds(
        r#"
        plug
        "$CDX" init ws
        "$CDX" mount ws mnt --background
        until_true "it shows" '[ "$(ls mnt/tags/t | wc -l)" = 30 ]'
        "$CDX" flush -w ws
        before=$(commits disk)
        ino=$(stat -c %i mnt/lab/n1.md)
        unplug
        until_true "it is said" 'status | grep -q "its disk was unmounted"'
        # Listed still, so that nobody takes it for removed; and to look into it is an error that says why.
        ls mnt | grep -qx lab || fail "not listed"
        until_true "it cannot be listed" '! ls mnt/lab > /dev/null 2>&1'
        ls mnt/lab 2>&1 | grep -q 'Input/output error' || fail "another error: $(ls mnt/lab 2>&1)"
        grep -q 'its disk was unmounted' mnt/.codex/last-error || fail "last-error: $(cat mnt/.codex/last-error)"
        "$CDX" doctor -w ws | grep -q 'its disk was unmounted' || fail "doctor says nothing"
        if "$CDX" show -w ws lab/n1.md > out 2>&1; then fail "shown"; else [ $? = 5 ] || fail "code $? $(cat out)"; fi
        [ -z "$(ls -A ws/lab)" ] || fail "something was made in the empty mountpoint: $(ls -A ws/lab)"
        sleep 2.5
        [ -z "$(ls -A ws/lab)" ] || fail "something was made in the empty mountpoint: $(ls -A ws/lab)"
        echo more > disk/n31.md
        plug
        until_true "it is back" '[ "$(ls mnt/tags/t 2> /dev/null | wc -l)" = 30 ] && [ -e mnt/lab/n31.md ]'
        [ "$(stat -c %i mnt/lab/n1.md)" = "$ino" ] || fail "another inode number"
        until_true "nothing is said any more" 'status | grep -q "\"problems\": *\[\]"'
        "$CDX" check -w ws
        "$CDX" flush -w ws
        [ "$(git --git-dir disk/.codex/history.git log --diff-filter=D --oneline main | wc -l)" = 0 ] || fail "removals recorded"
        [ "$(commits disk)" = $((before + 1)) ] || fail "commits"
        "$CDX" umount mnt
        "#,
    );
}

#[test]
fn an_empty_mountpoint_at_the_start_is_no_notebook_that_was_emptied() {
    holds(
        r#"
        plug
        "$CDX" init ws
        "$CDX" index -w ws
        before=$(commits disk)
        unplug
        "$CDX" mount ws mnt --background
        until_true "it is said" 'status | grep -q "it held 30 files"'
        [ -z "$(ls -A ws/lab)" ] || fail "made in the mountpoint: $(ls -A ws/lab)"
        if ls mnt/lab > /dev/null 2>&1; then fail "it is shown as a folder without files"; fi
        plug
        until_true "it is there" '[ "$(ls mnt/tags/t 2> /dev/null | wc -l)" = 30 ]'
        "$CDX" check -w ws
        "$CDX" umount mnt
        [ "$(commits disk)" = "$before" ] || fail "commits: $(git --git-dir disk/.codex/history.git log --stat main)"
        unplug
        # A command of its own says it, too, and does no harm.
        "$CDX" tags -w ws > out 2>&1 || fail "tags: $(cat out)"
        if "$CDX" show -w ws lab/n1.md > out 2>&1; then fail "shown"; else [ $? = 5 ] || fail "code, $(cat out)"; fi
        grep -q 'mount that' out || fail "$(cat out)"
        # Emptied on purpose: to be said once.
        "$CDX" notebook adopt -w ws lab
        [ -d ws/lab/.codex ] || fail "not adopted"
        "$CDX" check -w ws
        "#,
    );
}

#[test]
fn a_disk_within_a_notebook_that_is_unmounted_takes_no_note_away() {
    holds(
        r#"
        mkdir -p ws/lab/data
        printf -- '---\ntags: [own]\n---\n' > ws/lab/own.md
        mount --bind disk ws/lab/data
        "$CDX" init ws
        "$CDX" mount ws mnt --background
        until_true "it shows" '[ "$(ls mnt/tags/t | wc -l)" = 30 ]'
        "$CDX" flush -w ws
        before=$(commits ws/lab)
        umount -l ws/lab/data
        until_true "it is said" 'status | grep -q "a disk was mounted on"'
        until_true "the mount shows what is there" '[ -z "$(ls mnt/lab/data)" ]'
        [ "$(ls mnt/tags/t | wc -l)" = 30 ] || fail "notes went"
        "$CDX" check -w ws || fail "check"
        "$CDX" check -w ws --repair || fail "repair"
        [ "$(ls mnt/tags/t | wc -l)" = 30 ] || fail "a repair took notes away"
        "$CDX" umount mnt
        # Neither does a start without it.
        "$CDX" index -w ws
        "$CDX" flush -w ws
        [ "$(commits ws/lab)" = "$before" ] || fail "recorded: $(git --git-dir ws/lab/.codex/history.git log --stat main)"
        [ "$("$CDX" query -w ws tag:t --format paths | wc -l)" = 30 ] || fail "notes went at the start"
        "$CDX" mount ws mnt --background
        mount --bind disk ws/lab/data
        until_true "it is back" '[ "$(cat mnt/lab/data/n3.md | tail -n 1)" = "note 3" ]'
        until_true "nothing is said any more" 'status | grep -q "\"problems\": *\[\]"'
        # What is removed while it is mounted is removed; and so is all of it once its folder is.
        rm ws/lab/data/n1.md
        until_true "one went" '[ "$(ls mnt/tags/t | wc -l)" = 29 ]'
        umount -l ws/lab/data
        until_true "it is said again" 'status | grep -q "a disk was mounted on"'
        rmdir ws/lab/data
        until_true "all went" '[ ! -e mnt/tags/t ] || [ -z "$(ls mnt/tags/t)" ]'
        until_true "nothing is said any more" 'status | grep -q "\"problems\": *\[\]"'
        "$CDX" check -w ws
        "$CDX" umount mnt
        "#,
    );
}

#[test]
fn a_store_that_may_not_be_read_any_more_loses_no_note_and_is_read_again_by_itself() {
    // As an ordinary user, since root may read everything.
    let bench = Bench::empty();
    let text = r#"
        id cdxtest > /dev/null 2>&1 || useradd cdxtest
        mkdir -p bin && cp "$CDX" bin/cdx && cp -r disk/. ws/lab/ && mkdir ws/lab/sub && mv ws/lab/n2?.md ws/lab/sub/
        chown -R cdxtest . && chmod 755 .
        as() { runuser -u cdxtest -- env CODEX_HOME="$PWD/home" HOME="$PWD" "$@"; }
        as bin/cdx init ws
        as bin/cdx mount ws mnt --background
        trap 'as bin/cdx umount mnt || umount -l mnt || true; umount -l disk || true' EXIT
        seen() { as ls mnt/tags/t | wc -l; }
        until_true "it shows" '[ "$(seen)" = 30 ]'
        as bin/cdx flush -w ws
        before=$(as git --git-dir ws/lab/.codex/history.git rev-list --count main)
        for folder in ws/lab/sub ws/lab; do
            chmod 000 $folder
            printf x >> ws/lab/plain.md
            as bin/cdx index -w ws || true
            if as ls mnt/${folder#ws/} > out 2>&1; then fail "listed"; fi
            grep -q 'Permission denied' out || fail "$(cat out)"
            until_true "it is said" 'as cat mnt/.codex/status.json | grep -q "Permission denied"'
            [ "$(seen)" = 30 ] || fail "notes went: $(seen)"
            sleep 2.5
            [ "$(seen)" = 30 ] || fail "notes went: $(seen)"
            chmod 755 $folder
            until_true "nothing is said any more" 'as cat mnt/.codex/status.json | grep -q "\"problems\": *\[\]"'
            until_true "it is read again" '[ "$(as cat mnt/lab/sub/n21.md | tail -n 1)" = "note 21" ]'
        done
        as bin/cdx flush -w ws
        [ "$(as git --git-dir ws/lab/.codex/history.git log --diff-filter=D --oneline main | wc -l)" = 0 ] || fail "removals"
        as bin/cdx check -w ws
        "#;
    if rustix::process::geteuid().is_root()
        && let Some(said) = script(&bench, text)
    {
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    }
}
