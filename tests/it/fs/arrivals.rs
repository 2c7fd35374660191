//! What arrives in bulk: a folder from another notebook, a store that was never indexed. A reader that asks right
//! afterwards sees all of it.

use cdx::fs::MountOptions;

use crate::support::{Mounted, ls, note, read, write};

const NOTES: usize = 300;

/// mount.md §4, read your writes: rename(2) of a folder names none of its notes.
#[test]
fn notes_of_a_folder_that_moves_between_notebooks_are_in_their_tags_at_once() {
    let files: Vec<(String, String)> = (0..NOTES)
        .map(|n| (format!("one/box/deep{}/n{n:03}.md", n % 7), note("tags: [moved]", &format!("note {n}"))))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let mnt = Mounted::of(&["one", "two"], &files, &MountOptions::default());
    assert_eq!(ls(mnt.at("tags/moved")).len(), NOTES);
    let mut at = mnt.at("one/box");
    for round in 0..20 {
        let to = mnt.at(if round % 2 == 0 { "two" } else { "one" }).join(format!("box{round}"));
        std::fs::rename(&at, &to).unwrap();
        assert_eq!(ls(mnt.at("tags/moved")).len(), NOTES, "round {round}");
        let found = ls(mnt.at(".codex/search/tag:moved"));
        assert_eq!(found.len(), NOTES, "round {round}");
        // By their new place, and as the notes that they are there.
        assert_eq!(ls(mnt.at(&format!(".codex/search/tag:moved path:box{round}%2F**"))).len(), NOTES, "round {round}");
        let line = format!("\nround {round}\n");
        let path = to.join("deep3/n003.md");
        write(&path, read(&path) + &line);
        assert!(read(mnt.at("tags/moved/n003.md")).ends_with(&line), "round {round}");
        at = to;
    }
    std::fs::remove_dir_all(&at).unwrap();
    assert!(!mnt.at("tags").join("moved").exists() || ls(mnt.at("tags/moved")).is_empty());
}

/// The same for what is taken out of an ignored folder, and for two folders that change places.
#[test]
fn notes_of_a_folder_that_is_not_ignored_any_more_are_in_their_tags_at_once() {
    let mnt = Mounted::with(&[("a.md", &note("tags: [x]", "a"))]);
    for round in 0..10 {
        let (hidden, shown) = (mnt.lab("node_modules"), mnt.lab(&format!("shown{round}")));
        std::fs::create_dir(&hidden).unwrap();
        for n in 0..30 {
            write(hidden.join(format!("r{round}n{n}.md")), note("tags: [x]", "hidden"));
        }
        assert_eq!(ls(mnt.at("tags/x")).len(), 1 + 30 * round);
        std::fs::rename(&hidden, &shown).unwrap();
        assert_eq!(ls(mnt.at("tags/x")).len(), 1 + 30 * (round + 1), "round {round}");
    }
}

/// What an ignore file takes out and lets in is so for the next reader: no file of it was named by the write.
#[test]
fn an_ignore_file_written_through_the_mount_holds_for_the_next_reader() {
    let mut files: Vec<(String, String)> =
        (0..NOTES).map(|n| (format!("deep/d{}/draft-{n:03}.md", n % 7), note("tags: [x]", "draft"))).collect();
    files.push(("kept.md".to_owned(), note("tags: [x]", "kept")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let mnt = Mounted::with(&files);
    let shown = || (ls(mnt.at("tags/x")).len(), ls(mnt.at(".codex/search/tag:x")).len());
    assert_eq!(shown(), (NOTES + 1, NOTES + 1));
    for round in 0..10 {
        let rules = mnt.lab(if round % 2 == 0 { ".gitignore" } else { "deep/.codexignore" });
        write(&rules, "draft-*\n");
        assert_eq!(shown(), (1, 1), "round {round}: ignored");
        write(&rules, "draft-00*\n");
        assert_eq!(shown(), (NOTES - 9, NOTES - 9), "round {round}: fewer are");
        if round % 3 == 0 {
            std::fs::rename(&rules, mnt.lab("spare")).unwrap();
        } else {
            std::fs::remove_file(&rules).unwrap();
        }
        assert_eq!(shown(), (NOTES + 1, NOTES + 1), "round {round}: none is");
    }
    let found = mnt.engine().check(false).unwrap();
    assert!(found.clean, "{:#?}", found.differences);
}
