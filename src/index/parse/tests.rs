//! What reading yields.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::types::{TagName, Value};

fn note(text: &str) -> ParsedNote {
    parse("note.md", "text/markdown", text.as_bytes(), &[])
}

fn tags(note: &ParsedNote) -> Vec<&str> {
    note.tags.iter().map(|(tag, _)| tag.as_str()).collect()
}

#[test]
fn frontmatter_with_any_line_ending_and_bom() {
    for text in [
        "---\na: 1\n---\ntext\n",
        "---\r\na: 1\r\n---\r\ntext\r\n",
        "\u{feff}---  \na: 1\n--- \ntext\n",
        "---\na: 1\n---",
    ] {
        let note = note(text);
        assert_eq!(Value::Object(note.properties.clone()), json!({"a": 1}), "{text:?}");
        assert_eq!(note.body.trim_end(), if text.ends_with("---") { "" } else { "text" });
        assert_eq!(note.problems, []);
    }
}

#[test]
fn the_text_alone_is_that_of_the_note() {
    let image = b"\x89PNG\r\n\x1a\n\0\0";
    for (name, content_type, bytes) in [
        ("a.md", "text/markdown", "---\na: 1\n---\ntext\n".as_bytes()),
        ("a.md", "text/markdown", "\u{feff}# text\n".as_bytes()),
        ("a.md", "text/markdown", b"---\nno end\n"),
        ("a.md", "text/markdown", b"\xff\xfe text"),
        ("a.md", "text/markdown", b"\0\0\0"),
        ("a.txt", "text/plain", b"---\na: 1\n---\ntext\n"),
        ("a.png", "image/png", image),
        ("a.pdf", "application/pdf", b"%PDF-1.4"),
    ] {
        assert_eq!(text_of(name, content_type, bytes), parse(name, content_type, bytes, &[]).body, "{name} {bytes:?}");
    }
}

#[test]
fn what_only_looks_like_frontmatter_is_text() {
    for text in ["--- a\nb: 1\n---\n", "---", "---\nno end\n", "----\na: 1\n----\n", " ---\na: 1\n---\n"] {
        let note = note(text);
        assert_eq!(note.body, text);
        assert!(note.properties.is_empty() && note.problems.is_empty(), "{text:?} {:?}", note.problems);
    }
}

#[test]
fn values_are_of_the_yaml_core_schema() {
    let note = note(
        "---\nn: 0x10\nf: 1.5\nd: 2026-11-02\nt: 2026-11-02T10:00:00Z\nyes: yes\nnull: ~\nempty:\nlist: [1, a]\n2: b\n\
         m: {a: {b: .nan}}\nbig: 340282366920938463463374607431768211455\nzip: 007\nc: !celsius 20\n---\n",
    );
    assert_eq!(note.problems, []);
    assert_eq!(
        Value::Object(note.properties),
        json!({"n": 16, "f": 1.5, "d": "2026-11-02", "t": "2026-11-02T10:00:00Z", "yes": "yes", "null": null,
            "empty": null, "list": [1, "a"], "2": "b", "m": {"a": {"b": ".nan"}},
            "big": "340282366920938463463374607431768211455", "zip": "007", "c": 20})
    );
}

#[test]
fn known_keys_leave_the_properties_but_dates_stay() {
    let note = note("---\ntitle: 7\ndescription: d\ntype: run\ndate: 2026-01-02\ntags: x\n---\n# H\n");
    assert_eq!((&*note.title, note.description.as_deref(), note.file_type.as_deref()), ("7", Some("d"), Some("run")));
    assert_eq!(note.created.as_deref(), Some("2026-01-02"));
    assert_eq!(Value::Object(note.properties), json!({"date": "2026-01-02"}));
}

#[test]
fn title_is_the_key_or_the_first_heading_or_the_stem() {
    for (text, title) in [
        ("---\ntitle: T\n---\n# H\n", "T"),
        ("text\n\n## *A* `b` c ##\n# B\n", "A b c"),
        ("Set\next\n===\n", "Set ext"),
        ("```\n# no\n```\n#\n# yes\n", "yes"),
        ("---\ntitle: ''\n---\nplain\n", "note"),
    ] {
        assert_eq!(note(text).title, title, "{text:?}");
    }
    assert_eq!(parse(".hidden", "text/plain", b"", &[]).title, ".hidden");
}

#[test]
fn tags_are_a_list_or_a_text() {
    for (yaml, legal, illegal) in [
        ("[a, 'b c', '#d', 7]", vec!["a", "b c", "d", "7"], vec![]),
        ("a b,c , #d", vec!["a b", "c"], vec![]),
        ("'a  #b/c'", vec!["a", "b/c"], vec![]),
        ("[a, A, '+x', [y], null, '']", vec!["a"], vec!["+x", "[\"y\"]"]),
        ("2026", vec!["2026"], vec![]),
    ] {
        let note = note(&format!("---\ntags: {yaml}\n---\n"));
        assert_eq!(tags(&note), legal, "{yaml}");
        assert_eq!(note.illegal_tags, illegal, "{yaml}");
    }
}

#[test]
fn broken_yaml_keeps_the_text_and_says_where() {
    for (text, line, column) in [
        ("---\ntitle: a\nb: [1, 2\n---\n# H\nbody\n", 4, 1),
        ("\u{feff}---\r\na: 1\r\nb: c: d\r\n---\r\n# H\n", 3, 5),
        ("---\na: 1\nb: 2\na: 3\n---\n# H\n", 4, 1),
        ("---\njust words\n---\n# H\n", 2, 1),
        ("---\na: *nowhere\n---\n# H\n", 2, 4),
    ] {
        let note = note(text);
        let problem = note.problems.first().unwrap_or_else(|| panic!("{text:?} has a problem"));
        assert_eq!((problem.line, problem.column), (line, column), "{problem}");
        assert!(!problem.message.contains("at line"), "{problem}");
        assert!(note.properties.is_empty() && note.tags.is_empty());
        assert_eq!((&*note.title, &*note.body), ("H", text.trim_start_matches('\u{feff}')));
    }
}

#[test]
fn metadata_is_bounded() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    let long = format!("t: \"{}\"\n", "x".repeat(5 << 20));
    let deep = format!("a: {}{}\n", "[".repeat(65), "]".repeat(65));
    let abyss = format!("a: {}\n", "[".repeat(200_000));
    let text = format!("x: &x {}\ny: [{}]\n", "x".repeat(50_000), "*x,".repeat(50));
    for yaml in [bomb, &long, &deep, &abyss, &text] {
        let note = note(&format!("---\n{yaml}---\n# H\n"));
        assert_eq!(note.problems.len(), 1, "{}", &yaml[..20]);
        assert!(note.properties.is_empty());
    }
    let allowed = format!("---\na: {}{}\nb: &b x\nc: [*b, *b]\n---\n", "[".repeat(60), "]".repeat(60));
    assert_eq!(note(&allowed).problems, []);
}

#[test]
fn binary_and_broken_bytes_in_a_markdown_file() {
    let binary = parse("a.md", "text/markdown", b"---\na: 1\n---\n\0\x01", &[]);
    assert_eq!((&*binary.title, &*binary.body, binary.properties.len()), ("a", "", 0));
    let broken = parse("a.md", "text/markdown", b"---\na: 1\n---\n\xff\xfe [x](b.md)", &[]);
    assert_eq!((&*broken.body, broken.properties.len()), ("\u{fffd}\u{fffd} [x](b.md)", 1));
    assert_eq!(broken.links[0].range, 20..24);
    let latin = parse("a.md", "text/markdown", b"---\na: 1\nb: caf\xe9\n---\ntext", &[]);
    assert_eq!((latin.problems[0].line, latin.problems[0].column), (3, 7));
}

#[test]
fn links_with_the_range_of_their_target() {
    use LinkKind::{Embed, Image, Markdown, Wiki};
    let text = "---\na: '[[no]]'\n---\nSee [a](x/a%20b.md#Head%20ing \"t\") and ![i](<p q.png>) [[Note#h|alias]] ![[e]]\n\
                [![in](in.png)](out.md) [ref][r] [r] [web](https://x.y/z.md) <http://a.b> [m](mailto:x@y.z) [top](#top)\n\
                `[[code]]` \\[[esc]] [[#only]] [[a\\|b]] [[ sp ]] [](e.md?x=1) [p](a(b).md)\n\n    [[indented]]\n\n\
                ```\n[[fenced]] [f](f.md)\n```\n<!-- [[comment]] -->\n\n[r]: ref.md\n";
    let links: Vec<_> = (note(text).links.into_iter())
        .map(|link| (link.kind, link.target, link.heading, text[link.range].to_owned()))
        .collect();
    let expected = [
        (Markdown, "x/a b.md", Some("Head ing"), "x/a%20b.md"),
        (Image, "p q.png", None, "p q.png"),
        (Wiki, "Note", Some("h"), "Note"),
        (Embed, "e", None, "e"),
        (Image, "in.png", None, "in.png"),
        (Markdown, "out.md", None, "out.md"),
        (Wiki, "a", None, "a"),
        (Wiki, "sp", None, "sp"),
        (Markdown, "e.md", None, "e.md"),
        (Markdown, "a(b).md", None, "a(b).md"),
        (Markdown, "ref.md", None, "ref.md"),
    ];
    let expected: Vec<_> = (expected.into_iter())
        .map(|(kind, target, heading, written)| {
            (kind, target.to_owned(), heading.map(str::to_owned), written.to_owned())
        })
        .collect();
    assert_eq!(links, expected);
}

#[test]
fn sidecars_merge_in_their_order() {
    let sidecar = |name, kind, text: &'static str| Sidecar { name, kind, bytes: text.as_bytes() };
    let sidecars = [
        sidecar("a.csv.md", SidecarKind::Markdown, "---\nk: md\ntags: m\n---\nfound words\n"),
        sidecar(".a.csv.json", SidecarKind::Json, "{\"k\": \"dot\", \"j\": 1, \"tags\": [\"j\"]}"),
        sidecar("a.csv.json", SidecarKind::Json, "{\"k\": \"json\", \"j\": 0, \"title\": \"T\"}"),
        sidecar("a.csv.xml", SidecarKind::Xml, "<m k='x'><n>1</n><tags><tag>x</tag><tag>j</tag></tags></m>"),
        sidecar("a.csv.yml", SidecarKind::Yaml, "---\nk: yaml\ny: {z: 1}\n"),
    ];
    let note = parse("a.csv", "text/csv", b"1,2\n", &sidecars);
    assert_eq!(note.problems, []);
    assert_eq!(Value::Object(note.properties.clone()), json!({"k": "md", "j": 1, "y": {"z": 1}, "n": 1}));
    assert_eq!((&*note.title, tags(&note)), ("T", vec!["j", "x", "m"]));
    assert_eq!(note.body, "1,2\n\nfound words\n");
}

#[test]
fn xml_becomes_keys() {
    let xml = "<?xml version='1.0'?><!DOCTYPE m [<!ENTITY x 'boom'>]><m a='1' b='x &amp; y'>\
               <i>one</i><i>2</i><o p='q'>text</o><t> &lt;b&gt; &x; <![CDATA[<c>]]></t><d>2026-01-02</d><e/></m>";
    let sidecar = Sidecar { name: "f.xml", kind: SidecarKind::Xml, bytes: xml.as_bytes() };
    let note = parse("f", "text/plain", b"", &[sidecar]);
    assert_eq!(
        (Value::Object(note.properties), note.problems),
        (
            json!({"a": 1, "b": "x & y", "i": ["one", 2], "o": {"p": "q", "_text": "text"}, "t": "<b> &x; <c>",
                "d": "2026-01-02", "e": ""}),
            vec![]
        )
    );
}

#[test]
fn broken_sidecars_are_told_by_name() {
    let deep = format!("{}x{}", "<a>".repeat(70), "</a>".repeat(70));
    for (kind, text, line) in [
        (SidecarKind::Json, "{\n \"a\": 1,\n \"a\": 2}", 3),
        (SidecarKind::Json, "[1]", 1),
        (SidecarKind::Yaml, "a: 1\nb: [", 3),
        (SidecarKind::Xml, "<a>\n<b></a>", 2),
        (SidecarKind::Xml, "<a><b>", 1),
        (SidecarKind::Xml, &deep, 1),
    ] {
        let note = parse("f.txt", "text/plain", b"text", &[Sidecar { name: "side", kind, bytes: text.as_bytes() }]);
        assert_eq!((&*note.body, note.problems.len()), ("text", 1), "{text}");
        assert_eq!((&*note.problems[0].file, note.problems[0].line), ("side", line), "{}", note.problems[0]);
    }
}

#[test]
fn names_of_sidecars_lead_back_to_their_subject() {
    for name in ["plot.png", "a.json", ".hidden", "x"] {
        for (sidecar, _) in sidecar_names(name) {
            assert!(sidecar_subjects(&sidecar).contains(&name.to_owned()), "{sidecar}");
        }
    }
    assert_eq!(sidecar_subjects(".a.png.json"), ["a.png", ".a.png"]);
    assert_eq!(sidecar_subjects("a.json.json"), ["a.json"]);
    assert_eq!(sidecar_subjects("note.txt"), [""; 0]);
    assert_eq!(sidecar_subjects(".json"), [""; 0]);
}

#[test]
fn content_types() {
    for (name, head, expected, binary) in [
        ("a.cdx", &b"x"[..], "application/x-codex-view", false),
        ("A.MD", b"", "text/markdown", false),
        ("Makefile", b"", "text/x-makefile", false),
        ("Dockerfile.gpu", b"", "text/x-dockerfile", false),
        ("gpu.dockerfile", b"", "text/x-dockerfile", false),
        ("p.png", b"", "image/png", true),
        ("p.svg", b"<svg>", "image/svg+xml", false),
        ("noext", b"\x89PNG\r\n\x1a\n", "image/png", false),
        ("noext", b"a\0", "application/octet-stream", true),
        ("noext", b"abc", "text/plain", false),
        ("odd.averyveryverylongextension", b"abc", "text/plain", false),
        (".gitignore", b"*.o", "text/plain", false),
        ("w.safetensors", b"{", "application/octet-stream", true),
        ("d.json", b"{}", "application/json", false),
        ("x.sh", b"#!", "text/x-shellscript", false),
        ("b.md", b"\0", "text/markdown", true),
    ] {
        assert_eq!((content_type(name, head), is_binary(name, head)), (expected, binary), "{name}");
    }
}

#[test]
fn an_image_tells_its_size() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";
    let note = parse("p.png", "image/png", png, &[]);
    assert_eq!(Value::Object(note.properties), json!({"width": 3, "height": 2}));
    assert_eq!((&*note.title, &*note.body), ("p", ""));
}

#[test]
fn the_date_of_a_photograph_is_read() {
    // A JPEG with nothing but an Exif segment: little-endian TIFF, one field, DateTime.
    let tiff = b"II*\0\x08\0\0\0\x01\0\x32\x01\x02\0\x14\0\0\0\x1a\0\0\0\0\0\0\x002026:05:01 12:30:00\0";
    let length = u16::try_from(2 + 6 + tiff.len()).unwrap().to_be_bytes();
    let jpeg = [b"\xff\xd8\xff\xe1", &length[..], b"Exif\0\0", tiff, b"\xff\xd9"].concat();
    let note = parse("p.jpg", "image/jpeg", &jpeg, &[]);
    assert_eq!(note.properties.get("date_taken"), Some(&json!("2026-05-01T12:30:00")));
}

#[test]
fn one_tag_may_come_from_both_sources() {
    let sidecar = Sidecar { name: ".a.md.json", kind: SidecarKind::Json, bytes: b"{\"tags\": \"x\"}" };
    let note = parse("a.md", "text/markdown", b"---\ntags: [X]\n---\n", &[sidecar]);
    let x = TagName::new("x").unwrap();
    assert_eq!(note.tags, [(x.clone(), TagOrigin::Frontmatter), (x, TagOrigin::Sidecar)]);
}

proptest! {
    #[test]
    fn reading_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..400), magic in 0_usize..8) {
        let magics: [&[u8]; 8] = [b"", b"---\n", b"\xef\xbb\xbf---\r\na: ", b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n",
            b"II*\0", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftypheic"];
        bytes.splice(0..0, magics[magic].iter().copied());
        for (name, kind) in [("a.md", SidecarKind::Xml), ("a.png", SidecarKind::Json), ("a.cdx", SidecarKind::Yaml)] {
            let sidecar = Sidecar { name: "s", kind, bytes: &bytes };
            let _ = parse(name, content_type(name, &bytes), &bytes, &[sidecar]);
        }
    }

    #[test]
    fn reading_text_never_panics_and_ranges_are_in_the_file(text in "[-a:#\\[\\]()!<>|`\\\\\n \"'&*{}é%\u{0}]{0,200}") {
        let text = format!("---\nk: v\n---\n{text}");
        for link in note(&text).links {
            prop_assert!(text.get(link.range).is_some());
        }
    }
}
