//! Random notes and queries of few words, so that conditions hold and fail about equally often. For tests that hold
//! the SQL to [`super::matches`].

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use super::{LinkedNote, NoteFacts};
use crate::index::query::{Query, parse_line};
use crate::types::{Properties, TagName, Value};

const PATHS: [&str; 8] =
    ["a.md", "B.md", "runs/a.md", "runs/2026/x y.md", "runs/2026-11-02.md", "r/plot.PNG", "Größe/z", "runs.md"];
const TITLES: [&str; 5] = ["a", "Adam warm-up", "The Plan", "größe", "Runs of 2026"];
const TAGS: [&str; 6] = ["a", "a/b", "A/B/c", "ab", "with space", "é"];
const WORDS: [&str; 9] = ["adam", "Adam", "learning", "rate", "foo-bar", "naïve", "2026", "warm", "GRÖSSE"];
const KEYS: [&str; 6] = ["status", "loss", "due", "m.x", "m", "list"];
const CONDITIONS: [&str; 60] = [
    "adam",
    "warm*",
    "\"learning rate\"",
    "foo-bar",
    "naive",
    "grosse",
    "2026",
    "\"warm up\"",
    "md",
    "tag:a",
    "tag:=a",
    "tag:a/b",
    "tag:\"with space\"",
    "tag:é",
    "untagged",
    "status:done",
    "status:a,DONE,5",
    "status!=done",
    "status:*",
    "status>c",
    "status:\"5\"",
    "status:5",
    "status:true",
    "status:~^d",
    "status:\"\"",
    "loss<0.5",
    "loss>=0.5",
    "loss:0..1",
    "loss:*",
    "loss!=0.5",
    "loss:~^0",
    "due<=today",
    "due<today",
    "due:2026-11",
    "due>2026-11",
    "due:startOfWeek..endOfWeek",
    "due!=today",
    "due:2026-11-04T12:00Z",
    "due>=now",
    "m.x:1",
    "m.x:*",
    "m!=1",
    "list:a",
    "list:~^a",
    "list!=a",
    "list:today",
    "path:runs",
    "path:runs/**",
    "path:*.md",
    "name:A.MD",
    "name:*.md",
    "folder:runs",
    "ext:png",
    "type:note",
    "type!=note",
    "title:\"the plan\"",
    "size>2k",
    "created:2026-11",
    "modified<today",
    "notebook:lab",
];
const ORDERS: [&str; 9] = [
    "",
    "sort:status",
    "sort:-status",
    "sort:due,-loss",
    "sort:-title,size",
    "sort:list",
    "sort:-modified",
    "sort:m.x,-path",
    "sort:created,-type",
];
const GROUPS: [&str; 8] = [
    "",
    "group:status",
    "group:list",
    "group:tag",
    "group:folder",
    "group:type",
    "group:month(due)",
    "group:week(modified)",
];

fn scalar() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(0.5),
        json!(-3),
        json!(5),
        json!(1.0),
        json!("5"),
        json!(""),
        json!("a"),
        json!("A"),
        json!("Done"),
        json!("done"),
        json!(" done"),
        json!("true"),
        json!("today"),
        json!("2026-11"),
        json!("2026-11-04"),
        json!("2026-11-04T12:00"),
        json!("2026-11-04T13:00:00+01:00"),
        json!("2025-01-01"),
        json!("Ä"),
        json!("ä"),
        json!({"k": 1}),
    ])
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => scalar(),
        1 => prop::collection::vec(scalar(), 0..4).prop_map(Value::Array),
        1 => scalar().prop_map(|value| json!({"x": value})),
    ]
}

fn words(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(select(WORDS.to_vec()), 0..most).prop_map(|words| words.join(" "))
}

/// Moments within some days around the fourth of November 2026.
fn instant() -> impl Strategy<Value = crate::types::Instant> {
    (-200_i64..200).prop_map(|hours| {
        let base: crate::types::Instant = "2026-11-04T12:00:00Z".parse().expect("it is ISO 8601");
        base + jiff::SignedDuration::from_hours(hours)
    })
}

fn note(path: &'static str) -> impl Strategy<Value = NoteFacts> {
    let texts = (select(TITLES.to_vec()), words(6), prop::option::of(select(vec!["note", "Task"])));
    let properties = prop::collection::vec((select(KEYS.to_vec()), value()), 0..5);
    let tags = subsequence(TAGS.to_vec(), 0..4);
    (texts, properties, tags, instant(), instant(), 0_u64..5000).prop_map(
        move |((title, body, file_type), properties, tags, created, modified, size)| NoteFacts {
            notebook: "lab".to_owned(),
            path: path.to_owned(),
            title: title.to_owned(),
            description: None,
            file_type: file_type.map(str::to_owned),
            content_type: if path.ends_with("PNG") { "image/png" } else { "text/markdown" }.to_owned(),
            tags: tags.iter().filter_map(|tag| TagName::new(tag).ok()).collect(),
            properties: properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Properties>(),
            body,
            size,
            created,
            modified,
            links_to: Vec::<LinkedNote>::new(),
            linked_from: Vec::new(),
            has_broken_link: false,
        },
    )
}

/// Notes of one notebook, each with a path of its own; without links and without `description`.
pub(crate) fn notes() -> impl Strategy<Value = Vec<NoteFacts>> {
    subsequence(PATHS.to_vec(), 1..=PATHS.len()).prop_flat_map(|paths| paths.into_iter().map(note).collect::<Vec<_>>())
}

/// Queries without limit: up to four conditions with AND, OR and NOT, an order and a group.
pub(crate) fn query() -> impl Strategy<Value = Query> {
    let condition =
        (select(vec!["", "-"]), select(CONDITIONS.to_vec())).prop_map(|(sign, text)| format!("{sign}{text}"));
    let filter = condition.prop_recursive(2, 4, 3, |inner| {
        (select(vec!["", "-"]), prop::collection::vec(inner, 1..4), select(vec![" ", " OR "]))
            .prop_map(|(sign, parts, join)| format!("{sign}({})", parts.join(join)))
    });
    (filter, select(ORDERS.to_vec()), select(GROUPS.to_vec())).prop_map(|(filter, order, group)| {
        parse_line(&format!("{filter} {order} {group}")).expect("every combination of the parts parses")
    })
}
