//! What editing leaves alone, and what it writes.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::index::parse::{self, TagOrigin};

fn tag(name: &str) -> TagName {
    TagName::new(name).unwrap()
}

fn add(name: &str) -> MetaEdit {
    MetaEdit::AddTag(tag(name))
}

fn drop(name: &str) -> MetaEdit {
    MetaEdit::RemoveTag(tag(name))
}

fn rename(from: &str, to: &str) -> MetaEdit {
    MetaEdit::RenameTag { from: tag(from), to: tag(to) }
}

fn set(key: &str, value: Value) -> MetaEdit {
    MetaEdit::Set { key: key.to_owned(), value }
}

fn unset(key: &str) -> MetaEdit {
    MetaEdit::Unset { key: key.to_owned() }
}

fn replace(key: &str, out: Option<Value>, into: Option<Value>) -> MetaEdit {
    MetaEdit::ReplaceValue { key: key.to_owned(), out, into }
}

/// The edited block of a note, which is otherwise as it was; doing it again changes nothing.
#[track_caller]
fn check(block: &str, edit: &MetaEdit, expected: &str) {
    let body = "# Title\r\n\n---\nbody\u{a0}";
    let file = |block: &str| format!("---\n{block}---\n{body}");
    let edited = edit_frontmatter("n.md", file(block).as_bytes(), std::slice::from_ref(edit));
    let edited = edited.unwrap_or_else(|error| panic!("{edit:?} of {block:?}: {error}"));
    assert_eq!(String::from_utf8_lossy(&edited), file(expected), "{edit:?}");
    if !matches!(edit, MetaEdit::RenameTag { .. }) {
        assert_eq!(edit_frontmatter("n.md", &edited, std::slice::from_ref(edit)).unwrap(), edited, "again: {edit:?}");
    }
}

#[test]
fn tags_are_added_in_the_way_they_stand() {
    for (block, expected) in [
        ("", "tags: [x]\n"),
        ("# c\n", "# c\ntags: [x]\n"),
        ("a: 1\n", "a: 1\ntags: [x]\n"),
        ("a: 1\n\n# end\n", "a: 1\ntags: [x]\n\n# end\n"),
        ("tags:\n", "tags: [x]\n"),
        ("tags: # none yet\nb: 1\n", "tags: [x] # none yet\nb: 1\n"),
        ("tags: null\n", "tags: [x]\n"),
        ("tags: []\n", "tags: [x]\n"),
        ("tags: [a, 'b' ] # c\nb: 1\n", "tags: [a, 'b', x ] # c\nb: 1\n"),
        ("tags: [a,b]\n", "tags: [a,b,x]\n"),
        ("tags: [\n  a,\n  b, # two\n]\n", "tags: [\n  a,\n  b,\n  x, # two\n]\n"),
        ("tags: [\na\n]\nk: v\n", "tags: [\na,\nx\n]\nk: v\n"),
        ("tags:\n  - a\n  # why\n  - 'b' # c\n\nb: 1\n", "tags:\n  - a\n  # why\n  - 'b' # c\n  - x\n\nb: 1\n"),
        ("tags:\n- a\nb: 1\n", "tags:\n- a\n- x\nb: 1\n"),
        ("tags:\n    -   a\n", "tags:\n    -   a\n    - x\n"),
        ("tags: a\n", "tags: a, x\n"),
        ("tags: a b # c\n", "tags: a b x # c\n"),
        ("tags: \"a,b\"\n", "tags: \"a,b,x\"\n"),
        ("tags: 'a, b'\n", "tags: 'a, b, x'\n"),
        ("tags: 2026\n", "tags: 2026, x\n"),
        ("tags: >-\n  a\n  b\nc: 1\n", "tags: a b x\nc: 1\n"),
        ("tags: a\n  b\nc: 1\n", "tags: a b x\nc: 1\n"),
        ("tags: [X]\n", "tags: [X]\n"),
        ("tags: '#x y'\n", "tags: '#x y'\n"),
        ("{a: 1}\n", "{a: 1, tags: [x]}\n"),
        ("{ a: 1, tags: [ b ] }\n", "{ a: 1, tags: [ b, x ] }\n"),
        ("a: |+\n  text\n\n\nb: |\n  end\n", "a: |+\n  text\n\n\nb: |\n  end\ntags: [x]\n"),
        ("a: \"multi\nline\n\"\n", "a: \"multi\nline\n\"\ntags: [x]\n"),
        ("'tags': [a]\n", "'tags': [a, x]\n"),
        ("tags: &t [a]\nb: *t\n", "tags: &t [a]\nb: *t\n"),
    ] {
        if block.contains("&t") {
            let file = format!("---\n{block}---\n");
            assert!(matches!(edit_frontmatter("n.md", file.as_bytes(), &[add("x")]), Err(EditError::Misfit { .. })));
            continue;
        }
        check(block, &add("x"), expected);
    }
    check("tags: a b\n", &add("x y"), "tags: [a, b, x y]\n");
    check("tags: a\n", &add("x y"), "tags: a, x y\n");
    check("tags: [a]\n", &add("7"), "tags: [a, '7']\n");
    check("tags:\n- a\n", &add("no"), "tags:\n- a\n- 'no'\n");
}

#[test]
fn tags_are_removed_where_they_stand() {
    for (block, expected) in [
        ("tags: [x]\n", "tags: []\n"),
        ("tags: [x, a, X]\n", "tags: [a]\n"),
        ("tags: [ a, x, b ]\n", "tags: [ a, b ]\n"),
        ("tags: [\n  a,\n  x\n]\n", "tags: [\n  a\n]\n"),
        ("tags:\n  - x # gone\n  # kept\n  - a\n", "tags:\n  # kept\n  - a\n"),
        ("tags: # all\n  - x\n# kept\nb: 1\n", "tags: [] # all\n# kept\nb: 1\n"),
        ("tags: x\n", "tags: []\n"),
        ("tags: a x b\n", "tags: a b\n"),
        ("tags: 'x, a b,c'\n", "tags: 'a b,c'\n"),
        ("tags: \"a,x\"\n", "tags: \"a\"\n"),
        ("tags: x, a b\n", "tags: a b,\n"),
        ("tags: [x/y, a]\n", "tags: [x/y, a]\n"),
        ("a: 1\n", "a: 1\n"),
        ("", ""),
    ] {
        check(block, &drop("x"), expected);
    }
}

#[test]
fn tags_are_renamed_with_those_below_them() {
    for (block, expected) in [
        ("tags: [x, 'x/Y', \"x\", xx] # c\n", "tags: [n/m, 'n/m/Y', xx] # c\n"),
        ("tags:\n- '#x'\n- a\n- n/m\n", "tags:\n- '#n/m'\n- a\n- n/m\n"),
        ("tags: a, x/b,c\n", "tags: a, n/m/b,c\n"),
        ("tags: '#x #a'\n", "tags: '#n/m #a'\n"),
        ("tags: [a]\n", "tags: [a]\n"),
    ] {
        // `#n/m` and `n/m` are one tag, so only one of them may stay.
        let expected = if block.contains("- n/m") { "tags:\n- a\n- n/m\n" } else { expected };
        check(block, &rename("x", "n/m"), expected);
    }
    check("tags: [GPU, gpu/a]\n", &rename("gpu", "gpu"), "tags: [gpu, gpu/a]\n");
}

#[test]
fn properties_are_set_where_they_stand() {
    for (block, key, value, expected) in [
        ("a: 1 # c\nb: 2\n", "a", json!(2), "a: 2 # c\nb: 2\n"),
        ("a:   'x'   # c\n", "a", json!("it's"), "a:   'it''s'   # c\n"),
        ("a: \"x\"\n", "a", json!("q\"\\"), "a: \"q\\\"\\\\\"\n"),
        ("a: 'x'\n", "a", json!(1.5), "a: 1.5\n"),
        ("a: x\n", "a", json!("line\nline"), "a: \"line\\nline\"\n"),
        ("a: |\n  one\n\n  two\n\n# c\nb: 1\n", "a", json!("x"), "a: x\n\n# c\nb: 1\n"),
        ("a: one\n  two # c\nb: 1\n", "a", json!(true), "a: true\nb: 1\n"),
        ("a:\n  - 1\n  - 2\nb: 1\n", "a", json!("x"), "a: x\nb: 1\n"),
        ("a: # c\n  b: 1\nd: 1\n", "a", json!(null), "a: null # c\nd: 1\n"),
        ("a: # c\n  b: 1 # b\n  c: 2\n", "a", json!({"b": 3, "d": 4}), "a: # c\n  b: 3 # b\n  d: 4\n"),
        ("a: 1 # c\n", "a", json!({"b": {"c": 1}}), "a: # c\n  b:\n    c: 1\n"),
        ("m:\n  loss: 1 # l\n\nb: 1\n", "m.loss", json!(2), "m:\n  loss: 2 # l\n\nb: 1\n"),
        ("m:\n    loss: 1\nb: 1\n", "m.acc", json!(2), "m:\n    loss: 1\n    acc: 2\nb: 1\n"),
        ("m: {loss: 1} # c\n", "m.acc", json!("a, b"), "m: {loss: 1, acc: 'a, b'} # c\n"),
        ("m: {}\n", "m.acc", json!(1), "m: {acc: 1}\n"),
        ("m: # c\nb: 1\n", "m.acc", json!(1), "m: # c\n  acc: 1\nb: 1\n"),
        ("b: 1\n", "m.acc.top", json!(1), "b: 1\nm:\n  acc:\n    top: 1\n"),
        ("m.acc: 1\nm: {x: 1}\n", "m.acc", json!(2), "m.acc: 2\nm: {x: 1}\n"),
        ("l: [1, 2, 3]\n", "l", json!([1, 3]), "l: [1, 3]\n"),
        ("l:\n- 1 # one\n- 2\n", "l", json!([1, 5, 2]), "l:\n- 1 # one\n- 5\n- 2\n"),
        ("l:\n- a: 1\n  b: 2\n- c: 3\n", "l", json!([{"a": 1, "b": 2}, {"c": 4}]), "l:\n- a: 1\n  b: 2\n- {c: 4}\n"),
        ("2026: a\n", "2026", json!("b"), "2026: b\n"),
        ("'it''s': a\n", "it's", json!("b"), "'it''s': b\n"),
        ("{m: {a}}\n", "m.a", json!(1), "{m: {a: 1}}\n"),
        ("a: !celsius 20\nb: 1\n", "a", json!(21), "a: 21\nb: 1\n"),
        ("a:\n\n  deep\nb: 1\n", "a", json!("x"), "a: x\nb: 1\n"),
        ("c: 1\n", "a", json!(["x".repeat(70), "y".repeat(20)]), "LONG"),
    ] {
        let long = format!("c: 1\na:\n  - {}\n  - {}\n", "x".repeat(70), "y".repeat(20));
        check(block, &set(key, value), if expected == "LONG" { &long } else { expected });
    }
}

#[test]
fn texts_are_quoted_where_yaml_would_read_something_else() {
    for (text, written) in [
        ("plain text", "plain text"),
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T10:00:00+02:00", "2026-01-02T10:00:00+02:00"),
        ("a:b", "a:b"),
        ("", "''"),
        ("yes", "'yes'"),
        ("Null", "'Null'"),
        ("~", "'~'"),
        ("12", "'12'"),
        ("1_000", "'1_000'"),
        ("0x1f", "'0x1f'"),
        ("12:30", "'12:30'"),
        ("1e5", "'1e5'"),
        (".5", "'.5'"),
        ("a: b", "'a: b'"),
        ("a #b", "'a #b'"),
        ("a:", "'a:'"),
        (" a", "' a'"),
        ("- a", "'- a'"),
        ("#a", "'#a'"),
        ("@a", "'@a'"),
        ("*a", "'*a'"),
        ("---", "'---'"),
        ("{{ today }}", "'{{ today }}'"),
        ("a\tb", "\"a\\tb\""),
        ("\u{85}\u{7}", "\"\\u0085\\u0007\""),
        ("\u{feff}x", "\"\\ufeffx\""),
        ("Größe 日本 🎉", "Größe 日本 🎉"),
    ] {
        check("a: 1\n", &set("k", json!(text)), &format!("a: 1\nk: {written}\n"));
    }
    check("", &set("a: b #", json!(1)), "'a: b #': 1\n");
}

#[test]
fn properties_are_removed_with_their_lines() {
    for (block, key, expected) in [
        ("a: 1\nb: 2 # c\n# kept\nc: 3\n", "b", "a: 1\n# kept\nc: 3\n"),
        ("a: |\n  x\n\n  y\nb: 1\n", "a", "b: 1\n"),
        ("a:\n- 1\n- 2\nb: 1\n", "a", "b: 1\n"),
        ("a: 1\n", "a", ""),
        ("m:\n  a: 1\n  b: 2\n", "m.a", "m:\n  b: 2\n"),
        ("m: # c\n  a: 1\nz: 1\n", "m.a", "m: {} # c\nz: 1\n"),
        ("m: {a: 1, b: 2}\n", "m.b", "m: {a: 1}\n"),
        ("m: {a: 1, b: 2}\n", "m.a", "m: {b: 2}\n"),
        ("m: { a: 1 }\n", "m.a", "m: {}\n"),
        ("a: 1\n", "a.b", "a: 1\n"),
        ("a: 1\n", "z", "a: 1\n"),
    ] {
        check(block, &unset(key), expected);
    }
}

#[test]
fn values_are_replaced_in_lists_and_scalars() {
    let (x, y) = (|| Some(json!("x")), || Some(json!("w")));
    for (block, out, into, expected) in [
        ("k: x # c\n", x(), y(), "k: w # c\n"),
        ("k: z\n", x(), y(), "k: w\n"),
        ("k: x\n", x(), None, ""),
        ("k: z\n", x(), None, "k: z\n"),
        ("k: z\n", None, None, ""),
        ("b: 1\n", x(), y(), "b: 1\nk: w\n"),
        ("k: [a, x]\n", x(), y(), "k: [a, w]\n"),
        ("k: [a, x, w]\n", x(), y(), "k: [a, w]\n"),
        ("k: [a]\n", x(), y(), "k: [a, w]\n"),
        ("k: [a, x]\n", x(), None, "k: [a]\n"),
        ("k: [x]\n", x(), None, ""),
        ("k:\n- 'x' # c\n- a\n", x(), y(), "k:\n- 'w' # c\n- a\n"),
        ("k: [1, 2]\n", Some(json!("1")), Some(json!(3)), "k: [3, 2]\n"),
    ] {
        check(block, &replace("k", out, into), expected);
    }
}

#[test]
fn line_endings_bom_and_missing_blocks() {
    for (before, edit, after) in [
        ("", add("x"), "---\ntags: [x]\n---\n"),
        ("# T\r\ntext", add("x"), "---\r\ntags: [x]\r\n---\r\n# T\r\ntext"),
        ("\u{feff}# T\n", set("a", json!(1)), "\u{feff}---\na: 1\n---\n# T\n"),
        ("---\nno end\n", add("x"), "---\ntags: [x]\n---\n---\nno end\n"),
        ("\u{feff}---\r\na: 1\r\n---\r\nb", add("x"), "\u{feff}---\r\na: 1\r\ntags: [x]\r\n---\r\nb"),
        ("---\r\na:\r\n  - 1\r\n---\r\n", set("a", json!([1, 2])), "---\r\na:\r\n  - 1\r\n  - 2\r\n---\r\n"),
        ("---\r\na: x\r\n---\r\n", set("a", json!({"b": 1})), "---\r\na:\r\n  b: 1\r\n---\r\n"),
        ("---\n---", add("x"), "---\ntags: [x]\n---"),
        ("text", drop("x"), "text"),
        ("text", unset("x"), "text"),
    ] {
        let edited = edit_frontmatter("n.md", before.as_bytes(), &[edit]).unwrap();
        assert_eq!(String::from_utf8(edited).unwrap(), after);
    }
    let broken_body = edit_frontmatter("n.md", b"---\na: 1\n---\n\xff\xfe", &[unset("a")]).unwrap();
    assert_eq!(broken_body, b"---\n---\n\xff\xfe");
}

#[test]
fn what_cannot_be_read_or_does_not_fit_is_refused() {
    for text in ["---\na: [\n---\n", "---\njust text\n---\n", "---\na: 1\na: 2\n---\n", "---\na: 1\n---\n\0"] {
        let error = edit_frontmatter("n.md", text.as_bytes(), &[add("x")]).unwrap_err();
        assert!(matches!(error, EditError::Unreadable(_)), "{text:?} {error}");
    }
    let long = format!("---\na: {}\n---\n", "x".repeat(5 << 20));
    assert!(matches!(edit_frontmatter("n.md", long.as_bytes(), &[add("x")]), Err(EditError::Unreadable(_))));
    for (block, edit) in [
        ("a: 1\n", set("a.b", json!(1))),
        ("a: [1]\n", set("a.b", json!(1))),
        ("? a\n: 1\n", add("x")),
        ("a: &x 1\nb: *x\n", unset("a")),
    ] {
        let error = edit_frontmatter("n.md", format!("---\n{block}---\n").as_bytes(), &[edit]).unwrap_err();
        assert!(matches!(error, EditError::Misfit { .. }), "{block:?} {error}");
    }
}

#[track_caller]
fn check_sidecar(kind: SidecarKind, before: &str, edits: &[MetaEdit], after: &str) {
    let edited =
        edit_sidecar("s", kind, before.as_bytes(), edits).unwrap_or_else(|error| panic!("{before:?}: {error}"));
    assert_eq!(String::from_utf8(edited.clone()).unwrap(), after);
    assert_eq!(edit_sidecar("s", kind, &edited, edits).unwrap(), edited, "again");
}

#[test]
fn json_sidecars_keep_their_layout() {
    for (before, edits, after) in [
        (
            "{\n  \"b\": 1,\n  \"a\": [1]\n}\n",
            vec![set("b", json!("x")), add("t")],
            "{\n  \"b\": \"x\",\n  \"a\": [1],\n  \"tags\": [\"t\"]\n}\n",
        ),
        (
            "{\n\t\"tags\": [\n\t\t\"a\",\n\t\t\"b\"\n\t]\n}",
            vec![add("t")],
            "{\n\t\"tags\": [\n\t\t\"a\",\n\t\t\"b\",\n\t\t\"t\"\n\t]\n}",
        ),
        ("{\"b\":1,\"a\":{\"c\":2}}", vec![set("a.d", json!(null)), unset("b")], "{\"a\":{\"c\":2, \"d\": null}}"),
        ("{}\n", vec![set("a.b", json!([]))], "{\n  \"a\": {\"b\": []}\n}\n"),
        ("", vec![add("t")], "{\n  \"tags\": [\"t\"]\n}\n"),
        ("\u{feff}{\"a\": 1.50}", vec![set("b", json!("\u{1}\""))], "\u{feff}{\"a\": 1.50, \"b\": \"\\u0001\\\"\"}"),
        ("{\"a\\u0062\": 1}", vec![set("ab", json!(2))], "{\"a\\u0062\": 2}"),
        ("{\"tags\": [\"t\"]}", vec![drop("t")], "{\"tags\": []}"),
        ("{\n  \"a\": 1\n}", vec![unset("a")], "{}"),
    ] {
        check_sidecar(SidecarKind::Json, before, &edits, after);
    }
    assert!(edit_sidecar("s", SidecarKind::Json, b"[1]", &[add("t")]).is_err());
    let new = new_sidecar(&[add("t"), set("m.a", json!(1)), unset("x")]).unwrap();
    assert_eq!(
        String::from_utf8(new).unwrap(),
        "{\n  \"tags\": [\n    \"t\"\n  ],\n  \"m\": {\n    \"a\": 1\n  }\n}\n"
    );
}

#[test]
fn yaml_sidecars_are_edited_whole() {
    for (before, edits, after) in [
        ("a: 1", vec![set("b", json!(2))], "a: 1\nb: 2"),
        ("%YAML 1.2\n---\na: 1\n...\n", vec![add("t")], "%YAML 1.2\n---\na: 1\ntags: [t]\n...\n"),
        ("\u{feff}# c\r\ntags: a\r\n", vec![add("t")], "\u{feff}# c\r\ntags: a, t\r\n"),
        ("", vec![add("t")], "tags: [t]\n"),
    ] {
        check_sidecar(SidecarKind::Yaml, before, &edits, after);
    }
    check_sidecar(SidecarKind::Markdown, "---\na: 1\n---\nx", &[add("t")], "---\na: 1\ntags: [t]\n---\nx");
}

#[test]
fn xml_sidecars_stay_xml() {
    for (before, edits, after) in [
        ("<m>\n  <a>1</a>\n</m>\n", vec![set("b", json!("x < y"))], "<m>\n  <a>1</a>\n  <b>x &lt; y</b>\n</m>\n"),
        (
            "<m a='1' b=\"2\"><!-- c --></m>",
            vec![set("a", json!("it's")), unset("b")],
            "<m a='it&apos;s'><!-- c --></m>",
        ),
        (
            "<m>\n <i>1</i>\n <i>2</i>\n</m>",
            vec![set("i", json!([1, 3, 2]))],
            "<m>\n <i>1</i>\n <i>3</i>\n <i>2</i>\n</m>",
        ),
        ("<m>\n <i>1</i>\n <i>2</i>\n <x/>\n</m>", vec![unset("i")], "<m>\n <x/>\n</m>"),
        ("<m/>", vec![set("o.p", json!(true))], "<m>\n  <o><p>true</p></o>\n</m>"),
        ("<m><o q='1'/></m>", vec![set("o.q", json!(2))], "<m><o q='2'/></m>"),
        (
            "<m>\n  <tags>\n    <tag>a</tag>\n  </tags>\n</m>",
            vec![add("t")],
            "<m>\n  <tags>\n    <tag>a, t</tag>\n  </tags>\n</m>",
        ),
        ("<m><tags>a</tags><tags>b</tags></m>", vec![drop("a"), rename("b", "c")], "<m><tags>c</tags></m>"),
        ("<m><tags>a</tags></m>", vec![drop("a")], "<m></m>"),
        ("<m><a>1</a></m>", vec![set("a", json!(1))], "<m><a>1</a></m>"),
        ("<m>\n <i>2</i>\n <x/>\n</m>", vec![set("i", json!([1, 2]))], "<m>\n <i>1</i>\n <i>2</i>\n <x/>\n</m>"),
    ] {
        check_sidecar(SidecarKind::Xml, before, &edits, after);
    }
    assert!(edit_sidecar("s", SidecarKind::Xml, b"<m/>", &[set("no name", json!(1))]).is_err());
    assert!(edit_sidecar("s", SidecarKind::Xml, b"<m>", &[set("a", json!(1))]).is_err());
}

#[test]
fn a_view_follows_a_renamed_tag() {
    let view = |query: &str| format!("---\ntype: view\nquery:\n{query}---\ntag:x\n");
    for (before, after) in [
        ("  tags: [x, =x/a, y] # c\n", "  tags: [q, =q/a, y] # c\n"),
        ("  tags_any:\n    - 'x'\n  tags_none: x\n", "  tags_any:\n    - 'q'\n  tags_none: q\n"),
        ("  where: 'tag:x -tag:=x/b \"tag:x\"' # c\n", "  where: 'tag:q -tag:=q/b \"tag:x\"' # c\n"),
        ("  properties: {tag: x, tags: x}\n", "  properties: {tag: x, tags: q}\n"),
    ] {
        let edited = rename_tag_in_view("v.cdx", view(before).as_bytes(), &tag("x"), &tag("q")).unwrap();
        assert_eq!(String::from_utf8(edited).unwrap(), view(after));
    }
    let line = b"---\nquery: tag:x loss<1\non_remove: untag x/a\n---\n";
    let edited = rename_tag_in_view("v.cdx", line, &tag("x"), &tag("q")).unwrap();
    assert_eq!(String::from_utf8(edited).unwrap(), "---\nquery: tag:q loss<1\non_remove: untag q/a\n---\n");
}

#[test]
fn columns_of_a_view_come_and_go() {
    let todo = "    - {id: todo, title: To do, filter: {status: todo}}\n";
    let done = "    - {id: done, title: done, filter: {status: done}}\n";
    let view = |columns: &str| format!("---\nconfig:\n  columns:\n{columns}  card_fields: [a]\n---\n");
    let edit = |text: &str, group, is_added| {
        String::from_utf8(edit_view_column("v.cdx", text.as_bytes(), "status", group, is_added).unwrap()).unwrap()
    };
    let both = view(&format!("{todo}{done}"));
    assert_eq!(edit(&view(todo), "done", true), both);
    assert_eq!(edit(&both, "done", true), both);
    assert_eq!(edit(&both, "done", false), view(todo));
    assert_eq!(edit(&both, "no such", false), both);
    let shared = view("    - id: all\n      filter: {status: [todo, done]}\n");
    assert_eq!(edit(&shared, "done", true), shared);
    assert_eq!(edit(&shared, "done", false), view("    - {id: all, filter: {status: [todo]}}\n"));
    let none = "---\ntype: view\n---\n";
    let made = edit(none, "3", true);
    assert_eq!(made, "---\ntype: view\nconfig:\n  columns:\n    - {id: '3', title: '3', filter: {status: '3'}}\n---\n");
    assert!(edit_view_column("v.cdx", b"---\nconfig: {columns: 1}\n---\n", "a", "b", true).is_err());
}

/// Lines of frontmatter in many spellings; each entry has a key of its own.
fn entry() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("v"),
        Just("'q''s' # c"),
        Just("\"d\\\"q\""),
        Just("12"),
        Just("2026-01-02"),
        Just("[a, 'b', c]   # list"),
        Just("{x: 1, 'y': [2, 3]}"),
        Just(""),
        Just("# empty"),
        Just("null"),
        Just("|\n  block: x\n\n  - more"),
        Just(">-\n    folded\n    # no comment"),
        Just("plain\n  goes on"),
        Just("\n  - one # c\n  # between\n  - 'two'"),
        Just("\n- flush\n- left"),
        Just("\n  x: 1\n\n  y:\n    - deep"),
        Just("\n    wide: 1\n    z: {a}"),
        Just("[\n  a, # one\n  b\n ]"),
        Just("\"multi\n  line\""),
        Just("a, b"),
        Just("a b"),
        Just("\n- k: v\n  w: x\n- - n"),
    ];
    (0..12_u8, scalar, 0..3_u8).prop_map(|(key, value, noise)| {
        let key =
            ["tags", "a", "b", "'c'", "\"d\"", "e f", "status", "m", "x.y", "2026", "title", "date"][usize::from(key)];
        let noise = ["", "# comment\n", "\n"][usize::from(noise)];
        let gap = if value.starts_with('\n') || value.is_empty() { "" } else { " " };
        format!("{noise}{key}:{gap}{value}\n")
    })
}

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        "[ -~\n\té#:,'\"]{0,12}".prop_map(Value::from),
        Just(json!("yes")),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    any_scalar().prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z:# ]{1,4}", inner, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn any_edit() -> impl Strategy<Value = MetaEdit> {
    let tag_name = || prop::sample::select(vec!["a", "b", "c", "a/b", "new", "two words", "7", "yes"]).prop_map(tag);
    let key = || {
        prop::sample::select(vec![
            "tags", "a", "b", "c", "d", "e f", "status", "m", "m.x", "m.y.z", "x.y", "2026", "new", "n.o",
        ])
        .prop_map(str::to_owned)
    };
    prop_oneof![
        tag_name().prop_map(MetaEdit::AddTag),
        tag_name().prop_map(MetaEdit::RemoveTag),
        (tag_name(), tag_name()).prop_map(|(from, to)| MetaEdit::RenameTag { from, to }),
        (key(), any_value()).prop_map(|(key, value)| MetaEdit::Set { key, value }),
        key().prop_map(|key| MetaEdit::Unset { key }),
        (key(), prop::option::of(any_scalar()), prop::option::of(any_scalar()))
            .prop_map(|(key, out, into)| MetaEdit::ReplaceValue { key, out, into }),
    ]
}

/// The lines that belong to no key of `keys`: from a top-level key to the next one.
fn lines_besides<'a>(block: &'a str, keys: &[&str]) -> Vec<&'a str> {
    let mut is_kept = true;
    let mut kept = Vec::new();
    for line in block.split_inclusive('\n') {
        let is_top = !line.starts_with([' ', '-', '\r', '\n', '#', ']']);
        if is_top {
            let key = line.split(": ").next().unwrap_or(line).trim_end().trim_end_matches(':');
            is_kept = !keys.contains(&key.trim_matches(['\'', '"']));
        }
        if is_kept && !line.starts_with('#') && !line.trim().is_empty() {
            kept.push(line);
        }
    }
    kept
}

fn unique_entries(entries: Vec<String>) -> String {
    let mut seen = std::collections::HashSet::new();
    entries
        .into_iter()
        .filter(|entry| {
            seen.insert(entry.trim_start_matches("# comment\n").trim_start().split(':').next().unwrap().to_owned())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn an_edit_means_what_it_says_and_touches_nothing_else(
        entries in prop::collection::vec(entry(), 0..6),
        edit in any_edit(),
        is_crlf in any::<bool>(),
    ) {
        let mut block = unique_entries(entries);
        if is_crlf {
            block = block.replace('\n', "\r\n");
        }
        let eol = if is_crlf { "\r\n" } else { "\n" };
        let file = format!("---{eol}{block}---{eol}# Body{eol}tags: x{eol}");
        let before = parse::values::yaml_mapping("", &block, 0).expect("the generator writes YAML");
        let mut meant = before.clone();
        let steps = plan::plan(&before, &edit);
        for step in steps.iter().flatten() {
            step.apply(&mut meant);
        }
        let edited = edit_frontmatter("n.md", file.as_bytes(), std::slice::from_ref(&edit));
        let Ok(edited) = edited else {
            prop_assert!(steps.is_err(), "refused: {:?}", edited);
            return Ok(());
        };
        let edited = String::from_utf8(edited).expect("text stays text");
        let inner = edited.strip_prefix(&format!("---{eol}")).and_then(|rest| rest.strip_suffix(&format!("---{eol}# Body{eol}tags: x{eol}")));
        let inner = inner.expect("fences and body stay");
        prop_assert_eq!(parse::values::yaml_mapping("", inner, 0), Ok(meant.clone()));
        if meant == before {
            prop_assert_eq!(&edited, &file);
        }
        let touched: Vec<&str> = steps.iter().flatten().map(|step| step.path()[0].as_str()).collect();
        prop_assert_eq!(lines_besides(inner, &touched), lines_besides(&block, &touched));
        let again = edit_frontmatter("n.md", edited.as_bytes(), std::slice::from_ref(&edit)).expect("still fits");
        if !matches!(edit, MetaEdit::RenameTag { .. }) {
            prop_assert_eq!(String::from_utf8_lossy(&again), edited);
        }
    }

    #[test]
    fn json_is_edited_as_meant(map in prop::collection::btree_map("[a-z]{1,3}", any_value(), 0..4), edit in any_edit(), is_pretty in any::<bool>()) {
        let before: Properties = map.into_iter().collect();
        let text = if is_pretty { serde_json::to_string_pretty(&before) } else { serde_json::to_string(&before) }.expect("JSON");
        let mut meant = before.clone();
        let steps = plan::plan(&before, &edit);
        for step in steps.iter().flatten() {
            step.apply(&mut meant);
        }
        match edit_sidecar("s.json", SidecarKind::Json, text.as_bytes(), &[edit]) {
            Ok(edited) => prop_assert_eq!(serde_json::from_slice::<Properties>(&edited).expect("JSON"), meant),
            Err(_) => prop_assert!(steps.is_err()),
        }
    }

    #[test]
    fn editing_never_panics(text in "(---\n)?[-a:#\\[\\]{}|>\"'&*!, \n\r?\u{feff}é]{0,80}(\n---\n)?", edit in any_edit()) {
        let _ = edit_frontmatter("n.md", text.as_bytes(), std::slice::from_ref(&edit));
        for kind in [SidecarKind::Json, SidecarKind::Yaml, SidecarKind::Xml] {
            let _ = edit_sidecar("s", kind, text.as_bytes(), std::slice::from_ref(&edit));
        }
    }

    #[test]
    fn a_tag_added_is_read_and_a_tag_removed_is_gone(entries in prop::collection::vec(entry(), 0..4), name in "[a-z]{1,3}(/[a-z0-9 ]{1,3}[a-z])?") {
        let file = format!("---\n{}---\n", unique_entries(entries));
        let tag = tag(&name);
        let read = |bytes: &[u8]| parse::parse("n.md", "text/markdown", bytes, &[]).tags.contains(&(tag.clone(), TagOrigin::Frontmatter));
        let Ok(added) = edit_frontmatter("n.md", file.as_bytes(), &[MetaEdit::AddTag(tag.clone())]) else { return Ok(()) };
        prop_assert!(read(&added), "{}", String::from_utf8_lossy(&added));
        let removed = edit_frontmatter("n.md", &added, &[MetaEdit::RemoveTag(tag.clone())]).expect("what was added can be removed");
        prop_assert!(!read(&removed));
    }
}
