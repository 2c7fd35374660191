//! What becomes of a repository that is made anew.

use super::*;
use crate::history::repository::Handles;

/// The packs of two commits, in their order.
fn two_packs(scratch: &Scratch) -> [PathBuf; 2] {
    let packs = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(scratch.path().join("objects/pack")).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "pack")).collect()
    };
    scratch.record(vec![write("a", "1"), write("b", "2")]);
    let first = packs();
    scratch.record(vec![write("c", "3")]);
    let second = packs().into_iter().find(|path| !first.contains(path)).unwrap();
    [first[0].clone(), second]
}

#[expect(clippy::disallowed_methods, reason = "damage is done by hand")]
fn overwrite(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A damaged index ended the listing of all packs, in whichever order they came: nothing was taken over, although a pack
/// was whole, and what it held was damage once more.
#[test]
fn a_damaged_index_hides_no_other_pack() {
    for (cut, kept) in [(0, &["a=1", "b=2"][..]), (1, &["c=3"])] {
        let scratch = Scratch::new();
        let packs = two_packs(&scratch);
        overwrite(&packs[cut].with_extension("idx"), |index| index.truncate(661));
        overwrite(&packs[1 - cut], |pack| pack[12..].fill(0));
        let Scratch { folder, history, minutes } = scratch;
        let salvaged = {
            let _nobody_writes = history.retire();
            History::salvage(&folder.path().join("history.git"), &|_| None).unwrap()
        };
        assert_eq!(salvaged.commits, 1, "{kept:?}");
        drop(history);
        let scratch = Scratch { history: History::open(&folder.path().join("history.git")).unwrap(), folder, minutes };
        assert_eq!((scratch.files(), scratch.history.verify().unwrap()), (strings(kept), vec![]));
        scratch.record(vec![write("d", "4")]);
        assert_eq!(scratch.history.verify().unwrap(), [""; 0]);
    }
}

/// libgit2 shares packs by their paths within a process: whoever still read the old history lent its damaged index to the
/// new one, whose packs had the same names.
#[test]
fn a_new_history_sees_none_of_the_old_ones_packs() {
    let scratch = Scratch::new();
    let packs = two_packs(&scratch);
    // Where the objects of the first pack begin, one bit each.
    overwrite(&packs[0].with_extension("idx"), |index| {
        let end = index.len() - 40;
        for at in 0..4 {
            index[end - 1 - 4 * at] ^= 4;
        }
    });
    let Scratch { folder, history, minutes } = scratch;
    let path = folder.path().join("history.git");
    drop(history);
    let history = History::open(&path).unwrap();
    assert!(!history.verify().unwrap().is_empty(), "nothing is damaged");
    let still_reads = Handles::open(&path).unwrap();
    let salvaged = still_reads.with("read", |repo| {
        let odb = repo.odb()?;
        odb.foreach(|id| {
            let _ = odb.read(*id);
            true
        })?;
        drop(history.retire());
        Ok(History::salvage(&path, &|_| None).unwrap())
    });
    assert_eq!(salvaged.unwrap().commits, 2);
    let now = History::open(&path).unwrap();
    assert_eq!(now.verify().unwrap(), [""; 0]);
    let scratch = Scratch { history: now, folder, minutes };
    assert_eq!(scratch.files(), strings(&["a=1", "b=2", "c=3"]));
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// It would write into the one that is made in its place.
#[test]
fn a_history_that_another_replaces_records_nothing_more() {
    let scratch = Scratch::new();
    let head = scratch.record(vec![write("a", "1")]);
    drop(scratch.history.retire());
    let batch = Batch {
        changes: vec![write("a", "2")],
        actor: Actor::Codex,
        time: minute(9),
        summary: None,
        gesture: GestureId("g".into()),
        undoes: vec![],
    };
    let refused = scratch.history.record(&batch).unwrap_err().to_string();
    assert!(refused.contains("made anew"), "{refused}");
    assert_eq!((scratch.history.head().unwrap(), scratch.files()), (head, strings(&["a=1"])));
}
