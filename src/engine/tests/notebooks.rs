//! Notebooks that come, go and are renamed.

use super::*;

#[test]
fn notebooks_are_made_renamed_retired_and_restored() {
    let lab = Lab::new();
    let by = lab.engine().default_requester();
    lab.save("a.md", &note_text("gpu", ""));
    lab.barrier();
    let (number, id) = (lab.lab().number, lab.id("a.md").unwrap());
    let key = FileKey { notebook: number, id };
    lab.engine().rename_notebook("lab", "proj", &by).unwrap();
    let renamed = lab.engine().notebook_named("proj").unwrap();
    assert_eq!((renamed.number, lab.engine().notebook_named("lab").is_none()), (number, true));
    assert!(lab.engine().catalog().file(key).is_some());
    assert_eq!(renamed.reader.files().unwrap().len(), 1);
    assert!(matches!(lab.engine().remove_notebook("proj", true, &by), Err(EngineError::NotEmpty(_))));
    lab.engine().remove_notebook("proj", false, &by).unwrap();
    assert!(lab.engine().notebooks().is_empty() && lab.engine().catalog().file(key).is_none());
    assert_eq!(lab.engine().trashed_notebooks().unwrap()[0].0, "proj");
    let restored = lab.engine().restore_notebook("proj", &by).unwrap();
    assert_eq!(restored.number, number);
    assert!(lab.engine().catalog().file(key).is_some());
}

#[test]
fn names_that_the_mount_keeps_are_refused() {
    let lab = Lab::new();
    let by = lab.engine().default_requester();
    for name in ["tags", "Views", ".codex", ".hidden"] {
        assert!(matches!(lab.engine().create_notebook(name, &by), Err(EngineError::Meaningless(_))), "{name}");
    }
    assert!(matches!(lab.engine().create_notebook("a/b", &by), Err(EngineError::Invalid(_))));
    assert!(matches!(lab.engine().create_notebook("lab", &by), Err(EngineError::Exists(_))));
    assert!(lab.engine().create_notebook("second", &by).unwrap().number > lab.lab().number);
}

#[test]
fn a_copy_of_a_notebook_gets_numbers_of_its_own() {
    let mut lab = Lab::with(&[("a.md", "# a\n")], false);
    let number = lab.lab().number;
    let node = lab.lab().reader.nodes().unwrap();
    lab.close();
    // `Lab` before `lab`: the original keeps its number although the copy sorts first.
    copy(&lab.root().join("lab"), &lab.root().join("Lab"));
    lab.open();
    let copied = lab.engine().notebook_named("Lab").unwrap();
    assert_eq!(lab.lab().number, number);
    assert_ne!(copied.number, number);
    let numbers = |notebook: &Notebook| notebook.node_number(&notebook.dir.stat(&at("a.md")).unwrap());
    assert_ne!(numbers(&copied), numbers(&lab.lab()));
    assert!(node.iter().all(|(node, _)| *node != numbers(&copied)));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn folders_that_come_and_go_are_notebooks_that_come_and_go() {
    let lab = Lab::watched();
    let side = lab.folder.path().join("made");
    std::fs::create_dir_all(side.join("sub")).unwrap();
    std::fs::write(side.join("sub/n.md"), "---\ntags: [moved]\n---\n").unwrap();
    std::fs::rename(&side, lab.root().join("proj")).unwrap();
    lab.until("it is adopted", || lab.engine().notebook_named("proj").is_some());
    lab.until("and indexed", || lab.engine().catalog().has_tag(&tag("moved")));
    let number = lab.engine().notebook_named("proj").unwrap().number;
    std::fs::rename(lab.root().join("proj"), lab.root().join("renamed")).unwrap();
    lab.until("it is renamed", || {
        lab.engine().notebook_named("renamed").is_some_and(|notebook| notebook.number == number)
    });
    std::fs::write(lab.root().join("renamed/sub/m.md"), "---\ntags: [later]\n---\n").unwrap();
    lab.until("and still watched", || lab.engine().catalog().has_tag(&tag("later")));
}

#[test]
fn a_second_engine_is_told_who_holds_the_workspace() {
    let lab = Lab::new();
    match Engine::open(&lab.root(), lab.options()) {
        Err(EngineError::Held(reason)) => assert!(reason.contains(&std::process::id().to_string()), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_are_read_again_when_they_change() {
    let lab = Lab::watched();
    let text = "tags: [planned]\nignore: ['*.bak']\n";
    std::fs::write(lab.root().join(".codex/workspace.yaml"), text).unwrap();
    lab.until("the tag is declared", || lab.engine().catalog().has_tag(&tag("planned")));
    assert!(lab.engine().is_ignored(lab.lab().number, &at("x/a.bak"), false));
    std::fs::write(lab.root().join(".codex/workspace.yaml"), "tags: [").unwrap();
    lab.until("the mistake is shown", || lab.engine().status().to_string().contains("workspace.yaml"));
    assert_eq!(lab.engine().settings().tags.len(), 1, "the last good settings stay in force");
}
