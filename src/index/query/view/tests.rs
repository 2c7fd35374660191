use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;

use super::{OnRemove, View, parse_view, query_from_json};
use crate::index::query::ast::{Aggregate, Group, Scope};
use crate::index::query::{Query, TimeContext, parse_line};
use crate::types::Value;

/// Wednesday, 4 November 2026.
fn now() -> TimeContext {
    TimeContext { now: "2026-11-04T14:30:00Z".parse().unwrap(), zone: TimeZone::UTC, week_starts: Weekday::Monday }
}

fn view(yaml: &str) -> View {
    let text = format!("---\n{yaml}---\n# Shown below\n");
    parse_view(text.as_bytes(), &now()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn query(body: &Value) -> Query {
    query_from_json(body, &now()).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// A query body means the same as a search line, and says nothing to its author.
fn check(body: &Value, line: &str) {
    let query = query(body);
    assert_eq!(query.to_string(), line, "{body}");
    assert_eq!(query.warnings, Vec::<String>::new(), "{body}");
    assert_eq!(parse_line(line).unwrap().filter, query.filter, "{body}");
}

fn check_error(yaml: &str, line: usize, column: usize, part: &str) {
    let text = format!("---\n{yaml}---\n");
    let error = parse_view(text.as_bytes(), &now()).expect_err(yaml);
    assert!(error.message.contains(part), "{error}\n{text}");
    assert_eq!((error.line, error.column), (line, column), "{error}\n{text}");
}

#[test]
fn every_key_of_a_query() {
    check(&json!({"where": "loss<0.1 modified>=startOfWeek"}), "loss<0.1 modified>=startOfWeek");
    check(&json!({"q": "a OR b", "limit": 5}), "a OR b limit:5");
    check(&json!("a -tag:b sort:x"), "a -tag:b sort:x");
    check(&json!({"tags": ["a", "=b/c"]}), "tag:a tag:=b/c");
    check(&json!({"tags": "a, b", "tags_any": ["c", "d"], "tags_none": ["e"]}), "tag:a tag:b (tag:c OR tag:d) -tag:e");
    check(&json!({"tags_any": ["c"]}), "tag:c");
    check(
        &json!({"properties": {"status": ["todo", "done"], "n": 5, "ok": true, "s": "5", "due": "2026-11-02"}}),
        r#"status:todo,done n:5 ok:true s:"5" due:2026-11-02"#,
    );
    check(&json!({"properties": {"due": null}}), "-due:*");
    check(&json!({"properties": {"due": ["x", null]}}), "due:x OR -due:*");
    check(
        &json!({"properties": {"type": "task", "title": "2026", "date": "2026", "tags": "a"}}),
        "type:task title:2026 created:2026 tag:=a",
    );
    check(&json!({"properties_exists": ["due", "a.b"]}), "due:* a.b:*");
    check(&json!({"paths": ["runs/**", "x"]}), "path:runs/**,x");
    check(&json!({"file_types": "note", "content_types": ["text/markdown"]}), "type:note content_type:text/markdown");
    check(
        &json!({"created_after": "2026-01-01", "created_before": "2027-01-01", "modified_after": "today-7d", "modified_before": 2027}),
        "created>=2026-01-01 created<2027-01-01 modified>=today-7d modified<2027",
    );
    check(
        &json!({"date_property": "due", "date_after": "{{ today }}", "date_before": "{{ endOfWeek }}"}),
        "due>=today due<endOfWeek",
    );
    check(&json!({"date_property": "properties.due", "date_after": "2026-11-02 14:30"}), "due>=2026-11-02T14:30:00");
    check(&json!({"content_search": r#"adam "learning rate" warm* tag:x"#}), r#"adam "learning rate" warm* "tag:x""#);
    check(&json!({"sort": "priority desc, due", "offset": 3}), "sort:-priority,due offset:3");
    check(
        &json!({"sort": ["-a", "b asc", "my key DESC", "file_modified_at desc"]}),
        r#"sort:-a,b,-"my key",-modified"#,
    );
    check(&json!({"group_by": "month(date)"}), "group:month(created)");
    check(&json!({"group_by": "properties.status", "limit": null}), "group:status");
    check(&json!({}), "");
    check(&Value::Null, "");
}

#[test]
fn scope_and_aggregates() {
    assert_eq!(query(&json!({})).scope, Scope::Default);
    assert_eq!(query(&json!({"notebooks": "*"})).scope, Scope::All);
    assert_eq!(query(&json!({"notebooks": ["lab"]})).scope, Scope::Named(vec!["lab".into()]));
    assert_eq!(query(&json!({"notebook_ids": [1, 2]})).scope, Scope::Named(vec!["1".into(), "2".into()]));
    let aggregates = query(&json!({"aggregate": {"loss": ["min", "avg"], "_": "count"}})).aggregates;
    let expected =
        vec![("loss".to_owned(), vec![Aggregate::Min, Aggregate::Avg]), ("_".to_owned(), vec![Aggregate::Count])];
    assert_eq!(aggregates, expected);
}

#[test]
fn placeholders_are_dates_where_dates_stand_and_text_elsewhere() {
    check(
        &json!({"where": "due<={{ today }} x:{{startOfWeek}}..{{ today }}+7d"}),
        "due<=today x:startOfWeek..today+7d",
    );
    check(
        &json!({"where": r#"path:journal/{{ today }}.md name:{{ today }} "log {{ yesterday }}""#}),
        r#"path:journal/2026-11-04.md name:2026-11-04 "log 2026-11-03""#,
    );
    check(&json!({"where": "due<={{ todayEnd }} due>={{ todayStart }}"}), "due<=endOfDay due>=today");
    check(
        &json!({"properties": {"due": ["{{ today }}", "{{ tomorrow + 1d }}"], "day": "on {{ endOfMonth }}"}}),
        r#"due:today,tomorrow+1d day:"on 2026-11-30""#,
    );
    check(
        &json!({"paths": ["journal/{{ today }}.md"], "content_search": "{{ today }}"}),
        "path:journal/2026-11-04.md 2026-11-04",
    );
    for (yaml, expected) in [
        ("query: {date_property: due, date_after: \"{{ today }}\"}\n", true),
        ("query: {paths: [\"{{ today }}.md\"]}\n", true),
        ("query: modified>=startOfWeek\n", true),
        ("query: (due:1..2 OR created:2026) -due:2026-11,x\n", false),
    ] {
        assert_eq!(view(yaml).is_relative, expected, "{yaml}");
    }
}

#[test]
fn the_view_of_the_specification() {
    let view = view(
        "type: view
view_type: kanban
title: Runs of this week
query:
  notebooks: [lab]
  where: 'loss<0.1 modified>=startOfWeek'
  tags: [experiment]
  tags_any: [gpu, tpu]
  tags_none: [draft]
  properties: {status: [todo, doing, done]}
  properties_exists: [due]
  paths: [\"runs/**\"]
  file_types: [note]
  content_types: [text/markdown]
  created_after: 2026-01-01
  date_property: due
  date_after: \"{{ today }}\"
  content_search: adam warmup
  sort: \"priority desc, due\"
  limit: 100
  offset: 0
  group_by: status
aggregate: {loss: [min, avg], _: [count]}
config:
  columns: [{id: todo, title: To do, filter: {status: todo}}, {id: other, filter: {status: [x, 3]}}, {id: plain}]
  card_fields: [priority, due]
order: numbered
on_remove: untag experiment
",
    );
    assert_eq!(
        view.query.to_string(),
        "loss<0.1 modified>=startOfWeek tag:experiment (tag:gpu OR tag:tpu) -tag:draft status:todo,doing,done due:* \
         path:runs/** type:note content_type:text/markdown created>=2026-01-01 due>=today adam warmup \
         sort:-priority,due limit:100 group:status"
    );
    assert_eq!(view.title.as_deref(), Some("Runs of this week"));
    assert_eq!((view.view_type.as_str(), view.numbered, view.is_relative), ("kanban", true, true));
    assert!(matches!(&view.on_remove, OnRemove::Untag(tag) if tag.as_str() == "experiment"));
    assert_eq!(view.columns, ["todo", "x", "3", "plain"]);
    assert_eq!(view.query.aggregates.len(), 2);
    assert_eq!(view.config["card_fields"], json!(["priority", "due"]));
    assert_eq!(view.warnings, Vec::<String>::new());
}

#[test]
fn views_of_the_original() {
    let kanban = view(
        "type: view\nview_type: kanban\ntitle: Tasks\ndescription: d\nquery:\n  notebook_ids: [1]\n  tags: [task]\n  \
         sort: properties.priority desc\n  group_by: properties.status\nconfig:\n  columns:\n    - id: todo\n      \
         title: To Do\n      filter:\n        status: todo\n    - id: done\n      title: Done\n      filter: {status: done}\n  \
         card_fields: [priority]\n  drag_drop: true\n",
    );
    assert_eq!(kanban.query.to_string(), "tag:task sort:-priority group:status");
    assert_eq!(kanban.columns, ["todo", "done"]);
    assert_eq!(kanban.warnings, Vec::<String>::new());
    let without_group =
        view("query: {tags: [t]}\nconfig: {columns: [{id: a, filter: {s: x}}, {id: b, filter: {s: y}}]}\n");
    assert_eq!(without_group.query.group, Some(Group::Property("s".into())));
    assert_eq!(without_group.columns, ["x", "y"]);
    let gallery =
        view("view_type: gallery\nquery:\n  content_types: [image/png]\n  limit: 100\nconfig: {columns: 4}\n");
    assert_eq!((gallery.query.group, gallery.columns), (None, vec![]));
    let rollup = view(
        "view_type: rollup\nquery:\n  created_after: '{{ startOfWeek }}'\nconfig: {group_by: created_at, group_format: week}\n",
    );
    assert_eq!(rollup.query.to_string(), "created>=startOfWeek group:week(created)");
    let calendar = view("view_type: calendar\nquery: {date_property: date}\n");
    assert_eq!(calendar.warnings, [""; 0]);
    let dashboard = view("type: view\nview_type: dashboard\nconfig:\n  layout:\n    - type: row\n");
    assert_eq!(dashboard.query, Query::default());
    let corkboard = view("query: {properties: {type: idea}}\nconfig: {layout: swimlanes, group_by: act}\n");
    assert_eq!(corkboard.query.group, Some(Group::Property("act".into())));
}

#[test]
fn line_endings_and_byte_order_marks() {
    for text in [
        "---\r\nquery: a\r\n---\r\n",
        "\u{feff}---\nquery: a\n---",
        "--- \nquery: a\n---\n\ntext",
        "---\nquery: a\n...\n",
    ] {
        let view = parse_view(text.as_bytes(), &now()).unwrap();
        assert_eq!(view.query.to_string(), "a", "{text:?}");
    }
    assert_eq!(view("").query, Query::default());
    let not_utf8_below = [b"---\nquery: a\n---\n".as_slice(), b"\xff\xfe"].concat();
    assert!(parse_view(&not_utf8_below, &now()).is_ok());
}

#[test]
fn what_rm_does() {
    let on_remove = |text: &str| view(&format!("on_remove: {text}\n")).on_remove;
    assert_eq!(on_remove("deny"), OnRemove::Deny);
    assert_eq!(on_remove("unset due"), OnRemove::Unset("due".into()));
    assert_eq!(on_remove("set status=done"), OnRemove::Set("status".into(), json!("done")));
    assert_eq!(on_remove("set n = 5"), OnRemove::Set("n".into(), json!(5)));
    assert_eq!(on_remove("'set ok=true'"), OnRemove::Set("ok".into(), json!(true)));
    assert_eq!(view("").on_remove, OnRemove::Deny);
    check_error("title: x\non_remove: delete\n", 3, 1, "`on_remove` is deny");
    check_error("on_remove: untag ..\n", 2, 1, "is no tag");
    check_error("on_remove: set x\n", 2, 1, "PROPERTY=VALUE");
}

#[test]
fn unknown_keys_warn_with_a_suggestion() {
    let view = view("vew_type: x\nsort: a\nzebra: 1\nquery: {tag: [a], date_range: x, date_property: due}\n");
    assert_eq!(
        view.warnings,
        [
            "unknown key `vew_type`; did you mean `view_type`?",
            "unknown key `sort`; it belongs below `query`",
            "unknown key `zebra`",
            "unknown key `tag`; did you mean `tags`?",
            "unknown key `date_range`",
            "`date_property` does nothing without `date_after` or `date_before`",
        ]
    );
    assert_eq!(view.query.warnings.len(), 3);
}

#[test]
fn errors_point_into_the_file() {
    check_error("title: x\nquery:\n  where: 'loss<0.1 \"x'\n", 4, 20, "quote is not closed");
    check_error("query: a (b\n", 2, 10, "`(` is not closed");
    check_error("query:\n  where: |\n    a\n    tag:..\n", 3, 3, "is no tag");
    check_error("query: {limit: ten}\n", 2, 9, "whole number from 1");
    check_error("query:\n  limit: 0\n", 3, 3, "whole number from 1");
    check_error("query:\n  tags: {a: b}\n", 3, 3, "a list of texts is expected, not a mapping");
    check_error("query:\n  tags: ['..']\n", 3, 3, "is no tag");
    check_error("query:\n  properties: [a]\n", 3, 3, "mapping of properties");
    check_error("query:\n  properties: {a: {b: c}}\n", 3, 3, "`a` is compared");
    check_error("query:\n  properties: {a: []}\n", 3, 3, "empty list");
    check_error("query:\n  created_after: soon\n", 3, 3, "is no date");
    check_error("query:\n  date_after: 2026-01-01\n", 3, 3, "`date_property` must say");
    check_error("query:\n  date_property: due\n  date_after: {{ today }}\n", 4, 3, "in quotes");
    check_error("query:\n  paths: ['a{b']\n", 3, 3, "is no glob");
    check_error("query:\n  group_by: decade(date)\n", 3, 3, "is no bucket");
    check_error("query:\n  where: sort:a\n  sort: b\n", 4, 3, "write it once");
    check_error("query:\n  where: \"due<{{ never }}\"\n", 3, 3, "`{{ never }}` is unknown");
    check_error("query:\n  where: \"a ({{ today }}\"\n", 3, 11, "in `a (2026-11-04`");
    check_error("query: [a]\n", 2, 1, "a mapping or a search line, not a list");
    check_error("aggregate: {loss: [mode]}\n", 2, 1, "unknown");
    check_error("order: random\n", 2, 1, "plain or numbered");
    check_error("title: [x]\n", 2, 1, "`title` is text, not a list");
    check_error("title: x\n  bad: y\n", 3, 6, "mapping values are not allowed");
    check_error("- a\n", 2, 1, "`key: value` lines");
    for (text, part) in [
        ("", "begins with a line"),
        ("# no\n", "begins with a line"),
        ("---\nquery: a\n", "not closed"),
        ("----\n", "not closed"),
    ] {
        let error = parse_view(text.as_bytes(), &now()).expect_err(text);
        assert!(error.line == 1 && error.message.contains(part), "{text:?}: {error}");
    }
}

#[test]
fn errors_in_json_give_the_column_of_the_line() {
    let error = query_from_json(&json!({"q": "a (b"}), &now()).unwrap_err();
    assert_eq!((error.line, error.column), (1, 3));
    let error = query_from_json(&json!({"limit": -1}), &now()).unwrap_err();
    assert_eq!((error.line, error.column), (1, 1));
    assert!(query_from_json(&json!([1]), &now()).is_err());
}

proptest! {
    #[test]
    fn no_file_panics(
        lines in prop::collection::vec(
            "(query|where|tags|sort|  where|  tags|  limit|on_remove|order|config|- a)(: ?)(\\[a, \\{|'x|\\{\\{ today \\}\\}|&a \\*a|\\PC{0,8})",
            0..6,
        )
    ) {
        let _ = parse_view(format!("---\n{}\n---\n", lines.join("\n")).as_bytes(), &now());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = parse_view(&[b"---\n", bytes.as_slice(), b"\n---\n"].concat(), &now());
    }
}
