use proptest::prelude::*;

use super::parse_line;
use crate::index::query::ast::{Expr, Group, Operand, Query, Term, Test};

fn parse(line: &str) -> Query {
    parse_line(line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
}

/// The meaning of a line, in the notation of `sketch`.
fn check(line: &str, expected: &str) {
    let query = parse(line);
    assert_eq!(sketch(&query.filter), expected, "{line:?}");
    let shown = query.to_string();
    assert_eq!(parse(&shown), query, "{line:?} is shown as {shown:?}");
}

fn check_shown(line: &str, expected: &str) {
    let shown = parse(line).to_string();
    assert_eq!(shown, expected, "{line:?}");
    assert_eq!(parse(&shown), parse(line), "{line:?}");
}

fn check_error(line: &str, position: usize, part: &str) {
    let error = parse_line(line).expect_err(line);
    assert!(error.message.contains(part), "{line:?}: {error}");
    assert_eq!(error.position, position, "{line:?}: {error}");
}

/// Structure spelt out: `and(…)`, `or(…)`, `not(…)`, operands with their kind.
fn sketch(expr: &Expr) -> String {
    let all =
        |name: &str, parts: &[Expr]| format!("{name}({})", parts.iter().map(sketch).collect::<Vec<_>>().join(", "));
    match expr {
        Expr::All => "all".to_owned(),
        Expr::And(parts) => all("and", parts),
        Expr::Or(parts) => all("or", parts),
        Expr::Not(inner) => format!("not({})", sketch(inner)),
        Expr::Term(Term::Text { words, prefix }) => {
            format!("text{words:?}{}", if *prefix { "*" } else { "" })
        }
        Expr::Term(Term::Tag { tag, exact }) => format!("tag{}[{tag}]", if *exact { "=" } else { "" }),
        Expr::Term(Term::Property { key, test }) => format!("{key} {}", sketch_test(test)),
        Expr::Term(Term::Field { field, test }) => format!("{field:?} {}", sketch_test(test)),
        Expr::Term(other) => format!("{other:?}"),
    }
}

fn sketch_test(test: &Test) -> String {
    match test {
        Test::Exists => "exists".to_owned(),
        Test::Compare(comparison, operand) => format!("{comparison:?} {}", sketch_operand(operand)),
        Test::OneOf(operands) => operands.iter().map(sketch_operand).collect::<Vec<_>>().join("|"),
        Test::Matches(pattern) => format!("~{pattern}"),
        Test::Range(from, to) => format!("{}..{}", sketch_operand(from), sketch_operand(to)),
    }
}

fn sketch_operand(operand: &Operand) -> String {
    match operand {
        Operand::Number { value, .. } => format!("n{value}"),
        Operand::Date { expr, .. } => format!("d{expr}"),
        Operand::Bool(value) => format!("b{value}"),
        Operand::Text(text) => format!("t{text:?}"),
    }
}

#[test]
fn words_phrases_and_prefixes() {
    check("", "all");
    check("   ", "all");
    check("adam", r#"text["adam"]"#);
    check("warm*", r#"text["warm"]*"#);
    check(r#""learning  rate""#, r#"text["learning", "rate"]"#);
    check(r#""learning ra"*"#, r#"text["learning", "ra"]*"#);
    check(r#""say \"hi\" C:\dir""#, r#"text["say", "\"hi\"", "C:\\dir"]"#);
    check("foo-bar", r#"text["foo-bar"]"#);
    check("Größe 日本", r#"and(text["Größe"], text["日本"])"#);
    check(r#""untagged" "OR" "AND""#, r#"and(text["untagged"], text["OR"], text["AND"])"#);
    check("or not and", r#"and(text["or"], text["not"], text["and"])"#);
}

#[test]
fn and_or_not_and_parentheses() {
    check("a b OR c", r#"or(and(text["a"], text["b"]), text["c"])"#);
    check("a (b OR c)", r#"and(text["a"], or(text["b"], text["c"]))"#);
    check("-a b", r#"and(not(text["a"]), text["b"])"#);
    check("-(a OR b) c", r#"and(not(or(text["a"], text["b"])), text["c"])"#);
    check("--a", r#"not(not(text["a"]))"#);
    check("NOT a AND b OR NOT(c)", r#"or(and(not(text["a"]), text["b"]), not(text["c"]))"#);
    check("((a))", r#"text["a"]"#);
    check("(a b) c", r#"and(and(text["a"], text["b"]), text["c"])"#);
    check("( a )", r#"text["a"]"#);
    check("a OR(b)", r#"or(text["a"], text["b"])"#);
}

#[test]
fn tags() {
    check("tag:experiment/gpu", "tag[experiment/gpu]");
    check("tag:=a", "tag=[a]");
    check(r#"tag:"with space" -tag:="x y""#, "and(tag[with space], not(tag=[x y]))");
    check("tag:a,=b", "or(tag[a], tag=[b])");
    check("tag!=a", "not(tag[a])");
    check("tags:a", "tag[a]");
    check("tag:*", "not(Untagged)");
    check("untagged is:untagged", "and(Untagged, Untagged)");
}

#[test]
fn properties() {
    check("status:done", r#"status Eq t"done""#);
    check("status=done status:=done", r#"and(status Eq t"done", status Eq t"done")"#);
    check("loss<0.1 loss>=1e-3", "and(loss Lt n0.1, loss Ge n0.001)");
    check("loss:<0.1", "loss Lt n0.1");
    check("status!=done", r#"status Ne t"done""#);
    check("metrics.loss<=.5", "metrics.loss Le n0.5");
    check("due:*", "due exists");
    check("due!=*", "not(due exists)");
    check(r#"status:a,"b, c",3"#, r#"status t"a"|t"b, c"|n3"#);
    check("status!=a,b", r#"not(status t"a"|t"b")"#);
    check(r#""my key":x "tag":y "a\"b":z"#, r#"and(my key Eq t"x", tag Eq t"y", a"b Eq t"z")"#);
    check(r#"status:"" code:"007" code:007"#, r#"and(status Eq t"", code Eq t"007", code Eq n7)"#);
    check("done:true done:FALSE", "and(done Eq btrue, done Eq bfalse)");
    check(
        r#"done:"true" x:inf y:nan z:1_000 h:0x10"#,
        r#"and(done Eq t"true", x Eq t"inf", y Eq t"nan", z Eq t"1_000", h Eq t"0x10")"#,
    );
    check("url:http://x.y/?a=b", r#"url Eq t"http://x.y/?a=b""#);
    check("lr:-0.5 -lr:+2", "and(lr Eq n-0.5, not(lr Eq n2))");
}

#[test]
fn regular_expressions() {
    check(r"name:~^a\d+(x|y)$", r"Name ~^a\d+(x|y)$");
    check(r#"status:~"a b\d \"q\"""#, r#"status ~a b\d "q""#);
    check("(status:~(?i)do)", "status ~(?i)do");
    check("status!=~x", "not(status ~x)");
}

#[test]
fn dates_and_ranges() {
    check("due<=today+7d", "due Le dtoday+7d");
    check("due:2026-11-01..2026-12-01", "due d2026-11-01..d2026-12-01");
    check("due:2026..2026-06", "due d2026..d2026-06");
    check("year:2020..2026", "year n2020..n2026");
    check("year:2026", "year Eq n2026");
    check("created:2026 modified>2026-11", "and(Created Eq d2026, Modified Gt d2026-11)");
    check("created:2025..2026", "Created d2025..d2026");
    check(r#"modified>"2026-11-02 14:30" date:today"#, "and(Modified Gt d2026-11-02T14:30:00, Created Eq dtoday)");
    check("due:startOfWeek..endOfWeek", "due dstartOfWeek..dendOfWeek");
    check("due:2026-11-02T14:30:05+01:00", "due Eq d2026-11-02T13:30:05Z");
    check("loss:.1..0.5 n:1...5", "and(loss n0.1..n0.5, n n1..n0.5)");
    check("loss:1.. loss:..2 loss!=1..2", "and(loss Ge n1, loss Lt n2, not(loss n1..n2))");
    check("due:today-2w..today", "due dtoday-2w..dtoday");
}

#[test]
fn fields() {
    check("path:runs/** name:2026 folder:a", r#"and(Path Eq t"runs/**", Name Eq t"2026", Folder Eq t"a")"#);
    check("path:runs/{a,b}/*,x", r#"Path t"runs/{a,b}/*"|t"x""#);
    check("size>10k size<=1.5MiB size:7", "and(Size Gt n10240, Size Le n1572864, Size Eq n7)");
    check("content_type:image/* content-type:a/b", r#"and(ContentType Eq t"image/*", ContentType Eq t"a/b")"#);
    check(
        "ext:md type:note notebook:lab title:true",
        r#"and(Ext Eq t"md", Type Eq t"note", Notebook Eq t"lab", Title Eq t"true")"#,
    );
    check(r#"links-to:"my note" -linked-from:a/b.md"#, r#"and(LinksTo("my note"), not(LinkedFrom("a/b.md")))"#);
    check("is:orphan is!=broken", "and(Orphan, not(Broken))");
    check("path:a..b", r#"Path Eq t"a..b""#);
}

#[test]
fn directives() {
    let query = parse("a sort:-modified,title limit:50 offset:5 group:month(date) OR b sort:\"my key\"");
    let keys: Vec<_> = query.sort.iter().map(|key| (key.key.as_str(), key.descending)).collect();
    assert_eq!(keys, [("modified", true), ("title", false), ("my key", false)]);
    assert_eq!((query.limit, query.offset), (Some(50), 5));
    check_shown("sort:date", "sort:created");
    check_shown("group:status", "group:status");
    check_shown("group:date", "group:day(created)");
    check_shown("group:week(\"due on\")", "group:week(\"due on\")");
    check_shown("group:\"tag\" limit:3", "limit:3 group:\"tag\"");
    assert_eq!(parse("group:tag").group, Some(Group::Tag));
    assert_eq!(parse("sort:x").filter, Expr::All);
}

#[test]
fn the_lines_of_the_specification() {
    check_shown(
        r#"tag:experiment tag:gpu -tag:failed status:done loss<0.1 due<=today+7d path:runs/** "learning rate" adam OR sgd"#,
        r#"tag:experiment tag:gpu -tag:failed status:done loss<0.1 due<=today+7d path:runs/** "learning rate" adam OR sgd"#,
    );
    check_shown("loss<0.1 modified>=startOfWeek", "loss<0.1 modified>=startOfWeek");
}

#[test]
fn errors_say_where() {
    for (line, position, part) in [
        (r#"a "b"#, 2, "quote is not closed"),
        ("a (b", 2, "`(` is not closed"),
        ("a b)", 3, "without a `(`"),
        (")", 0, "without a `(`"),
        ("()", 0, "nothing between"),
        ("a ()", 2, "nothing between"),
        ("status:", 7, "a value is expected"),
        ("status: done", 7, "a value is expected"),
        ("status:a,,b", 9, "a value is expected"),
        ("loss < 0.1", 5, "a name is expected before `<`"),
        ("x:~[", 3, "bad regular expression"),
        ("x:~", 3, "a regular expression is expected"),
        ("x:~a{1000}{1000}", 3, "too large"),
        ("size:~1", 6, "sizes and times"),
        ("tag:a:b", 4, "is no tag"),
        ("tag:", 4, "a value is expected"),
        ("tag:-a", 4, "is no tag"),
        ("tag<a", 3, "has no order"),
        ("a limit:x", 8, "takes a whole number from 1"),
        ("limit:0", 6, "takes a whole number from 1"),
        ("limit:1 limit:2", 8, "stands twice"),
        ("offset:-1", 7, "takes a whole number"),
        ("limit<3", 0, "is followed by `:`"),
        ("a OR", 2, "`OR` needs"),
        ("OR a", 0, "`OR` needs"),
        ("a OR OR b", 5, "`OR` needs"),
        ("(a OR ) b", 3, "`OR` needs"),
        ("a AND", 2, "`AND` needs"),
        ("AND a", 0, "`AND` needs"),
        ("a AND AND b", 6, "`AND` needs"),
        ("a OR sort:x", 2, "`OR` needs"),
        ("a -", 2, "nothing follows"),
        ("- a", 0, "nothing follows"),
        ("a NOT", 2, "nothing follows"),
        ("is:nice", 3, "unknown"),
        ("a * b", 2, "no letter or digit"),
        ("a & b", 2, "no letter or digit"),
        (r#""...""#, 0, "no letter or digit"),
        ("wo*rd", 2, "only at the end"),
        ("f(x)", 1, "a space is expected"),
        (r#"a"b""#, 1, "a space is expected"),
        (r#"x:a"b""#, 3, "put the whole value in quotes"),
        ("links-to:f(x)", 10, "put the whole value in quotes"),
        ("due:2026-02-30", 4, "no day of the calendar"),
        ("created:soon", 8, "is no date"),
        ("size>big", 5, "is no size"),
        ("loss<1,2", 7, "takes one value"),
        ("done<true", 5, "has no order"),
        ("x:a..b", 2, "a range goes"),
        ("x:1..today", 2, "a range goes"),
        ("x:..", 2, "a range goes"),
        ("path:{a", 5, "`{` is not closed"),
        ("(sort:x)", 1, "outside parentheses"),
        ("-limit:3", 1, "outside parentheses"),
        ("group:month(title)", 6, "is no date"),
        ("group:decade(date)", 6, "is no bucket"),
        ("group:month(date", 11, "is not closed"),
        ("group:size", 6, "makes no groups"),
        ("x:1e999", 2, "too large"),
        ("日本 \"x", 3, "quote is not closed"),
    ] {
        check_error(line, position, part);
    }
}

#[test]
fn depth_length_and_number_of_terms_are_bounded() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse_line(&nested(200)).is_ok());
    check_error(&nested(201), 200, "nested deeper");
    check_error(&"-".repeat(100_000), 65_536, "longer than");
    check_error(&format!("{}a", "-".repeat(60_000)), 200, "nested deeper");
    assert!(parse_line(&"a ".repeat(500)).is_ok());
    check_error(&"a ".repeat(501), 1000, "more than 500");
}

/// Pieces that combine into lines which often parse.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(" ".to_owned()),
        "[a-z]{1,3}",
        "[ \"():=<>!*,.~{}\\\\-]{1,2}",
        prop::sample::select(vec![
            " OR ",
            " AND ",
            " NOT ",
            "tag:",
            "status:",
            "size>",
            "created:",
            "due<=",
            "today+7d",
            "2026-11-02",
            "10k",
            "1..2",
            "path:",
            "sort:",
            "limit:5",
            "group:",
            "month(",
            "\"a b\"",
            "is:orphan",
            "untagged",
            "é",
            "日",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn no_line_panics_and_what_parses_is_shown_as_the_same(parts in prop::collection::vec(fragment(), 0..12)) {
        let line = parts.concat();
        if let Ok(query) = parse_line(&line) {
            let shown = query.to_string();
            prop_assert_eq!(parse_line(&shown), Ok(query), "{:?} is shown as {:?}", line, shown);
        }
    }

    #[test]
    fn any_text_at_all_does_not_panic(line in any::<String>()) {
        let positions = line.chars().count();
        if let Err(error) = parse_line(&line) {
            prop_assert!(error.position <= positions);
        }
    }

    #[test]
    fn any_value_in_quotes_is_that_value(value in any::<String>()) {
        let query = Query {
            filter: Expr::Term(Term::Property {
                key: value.clone() + "k",
                test: Test::Compare(crate::index::query::ast::Comparison::Eq, Operand::Text(value)),
            }),
            ..Query::default()
        };
        let shown = query.to_string();
        prop_assert_eq!(parse_line(&shown), Ok(query), "{:?}", shown);
    }
}
