//! What is where (mount.md §1 to §3).

use super::lab::{Lab, ME, tagged};
use crate::fs::tree::{Found, Place, TextFile};

#[test]
fn the_root_shows_notebooks_tags_and_views_and_answers_for_the_rest() {
    let lab = Lab::new(&[("a.md", "# a\n")]);
    assert_eq!(lab.ls(""), ["lab/", "tags/", "views/"]);
    assert!(matches!(lab.find("lab"), Ok(Found::Notebook(_))));
    assert!(matches!(lab.find(".codex"), Ok(Found::Dir(Place::Codex))));
    assert_eq!(lab.text(".ignore"), "/tags/\n/views/\n");
    assert_eq!(lab.text(".metadata_never_index"), "");
    assert!(lab.text("tags/CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
    assert!(matches!(lab.find("views/CACHEDIR.TAG"), Ok(Found::Text(TextFile::CacheDirTag(_)))));
    assert_eq!(lab.lookup_errno("nothing"), libc::ENOENT);
    assert_eq!(lab.ls("tags"), [""; 0]);
    let codex = ["at/", "by/", "history/", "last-error", "recent/", "search/", "status.json", "untagged/"];
    assert_eq!(lab.ls(".codex"), codex);
    assert!(lab.text(".codex/status.json").starts_with('{'));
}

#[test]
fn a_tag_lists_its_own_notes_and_its_children() {
    let lab = Lab::new(&[
        ("runs/a.md", &tagged("experiment")),
        ("b.md", &tagged("experiment/gpu, other")),
        ("c.md", &tagged("experiment, experiment/gpu")),
    ]);
    assert_eq!(lab.ls("tags"), ["experiment/", "other/"]);
    assert_eq!(lab.ls("tags/experiment"), ["a.md", "c.md", "gpu/"]);
    assert_eq!(lab.ls("tags/Experiment/GPU"), ["b.md", "c.md"]);
    assert_eq!(lab.note_at("tags/experiment/a.md"), "runs/a.md");
    for missing in
        ["tags/none", "tags/experiment/b.md", "tags/experiment/ gpu", "tags/experiment/+none", "tags/other/gpu"]
    {
        assert_eq!(lab.lookup_errno(missing), libc::ENOENT, "{missing}");
    }
}

#[test]
fn operators_intersect_and_subtract_by_lookup_only() {
    let lab = Lab::new(&[("1.md", &tagged("a, b/c")), ("2.md", &tagged("a, b")), ("3.md", &tagged("a"))]);
    assert_eq!(lab.ls("tags/a/+b"), ["2.md"]);
    assert_eq!(lab.ls("tags/a/-b"), ["1.md", "3.md"]);
    assert_eq!(lab.ls("tags/a/+b/c"), ["1.md"]);
    assert_eq!(lab.ls("tags/a/-b/-b"), ["1.md", "3.md"]);
    assert_eq!(lab.ls("tags/a/-b/c/+a/-b"), ["3.md"]);
    assert_eq!(lab.lookup_errno("tags/+a"), libc::ENOENT);
}

#[test]
fn a_note_named_like_an_operator_is_found_as_itself() {
    let lab = Lab::new(&[("+b", "x"), (".+b.json", r#"{"tags": ["a"]}"#), ("2.md", &tagged("a, b"))]);
    assert_eq!(lab.ls("tags/a"), ["+b", "2.md"]);
    assert_eq!(lab.note_at("tags/a/+b"), "+b");
}

#[test]
fn one_name_twice_is_qualified_and_a_child_tag_keeps_its_name() {
    let lab = Lab::new(&[
        ("1/n.md", &tagged("a")),
        ("2/n.md", &tagged("a, a/deep")),
        ("deep", "x"),
        (".deep.json", r#"{"tags": ["a"]}"#),
    ]);
    let names = lab.ls("tags/a");
    assert_eq!(names.len(), 4, "{names:?}");
    let qualified: Vec<_> = names.iter().filter(|name| name.starts_with("n~") && name.ends_with(".md")).collect();
    assert_eq!(qualified.len(), 2);
    assert!(lab.note_at(&format!("tags/a/{}", qualified[0])).ends_with("n.md"));
    assert_eq!(lab.lookup_errno("tags/a/n.md"), libc::ENOENT);
    assert!(matches!(lab.find("tags/a/deep"), Ok(Found::Dir(Place::Tag(_)))));
    assert_eq!(
        lab.note_at(&format!("tags/a/{}", names.iter().find(|name| name.starts_with("deep~")).unwrap())),
        "deep"
    );
}

#[test]
fn searches_are_folders_and_what_does_not_parse_says_why() {
    let lab = Lab::new(&[
        ("runs/a.md", "---\ntags: [x]\nloss: 0.05\n---\nadam warmup\n"),
        ("b.md", "---\ntags: [x]\nloss: 0.5\n---\n100% sure\n"),
    ]);
    assert_eq!(lab.ls(".codex/search"), [""; 0]);
    assert_eq!(lab.ls(".codex/search/tag:x loss<0.1"), ["a.md"]);
    assert_eq!(lab.ls(".codex/search/path:runs%2F**"), ["a.md"]);
    assert_eq!(lab.ls(".codex/search/adam"), ["a.md"]);
    assert_eq!(lab.note_at(".codex/search/tag:x/b.md"), "b.md");
    let refused = lab.find(".codex/search/loss<").unwrap_err();
    assert_eq!(refused.errno, libc::ENOENT);
    lab.tree().record_error(ME, "lookup", &refused);
    assert!(lab.last_error().contains(".codex/search/loss<: the query does not parse"), "{}", lab.last_error());
    assert_eq!(lab.lookup_errno(".codex/search/100%"), libc::ENOENT);
    for (path, errno) in [(".codex/search/tag:x/a.md", libc::EROFS), (".codex/recent/a.md", libc::EROFS)] {
        assert_eq!(lab.rm(path), Err(errno), "{path}");
    }
    assert_eq!(lab.cp(".codex/search/tag:x/new.md", "x"), Err(libc::EROFS));
    assert_eq!(lab.mkdir(".codex/search/tag:x/new"), Err(libc::EROFS));
}

#[test]
fn properties_recent_and_untagged() {
    let lab = Lab::new(&[
        ("a.md", "---\nstatus: done\n---\n"),
        ("b.md", "---\nstatus: [todo, a/b]\ntags: [t]\n---\n"),
        ("c.md", "---\nother: 1\n---\n"),
    ]);
    assert_eq!(lab.ls(".codex/by"), ["other/", "status/"]);
    assert_eq!(lab.ls(".codex/by/status"), ["a%2Fb/", "done/", "todo/"]);
    assert_eq!(lab.ls(".codex/by/status/a%2Fb"), ["b.md"]);
    assert_eq!(lab.ls(".codex/by/status/_none"), ["c.md"]);
    assert_eq!(lab.ls(".codex/by/status/never"), [""; 0]);
    assert_eq!(lab.ls(".codex/by/nothing"), [""; 0]);
    assert_eq!(lab.lookup_errno(".codex/by/status/%zz"), libc::ENOENT);
    assert_eq!(lab.ls(".codex/untagged"), ["a.md", "c.md"]);
    assert_eq!(lab.ls(".codex/recent"), ["a.md", "b.md", "c.md"]);
    assert_eq!(lab.mv(".codex/by/status/done/a.md", ".codex/by/status/todo/a.md"), Ok(()));
    assert_eq!(lab.read("a.md"), "---\nstatus: todo\n---\n");
    assert_eq!(lab.rm(".codex/by/status/todo/a.md"), Err(libc::EPERM));
    assert_eq!(lab.ln("c.md", ".codex/by/status/todo/c.md"), Ok(()));
    assert_eq!(lab.mv(".codex/by/status/todo/c.md", ".codex/by/status/_none/c.md"), Ok(()));
    assert_eq!(lab.read("c.md"), "---\nother: 1\n---\n");
    assert_eq!(lab.ln("c.md", ".codex/by/priority/3/c.md"), Ok(()));
    assert_eq!(lab.read("c.md"), "---\nother: 1\npriority: 3\n---\n");
}

#[test]
fn what_was_written_is_what_is_listed() {
    let lab = Lab::new(&[]);
    for i in 0..20 {
        lab.write(&format!("n{i}.md"), &tagged("t"));
        assert_eq!(lab.ls("tags/t").len(), i + 1);
        assert_eq!(lab.ls(".codex/search/tag:t").len(), i + 1);
    }
}

#[test]
fn a_folder_that_is_gone_is_gone_for_everyone() {
    let lab = Lab::new(&[("a.md", &tagged("t"))]);
    let place = lab.place("tags/t");
    lab.write("a.md", "no tags any more\n");
    assert_eq!(lab.tree().list(&place, ME).unwrap_err().errno, libc::ENOENT);
    assert_eq!(lab.tree().changed_ns(&place).unwrap_err().errno, libc::ENOENT);
}

#[test]
fn permissions_say_where_something_can_be_made() {
    let lab = Lab::new(&[("a.md", &tagged("t")), ("v.cdx", "---\ntype: view\nquery: tag:t\n---\n")]);
    for (path, perm) in [("", 0o755), ("tags/t", 0o755), ("views", 0o555), ("views/v.cdx", 0o755), (".codex", 0o555)] {
        assert_eq!(lab.tree().permissions(&lab.place(path)), perm, "{path}");
    }
    assert_eq!(lab.tree().permissions(&lab.place(".codex/search/tag:t")), 0o555);
}
