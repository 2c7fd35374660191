//! init, notebook, config, status, completions.

use super::{Bench, first_words, run};

/// README: "every folder in it becomes a notebook; nothing in them is changed".
#[test]
fn init_makes_every_folder_a_notebook_and_changes_nothing_in_it() {
    let bench = Bench::empty();
    bench.write("ws/lab/a.md", "a");
    bench.write("ws/papers/b.md", "b");
    bench.write("ws/.hidden/c.md", "c");
    let said = bench.cdx(&["init", "ws", "--name", "My lab", "--notebook", "ideas"]).done();
    assert!(said.contains("My lab") && said.contains("3 notebooks"), "{said}");
    assert_eq!(bench.read("ws/lab/a.md"), "a");
    let listed = bench.cdx_in("ws", &["notebook", "list"]).done();
    assert_eq!(first_words(&listed), ["NOTEBOOK", "ideas", "lab", "papers"]);
    // By its slug, from anywhere, and again.
    assert!(bench.cdx(&["notebook", "list", "-w", "my-lab"]).done().contains("papers"));
    assert!(bench.cdx(&["init", "ws"]).done().contains("was there already"));
}

#[test]
fn a_workspace_without_a_directory_lives_in_the_home() {
    let bench = Bench::empty();
    bench.cdx(&["init", "--name", "Thesis 2026", "--notebook", "main"]).done();
    assert!(bench.path("home/workspaces/thesis-2026/main").is_dir());
}

#[test]
fn init_refuses_what_could_not_be_a_workspace_before_it_writes_anything() {
    let bench = Bench::lab();
    assert!(bench.cdx(&["init", "ws/lab"]).failed(3).contains("notebook add"));
    bench.write("other/tags/a.md", "a");
    assert!(bench.cdx(&["init", "other"]).failed(3).contains("reserved"));
    assert!(!bench.path("other/.codex").exists());
    assert!(bench.cdx(&["init", "new", "--notebook", ".x"]).failed(2).contains("hidden"));
    assert!(!bench.path("new").exists());
}

#[test]
fn notebooks_come_and_go() {
    let bench = Bench::lab();
    let names = || {
        let list = bench.cdx_in("ws", &["notebook", "list", "--json"]).json();
        let names = list["notebooks"].as_array().unwrap().iter().map(|n| n["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    bench.cdx_in("ws", &["notebook", "add", "papers"]).done();
    bench.cdx_in("ws", &["notebook", "rename", "papers", "reading"]).done();
    assert_eq!(names(), ["lab", "reading"]);
    bench.write("ws/reading/x.md", "x");
    bench.cdx_in("ws", &["notebook", "remove", "reading"]).done();
    assert_eq!(names(), ["lab"]);
    assert!(!bench.path("ws/reading").exists());
    assert!(bench.cdx_in("ws", &["notebook", "list"]).done().contains("in the trash since"));
    bench.cdx_in("ws", &["notebook", "restore", "reading"]).done();
    assert_eq!(names(), ["lab", "reading"]);
    assert_eq!(bench.read("ws/reading/x.md"), "x");
    bench.cdx_in("ws", &["notebook", "add", "lab"]).failed(3);
    bench.cdx_in("ws", &["notebook", "remove", "none"]).failed(4);
    bench.cdx_in("ws", &["notebook", "add", "tags"]).failed(3);
}

#[test]
fn config_says_where_each_value_comes_from() {
    let bench = Bench::empty();
    bench.write("home/config.toml", "listen = \"127.0.0.1:9000\"\nsecret_key = \"hunter2\"\nlisten_on = 1\n");
    let ran = run(bench.command(&bench.path("")).args(["config", "--json"]));
    assert!(ran.err.contains("unknown key `listen_on`"), "{ran:?}");
    let settings = ran.json();
    let of = |key: &str| {
        let found = settings.as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap();
        (found["value"].to_string(), found["origin"].to_string())
    };
    assert_eq!(of("user"), ("\"ada\"".to_owned(), "\"environment CODEX_USER\"".to_owned()));
    assert!(of("listen").0.contains("9000") && of("listen").1.contains("config.toml"));
    assert!(of("secret_key").0.contains("not shown"));
    assert_eq!(of("log"), ("\"warn\"".to_owned(), "\"default\"".to_owned()));
    assert!(!bench.cdx(&["config"]).done().contains("hunter2"));
}

#[test]
fn status_lists_workspaces_without_opening_them() {
    let bench = Bench::lab();
    let all = bench.cdx(&["status", "--json"]).json();
    assert_eq!(all["workspaces"][0]["name"], "ws");
    assert_eq!(all["workspaces"][0]["running"], false);
    assert!(bench.cdx(&["status"]).done().contains("no engine is running"));
}

#[test]
fn completions_and_man_pages_know_every_command() {
    let bench = Bench::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.cdx(&["completions", shell]).done();
        assert!(script.contains("notebook") && !script.contains("--detached\n"), "{shell}");
    }
    bench.cdx(&["completions", "man", "pages"]).done();
    for page in ["cdx", "cdx-mount", "cdx-tag-add", "cdx-notebook-restore"] {
        let text = bench.read(&format!("pages/{page}.1"));
        assert!(text.starts_with(".ie") || text.contains(".TH"), "{page}");
    }
    assert!(bench.read("pages/cdx-tag-add.1").contains("Example"));
    bench.cdx(&["completions", "man"]).failed(2);
}

#[test]
fn help_of_the_program() {
    let bench = Bench::empty();
    insta::assert_snapshot!(bench.cdx(&["-h"]).done());
}
