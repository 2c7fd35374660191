//! What crashes, power cuts and other programs leave behind.

use super::*;
use crate::sys::{Dir, Replace};

fn put(scratch: &Scratch, at: &str, bytes: &[u8]) {
    let dir = Dir::open(scratch.path()).unwrap();
    let at = path(at);
    dir.make_dirs(&at.parent()).unwrap();
    let _ = dir.remove_file(&at);
    dir.write_durably(&at, bytes, Replace::Never).unwrap();
}

fn is_there(scratch: &Scratch, at: &str) -> bool {
    Dir::open(scratch.path()).unwrap().stat(&path(at)).is_ok()
}

fn two_commits() -> Scratch {
    let scratch = Scratch::new();
    scratch.record(vec![write("a", "1")]);
    scratch.record(vec![write("r/b", "2")]);
    scratch
}

#[test]
fn stale_locks_and_unfinished_packs_are_removed() {
    let scratch = two_commits();
    let litter = [
        "HEAD.lock",
        "config.lock",
        "packed-refs.lock",
        "refs/heads/main.lock",
        "objects/pack/pack_git2_x7y8",
        "objects/pack/tmp_pack_abc",
        "objects/pack/.tmp-1-pack-2.pack",
        "objects/pack/pack-0000000000000000000000000000000000000000.idx",
        "incoming/pack-0000000000000000000000000000000000000000.pack",
    ];
    for at in litter {
        put(&scratch, at, b"");
    }
    let scratch = scratch.reopen();
    assert_eq!(litter.map(|at| is_there(&scratch, at)), [false; 9]);
    scratch.record(vec![write("a", "3")]);
    assert_eq!(scratch.files(), ["a=3", "r/b=2"]);
    scratch.fsck();
}

#[test]
fn a_push_that_holds_the_branch_is_waited_for() {
    let scratch = two_commits();
    put(&scratch, "refs/heads/main.lock", b"");
    let dir = Dir::open(scratch.path()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            dir.remove_file(&path("refs/heads/main.lock")).unwrap();
        });
        assert!(scratch.record(vec![write("a", "3")]).is_some());
    });
    assert!(!is_there(&scratch, "refs/heads/main.lock"));
}

#[test]
fn empty_objects_are_set_aside() {
    let scratch = two_commits();
    let blob = blob_id(b"later").unwrap().to_string();
    let object = format!("objects/{}/{}", &blob[..2], &blob[2..]);
    put(&scratch, &object, b"");
    let scratch = scratch.reopen();
    assert!(!is_there(&scratch, &object) && is_there(&scratch, &format!("quarantine/{blob}")));
    scratch.record(vec![write("a", "later")]);
    assert_eq!(scratch.files(), ["a=later", "r/b=2"]);
    scratch.fsck();
}

#[test]
fn an_empty_or_torn_branch_becomes_the_newest_commit() {
    for torn in [&b""[..], b"abc", b"\0\0\0\0", &[b'1'; 40]] {
        let scratch = two_commits();
        let head = scratch.history.head().unwrap();
        put(&scratch, "refs/heads/main", torn);
        let scratch = scratch.reopen();
        assert_eq!(scratch.history.head().unwrap(), head, "{torn:?}");
        assert_eq!(scratch.record(vec![write("a", "1")]), None);
        scratch.fsck();
    }
}

#[test]
fn empty_configuration_and_head_are_written_again() {
    let scratch = two_commits();
    for at in ["config", "codex.config", "bulk.config", "HEAD"] {
        put(&scratch, at, b"");
    }
    let scratch = scratch.reopen();
    assert_eq!(scratch.files(), ["a=1", "r/b=2"]);
    assert_eq!(git(&scratch.path(), &["rev-parse", "--abbrev-ref", "HEAD"]), "main\n");
}

#[test]
fn a_start_in_the_middle_of_making_it_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("deep/history.git");
    let dir = Dir::open(folder.path()).unwrap();
    dir.make_dirs(&path("deep/history.git/objects")).unwrap();
    let history = History::open(&at).unwrap();
    assert_eq!(history.head().unwrap(), None);
}

#[test]
fn what_is_no_repository_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = Dir::open(folder.path()).unwrap();
    dir.make_dirs(&path("notes")).unwrap();
    dir.write_durably(&path("notes/mine.md"), b"x", Replace::Never).unwrap();
    dir.write_durably(&path("file"), b"x", Replace::Never).unwrap();
    let error = History::open(&folder.path().join("notes")).unwrap_err();
    assert!(error.to_string().ends_with("is no git repository; move it away"), "{error}");
    assert_eq!(dir.list(&path("notes")).unwrap().len(), 1);
    assert!(matches!(History::open(&folder.path().join("file")).unwrap_err(), HistoryError::Store(_)));
}

#[test]
fn packs_that_others_fold_meanwhile_are_found_again() {
    let scratch = two_commits();
    let head = scratch.history.head().unwrap().unwrap();
    for n in 0..5 {
        scratch.record(vec![write("a", &n.to_string())]);
    }
    assert_eq!(scratch.history.files(head).unwrap().len(), 2);
    git(&scratch.path(), &["repack", "-a", "-d", "-q"]);
    git(&scratch.path(), &["pack-refs", "--all"]);
    assert_eq!(scratch.files(), ["a=4", "r/b=2"]);
    assert!(scratch.record(vec![write("a", "9")]).is_some());
    assert_eq!(scratch.history.versions(&path("a"), 99).unwrap().len(), 7);
    scratch.fsck();
}

#[test]
fn many_packs_are_folded_with_and_without_the_program() {
    for has_program in [true, false] {
        let scratch = Scratch::new();
        for n in 0..60 {
            scratch.record(vec![write(&format!("d{}/a", n % 7), &format!("{n} and more text\n").repeat(40))]);
        }
        let before = scratch.files();
        if has_program {
            scratch.history.maintain().unwrap();
        } else {
            scratch.history.fold_in_process(&Dir::open(scratch.path()).unwrap()).unwrap();
        }
        let counts = git(&scratch.path(), &["count-objects", "-v"]);
        let packs = counts.lines().find_map(|line| line.strip_prefix("packs: ")).unwrap();
        assert!(packs.parse::<u32>().unwrap() <= 3 && counts.contains("garbage: 0\n"), "{counts}");
        assert_eq!(scratch.files(), before);
        scratch.record(vec![write("new", "1")]);
        assert_eq!(scratch.history.log(None, 99).unwrap().len(), 61);
        scratch.fsck();
    }
}

#[test]
fn a_pack_that_lost_its_index_gets_it_again_and_a_torn_one_is_set_aside() {
    let scratch = two_commits();
    let dir = Dir::open(scratch.path()).unwrap();
    for entry in dir.list(&path("objects/pack")).unwrap() {
        if entry.name.as_encoded_bytes().ends_with(b".idx") {
            dir.remove_file(&path("objects/pack").join(entry.name.as_encoded_bytes()).unwrap()).unwrap();
        }
    }
    put(&scratch, "objects/pack/pack-torn.pack", b"PACK\0\0\0\x02\0\0");
    let scratch = scratch.reopen();
    assert!(is_there(&scratch, "quarantine/pack-torn.pack"));
    assert_eq!(scratch.files(), ["a=1", "r/b=2"]);
    scratch.fsck();
}

#[test]
fn few_packs_are_left_alone() {
    let scratch = two_commits();
    scratch.history.maintain().unwrap();
    assert!(git(&scratch.path(), &["count-objects", "-v"]).contains("packs: 2\n"));
}
