//! Random batches against a map of paths to contents.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Model = BTreeMap<String, String>;

const PATHS: [&str; 12] = ["a", "b", "a.b", "a0", "r", "r/a", "r/s", "r/s/a", "r/s/b", "q/a", "q/s/t/u", "a/deep/one"];

fn change() -> impl Strategy<Value = Recorded> {
    let place = || prop::sample::select(&PATHS[..]);
    prop_oneof![
        4 => (place(), "[xy]{1,2}").prop_map(|(at, text)| write(at, &text)),
        1 => (place(), "[xy]").prop_map(|(at, text)| script(at, &text)),
        1 => (place(), "[xy]").prop_map(|(at, text)| link(at, &text)),
        2 => place().prop_map(remove),
        2 => (place(), place()).prop_map(|(from, to)| rename(from, to)),
    ]
}

fn is_at_or_below(file: &str, at: &str) -> bool {
    file == at || file.strip_prefix(at).is_some_and(|rest| rest.starts_with('/'))
}

/// What stands at or below the path, taken out.
fn take(model: &mut Model, at: &str) -> Model {
    let taken: Model =
        model.iter().filter(|(file, _)| is_at_or_below(file, at)).map(|(k, v)| (k.clone(), v.clone())).collect();
    model.retain(|file, _| !is_at_or_below(file, at));
    taken
}

/// Nothing is left in the way of a file or folder at the path.
fn clear(model: &mut Model, at: &str) {
    take(model, at);
    model.retain(|file, _| !is_at_or_below(at, file));
}

fn apply(model: &mut Model, change: &Recorded) {
    match change {
        Recorded::Written { path, bytes, executable } => {
            clear(model, &path.to_string());
            let sign = if *executable { "*" } else { "" };
            model.insert(path.to_string(), format!("{sign}={}", String::from_utf8_lossy(bytes)));
        }
        Recorded::Symlink { path, target } => {
            clear(model, &path.to_string());
            model.insert(path.to_string(), format!("@={}", String::from_utf8_lossy(target)));
        }
        Recorded::Removed { path } => drop(take(model, &path.to_string())),
        Recorded::Moved { from, to } => {
            let (from, to) = (from.to_string(), to.to_string());
            if is_at_or_below(&to, &from) {
                return;
            }
            let moved = take(model, &from);
            if !moved.is_empty() {
                clear(model, &to);
                model.extend(moved.into_iter().map(|(file, text)| (format!("{to}{}", &file[from.len()..]), text)));
            }
        }
    }
}

fn listed(model: &Model) -> Vec<String> {
    let mut files: Vec<String> = model.iter().map(|(file, text)| format!("{file}{text}")).collect();
    files.sort();
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Every commit holds what the model holds, old ones still do at the end, git finds no fault, and undoing all
    /// of them, newest first, leads back.
    #[test]
    fn batches_make_what_the_model_makes(batches in prop::collection::vec(prop::collection::vec(change(), 1..8), 1..25)) {
        let scratch = Scratch::new();
        let mut model = Model::new();
        let mut past = Vec::new();
        for batch in batches {
            for change in &batch {
                apply(&mut model, change);
            }
            let commit = scratch.record(batch);
            prop_assert_eq!(scratch.files(), listed(&model));
            past.extend(commit.map(|commit| (commit, listed(&model))));
        }
        for (commit, expected) in &past {
            let mut files: Vec<_> = scratch.history.files(*commit).unwrap().iter().map(|file| scratch.shown(file)).collect();
            files.sort();
            prop_assert_eq!(&files, expected);
        }
        if past.is_empty() {
            return Ok(());
        }
        scratch.fsck();
        let newest_first: Vec<CommitId> = past.iter().rev().map(|(commit, _)| *commit).collect();
        for change in scratch.history.reverse_all(&newest_first).unwrap() {
            apply(&mut model, &change);
        }
        prop_assert_eq!(listed(&model), [""; 0]);
        for at in (0..past.len()).rev() {
            let changes = scratch.history.reverse(past[at].0).unwrap();
            scratch.record(changes);
            prop_assert_eq!(scratch.files(), at.checked_sub(1).map_or_else(Vec::new, |before| past[before].1.clone()));
        }
    }
}
