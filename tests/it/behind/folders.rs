//! Folders that are made, renamed, replaced, and moved in and out behind the mount.

use super::{clean, shows};
use crate::support::run::sh_ok;
use crate::support::{Mounted, eventually, ls, note, write};

fn workspace() -> Mounted {
    Mounted::with(&[("keep.md", &note("tags: [keep]", "k"))])
}

#[test]
fn what_is_made_ten_levels_deep_in_one_breath_is_seen() {
    let mnt = workspace();
    for n in 0..20 {
        let script = format!(
            "mkdir -p r{n}/a/b/c/d/e/f/g/h/i; printf -- '---\\ntags: [deep{n}]\\n---\\n' > r{n}/a/b/c/d/e/f/g/h/i/n.md; \
             printf -- '---\\ntags: [deep{n}]\\n---\\n' > r{n}/a/b/m.md"
        );
        sh_ok(mnt.store_lab(""), &script);
        shows(&mnt, &format!("deep{n}"), &["m.md", "n.md"]);
        // Its folders are watched, to the bottom.
        write(mnt.store_lab(&format!("r{n}/a/b/c/d/e/f/g/h/i/second.md")), note(&format!("tags: [deep{n}]"), "2"));
        shows(&mnt, &format!("deep{n}"), &["m.md", "n.md", "second.md"]);
    }
    clean(&mnt);
}

#[test]
fn a_folder_that_is_moved_in_and_out_brings_and_takes_its_notes() {
    let mnt = workspace();
    let outside = tempfile::tempdir_in(mnt.store().parent().unwrap()).unwrap();
    for n in 0..40 {
        let path = outside.path().join(format!("box/d{}/n{n:02}.md", n % 5));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, note("tags: [boxed]", "b"));
    }
    for round in 0..6 {
        let inside = mnt.store_lab(&format!("in{round}"));
        std::fs::rename(outside.path().join("box"), &inside).unwrap();
        let names: Vec<String> = (0..40).map(|n| format!("n{n:02}.md")).collect();
        shows(&mnt, "boxed", &names.iter().map(String::as_str).collect::<Vec<_>>());
        eventually(super::SOON, "it is there", || ls(mnt.lab(&format!("in{round}"))).len() == 5);
        // Watched in its place; and once it is out, what happens in it is nobody's concern.
        write(inside.join("d0/more.md"), note("tags: [more]", "m"));
        shows(&mnt, "more", &["more.md"]);
        std::fs::rename(&inside, outside.path().join("box")).unwrap();
        write(outside.path().join("box/d0/more.md"), note("tags: [elsewhere]", "m"));
        shows(&mnt, "boxed", &[]);
        shows(&mnt, "more", &[]);
        assert!(!mnt.at("tags/elsewhere").exists());
        std::fs::remove_file(outside.path().join("box/d0/more.md")).unwrap();
    }
    clean(&mnt);
}

#[test]
fn names_that_go_round_in_a_circle_end_where_they_are() {
    let mnt = workspace();
    for name in ["a", "b", "c"] {
        write(mnt.store_lab(&format!("{name}.md")), note(&format!("tags: [file-{name}]"), name));
        std::fs::create_dir(mnt.store_lab(name)).unwrap();
        write(mnt.store_lab(&format!("{name}/in.md")), note(&format!("tags: [folder-{name}]"), name));
    }
    shows(&mnt, "folder-c", &["in.md"]);
    let ids = |mnt: &Mounted| -> Vec<_> {
        let number = mnt.engine().notebooks()[0].number;
        let path = |text: String| cdx::types::NotePath::new(text).unwrap();
        let node = |text| mnt.engine().catalog().node_at(number, &path(text));
        ["a", "b", "c"].iter().map(|name| node(format!("{name}/in.md"))).collect()
    };
    let before = ids(&mnt);
    for round in 0..3 {
        sh_ok(mnt.store_lab(""), "mv c.md t.md; mv b.md c.md; mv a.md b.md; mv t.md a.md");
        sh_ok(mnt.store_lab(""), "mv c t; mv b c; mv a b; mv t a");
        for (n, name) in ["a", "b", "c"].iter().enumerate() {
            let now = ["a", "b", "c"][(n + round + 1) % 3];
            shows(&mnt, &format!("file-{name}"), &[&format!("{now}.md")]);
            let at = mnt.at(&format!(".codex/search/tag:folder-{name} path:{now}%2F**"));
            eventually(super::SOON, "the folder's notes are in their place", || ls(&at) == ["in.md"]);
        }
    }
    assert_eq!(ids(&mnt), before, "three times round: each note is where it was, as the same note");
    clean(&mnt);
}

#[test]
fn a_folder_that_is_replaced_by_another_shows_the_other() {
    let mnt = workspace();
    write(mnt.store_lab("keep2.md"), "k");
    for round in 0..10 {
        let script = format!(
            "rm -rf d; mkdir -p new/s; printf -- '---\\ntags: [round{round}]\\n---\\n' > new/s/n.md; mv new d; \
             mkdir new; printf x > new/x.md; rm -r new"
        );
        sh_ok(mnt.store_lab(""), &script);
        shows(&mnt, &format!("round{round}"), &["n.md"]);
        if round > 0 {
            shows(&mnt, &format!("round{}", round - 1), &[]);
        }
        write(mnt.store_lab("d/s/late.md"), note(&format!("tags: [round{round}]"), "l"));
        shows(&mnt, &format!("round{round}"), &["late.md", "n.md"]);
    }
    clean(&mnt);
}
