//! `views/`: results, groups, columns, bad definitions (mount.md §5).

use super::lab::{Lab, tagged};

fn board(more: &str) -> String {
    format!(
        "---\ntype: view\nview_type: kanban\nquery:\n  where: 'ext:md {more}'\n  group_by: status\nconfig:\n  columns: [{{id: todo, title: To do, filter: {{status: todo}}}}, {{id: doing, title: Doing, filter: {{status: doing}}}}]\n---\n"
    )
}

fn note(front: &str) -> String {
    format!("---\n{front}\n---\nbody\n")
}

#[test]
fn a_view_is_a_folder_of_its_results() {
    let lab = Lab::new(&[
        ("a.md", &tagged("t")),
        ("b.md", "# b\n"),
        ("v.cdx", "---\ntype: view\nquery: tag:t\n---\n"),
        ("n.cdx", "---\ntype: view\nquery: 'ext:md sort:-title'\norder: numbered\n---\n"),
    ]);
    assert_eq!(lab.ls("views"), ["n.cdx/", "v.cdx/"]);
    assert_eq!(lab.ls("views/v.cdx"), ["a.md"]);
    lab.write("b.md", &tagged("t"));
    assert_eq!(lab.ls("views/v.cdx"), ["a.md", "b.md"]);
    assert_eq!(lab.ls("views/n.cdx").len(), 2);
    assert!(lab.ls("views/n.cdx")[0].starts_with("001 "));
    assert_eq!(lab.rm("views/v.cdx/a.md"), Err(libc::EPERM));
    assert_eq!(lab.ln("v.cdx", "views/v.cdx/v.cdx"), Err(libc::EPERM));
    assert_eq!(lab.rmdir("views/v.cdx"), Err(libc::EPERM));
    assert_eq!(lab.mv("views/v.cdx", "views/w.cdx"), Err(libc::EPERM));
    assert_eq!(lab.mkdir("views/v.cdx/group"), Err(libc::EPERM), "it has no groups");
    assert_eq!(lab.engine.catalog().synthetic_links(lab.key("a.md")), 2, "a tag and the views");
}

#[test]
fn a_view_looks_at_its_own_notebook() {
    let lab = Lab::new(&[("a.md", &tagged("t")), ("v.cdx", "---\ntype: view\nquery: tag:t\n---\n")]);
    lab.mkdir("bio").unwrap();
    lab.write_in("bio", "b.md", &tagged("t"));
    lab.write_in("bio", "all.cdx", "---\ntype: view\nquery: {notebooks: [\"*\"], tags: [t]}\n---\n");
    assert_eq!(lab.ls("views/v.cdx"), ["a.md"]);
    assert_eq!(lab.ls("views/all.cdx"), ["a.md", "b.md"]);
    lab.write_in("bio", "v.cdx", "---\ntype: view\nquery: tag:t\n---\n");
    let names = lab.ls("views");
    assert_eq!(names.iter().filter(|name| name.starts_with("v~")).count(), 2, "{names:?}");
}

#[test]
fn moving_between_groups_sets_the_property() {
    let lab = Lab::new(&[
        ("a.md", &note("status: todo # soon\nother: 1")),
        ("b.md", &note("status: [todo, urgent]")),
        ("c.md", "# c\n"),
        ("v.cdx", &board("")),
    ]);
    assert_eq!(lab.ls("views/v.cdx"), ["_none/", "doing/", "todo/", "urgent/"]);
    assert_eq!(lab.mv("views/v.cdx/todo/a.md", "views/v.cdx/doing/a.md"), Ok(()));
    assert_eq!(lab.read("a.md"), note("status: doing # soon\nother: 1"));
    assert_eq!(lab.mv("views/v.cdx/todo/b.md", "views/v.cdx/doing/b.md"), Ok(()));
    assert_eq!(lab.ls("views/v.cdx/doing"), ["a.md", "b.md"]);
    assert_eq!(lab.ls("views/v.cdx/urgent"), ["b.md"]);
    assert_eq!(lab.ls("views/v.cdx/todo"), [""; 0]);
    assert_eq!(lab.mv("views/v.cdx/_none/c.md", "views/v.cdx/todo/c.md"), Ok(()));
    assert!(lab.read("c.md").contains("status: todo"));
    assert_eq!(lab.ls("views/v.cdx"), ["doing/", "todo/", "urgent/"], "no note is without");
    assert_eq!(lab.mv("views/v.cdx/doing/a.md", "views/v.cdx/_none/a.md"), Ok(()));
    assert_eq!(lab.read("a.md"), note("other: 1"));
    assert_eq!(lab.mv("views/v.cdx/_none/a.md", "views/v.cdx/doing/a.md"), Ok(()));
    assert_eq!(lab.mv("views/v.cdx/doing/a.md", "views/v.cdx/todo/z.md"), Err(libc::EPERM));
}

#[test]
fn numbers_stay_numbers_and_none_removes_the_property() {
    let lab = Lab::new(&[
        ("a.md", &note("priority: 1")),
        ("b.md", &note("priority: 2")),
        ("c.md", &note("x: 1")),
        ("d.md", &note("done: true")),
        ("e.md", &note("done: false")),
        ("p.cdx", "---\ntype: view\nquery: 'ext:md group:priority'\n---\n"),
        ("d.cdx", "---\ntype: view\nquery: 'ext:md group:done'\n---\n"),
    ]);
    assert_eq!(lab.mv("views/p.cdx/1/a.md", "views/p.cdx/2/a.md"), Ok(()));
    assert_eq!(lab.read("a.md"), note("priority: 2"));
    assert_eq!(lab.mv("views/p.cdx/2/b.md", "views/p.cdx/_none/b.md"), Ok(()));
    assert!(!lab.read("b.md").contains("priority"));
    assert_eq!(lab.mv("views/d.cdx/true/d.md", "views/d.cdx/false/d.md"), Ok(()));
    assert_eq!(lab.read("d.md"), note("done: false"));
}

#[test]
fn a_link_into_a_group_is_refused_where_the_note_would_still_be_no_member() {
    let lab = Lab::new(&[
        ("a.md", &note("status: todo\ntags: [t]")),
        ("b.md", "# b\n"),
        ("c.md", &note("tags: [t]\nstatus: done")),
        ("v.cdx", &board("tag:t")),
    ]);
    assert_eq!(lab.ln("b.md", "views/v.cdx/todo/b.md"), Err(libc::EPERM));
    assert_eq!(lab.read("b.md"), "# b\n");
    assert_eq!(lab.ln("c.md", "views/v.cdx/todo/c.md"), Ok(()));
    assert!(lab.read("c.md").contains("status: todo"));
    assert_eq!(lab.mv_in("b.md", "views/v.cdx/doing/b.md"), Err(libc::EPERM));
    assert_eq!(lab.cp("views/v.cdx/doing/a.md", &note("status: todo\ntags: [t]")), Ok(()));
    assert!(lab.read("a.md").contains("status: doing"), "a copy of the note is the note");
}

#[test]
fn groups_that_no_edit_produces_refuse_notes() {
    let lab = Lab::new(&[
        ("x/a.md", &note("due: 2026-11-02")),
        ("y/b.md", &note("due: 2026-12-02")),
        ("f.cdx", "---\ntype: view\nquery: 'ext:md group:folder'\n---\n"),
        ("m.cdx", "---\ntype: view\nquery: 'ext:md group:month(due)'\n---\n"),
    ]);
    assert_eq!(lab.ls("views/m.cdx"), ["2026-11/", "2026-12/"]);
    assert_eq!(lab.mv("views/f.cdx/x/a.md", "views/f.cdx/y/a.md"), Err(libc::EPERM));
    assert_eq!(lab.mv("views/m.cdx/2026-11/a.md", "views/m.cdx/2026-12/a.md"), Err(libc::EPERM));
    assert_eq!(lab.ln("x/a.md", "views/m.cdx/2026-12/a.md"), Err(libc::EPERM));
    assert_eq!(lab.cp("views/m.cdx/2026-12/new.md", "x"), Err(libc::EPERM));
    assert_eq!(lab.mkdir("views/m.cdx/2027-01"), Err(libc::EPERM));
}

#[test]
fn tags_and_types_are_groups_that_can_be_written() {
    let lab = Lab::new(&[
        ("a.md", &note("tags: [t, u]\ntype: note")),
        ("b.md", &note("tags: [w]\ntype: task")),
        ("g.cdx", "---\ntype: view\nquery: 'ext:md group:tag'\n---\n"),
        ("y.cdx", "---\ntype: view\nquery: 'ext:md group:type'\n---\n"),
    ]);
    assert_eq!(lab.mv("views/g.cdx/t/a.md", "views/g.cdx/w/a.md"), Ok(()));
    assert_eq!(lab.ls("tags/w"), ["a.md", "b.md"]);
    assert_eq!(lab.ls("tags/u"), ["a.md"]);
    assert_eq!(lab.mv("views/y.cdx/note/a.md", "views/y.cdx/task/a.md"), Ok(()));
    assert!(lab.read("a.md").contains("type: task"));
}

#[test]
fn columns_are_made_and_removed_as_folders() {
    let lab = Lab::new(&[("a.md", &note("status: todo")), ("v.cdx", &board(""))]);
    assert_eq!(lab.mkdir("views/v.cdx/waiting"), Ok(()));
    assert_eq!(lab.ls("views/v.cdx"), ["doing/", "todo/", "waiting/"]);
    assert!(lab.read("v.cdx").contains("waiting"));
    assert_eq!(lab.mkdir("views/v.cdx/waiting"), Err(libc::EEXIST));
    assert_eq!(lab.mkdir("views/v.cdx/_x"), Err(libc::EPERM));
    assert_eq!(lab.rmdir("views/v.cdx/todo"), Err(libc::ENOTEMPTY));
    assert_eq!(lab.rmdir("views/v.cdx/waiting"), Ok(()));
    assert_eq!(lab.ls("views/v.cdx"), ["doing/", "todo/"]);
}

#[test]
fn a_bad_definition_shows_what_is_wrong_and_the_last_results() {
    let lab = Lab::new(&[("a.md", &tagged("t")), ("v.cdx", "---\ntype: view\nquery: tag:t\n---\n")]);
    assert_eq!(lab.ls("views/v.cdx"), ["a.md"]);
    lab.write("v.cdx", "---\ntype: view\nquery: 'tag:t loss<'\n---\n");
    assert_eq!(lab.ls("views/v.cdx"), ["ERROR.txt", "a.md"]);
    let text = lab.text("views/v.cdx/ERROR.txt");
    assert!(text.contains("v.cdx: line 3, column"), "{text}");
    assert_eq!(lab.rm("views/v.cdx/ERROR.txt"), Err(libc::EPERM));
    lab.write("v.cdx", "---\ntype: view\nquery: tag:t\n---\n");
    assert_eq!(lab.ls("views/v.cdx"), ["a.md"]);
}

#[test]
fn rm_does_what_the_view_says() {
    let view = |rule: &str| format!("---\ntype: view\nquery: tag:t\non_remove: {rule}\n---\n");
    let lab = Lab::new(&[
        ("a.md", &note("tags: [t]\nstatus: open")),
        ("u.cdx", &view("untag t")),
        ("s.cdx", &view("set status=closed")),
    ]);
    assert_eq!(lab.rm("views/s.cdx/a.md"), Ok(()));
    assert!(lab.read("a.md").contains("status: closed"));
    assert_eq!(lab.rm("views/u.cdx/a.md"), Ok(()));
    assert_eq!(lab.ls("views/u.cdx"), [""; 0]);
    assert!(lab.exists("a.md"));
}
