//! Gestures and what undoes them.

use super::*;

/// After `first`, whose commit is undone, and `later`: the files once the undoing is recorded, or the conflict.
fn check(before: Vec<Recorded>, undone: Vec<Recorded>, later: Vec<Vec<Recorded>>, expected: Result<&[&str], &str>) {
    let scratch = Scratch::new();
    scratch.record(before);
    let commit = scratch.record(undone).unwrap();
    for batch in later {
        scratch.record(batch);
    }
    let result = scratch.history.reverse(commit).map(|changes| {
        scratch.record(changes);
        scratch.files()
    });
    match (result, expected) {
        (Ok(files), Ok(expected)) => assert_eq!(files, expected),
        (Err(error), Err(expected)) => assert_eq!(error.to_string(), format!("cannot undo: {expected}")),
        (result, expected) => panic!("{result:?} instead of {expected:?}"),
    }
    scratch.fsck();
}

#[test]
fn an_edit_is_undone_beneath_later_edits() {
    let before = || vec![write("a", "1\n2\n3\n4\n5\n"), write("b", "b")];
    let edit = || vec![write("a", "one\n2\n3\n4\n5\n")];
    check(before(), edit(), vec![], Ok(&["a=1\n2\n3\n4\n5\n", "b=b"]));
    check(before(), edit(), vec![vec![write("a", "one\n2\n3\n4\nfive\n")]], Ok(&["a=1\n2\n3\n4\nfive\n", "b=b"]));
    check(before(), edit(), vec![vec![write("a", "1\n2\n3\n4\n5\n")]], Ok(&["a=1\n2\n3\n4\n5\n", "b=b"]));
    check(
        before(),
        edit(),
        vec![vec![write("a", "uno\n2\n3\n4\n5\n")]],
        Err("a was edited since, and both versions changed the same lines"),
    );
    check(before(), edit(), vec![vec![remove("a")]], Err("a was removed since"));
    check(before(), edit(), vec![vec![rename("a", "r/a")]], Ok(&["b=b", "r/a=1\n2\n3\n4\n5\n"]));
    check(
        before(),
        edit(),
        vec![vec![rename("a", "r/a")], vec![rename("r", "q"), write("q/a", "one\n2\n3\n4\nfive\n")]],
        Ok(&["b=b", "q/a=1\n2\n3\n4\nfive\n"]),
    );
}

#[test]
fn binary_files_and_links_do_not_merge() {
    check(
        vec![write("a", "\0 1")],
        vec![write("a", "\0 2")],
        vec![vec![write("a", "\0 3")]],
        Err("a was edited since, and a binary file does not merge"),
    );
    check(vec![write("a", "\0 1")], vec![write("a", "\0 2")], vec![vec![write("b", "1")]], Ok(&["a=\0 1", "b=1"]));
    check(
        vec![link("a", "x")],
        vec![link("a", "y")],
        vec![vec![link("a", "z")]],
        Err("a was edited since, and a binary file does not merge"),
    );
    check(vec![write("a", "x")], vec![link("a", "x")], vec![], Ok(&["a=x"]));
}

#[test]
fn what_was_made_goes_and_what_was_removed_returns() {
    check(vec![write("b", "1")], vec![write("r/a", "2")], vec![], Ok(&["b=1"]));
    check(vec![write("b", "1")], vec![write("r/a", "2")], vec![vec![remove("r/a")]], Ok(&["b=1"]));
    check(
        vec![write("b", "1")],
        vec![write("r/a", "2")],
        vec![vec![write("r/a", "3")]],
        Err("r/a was edited since it was made"),
    );
    check(vec![script("r/a", "1"), link("r/l", "a")], vec![remove("r")], vec![], Ok(&["r/a*=1", "r/l@=a"]));
    check(vec![write("a", "1")], vec![remove("a")], vec![vec![write("a", "2")]], Err("a exists again"));
    check(vec![write("a", "1")], vec![remove("a")], vec![vec![write("a", "1")]], Ok(&["a=1"]));
    check(
        vec![write("r/a", "1")],
        vec![remove("r/a")],
        vec![vec![write("r", "2")]],
        Err("r/a cannot return: its place is taken"),
    );
}

#[test]
fn files_return_where_a_folder_took_their_place_and_the_reverse() {
    check(vec![write("a", "1")], vec![remove("a"), write("a/b", "2")], vec![], Ok(&["a=1"]));
    check(vec![write("a/b", "1")], vec![remove("a"), write("a", "2")], vec![], Ok(&["a/b=1"]));
    check(
        vec![write("a", "1")],
        vec![remove("a"), write("a/b", "2")],
        vec![vec![write("a/c", "3")]],
        Err("a cannot return: its place is taken"),
    );
}

#[test]
fn moves_are_moved_back() {
    check(vec![write("a", "1")], vec![rename("a", "r/b")], vec![], Ok(&["a=1"]));
    check(vec![write("a", "1\n2\n")], vec![rename("a", "b")], vec![vec![write("b", "1\n3\n")]], Ok(&["a=1\n3\n"]));
    check(vec![write("a", "1")], vec![rename("a", "b")], vec![vec![write("a", "2")]], Err("a exists again"));
    check(vec![write("a", "1")], vec![rename("a", "b")], vec![vec![remove("b")]], Err("b was removed since"));
    check(vec![write("a", "1")], vec![rename("a", "b")], vec![vec![rename("b", "c")]], Err("b was moved to c since"));
    check(vec![write("a", "1")], vec![rename("a", "b")], vec![vec![rename("b", "a")]], Ok(&["a=1"]));
    check(vec![write("r/a", "1"), write("r/b", "2")], vec![rename("r", "q")], vec![], Ok(&["r/a=1", "r/b=2"]));
    // A chain: the last has to make room first.
    check(
        vec![write("a", "1"), write("b", "2")],
        vec![rename("b", "c"), rename("a", "b")],
        vec![],
        Ok(&["a=1", "b=2"]),
    );
    check(
        vec![write("a", "1"), write("b", "2")],
        vec![rename("a", "t"), rename("b", "a"), rename("t", "b")],
        vec![],
        Ok(&["a=1", "b=2"]),
    );
}

#[test]
fn only_the_mode_returns_where_only_the_mode_changed() {
    check(vec![write("a", "1")], vec![script("a", "1")], vec![vec![script("a", "2")]], Ok(&["a=2"]));
    check(vec![write("a", "1")], vec![write("a", "2")], vec![vec![script("a", "2")]], Ok(&["a*=1"]));
}

#[test]
fn all_conflicts_are_named_and_nothing_is_given() {
    check(
        vec![write("a", "1"), write("b", "1"), write("c", "1")],
        vec![write("a", "2"), write("b", "2"), write("c", "2")],
        vec![vec![write("a", "3"), remove("b")]],
        Err("a was edited since, and both versions changed the same lines; b was removed since"),
    );
}

#[test]
fn several_commits_are_undone_upon_one_another() {
    let scratch = Scratch::new();
    scratch.record(vec![write("a", "1\n2\n3\n"), write("b", "b")]);
    let one = scratch.record(vec![write("a", "one\n2\n3\n")]).unwrap();
    let two = scratch.record(vec![rename("a", "r/a"), write("c", "c")]).unwrap();
    let three = scratch.record(vec![write("r/a", "ONE\n2\n3\n"), remove("b")]).unwrap();
    assert!(matches!(scratch.history.reverse(one), Err(HistoryError::Conflict(_))));
    let changes = scratch.history.reverse_all(&[three, two, one]).unwrap();
    scratch.record(changes);
    assert_eq!(scratch.files(), ["a=1\n2\n3\n", "b=b"]);
}

#[test]
fn gestures_are_the_commits_of_a_trailer_without_undone_ones() {
    let scratch = Scratch::new();
    let (ada, tidy) = (Actor::User("ada".into()), Actor::Agent("tidy".into()));
    let record = |actor: &Actor, gesture: &str, undoes: &[&str], text: &str| {
        scratch.record_as(actor.clone(), gesture, undoes, vec![write("a", text)]).unwrap()
    };
    let one = record(&ada, "g1", &[], "1");
    record(&tidy, "g2", &[], "2");
    let again = record(&ada, "g1", &[], "3");
    let three = record(&ada, "g3", &[], "4");
    let four = record(&ada, "g4", &[], "5");
    record(&ada, "u4", &["g4"], "4");
    let shown = |actor: Option<&Actor>, count| -> Vec<(String, usize)> {
        let gestures = scratch.history.gestures(actor, count).unwrap();
        gestures.into_iter().map(|(id, commits)| (id.0, commits.len())).collect()
    };
    assert_eq!(shown(Some(&ada), 9), [("g3".into(), 1), ("g1".into(), 2)]);
    assert_eq!(shown(Some(&ada), 1), [("g3".into(), 1)]);
    assert_eq!(shown(None, 2), [("g3".into(), 1), ("g1".into(), 2)]);
    assert_eq!(shown(None, 9).len(), 3);
    assert_eq!(shown(Some(&Actor::Codex), 9), []);
    assert_eq!(shown(None, 0), []);
    let ids = |names: &[&str]| names.iter().map(|id| GestureId((*id).into())).collect::<Vec<_>>();
    assert_eq!(scratch.history.commits_of(&ids(&["g1", "g3"])).unwrap(), [three, again, one]);
    assert_eq!(scratch.history.commits_of(&ids(&["g4", "none"])).unwrap(), [four]);
}
