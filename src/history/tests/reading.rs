//! Log, versions, past folders, times and diffs.

use super::*;

/// `commit summary: path=contents` of each version, newest first.
fn versions(scratch: &Scratch, at: &str, limit: usize) -> Vec<String> {
    let shown = |version: Version| {
        let bytes = version.blob.map(|blob| scratch.history.blob(blob).unwrap());
        let text = bytes.map_or_else(|| "gone".into(), |bytes| String::from_utf8_lossy(&bytes).into_owned());
        format!("{}={text}", version.path)
    };
    scratch.history.versions(&path(at), limit).unwrap().into_iter().map(shown).collect()
}

#[test]
fn versions_follow_the_file_through_renames_and_rebirth() {
    let scratch = Scratch::new();
    scratch.record(vec![write("r/a", "1"), write("x", "0")]);
    scratch.record(vec![write("x", "1")]);
    scratch.record(vec![write("r/a", "2")]);
    scratch.record(vec![rename("r", "q")]);
    scratch.record(vec![write("x", "2")]);
    scratch.record(vec![rename("q/a", "b"), write("y", "1")]);
    scratch.record(vec![write("b", "3")]);
    let all = ["b=3", "b=2", "q/a=2", "r/a=2", "r/a=1"];
    assert_eq!(versions(&scratch, "b", 20), all);
    assert_eq!(versions(&scratch, "b", 2), all[..2]);
    assert_eq!(versions(&scratch, "r/a", 20), ["r/a=gone", "r/a=2", "r/a=1"]);
    assert_eq!(versions(&scratch, "x", 20), ["x=2", "x=1", "x=0"]);
    assert_eq!(versions(&scratch, "never", 20), [""; 0]);
    scratch.record(vec![write("r/a", "new")]);
    scratch.record(vec![script("r/a", "new")]);
    assert_eq!(versions(&scratch, "r/a", 3), ["r/a=new", "r/a=new", "r/a=gone"]);
}

#[test]
fn a_file_that_is_edited_as_it_moves_is_followed() {
    let scratch = Scratch::new();
    let lines: Vec<String> = (0..40).map(|line| format!("line {line} of the note")).collect();
    let text = lines.join("\n");
    scratch.record(vec![write("old.md", &text)]);
    scratch.record(vec![rename("old.md", "new.md"), write("new.md", &text.replace("line 7", "line seven"))]);
    let versions = scratch.history.versions(&path("new.md"), 9).unwrap();
    assert_eq!(versions.iter().map(|version| version.path.to_string()).collect::<Vec<_>>(), ["new.md", "old.md"]);
    assert_eq!(versions[0].commit.changes, [('R', path("new.md"))]);
}

#[test]
fn the_log_of_a_folder_has_the_commits_below_it() {
    let scratch = Scratch::new();
    scratch.record(vec![write("r/s/a", "1"), write("r/b", "1")]);
    scratch.record(vec![write("x", "1")]);
    scratch.record(vec![write("r/s/a", "2")]);
    scratch.record(vec![rename("r", "q")]);
    scratch.record(vec![remove("q/b")]);
    let log = |at: &str| -> Vec<String> {
        scratch.history.log(Some(&path(at)), 9).unwrap().into_iter().map(|commit| commit.summary).collect()
    };
    assert_eq!(log("q"), ["remove q/b", "move r to q", "write r/s/a", "write 2 files in r/"]);
    assert_eq!(log("q/s"), ["move r to q", "write r/s/a", "write 2 files in r/"]);
    assert_eq!(log("x"), ["write x"]);
    let all = scratch.history.log(None, 2).unwrap();
    assert_eq!(all[0].changes, [('D', path("q/b"))]);
    assert_eq!(all[1].changes, [('R', path("q/b")), ('R', path("q/s/a"))]);
}

#[test]
fn past_folders_are_listed_with_their_kinds() {
    let scratch = Scratch::new();
    let commit =
        scratch.record(vec![write("a.md", "1"), script("run", "x"), link("l", "run"), write("r/b", "2")]).unwrap();
    scratch.record(vec![remove("r")]);
    let shown = |at: &str| -> Vec<String> {
        let entries = scratch.history.list(commit, &path(at)).unwrap();
        entries.iter().map(|entry| format!("{} {:?}", String::from_utf8_lossy(&entry.name), entry.kind)).collect()
    };
    let root = ["a.md File { executable: false }", "l Symlink", "r Folder", "run File { executable: true }"];
    assert_eq!(shown(""), root);
    assert_eq!(shown("r"), ["b File { executable: false }"]);
    let file = scratch.history.entry(commit, &path("r/b")).unwrap().unwrap();
    assert_eq!((scratch.history.blob_size(file.id).unwrap(), blob_id(b"2")), (1, Some(file.id)));
    assert_eq!(scratch.history.entry(commit, &path("r/none")).unwrap(), None);
    assert_eq!(scratch.history.entry(commit, &path("a.md/b")).unwrap(), None);
    for missing in [scratch.history.list(commit, &path("none")), scratch.history.list(commit, &path("a.md"))] {
        assert!(matches!(missing, Err(HistoryError::NotFound(_))));
    }
}

#[test]
fn what_is_not_there_is_named() {
    let scratch = Scratch::new();
    let commit = scratch.record(vec![write("a", "1")]).unwrap();
    let nowhere = CommitId([7; 20]);
    let blob = blob_id(b"1").unwrap();
    let errors = [
        scratch.history.commit(nowhere).map(drop),
        scratch.history.commit(blob).map(drop),
        scratch.history.blob(nowhere).map(drop),
        scratch.history.blob_size(nowhere).map(drop),
        scratch.history.files(nowhere).map(drop),
        scratch.history.reverse(nowhere).map(drop),
        scratch.history.resolve("0707070").map(drop),
        scratch.history.resolve("abc").map(drop),
        scratch.history.resolve("main").map(drop),
        scratch.history.resolve(&"0".repeat(41)).map(drop),
    ];
    for (at, error) in errors.into_iter().enumerate() {
        assert!(matches!(error, Err(HistoryError::NotFound(_))), "{at}: {error:?}");
    }
    for digits in [4, 7, 40] {
        assert_eq!(scratch.history.resolve(&commit.to_string()[..digits]).unwrap(), commit);
        assert_eq!(scratch.history.resolve(&commit.to_string()[..digits].to_uppercase()).unwrap(), commit);
    }
    assert_eq!(scratch.history.commit(commit).unwrap().summary, "write a");
}

#[test]
fn the_commit_of_a_time_is_the_newest_that_is_not_later() {
    let scratch = Scratch::new();
    assert_eq!(scratch.history.at_time(minute(9)).unwrap(), None);
    let commits: Vec<CommitId> = (0..3).map(|n| scratch.record(vec![write("a", &n.to_string())]).unwrap()).collect();
    let second = jiff::SignedDuration::from_secs(1);
    assert_eq!(scratch.history.at_time(minute(1) - second).unwrap(), None);
    assert_eq!(scratch.history.at_time(minute(1)).unwrap(), Some(commits[0]));
    assert_eq!(scratch.history.at_time(minute(3) - second).unwrap(), Some(commits[1]));
    assert_eq!(scratch.history.at_time(minute(99)).unwrap(), Some(commits[2]));
    // The clock was set back: of what was made at or before the time, the newest made is what stood then.
    scratch.minutes.set(0);
    let back = scratch.record(vec![write("a", "back")]).unwrap();
    assert_eq!(scratch.history.at_time(minute(2)).unwrap(), Some(back));
    assert_eq!(scratch.history.at_time(minute(1) - second).unwrap(), None);
}

#[test]
fn diffs_are_unified() {
    let scratch = Scratch::new();
    let one = scratch.record(vec![write("a[1].md", "x\ny\n"), write("b", "1\n")]).unwrap();
    let two = scratch.record(vec![write("a[1].md", "x\nz\n"), write("b", "2\n")]).unwrap();
    let history = &scratch.history;
    let only = history.diff(Some(one), two, &path("a[1].md")).unwrap();
    let hunk = "--- a/a[1].md\n+++ b/a[1].md\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n";
    assert!(only.starts_with("diff --git a/a[1].md b/a[1].md\nindex ") && only.ends_with(hunk), "{only}");
    let all = history.diff(Some(one), two, &NotePath::root()).unwrap();
    assert!(all.starts_with(&only) && all.ends_with("@@ -1 +1 @@\n-1\n+2\n"), "{all}");
    let first = history.diff(None, one, &path("b")).unwrap();
    assert!(first.contains("new file mode 100644") && first.ends_with("@@ -0,0 +1 @@\n+1\n"), "{first}");
    let working = history.diff_with(two, &path("a[1].md"), b"x\nw").unwrap();
    assert!(working.ends_with("@@ -1,2 +1,2 @@\n x\n-z\n+w\n\\ No newline at end of file\n"), "{working}");
    assert_eq!(history.diff_with(two, &path("b"), b"2\n").unwrap(), "");
    let binary = history.diff_with(two, &path("b"), b"2\0\n").unwrap();
    assert!(binary.contains("Binary files"), "{binary}");
}

#[test]
fn verifying_names_what_cannot_be_read() {
    let scratch = Scratch::new();
    scratch.record(vec![write("r/a", "1")]);
    scratch.record(vec![write("r/b", "2")]);
    assert_eq!(scratch.history.verify().unwrap(), [""; 0]);
    let dir = crate::sys::Dir::open(scratch.path()).unwrap();
    let packs = path("objects/pack");
    // The first commit's pack is the one that holds a's blob.
    let blob = blob_id(b"1").unwrap().to_string();
    for entry in dir.list(&packs).unwrap() {
        let name = entry.name.to_str().unwrap().to_owned();
        if let Some(stem) = name.strip_suffix(".idx") {
            let index = scratch.path().join("objects/pack").join(&name);
            if git(&scratch.path(), &["verify-pack", "-v", index.to_str().unwrap()]).contains(&blob) {
                dir.remove_file(&path(&format!("objects/pack/{stem}.pack"))).unwrap();
            }
        }
    }
    let scratch = scratch.reopen();
    let problems = scratch.history.verify().unwrap();
    // The first commit was in the pack, too.
    assert!(problems[0].starts_with("r/a: ") && problems[1].starts_with("commit "), "{problems:?}");
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn commits_are_picked_by_time_and_author() {
    let scratch = Scratch::new();
    for (number, name) in (1..).zip(["ada", "bohr", "ada", "curie"]) {
        scratch.record_as(Actor::User(name.into()), &format!("g{number}"), &[], vec![write("a", name)]);
    }
    let check = |filter: LogFilter, page: (usize, usize), expected: &str| {
        let found = scratch.history.log_where(&filter, page.0, page.1).unwrap();
        let authors: Vec<String> = found.iter().map(|commit| commit.actor.author_name()).collect();
        assert_eq!(authors.join(" "), expected, "{filter:?}");
    };
    let all = LogFilter::default();
    check(all.clone(), (0, 9), "curie ada bohr ada");
    check(all.clone(), (1, 2), "ada bohr");
    check(LogFilter { author: Some("ADA".into()), ..all.clone() }, (0, 9), "ada ada");
    check(LogFilter { since: Some(minute(2)), until: Some(minute(3)), ..all.clone() }, (0, 9), "ada bohr");
    let head = scratch.history.head().unwrap().unwrap();
    let parent = scratch.history.parent(head).unwrap().unwrap();
    assert_eq!(scratch.history.commit(parent).unwrap().actor.author_name(), "ada");
    let first = scratch.history.log_where(&all, 3, 1).unwrap()[0].id;
    assert_eq!(scratch.history.parent(first).unwrap(), None);
}
