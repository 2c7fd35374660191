//! What a batch makes of the tree, and what is on disk afterwards.

use super::*;
use crate::sys::Dir;

/// The batches one after the other; then the files that are there.
fn check(batches: Vec<Vec<Recorded>>, expected: &[&str]) {
    let scratch = Scratch::new();
    for batch in batches {
        scratch.record(batch);
    }
    assert_eq!(scratch.files(), expected);
    if scratch.history.head().unwrap().is_some() {
        scratch.fsck();
    }
    assert_eq!(scratch.history.verify().unwrap(), [""; 0]);
}

#[test]
fn changes_are_applied_in_order() {
    check(vec![vec![write("a", "1"), write("r/s/b", "2"), write("a", "3")]], &["a=3", "r/s/b=2"]);
    check(vec![vec![write("a", "1"), rename("a", "b"), write("a", "2")]], &["a=2", "b=1"]);
    check(vec![vec![write("r/a", "1")], vec![rename("r", "q/r"), write("q/r/b", "2")]], &["q/r/a=1", "q/r/b=2"]);
    check(vec![vec![write("a", "1"), write("b", "2")], vec![rename("a", "b")]], &["b=1"]);
    check(
        vec![vec![write("a", "1"), write("b", "2")], vec![rename("a", "t"), rename("b", "a"), rename("t", "b")]],
        &["a=2", "b=1"],
    );
}

#[test]
fn folders_vanish_with_their_last_file() {
    check(vec![vec![write("r/s/a", "1"), write("b", "2")], vec![remove("r/s/a")]], &["b=2"]);
    check(vec![vec![write("r/s/a", "1"), write("r/b", "2"), write("c", "3")], vec![remove("r")]], &["c=3"]);
    check(vec![vec![write("a", "1")], vec![remove("a")]], &[]);
    check(vec![vec![write("r/a", "1")], vec![Recorded::Removed { path: NotePath::root() }]], &[]);
}

#[test]
fn files_and_folders_take_each_others_places() {
    check(vec![vec![write("a", "1")], vec![write("a/b", "2")]], &["a/b=2"]);
    check(vec![vec![write("a/b", "1")], vec![remove("a/b"), write("a", "2")]], &["a=2"]);
    check(
        vec![vec![write("a", "1"), write("a.b", "2"), write("a0", "3")], vec![write("a/x", "4")]],
        &["a.b=2", "a/x=4", "a0=3"],
    );
}

#[test]
fn what_is_not_there_can_be_removed_and_moved() {
    check(vec![vec![write("a", "1")], vec![remove("x/y"), remove("a/b"), rename("x", "y")]], &["a=1"]);
    check(vec![vec![write("a", "1")], vec![rename("a", "b")], vec![rename("a", "b")]], &["b=1"]);
}

#[test]
fn modes_and_links_are_kept() {
    check(vec![vec![script("run", "x"), link("l", "run")], vec![rename("run", "go")]], &["go*=x", "l@=run"]);
    check(vec![vec![script("run", "x")], vec![write("run", "x")]], &["run=x"]);
    check(vec![vec![write("l", "x")], vec![link("l", "x")]], &["l@=x"]);
}

#[test]
fn nothing_new_is_no_commit() {
    let scratch = Scratch::new();
    assert_eq!(scratch.record(vec![]), None);
    assert_eq!(scratch.record(vec![write("a", "1"), remove("a")]), None);
    assert_eq!(scratch.history.head().unwrap(), None);
    assert_eq!((scratch.history.log(None, 9).unwrap(), scratch.history.verify().unwrap()), (vec![], vec![]));
    assert!(scratch.record(vec![write("a", "1")]).is_some());
    assert_eq!(scratch.record(vec![write("a", "1")]), None);
    assert_eq!(scratch.record(vec![write("a", "2"), write("a", "1"), rename("a", "a")]), None);
}

#[test]
fn names_are_bytes() {
    let scratch = Scratch::new();
    let odd = NotePath::new(b"r/caf\xe9 \n\xff.md").unwrap();
    let bytes = (*b"x").into();
    scratch.record(vec![Recorded::Written { path: odd.clone(), bytes, executable: false }]);
    let head = scratch.history.head().unwrap().unwrap();
    assert_eq!(scratch.history.files(head).unwrap()[0].0, odd);
    assert_eq!(scratch.history.list(head, &path("r")).unwrap()[0].name, b"caf\xe9 \n\xff.md");
    assert_eq!(scratch.history.versions(&odd, 5).unwrap().len(), 1);
    scratch.fsck();
}

#[test]
fn names_that_git_takes_for_its_own_are_left_out() {
    let names = [".git/x", "a/.GIT", "git~1", ".git. .", ".git::$INDEX", ".g\u{200c}it", "x\\.git", "a/.git "];
    for name in names {
        assert!(!is_recordable(&path(name)), "{name}");
    }
    for name in [".gitignore", ".git2", "git", "x.git", ".gi", "git~10", ".codex", "..."] {
        assert!(is_recordable(&path(name)), "{name}");
    }
    check(vec![names.into_iter().chain([".gitignore"]).map(|name| write(name, "1")).collect()], &[".gitignore=1"]);
}

#[test]
fn a_move_keeps_the_ids() {
    let scratch = Scratch::new();
    scratch.record(vec![write("r/a", "1"), write("r/b", "2")]);
    let before = scratch.history.entry(scratch.history.head().unwrap().unwrap(), &path("r")).unwrap().unwrap();
    let after = scratch.record(vec![rename("r", "deep/down/q")]).unwrap();
    let after = scratch.history.entry(after, &path("deep/down/q")).unwrap().unwrap();
    assert_eq!((before.id, before.kind), (after.id, PastKind::Folder));
}

#[test]
fn a_batch_is_one_pack_and_no_loose_object() {
    let scratch = Scratch::new();
    for n in 0..3 {
        scratch.record((0..20).map(|file| write(&format!("d{}/f{file}", file % 4), &format!("{n}"))).collect());
    }
    let counts = git(&scratch.path(), &["count-objects", "-v"]);
    let expected = "count: 0\nsize: 0\nin-pack: 21\npacks: 3\n";
    assert!(counts.starts_with(expected), "{counts}");
    assert!(counts.ends_with("garbage: 0\nsize-garbage: 0\n"), "{counts}");
}

#[test]
fn flushing_is_on_for_libgit2_and_for_git_without_a_complaint() {
    let scratch = Scratch::new();
    // libgit2's pack builder asks a snapshot, which leaves out levels that the configuration itself shows.
    let mut bulk = repository::pack_config(&scratch.path(), true).unwrap();
    assert_eq!(bulk.snapshot().unwrap().get_i64("pack.deltaCacheSize").unwrap(), 1);
    let mut own = repository::own_config(&scratch.path()).unwrap();
    assert!(own.snapshot().unwrap().get_bool("core.fsyncObjectFiles").unwrap());
    assert_eq!(git(&scratch.path(), &["config", "core.fsync"]), "all\n");
    assert_eq!(git(&scratch.path(), &["config", "gc.auto"]), "0\n");
    assert!(!scratch.path().join("hooks").exists());
}

#[test]
fn commits_bear_their_author_time_and_gesture() {
    let scratch = Scratch::new();
    scratch.record_as(Actor::Agent("tidy".into()), "g-7", &["g-5"], vec![write("a.md", "1")]);
    let shown =
        git(&scratch.path(), &["log", "--format=%an|%ae|%cn|%ce|%at|%ct|%s|%(trailers:key=Codex-Gesture,valueonly)"]);
    let time = minute(1).as_second();
    let expected =
        format!("Agent tidy|agent+tidy@codex.invalid|Codex|codex@codex.invalid|{time}|{time}|write a.md|g-7\n\n");
    assert_eq!(shown, expected);
    let info = &scratch.history.log(None, 1).unwrap()[0];
    assert_eq!((&info.actor, info.time), (&Actor::Agent("tidy".into()), minute(1)));
    assert_eq!(info.undoes, [GestureId("g-5".into())]);
}

/// README: "A notebook's history is an ordinary git repository, `NOTEBOOK/.codex/history.git`, that anyone can
/// clone.".
#[test]
fn anyone_can_clone_it() {
    let scratch = Scratch::new();
    scratch.record(vec![write("r/a", "1"), script("run", "x"), link("l", "run")]);
    scratch.record(vec![rename("r/a", "b")]);
    let clone = scratch.folder.path().join("clone");
    let said = git(&scratch.path(), &["clone", "-q", scratch.path().to_str().unwrap(), clone.to_str().unwrap()]);
    assert_eq!(said, "");
    let dir = Dir::open(&clone).unwrap();
    assert_eq!(dir.read(&path("b"), 9).unwrap().0, b"1");
    assert_eq!(dir.stat(&path("run")).unwrap().perm & 0o111, 0o111);
    assert!(dir.stat(&path("r")).is_err());
}

#[test]
fn a_push_by_somebody_is_built_upon() {
    let scratch = Scratch::new();
    scratch.record(vec![write("a", "1")]);
    let tree = git(&scratch.path(), &["rev-parse", "main^{tree}"]);
    let arguments =
        ["-c", "user.name=x", "-c", "user.email=y", "commit-tree", "-p", "main", "-m", "pushed", tree.trim()];
    let pushed = git(&scratch.path(), &arguments);
    git(&scratch.path(), &["update-ref", "refs/heads/main", pushed.trim()]);
    scratch.record(vec![write("b", "2")]);
    let summaries: Vec<_> = scratch.history.log(None, 9).unwrap().into_iter().map(|commit| commit.summary).collect();
    assert_eq!(summaries, ["write b", "pushed", "write a"]);
    assert_eq!(git(&scratch.path(), &["rev-list", "--count", "main"]), "3\n");
}

#[test]
fn threads_read_while_one_records() {
    let scratch = Scratch::new();
    scratch.record(vec![write("a", "0")]);
    let history = &scratch.history;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let head = history.head().unwrap().unwrap();
                    let entry = history.entry(head, &path("a")).unwrap().unwrap();
                    assert!(!history.blob(entry.id).unwrap().is_empty());
                }
            });
        }
        for n in 1..60 {
            scratch.record(vec![write("a", &n.to_string())]);
            if n % 20 == 0 {
                history.fold_in_process(&Dir::open(scratch.path()).unwrap()).unwrap();
            }
        }
    });
    scratch.fsck();
}
