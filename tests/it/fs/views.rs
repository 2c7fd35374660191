//! mount.md §5, the rows of `views/` and `.codex/`.

use std::fs;
use std::time::Duration;

use crate::support::{Mounted, errno, eventually, ls, note, read, write};

const KANBAN: &str = "---\ntype: view\nview_type: kanban\ntitle: To do\nquery:\n  where: 'type:task'\n  sort: title\n  \
                      group_by: status\nconfig:\n  columns:\n    - {id: todo, title: To do, filter: {status: todo}}\n    \
                      - {id: done, title: Done, filter: {status: done}}\n    - {id: blocked, title: Blocked, filter: \
                      {status: blocked}}\n---\n";

fn lab() -> Mounted {
    let task = |title: &str, status: &str| {
        note(&format!("title: {title}\ntype: task\n{status}tags: [x] # keep"), "Text stays.")
    };
    Mounted::with(&[
        ("one.md", &task("One", "status: todo\n")),
        ("two.md", &task("Two", "status: 'done'\n")),
        ("free.md", &task("Free", "")),
        ("other.md", "# Not a task\n"),
        ("todo.cdx", KANBAN),
        ("flat.cdx", "---\ntype: view\nview_type: table\nquery: 'type:task sort:-title'\norder: numbered\n---\n"),
    ])
}

/// README: "the results of the saved query `todo.cdx`, a folder for each group".
#[test]
fn a_view_is_a_folder_of_its_groups_with_empty_columns_too() {
    let m = lab();
    assert_eq!(ls(m.at("views")), ["flat.cdx", "todo.cdx"]);
    assert_eq!(ls(m.at("views/todo.cdx")), ["_none", "blocked", "done", "todo"]);
    assert_eq!(ls(m.at("views/todo.cdx/todo")), ["one.md"]);
    assert_eq!(ls(m.at("views/todo.cdx/_none")), ["free.md"]);
    assert!(ls(m.at("views/todo.cdx/blocked")).is_empty());
    assert_eq!(ls(m.at("views/flat.cdx")), ["001 two.md", "002 one.md", "003 free.md"]);
}

/// README: "sets the property that the view groups by".
#[test]
fn mv_between_groups_changes_one_line_and_nothing_else() {
    let m = lab();
    let before = read(m.lab("one.md"));
    fs::rename(m.at("views/todo.cdx/todo/one.md"), m.at("views/todo.cdx/done/one.md")).unwrap();
    assert_eq!(read(m.store_lab("one.md")), before.replace("status: todo", "status: done"));
    assert_eq!(ls(m.at("views/todo.cdx/done")), ["one.md", "two.md"]);
    fs::rename(m.at("views/todo.cdx/done/two.md"), m.at("views/todo.cdx/_none/two.md")).unwrap();
    assert!(!read(m.store_lab("two.md")).contains("status"));
    fs::hard_link(m.lab("free.md"), m.at("views/todo.cdx/blocked/free.md")).unwrap();
    assert!(read(m.store_lab("free.md")).contains("status: blocked"));
    assert_eq!(errno(fs::hard_link(m.lab("other.md"), m.at("views/todo.cdx/todo/other.md"))), libc::EPERM);
    assert_eq!(read(m.store_lab("other.md")), "# Not a task\n");
}

#[test]
fn rm_in_a_view_is_refused_unless_the_view_says_what_it_means() {
    let m = lab();
    assert_eq!(errno(fs::remove_file(m.at("views/todo.cdx/todo/one.md"))), libc::EPERM);
    assert!(m.last_error().contains("on_remove"), "{}", m.last_error());
    write(m.lab("x.cdx"), "---\ntype: view\nview_type: list\nquery: 'tag:x'\non_remove: untag x\n---\n");
    fs::remove_file(m.at("views/x.cdx/one.md")).unwrap();
    assert!(!ls(m.at("views/x.cdx")).contains(&"one.md".to_owned()));
    assert!(m.lab("one.md").exists());
    assert_eq!(errno(fs::remove_dir(m.at("views/x.cdx"))), libc::EPERM);
}

#[test]
fn mkdir_and_rmdir_in_a_view_add_and_remove_columns() {
    let m = lab();
    fs::create_dir(m.at("views/todo.cdx/review")).unwrap();
    assert!(read(m.store_lab("todo.cdx")).contains("review"));
    assert!(ls(m.at("views/todo.cdx")).contains(&"review".to_owned()));
    assert_eq!(errno(fs::remove_dir(m.at("views/todo.cdx/todo"))), libc::ENOTEMPTY);
    fs::remove_dir(m.at("views/todo.cdx/review")).unwrap();
    assert_eq!(read(m.store_lab("todo.cdx")), KANBAN);
}

#[test]
fn a_definition_that_breaks_keeps_its_last_results_and_says_where() {
    let m = lab();
    assert_eq!(ls(m.at("views/flat.cdx")).len(), 3);
    write(m.lab("flat.cdx"), "---\ntype: view\nview_type: table\nquery: 'status:(open'\n---\n");
    let names = ls(m.at("views/flat.cdx"));
    assert!(names.contains(&"ERROR.txt".to_owned()) && names.len() == 4, "{names:?}");
    let error = read(m.at("views/flat.cdx/ERROR.txt"));
    assert!(error.contains("line 4") && error.contains("column"), "{error}");
    write(m.lab("flat.cdx"), "---\ntype: view\nview_type: table\nquery: 'type:task'\n---\n");
    assert_eq!(ls(m.at("views/flat.cdx")), ["free.md", "one.md", "two.md"]);
}

/// README: "Every change, from wherever it comes, goes one way".
#[test]
fn a_view_follows_every_change_of_its_notes() {
    let m = lab();
    assert_eq!(ls(m.at("views/todo.cdx/todo")), ["one.md"]);
    write(m.lab("new.md"), note("title: New\ntype: task\nstatus: todo", "x"));
    assert_eq!(ls(m.at("views/todo.cdx/todo")), ["new.md", "one.md"]);
    write(m.store_lab("new.md"), note("title: New\ntype: task\nstatus: done", "x"));
    eventually(Duration::from_secs(2), "a change behind the mount", || {
        ls(m.at("views/todo.cdx/todo")) == ["one.md"] && ls(m.at("views/todo.cdx/done")).contains(&"new.md".to_owned())
    });
    fs::remove_file(m.lab("todo.cdx")).unwrap();
    assert_eq!(ls(m.at("views")), ["flat.cdx"]);
}

/// README: "any query as a folder".
/// README: "notes with that value".
#[test]
fn any_query_is_a_folder() {
    let m = lab();
    assert_eq!(ls(m.at(".codex/search/tag:x status:todo")), ["one.md"]);
    assert_eq!(ls(m.at(".codex/search/stays")), ["free.md", "one.md", "two.md"]);
    assert_eq!(errno(fs::metadata(m.at(".codex/search/status:(open"))), libc::ENOENT);
    assert!(m.last_error().contains("column"), "{}", m.last_error());
    assert_eq!(errno(fs::remove_file(m.at(".codex/search/tag:x/one.md"))), libc::EROFS);
    write(m.at(".codex/search/status:todo/one.md"), note("title: One\ntype: task\nstatus: done", "x"));
    assert!(ls(m.at(".codex/search/status:todo")).is_empty());
    assert_eq!(ls(m.at(".codex/by/status/done")), ["one.md", "two.md"]);
    write(m.lab("third.md"), note("status: todo", "x"));
    fs::rename(m.at(".codex/by/status/done/one.md"), m.at(".codex/by/status/todo/one.md")).unwrap();
    assert!(read(m.store_lab("one.md")).contains("status: todo"));
}

/// README: "every version of one file".
#[test]
fn the_past_can_be_read_and_copied_but_not_changed() {
    let m = lab();
    m.engine().flush_history().unwrap();
    let first = read(m.lab("one.md"));
    // Versions are named by the second, as git keeps time.
    std::thread::sleep(Duration::from_millis(1_100));
    write(m.lab("one.md"), "changed\n");
    m.engine().flush_history().unwrap();
    let versions = ls(m.at(".codex/history/lab/one.md"));
    assert_eq!(versions.len(), 2, "{versions:?}");
    assert!(versions.iter().all(|name| name.ends_with(".md") && name.contains('T') && name.contains('_')));
    assert_eq!(read(m.at(".codex/history/lab/one.md").join(&versions[0])), first);
    assert_eq!(read(m.at(".codex/history/lab/one.md").join(&versions[1])), "changed\n");
    let log = m.engine().notebook_named("lab").unwrap().history.log(None, 10).unwrap();
    let commit = log[log.len() - 1].id.to_string();
    let past = m.at(".codex/at").join(&commit[..8]).join("lab");
    assert_eq!(read(past.join("one.md")), first);
    fs::copy(past.join("one.md"), m.lab("one.md")).unwrap();
    assert_eq!(read(m.store_lab("one.md")), first);
    assert_eq!(errno(fs::write(past.join("one.md"), "x")), libc::EROFS);
    assert_eq!(errno(fs::remove_file(past.join("one.md"))), libc::EROFS);
    assert_eq!(errno(fs::create_dir(past.join("x"))), libc::EROFS);
}

#[test]
fn the_daemon_says_what_it_is_doing() {
    let m = lab();
    let status: serde_json::Value = serde_json::from_str(&read(m.at(".codex/status.json"))).unwrap();
    assert!(status.is_object());
    assert!(!ls(m.at(".codex")).contains(&"x".to_owned()));
    assert_eq!(ls(m.at(".codex/untagged")), ["flat.cdx", "other.md", "todo.cdx"]);
    assert!(ls(m.at(".codex/recent")).len() >= 4);
}
