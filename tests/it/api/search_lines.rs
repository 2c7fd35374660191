//! Properties of the search line through the API: whatever is sent is answered or refused with its place, as the parser
//! says, and the answers obey the laws of logic.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::{Api, Person};
use crate::support::eventually;

const TERMS: [&str; 22] = [
    "adam",
    "warm*",
    "\"learning rate\"",
    "tag:a",
    "tag:=a",
    "tag:a/b",
    "untagged",
    "status:done",
    "status!=done",
    "status:*",
    "status:todo,done",
    "status:~^d",
    "loss<3",
    "loss>=3",
    "loss:1..4",
    "due<=2026-06-01",
    "path:deep/**",
    "name:n1*",
    "ext:md",
    "size>100",
    "is:orphan",
    "links-to:n1",
];

fn stocked(api: &Api, owner: &Person) {
    let lab = api.workspace("lab", owner);
    let path = std::path::PathBuf::from(lab["path"].as_str().unwrap()).join("runs");
    std::fs::create_dir_all(path.join("deep")).unwrap();
    for n in 0..40 {
        let tags = ["", "tags: [a]\n", "tags: [a/b]\n", "tags: [b, a]\n"][n % 4];
        let status = ["", "status: done\n", "status: todo\n"][n % 3];
        let folder = if n % 5 == 0 { "deep/" } else { "" };
        let words = ["adam", "learning rate", "warming up", "nothing"][n % 4];
        let text =
            format!("---\n{tags}{status}loss: {}\ndue: 2026-0{}-01\n---\n\n{words} [[n{}]]\n", n % 7, n % 9 + 1, n / 2);
        std::fs::write(path.join(format!("{folder}n{n}.md")), text).unwrap();
    }
    eventually(Duration::from_secs(10), "they are indexed", || total(api, owner, "") == Some(40));
}

/// How many match; `None` where the line is refused, with its place.
fn total(api: &Api, who: &Person, line: &str) -> Option<u64> {
    let reply = api.call("POST", "/api/v1/query?workspace_id=lab", who, &json!({"q": line}));
    match reply.status {
        200 => reply.json()["total"].as_u64(),
        422 => {
            let refused = reply.json();
            let position = refused["fields"][0]["position"].as_u64();
            let is_page = refused["fields"][0]["field"] == "limit";
            assert!(is_page || position.is_some_and(|at| at <= line.chars().count() as u64), "{line:?} {refused}");
            None
        }
        status => panic!("{line:?}: {status} {}", reply.text()),
    }
}

fn expressions() -> impl Strategy<Value = String> {
    proptest::sample::select(&TERMS[..]).prop_map(str::to_owned).prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.prop_map(|a| format!("-({a})")),
        ]
    })
}

#[test]
fn search_lines_obey_logic_and_nothing_breaks_them() {
    let api = Api::start_with(|config| config.requests_per_second = 0);
    let ada = api.person("ada");
    stocked(&api, &ada);
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let count = |line: &str| total(&api, &ada, line).unwrap_or_else(|| panic!("{line} is refused"));
    let laws = runner.run(&(expressions(), expressions()), |(a, b)| {
        let (in_a, in_b) = (count(&a), count(&b));
        let (both, either) = (count(&format!("{a} {b}")), count(&format!("{a} OR {b}")));
        prop_assert_eq!(in_a + in_b, both + either, "{} | {}", a, b);
        prop_assert_eq!(in_a + count(&format!("-({a})")), 40, "{}", a);
        prop_assert_eq!(count(&format!("-({a}) -({b})")), 40 - either, "{} | {}", a, b);
        Ok(())
    });
    laws.unwrap();
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let anything = prop_oneof![
        any::<String>(),
        "[ a-z0-9:\"()<>=!~*,.\\-]{0,40}",
        "[a*(]{0,2}\\{\\{ ?[a-z]{0,5} ?(\\}\\})?[a*(]{0,3}",
        "(tag|status|loss|due|path|sort|limit|group|is|links-to)[:<>=!~]{0,2}[a-z0-9*\"()]{0,12}( OR )?[a-z(]{0,4}",
    ];
    let refused = runner.run(&anything, |line| {
        let parses = cdx::index::query::parse_line(&line);
        let is_answered = total(&api, &ada, &line).is_some();
        // A page is looked at when it is asked for; placeholders make another line of it.
        let may_be_refused_later =
            line.contains("{{") || parses.as_ref().is_ok_and(|query| query.limit.is_some_and(|limit| limit > 10_000));
        prop_assert!(is_answered == parses.is_ok() || may_be_refused_later, "{:?} {:?}", line, parses);
        Ok(())
    });
    refused.unwrap();
}
