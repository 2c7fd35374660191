//! What people and programs really put into a workspace: each is said in words (what, where, what to do), and nothing
//! of it is lost.

use super::{Bench, run};

/// `cdx check` of a workspace with one file, and what `cdx tag add` says to it; the file stays as it is.
#[track_caller]
fn check(name: &str, bytes: &[u8], says: &[&str]) {
    let bench = Bench::lab();
    let path = bench.path("ws/lab").join(name);
    std::fs::write(&path, bytes).unwrap();
    let checked = bench.cdx_in("ws", &["check"]);
    assert_eq!(checked.code, 0, "{name}: it is no difference: {checked:?}");
    let refused = bench.cdx_in("ws", &["tag", "add", "keep", &format!("lab/{name}")]).failed(3);
    for said in says {
        assert!(checked.out.contains(said), "{name}: check says `{said}`: {}", checked.out);
        assert!(refused.contains(said), "{name}: tag add says `{said}`: {refused}");
    }
    assert!(refused.contains(&format!("lab/{name}:")) && refused.contains("nothing was changed"), "{refused}");
    assert!(refused.len() < 400, "it can be read: {refused}");
    assert!(std::fs::read(&path).unwrap() == bytes, "{name}: no byte was changed");
    // The rest of the workspace is as well as before.
    assert!(bench.cdx_in("ws", &["tags"]).done().contains("experiment/gpu"));
}

#[test]
fn broken_frontmatter_is_said_with_its_place_and_left_alone() {
    check("broken.md", b"---\ntitle: [open\ntags: a: b\n---\nzebra\n", &["broken.md:3:5", "while parsing"]);
    check("twice.md", b"---\na: 1\na: 2\n---\n", &["twice.md:3"]);
    check("words.md", b"---\njust words\n---\n", &["key: value"]);
    check(
        "latin1.md",
        b"---\ntitle: caf\xe9\n---\nlemur\n",
        &["latin1.md:2:11", "not UTF-8", "save the file as UTF-8"],
    );
}

#[test]
fn frontmatter_without_measure_is_refused_and_left_alone() {
    let mut long = b"---\n".to_vec();
    for n in 0..60_000 {
        long.extend(format!("k{n}: {}\n", "x".repeat(80)).into_bytes());
    }
    assert!(long.len() > 5 << 20);
    check("open.md", &long, &["more than 1 MiB of metadata"]);
    long.extend(b"---\ngiraffe\n");
    check("long.md", &long, &["more than 1 MiB of metadata", "into the text"]);
    let mut bomb = "---\na: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (last, next) in "abcdefghi".chars().zip("bcdefghij".chars()) {
        bomb = format!("{bomb}{next}: &{next} [{}]\n", vec![format!("*{last}"); 9].join(","));
    }
    check("bomb.md", format!("{bomb}---\nokapi\n").as_bytes(), &["aliases unfold"]);
    let deep = format!("---\nx: {}{}\n---\n", "[".repeat(500), "]".repeat(500));
    check("deep.md", deep.as_bytes(), &["nested deeper than 64"]);
}

#[test]
fn what_cannot_be_understood_is_found_as_text() {
    let bench = Bench::lab();
    bench.write("ws/lab/broken.md", "---\ntags: a: b\n---\nzebra\n");
    bench.write("ws/lab/large.md", &format!("---\na: {}\n---\ngiraffe\n", "x".repeat(2 << 20)));
    for word in ["zebra", "giraffe"] {
        assert!(bench.cdx_in("ws", &["search", word]).done().contains("lab/"), "{word}");
    }
}

#[test]
fn a_binary_file_named_as_a_note_is_said_and_left_alone() {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    check("image.md", &bytes, &["binary in spite of its name"]);
    check("half.md", b"---\ntags: [x]\n---\n\0\x01\x02", &["binary in spite of its name"]);
}

#[test]
fn line_endings_and_byte_order_marks_stay() {
    for text in [
        "---\r\ntitle: A\r\ntags: [win]\r\n---\r\nbody\r\n",
        "\u{feff}---\ntitle: A\ntags: [win]\n---\nbody\n",
        "\u{feff}---\r\ntitle: A\r\ntags: [win]\r\n---\r\nbody\r\n",
        "\u{feff}---\r\ntitle: A\r\ntags:\r\n  - win\r\n---\r\nno end of line",
    ] {
        let bench = Bench::lab();
        bench.write("ws/lab/w.md", text);
        assert_eq!(bench.cdx_in("ws", &["query", "tag:win", "--format", "paths"]).done(), "lab/w.md\n", "{text:?}");
        bench.cdx_in("ws", &["tag", "add", "keep", "lab/w.md"]).done();
        let tagged = bench.read("ws/lab/w.md");
        assert!(tagged.contains("keep") && tagged.matches('\r').count() >= text.matches('\r').count(), "{tagged:?}");
        bench.cdx_in("ws", &["tag", "rm", "keep", "lab/w.md"]).done();
        assert_eq!(bench.read("ws/lab/w.md"), text);
    }
}

/// README: "File names that are not UTF-8 are shown and recorded".
#[test]
fn names_that_are_not_utf8_are_said_and_recorded() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::lab();
    let name = std::ffi::OsStr::from_bytes(b"bad\xff.md");
    std::fs::write(bench.path("ws/lab").join(name), "quokka").unwrap();
    let checked = run(bench.command(&bench.path("ws")).args(["check", "--json"])).json();
    let note = &checked["notes"][0];
    assert_eq!((&checked["clean"], &note["kind"]), (&true.into(), &"name_not_utf8".into()), "{checked}");
    assert!(note["message"].as_str().unwrap().contains("rename it"), "{note}");
    bench.cdx_in("ws", &["flush"]).done();
    let tree = std::process::Command::new("git")
        .args(["-C", bench.path("ws/lab/.codex/history.git").to_str().unwrap(), "ls-tree", "--name-only", "-z", "main"])
        .output()
        .unwrap();
    assert!(tree.stdout.split(|byte| *byte == 0).any(|path| path == name.as_bytes()), "it is in the history");
}

#[test]
fn sidecars_of_sidecars_and_links_in_a_circle_end() {
    let bench = Bench::lab();
    let lab = bench.path("ws/lab");
    for (name, text) in [
        ("a.json", "{\"tags\": [\"first\"]}"),
        ("a.json.json", "{\"tags\": [\"second\"]}"),
        ("a.json.json.json", "{\"tags\": [\"third\"]}"),
        ("b.md.md", "---\ntags: [side]\n---\n"),
        ("b.md", "---\ntags: [own]\n---\n"),
        ("broken.csv.json", "{"),
        ("broken.csv", "1,2"),
    ] {
        std::fs::write(lab.join(name), text).unwrap();
    }
    // Each the sidecar of the other, by links; and one that points to itself.
    std::os::unix::fs::symlink("c.md.json", lab.join("c.md")).unwrap();
    std::os::unix::fs::symlink("c.md", lab.join("c.md.json")).unwrap();
    std::os::unix::fs::symlink("d.md.json", lab.join("d.md.json")).unwrap();
    std::fs::write(lab.join("d.md"), "---\ntags: [plain]\n---\n").unwrap();
    let tags = bench.cdx_in("ws", &["tags"]).done();
    for tag in ["second", "side", "own", "plain"] {
        assert!(tags.contains(tag), "{tag}: {tags}");
    }
    let checked = bench.cdx_in("ws", &["check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.out.contains("broken.csv.json:1:1: "), "{checked:?}");
    let refused = bench.cdx_in("ws", &["tag", "add", "keep", "lab/broken.csv"]).failed(3);
    assert!(refused.contains("lab/broken.csv.json:1:1: ") && refused.contains("nothing was changed"), "{refused}");
}

#[test]
fn a_view_with_a_wrong_key_works_and_says_which_is_meant() {
    let bench = Bench::lab();
    bench.write("ws/lab/v.cdx", "---\ntype: view\nqery: x\nquery: {tgas: [x], tags: [experiment]}\n---\n");
    let ran = bench.cdx_in("ws", &["query", "lab/v.cdx", "--format", "paths"]);
    assert!(ran.err.contains("`tgas`; did you mean `tags`") && ran.err.contains("`qery`"), "{ran:?}");
    assert_eq!(ran.done().lines().count(), 2);
    let checked = bench.cdx_in("ws", &["check"]).done();
    assert!(checked.contains("lab/v.cdx") && checked.contains("`tgas`; did you mean `tags`"), "{checked}");
    bench.write("ws/lab/v.cdx", "---\ntype: view\nquery: 'tag:(win'\n---\n");
    let refused = bench.cdx_in("ws", &["query", "lab/v.cdx"]).failed(2);
    assert!(refused.contains("lab/v.cdx: line 3, column 13"), "{refused}");
    let checked = bench.cdx_in("ws", &["check"]).done();
    assert!(checked.contains("lab/v.cdx") && checked.contains("line 3, column 13"), "{checked}");
}

#[test]
fn a_query_with_an_unclosed_bracket_shows_where() {
    let bench = Bench::lab();
    for (line, says) in [
        ("(tag:a OR b", "column 1: `(` is not closed\n  (tag:a OR b\n  ^\n"),
        ("tag:(a", "column 5: `(` within a value"),
        ("tag:a )", "column 7"),
        ("\"learning rate", "column 1"),
        ("loss<", "column "),
    ] {
        let said = bench.cdx_in("ws", &["query", line]).failed(2);
        assert!(said.contains("the query does not parse") && said.contains(says), "{line}: {said}");
    }
    let said = bench.cdx_in("ws", &["search", "(learning"]).failed(2);
    assert!(said.contains("`(learning`") && said.contains("column 1"), "{said}");
}

#[test]
fn a_tag_named_dot_dot_is_refused_wherever_it_comes_from() {
    let bench = Bench::lab();
    for tag in ["..", ".", "a/../b", "/", "../../etc", "", "+x", "-x", "a\nb"] {
        for args in [
            &["tag", "add", "--", tag, "lab/plan.md"][..],
            &["tag", "rename", "--", "experiment", tag],
            &["set", "lab/plan.md", &format!("tags=[{}]", serde_json::to_string(tag).unwrap())],
        ] {
            if tag.is_empty() && args[0] == "set" {
                continue;
            }
            let said = bench.cdx_in("ws", args).failed(2);
            assert!(said.contains("is no tag") && said.contains("segment"), "{args:?}: {said}");
        }
    }
    assert!(!bench.read("ws/lab/plan.md").contains("tags"));
    // What a note says stays what it says: it is no tag, and check tells.
    let text = "---\ntags: [.., good]\n---\n";
    bench.write("ws/lab/t.md", text);
    assert!(bench.cdx_in("ws", &["check"]).done().contains("`..` is no tag"));
    bench.cdx_in("ws", &["tag", "add", "more", "lab/t.md"]).done();
    assert_eq!(bench.read("ws/lab/t.md"), "---\ntags: [.., good, more]\n---\n");
}

#[test]
fn a_notebook_that_cannot_be_opened_is_not_said_to_be_missing() {
    let bench = Bench::lab();
    std::fs::remove_dir_all(bench.path("ws/lab/.codex/history.git")).unwrap();
    bench.write("ws/lab/.codex/history.git", "what is this?");
    let said = bench.cdx_in("ws", &["set", "lab/plan.md", "a=1"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(said.err.contains("the notebook `lab` cannot be opened") && said.err.contains("history.git"), "{said:?}");
    assert_eq!(bench.read("ws/lab/.codex/history.git"), "what is this?");
}

#[test]
fn damaged_databases_and_settings_are_said_in_words_and_lose_nothing() {
    let bench = Bench::lab();
    let garbage = "no database\n".repeat(1000);
    let said = |args: &[&str]| {
        let ran = bench.cdx_in("ws", args);
        assert!(ran.err.lines().all(|line| line.starts_with("cdx: ")), "{ran:?}");
        ran
    };
    bench.write("ws/.codex/workspace.yaml", "timezone: Mars/Base\n");
    let ran = said(&["tags"]);
    assert!(ran.code == 0 && ran.err.contains("warning: workspace.yaml: `Mars/Base` is no IANA time zone"), "{ran:?}");
    bench.write("ws/.codex/workspace.yaml", "timezone: UTC\n");
    bench.write("ws/lab/.codex/notebook.db", &garbage);
    let ran = said(&["tags"]);
    assert!(ran.err.contains("notebook.db was damaged") && ran.err.contains("made anew"), "{ran:?}");
    assert!(ran.done().contains("experiment/gpu"));
    bench.write("ws/.codex/journal.db", &garbage);
    let ran = said(&["tags"]);
    assert!(ran.err.contains("journal of the workspace was damaged") && ran.err.contains("it is kept as"), "{ran:?}");
    assert!(ran.done().contains("experiment/gpu"));
    assert_eq!(bench.read("ws/.codex/journal.db.damaged-1"), garbage);
    assert!(bench.cdx_in("ws", &["tags"]).done().contains("experiment/gpu"));
    assert_eq!(bench.cdx_in("ws", &["check"]).code, 0);
}
