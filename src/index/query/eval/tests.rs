use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;

use super::{LinkedNote, NoteFacts, aggregate, groups, matches, select, tokens};
use crate::index::query::ast::Aggregate;
use crate::index::query::{TimeContext, parse_line};
use crate::types::{TagName, Value};

/// Wednesday, 4 November 2026, 15:30 in Berlin (UTC+1).
fn now() -> TimeContext {
    TimeContext {
        now: "2026-11-04T14:30:00Z".parse().unwrap(),
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        week_starts: Weekday::Monday,
    }
}

fn linked(path: &str, title: &str) -> LinkedNote {
    LinkedNote { path: path.into(), title: title.into() }
}

fn note(path: &str, tags: &[&str], properties: Value) -> NoteFacts {
    let Value::Object(properties) = properties else { panic!("properties are a mapping") };
    NoteFacts {
        notebook: "lab".into(),
        path: path.into(),
        title: "Warm-up of Adam".into(),
        description: None,
        file_type: Some("Note".into()),
        content_type: "text/markdown".into(),
        tags: tags.iter().map(|tag| TagName::new(tag).unwrap()).collect(),
        properties,
        body: "Größe matters: the learning rate, naïve café.".into(),
        size: 2048,
        created: "2026-11-02T08:00:00Z".parse().unwrap(),
        modified: "2026-11-04T10:00:00Z".parse().unwrap(),
        links_to: vec![linked("ideas/Plan.md", "The Plan")],
        linked_from: vec![linked("runs/a.md", "self")],
        has_broken_link: false,
    }
}

fn sample() -> NoteFacts {
    note(
        "runs/2026/a.md",
        &["experiment/GPU", "with space"],
        json!({
            "status": "Done", "loss": 0.25, "n": 5, "text5": "5", "code": "007", "ok": true, "okay": "True",
            "due": "2026-11-04", "month": "2026-11", "at": "2026-11-04T23:30:00Z", "many": ["a", 2, null, "2026-01-01"],
            "one": ["x"], "none": null, "empty": [], "blank": "", "metrics": {"loss": 1.5, "deep": {"x": "y"}},
            "a.b": "dotted", "a": {"b": "nested"}, "word": "today", "nested": [["x"], {"k": "v"}],
        }),
    )
}

fn check(line: &str, expected: bool) {
    let query = parse_line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!(matches(&query.filter, &sample(), &now()), expected, "{line}");
}

fn all_hold(lines: &[&str]) {
    for line in lines {
        check(line, true);
    }
}

fn none_holds(lines: &[&str]) {
    for line in lines {
        check(line, false);
    }
}

#[test]
fn text_is_cut_and_folded() {
    assert_eq!(tokens("Größe: foo-bar_2 naïve CAFÉ e\u{301}a"), ["große", "foo", "bar", "2", "naive", "cafe", "ea"]);
    all_hold(&[
        "adam",
        "GROSSE OR große",
        "cafe",
        "warm-up",
        "\"learning rate\"",
        "learn*",
        "\"the learning ra\"*",
        "gpu",
        "md",
        "2026",
    ]);
    none_holds(&["ada", "\"rate learning\"", "warm-adam", "\"adam gröβe\"", "learn", "\"learn* rate\""]);
}

#[test]
fn tags_with_children_or_exactly() {
    all_hold(&[
        "tag:experiment",
        "tag:EXPERIMENT/gpu",
        "tag:=experiment/gpu",
        "tag:\"with space\"",
        "tag:x,experiment",
        "tag:*",
    ]);
    none_holds(&["tag:=experiment", "tag:exp", "untagged", "-tag:experiment"]);
}

#[test]
fn numbers_and_text() {
    all_hold(&[
        "loss:0.25",
        "loss:.25",
        "loss<0.3",
        "loss>=0.25",
        "n:5.0",
        "n:4..6",
        "text5:5",
        "code:007",
        "status:done",
        "status:x,DONE",
        "status>A",
        "n!=4",
        "text5!=6",
    ]);
    none_holds(&[
        "n:5..6 n:4..5",
        "text5>4",
        "text5:5.0",
        "code:7",
        "status:don",
        "n:\"5\"",
        "text5<6",
        "status<A",
        "n!=5",
        "loss:quarter",
    ]);
}

#[test]
fn truth_values() {
    all_hold(&["ok:true", "ok:\"TRUE\"", "okay:true", "ok!=false"]);
    none_holds(&["ok:false", "ok:1", "n:true", "ok!=true"]);
}

#[test]
fn missing_values() {
    all_hold(&[
        "-gone:*",
        "gone!=x",
        "none!=x",
        "empty!=x",
        "-none:*",
        "-empty:*",
        "blank:*",
        "blank:\"\"",
        "metrics:*",
        "metrics!=x",
        "-gone:a,b",
        "gone!=a,b",
    ]);
    none_holds(&["gone:x", "gone<5", "none:null", "gone:~.", "gone:1..2", "metrics:x"]);
}

#[test]
fn lists_and_nested_keys() {
    all_hold(&[
        "many:a",
        "many:2",
        "many<=2",
        "many:2026-01",
        "many!=b",
        "one:x",
        "one!=y",
        "metrics.loss:1.5",
        "metrics.deep.x:y",
        "a.b:dotted",
        "\"a.b\":dotted",
        "nested:*",
        "nested!=x",
    ]);
    none_holds(&["many!=a", "many:b", "one!=x", "metrics.gone:*", "a.b:nested", "many.0:*", "nested:x", "many:3..9"]);
}

#[test]
fn dates_of_notes_are_intervals_compared_by_their_start() {
    all_hold(&[
        "due:today",
        "due:2026-11",
        "due<=today",
        "due>=today",
        "due<tomorrow",
        "due>yesterday",
        "due:startOfWeek..endOfWeek",
        "due<=endOfWeek",
        "due:2026-11-04",
        "month:2026-11",
        "month<2026-11-02",
        "month>=2026-11",
        "word:today",
        "at:2026-11-05",
        "at:2026-11-05T00:30",
        "at>now",
        "due:2026-11-01..2026-12-01",
        "many:2026-01",
        "due!=2026-11-05",
        "due>startOfWeek",
        "due<now",
    ]);
    none_holds(&[
        "due<today",
        "due>today",
        "due:2026-11-01..2026-11-04",
        "month:2026-11-02",
        "word<=today",
        "loss:today",
        "due>2026-11",
        "due:now",
    ]);
}

#[test]
fn built_in_fields() {
    all_hold(&[
        "path:runs",
        "path:runs/2026/a.md",
        "path:runs/**",
        "path:runs/*/a.md",
        "path:{runs,x}/**",
        "name:A.md",
        "name:*.MD",
        "name:?.md",
        "folder:runs",
        "folder:runs/2026/",
        "folder:r*",
        "ext:MD",
        "ext:.md",
        "type:note",
        "content_type:text/*",
        "content_type:TEXT/Markdown",
        "notebook:LAB",
        "title:\"warm-up of adam\"",
        "title:~^Warm",
        "size:2k",
        "size>1k",
        "size<=2048",
        "created:2026-11-02",
        "date:2026-11",
        "modified:today",
        "modified<now",
        "created<startOfWeek+1d",
        "-description:*",
        "description!=x",
        "path<s",
        "name!=b.md",
        "created:*",
        "created!=today",
    ]);
    none_holds(&[
        "path:run",
        "path:runs/*",
        "path:Runs",
        "path:*.md",
        "folder:run",
        "folder:runs/2026/a.md",
        "ext:m",
        "type:notes",
        "content_type:text",
        "content_type:text/plain,image/*",
        "title:adam",
        "size:2000",
        "size>2k",
        "created:2026-11-03",
        "modified>now",
        "notebook:l",
        "description:*",
    ]);
}

#[test]
fn links() {
    all_hold(&[
        "links-to:plan",
        "links-to:Plan.md",
        "links-to:/ideas/Plan.md",
        "links-to:\"the plan\"",
        "linked-from:a",
    ]);
    none_holds(&["links-to:Ideas/plan.md", "links-to:pla", "linked-from:plan", "is:orphan", "is:broken"]);
    let mut alone = sample();
    alone.linked_from = vec![linked("runs/2026/a.md", "itself")];
    alone.has_broken_link = true;
    assert!(matches(&parse_line("is:orphan is:broken").unwrap().filter, &alone, &now()));
}

#[test]
fn regular_expressions_look_at_shown_values() {
    all_hold(&["status:~^D", "n:~^5$", "ok:~tru", "many:~^2$", "name:~a\\.md", "status:~(?i)DONE"]);
    none_holds(&["status:~^d", "metrics:~.", "none:~null"]);
}

/// Paths in order, of notes a, b, c… with these values of `v`.
fn sorted(line: &str, values: &[Value]) -> String {
    let notes: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(i, v)| note(&char::from(b'a' + u8::try_from(i).unwrap()).to_string(), &[], json!({"v": v})))
        .collect();
    select(&parse_line(line).unwrap(), &notes, &now()).iter().map(|note| note.path.as_str()).collect()
}

#[test]
fn order() {
    let values =
        [json!(10), json!("b"), json!(null), json!("A"), json!(9.5), json!(true), json!("a"), json!([1]), json!({})];
    assert_eq!(sorted("sort:v", &values), "fheadgbci");
    assert_eq!(sorted("sort:-v", &values), "bgdaehfci");
    assert_eq!(sorted("", &values), "abcdefghi");
    assert_eq!(sorted("sort:size,-path", &[json!(1), json!(2)]), "ba");
    let mut twins = [note("a", &[], json!({})), note("a", &[], json!({}))];
    twins[0].notebook = "z".into();
    assert_eq!(select(&parse_line("sort:title").unwrap(), &twins, &now())[0].notebook, "lab");
}

/// `value=paths` of every group.
fn grouped(line: &str, notes: &[NoteFacts]) -> Vec<String> {
    let query = parse_line(line).unwrap();
    let found = select(&query, notes, &now());
    let show = |(value, members): (Option<String>, Vec<&NoteFacts>)| {
        let paths: Vec<_> = members.iter().map(|note| note.path.as_str()).collect();
        format!("{}={}", value.unwrap_or_else(|| "_none".into()), paths.join(","))
    };
    groups(&found, &query.group.unwrap(), &now()).into_iter().map(show).collect()
}

#[test]
fn group_values() {
    let notes = [
        note("x/a", &["One", "two"], json!({"v": [10, "b", 10], "d": "2026-11-02"})),
        note("x/b", &["one"], json!({"v": 9, "d": "2026-11"})),
        note("c", &[], json!({"v": "", "d": "soon"})),
        note("d", &[], json!({"v": {"k": 1}, "d": ["2025-01-01T00:30", 5]})),
        note("e", &[], json!({"v": true})),
    ];
    assert_eq!(grouped("group:v", &notes), ["true=e", "9=x/b", "10=x/a", "=c", "b=x/a", "_none=d"]);
    assert_eq!(grouped("group:tag", &notes), ["One=x/a,x/b", "two=x/a", "_none=c,d,e"]);
    assert_eq!(grouped("group:folder", &notes), ["=c,d,e", "x=x/a,x/b"]);
    assert_eq!(grouped("group:type", &notes), ["Note=c,d,e,x/a,x/b"]);
    assert_eq!(grouped("group:month(d)", &notes), ["2025-01=d", "2026-11=x/a,x/b", "_none=c,e"]);
    assert_eq!(grouped("group:week(modified)", &notes), ["2026-W45=c,d,e,x/a,x/b"]);
}

#[test]
fn aggregates() {
    let notes = [
        note("a", &[], json!({"v": 3, "d": "2026-11-02"})),
        note("b", &[], json!({"v": [1, 2], "d": "2026-11"})),
        note("c", &[], json!({"v": "x", "d": "soon"})),
        note("d", &[], json!({})),
    ];
    let notes: Vec<_> = notes.iter().collect();
    for (key, function, expected) in [
        ("_", Aggregate::Count, json!(4)),
        ("_", Aggregate::Sum, json!(null)),
        ("v", Aggregate::Count, json!(3)),
        ("v", Aggregate::Sum, json!(6.0)),
        ("v", Aggregate::Avg, json!(2.0)),
        ("v", Aggregate::Min, json!(1.0)),
        ("v", Aggregate::Max, json!(3.0)),
        ("v", Aggregate::Median, json!(2.0)),
        ("d", Aggregate::Min, json!("2026-11")),
        ("d", Aggregate::Max, json!("2026-11-02")),
        ("d", Aggregate::Avg, json!(null)),
        ("gone", Aggregate::Min, json!(null)),
        ("size", Aggregate::Sum, json!(8192.0)),
        ("modified", Aggregate::Max, json!("2026-11-04T10:00:00Z")),
        ("description", Aggregate::Count, json!(0)),
    ] {
        assert_eq!(aggregate(&notes, key, function, &now()), expected, "{function:?} of {key}");
    }
}

proptest! {
    #[test]
    fn every_match_is_in_order_and_in_a_group(notes in super::random::notes(), query in super::random::query()) {
        let found = select(&query, &notes, &now());
        prop_assert!(found.windows(2).all(|pair| super::compare(pair[0], pair[1], &query.sort).is_lt()));
        prop_assert_eq!(found.len(), notes.iter().filter(|note| matches(&query.filter, note, &now())).count());
        if let Some(group) = &query.group {
            let groups = groups(&found, group, &now());
            prop_assert!(groups.iter().all(|(_, members)| !members.is_empty()));
            prop_assert!(found.iter().all(|note| groups.iter().any(|(_, members)| members.contains(note))));
        }
    }
}
