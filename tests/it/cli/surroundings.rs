//! What else is on the machine: configuration that is not ours must not matter.

use super::{Bench, Ran, run};

/// index.md §5: no configuration of the user's. A `.gitconfig` that does not parse, or that is no file at all, is none
/// of history's business, and one that does parse changes nothing.
#[test]
fn git_configuration_of_the_user_is_never_read() {
    for (name, broken) in [(".gitconfig", true), (".config/git/config", true), (".gitconfig", false)] {
        let bench = Bench::lab();
        let text = if broken {
            "[core\nno = \"such"
        } else {
            "[core]\n\tfsyncObjectFiles = nonsense\n\tbigFileThreshold = 1\n"
        };
        bench.write(&format!("user/{name}"), text);
        works(name, |args| {
            let mut command = bench.command(&bench.path("ws"));
            command.env("HOME", bench.path("user")).env("XDG_CONFIG_HOME", bench.path("user/.config"));
            command.env("GIT_CONFIG_GLOBAL", bench.path("user").join(name));
            command.env("GIT_CONFIG_SYSTEM", bench.path("user").join(name));
            run(command.args(args))
        });
    }
    let bench = Bench::lab();
    std::fs::create_dir_all(bench.path("user/.gitconfig")).unwrap();
    works("a directory", |args| run(bench.command(&bench.path("ws")).env("HOME", bench.path("user")).args(args)));
}

#[track_caller]
fn works(what: &str, cdx: impl Fn(&[&str]) -> Ran) {
    for args in [
        &["set", "lab/plan.md", "status=one"][..],
        &["flush"],
        &["set", "lab/plan.md", "status=two"],
        &["flush"],
        &["diff", "lab/plan.md"],
        &["undo"],
        &["check"],
    ] {
        let ran = cdx(args);
        assert_eq!(ran.code, 0, "{what}: {args:?}: {ran:?}");
    }
    let shown = cdx(&["show", "lab/plan.md"]).done();
    assert!(shown.contains("status: one"), "{what}: {shown}");
    assert!(cdx(&["log", "lab/plan.md"]).done().lines().count() >= 3, "{what}");
}
