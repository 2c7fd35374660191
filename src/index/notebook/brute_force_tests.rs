//! Random queries over random notes: the SQL finds what [`crate::index::query::eval`] finds, in its order, with its
//! groups and aggregates. The seed is in every message.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde_json::json;

use super::tests::{note, tag, upsert};
use super::*;
use crate::index::parse::{LinkKind, ParsedLink, TagOrigin};
use crate::index::query::ast::{Aggregate, Comparison, DateBucket, Expr, Field, Group, Operand, SortKey, Term, Test};
use crate::index::query::eval::{self, LinkedNote, NoteFacts};
use crate::index::query::time::{parse_date, value_interval};
use crate::index::query::{Query, TimeContext};
use crate::types::{Instant, NotebookNumber, Properties, Value};

/// A small generator (splitmix64), so that a seed means the same for ever.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

const WORDS: [&str; 18] = [
    "adam",
    "Adam",
    "sgd",
    "learning",
    "rate",
    "learning-rate",
    "crème",
    "creme",
    "Größe",
    "lr",
    "gpu",
    "10",
    "2026",
    "adamant",
    "naïve",
    "über",
    "x_y",
    "日本",
];
const TAGS: [&str; 9] =
    ["gpu", "GPU/a100", "experiment", "experiment/adam", "experiment/adam/warm", "exp", "a b", "größe", "draft"];
const FOLDERS: [&str; 7] = ["", "runs", "runs/2026", "runs/2026/x", "Runs", "runs-old", "[a]"];
const NAMES: [&str; 9] = ["a.md", "b.md", "A.MD", "plan.v2.md", "photo.png", ".hidden", "noext", "Größe.md", "sgd.csv"];
const TITLES: [&str; 6] = ["Adam", "adam", "The Plan", "größe x", "", "sgd run 10"];
const KEYS: [&str; 9] = ["status", "loss", "due", "m.loss", "m", "a.b", "many", "flag", "nowhere"];
const TYPES: [&str; 4] = ["Note", "note", "experiment", "todo"];
const TEXTS: [&str; 12] = ["done", "Done", " done", "todo", "ΑΣ", "ας", "true", "True", "007", "0.5", "today", "größe"];
const DATES: [&str; 12] = [
    "2026-11-02",
    "2026-11",
    "2026-11-02T14:30",
    "2026-11-02T14:30:00Z",
    "2026-11-03T00:30:00+14:00",
    "2026-10-25T02:30",
    " 2026-11-02",
    "2026-11-31",
    "2025-12-31",
    "2026-11-02t14:30",
    "2026-03-29T02:30",
    "2026-11-02 14:30:05.5",
];
const OPERAND_DATES: [&str; 12] = [
    "today",
    "now",
    "2026-11-02",
    "2026-11",
    "today-1w",
    "startOfWeek",
    "endOfMonth",
    "2026-11-02T14:30",
    "yesterday",
    "now-3h",
    "2026-11-02T14:30:00Z",
    "2026",
];
const NUMBERS: [f64; 8] = [0.0, 0.5, 1.0, 7.0, -3.0, 1e20, 9_007_199_254_740_992.0, 2048.0];

fn words(dice: &mut Dice, most: usize) -> String {
    (0..=dice.below(most)).map(|_| dice.pick(&WORDS)).collect::<Vec<_>>().join(" ")
}

fn scalar(dice: &mut Dice) -> Value {
    match dice.below(9) {
        0 => dice.one_in(2).into(),
        1 => json!(NUMBERS[dice.below(NUMBERS.len())]),
        2 => json!(dice.below(9)),
        3 | 4 => json!(dice.pick(&DATES)),
        5 if dice.one_in(2) => Value::Null,
        5 => json!(9_007_199_254_740_993_u64),
        _ => json!(dice.pick(&TEXTS)),
    }
}

fn value(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => (0..dice.below(4)).map(|_| scalar(dice)).collect(),
        1 if dice.one_in(2) => json!([[scalar(dice)], {"k": scalar(dice)}]),
        1 => json!({"loss": scalar(dice), "x.y": 1}),
        _ => scalar(dice),
    }
}

fn properties(dice: &mut Dice) -> Properties {
    let mut properties = Properties::new();
    for key in ["status", "loss", "due", "many", "flag", "a.b"] {
        if dice.one_in(2) {
            properties.insert(key.to_owned(), value(dice));
        }
    }
    match dice.below(4) {
        0 => drop(properties.insert("m".to_owned(), json!({"loss": value(dice), "deep": {"x": scalar(dice)}}))),
        1 => drop(properties.insert("m".to_owned(), value(dice))),
        2 => {
            properties.insert("a".to_owned(), json!({"b": scalar(dice)}));
            if dice.one_in(3) {
                properties.insert("m.loss".to_owned(), scalar(dice));
            }
        }
        _ => {}
    }
    properties
}

fn day(number: usize) -> Instant {
    let days = i64::try_from(number).unwrap();
    Date::constant(2026, 10, 20).at(12, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp()
        + jiff::SignedDuration::from_hours(days * 13)
}

fn record(dice: &mut Dice, path: &str) -> FileRecord {
    let mut record = note(path);
    let parsed = &mut record.parsed;
    parsed.title = if dice.one_in(3) { dice.pick(&TITLES).to_owned() } else { words(dice, 2) };
    parsed.description = dice.one_in(3).then(|| words(dice, 2));
    parsed.file_type = dice.one_in(2).then(|| dice.pick(&TYPES).to_owned());
    parsed.created = dice.one_in(3).then(|| dice.pick(&DATES).to_owned());
    parsed.body = words(dice, 7);
    parsed.properties = properties(dice);
    for _ in 0..dice.below(4) {
        let tag = tag(dice.pick(&TAGS));
        if parsed.tags.iter().all(|(known, _)| *known != tag) {
            parsed.tags.push((tag, TagOrigin::Frontmatter));
        }
    }
    for _ in 0..dice.below(3) {
        let name = dice.pick(&NAMES);
        let target = if dice.one_in(2) { name.to_owned() } else { format!("{}/{name}", dice.pick(&FOLDERS)) };
        parsed.links.push(ParsedLink { target, heading: None, kind: LinkKind::Wiki, range: 0..0 });
    }
    record.content_type = dice.pick(&["text/markdown", "image/png", "Image/JPEG", "text/csv"]);
    record.size = dice.next() % 5000;
    record.mtime_ns = i64::try_from(day(dice.below(30)).as_nanosecond()).unwrap();
    record.birth_ns = i64::try_from(day(dice.below(30)).as_nanosecond()).unwrap();
    record
}

fn facts(record: &FileRecord, notebook: &str, time: &TimeContext) -> NoteFacts {
    let parsed = &record.parsed;
    let instant = |ns: i64| Instant::from_nanosecond(ns.into()).unwrap();
    let written = parsed.created.as_ref().and_then(|text| value_interval(text, &time.zone));
    NoteFacts {
        notebook: notebook.to_owned(),
        path: record.path.to_string(),
        title: parsed.title.clone(),
        description: parsed.description.clone(),
        file_type: parsed.file_type.clone(),
        content_type: record.content_type.to_owned(),
        tags: parsed.tags.iter().map(|(tag, _)| tag.clone()).collect(),
        properties: parsed.properties.clone(),
        body: parsed.body.clone(),
        size: record.size,
        created: written.map_or_else(|| instant(record.birth_ns), |(start, _)| start),
        modified: instant(record.mtime_ns),
        links_to: Vec::new(),
        linked_from: Vec::new(),
        has_broken_link: false,
    }
}

/// Links as the index resolves them; its own tests say that it does so rightly.
fn add_links(facts: &mut [NoteFacts], reader: &NotebookReader) {
    let titles: std::collections::HashMap<String, String> =
        facts.iter().map(|note| (note.path.clone(), note.title.clone())).collect();
    let linked =
        |path: &crate::types::NotePath| LinkedNote { path: path.to_string(), title: titles[&path.to_string()].clone() };
    for note in facts {
        let links = reader.links(&super::tests::path(&note.path)).unwrap();
        note.has_broken_link = links.outgoing.iter().any(|(_, to)| to.is_none());
        note.links_to = links.outgoing.iter().filter_map(|(_, to)| to.as_ref()).map(linked).collect();
        note.linked_from = links.incoming.iter().map(linked).collect();
    }
}

struct Corpus {
    _folder: tempfile::TempDir,
    _dbs: Vec<NotebookDb>,
    sources: Vec<QuerySource>,
    facts: Vec<NoteFacts>,
}

fn corpus(dice: &mut Dice, notes: usize, time: &TimeContext) -> Corpus {
    let folder = tempfile::tempdir().unwrap();
    let (mut dbs, mut sources, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for (number, name) in ["lab", "Notes"].into_iter().enumerate() {
        let mut db = super::tests::open(&folder.path().join(name));
        let mut records: std::collections::BTreeMap<String, FileRecord> = std::collections::BTreeMap::new();
        // In two rounds, so that rows are also written again, renamed and removed.
        for round in 0..2 {
            let mut changes = Vec::new();
            for at in 0..notes / 2 {
                let (folder, name) = (dice.pick(&FOLDERS), dice.pick(&NAMES));
                let name = if dice.one_in(3) { name.to_owned() } else { format!("{at}-{name}") };
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                let record = record(dice, &path);
                changes.push(upsert(record.clone()));
                records.insert(path, record);
            }
            if round == 1 {
                let gone: Vec<String> = records.keys().filter(|_| dice.one_in(20)).cloned().collect();
                for path in gone {
                    changes.push(RowChange::Removed(super::tests::path(&path)));
                    records.remove(&path);
                }
            }
            db.apply(&changes).unwrap();
        }
        let mut facts: Vec<NoteFacts> = records.values().map(|record| facts(record, name, time)).collect();
        add_links(&mut facts, &db.reader().unwrap());
        all.extend(facts);
        let number = NotebookNumber(u16::try_from(number).unwrap());
        sources.push(QuerySource { name: name.to_owned(), number, reader: db.reader().unwrap() });
        dbs.push(db);
    }
    Corpus { _folder: folder, _dbs: dbs, sources, facts: all }
}

fn operand(dice: &mut Dice) -> Operand {
    match dice.below(6) {
        0 => Operand::Bool(dice.one_in(2)),
        1 => {
            let value = NUMBERS[dice.below(NUMBERS.len())];
            Operand::Number { value, text: dice.pick(&["007", "0.5", "1", "7"]).to_owned() }
        }
        2 | 3 => date(dice),
        _ if dice.one_in(4) => Operand::Text(dice.pick(&DATES).to_owned()),
        _ => Operand::Text(dice.pick(&TEXTS).to_owned()),
    }
}

fn date(dice: &mut Dice) -> Operand {
    let text = dice.pick(&OPERAND_DATES);
    Operand::Date { expr: parse_date(text).unwrap(), text: text.to_owned() }
}

fn comparison(dice: &mut Dice) -> Comparison {
    use Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
    [Eq, Ne, Lt, Le, Gt, Ge, Eq, Ne][dice.below(8)]
}

fn test_of(dice: &mut Dice, operand: &dyn Fn(&mut Dice) -> Operand) -> Test {
    match dice.below(8) {
        0 => Test::Exists,
        1 => Test::OneOf((0..dice.below(3)).map(|_| operand(dice)).collect()),
        2 => Test::Range(operand(dice), operand(dice)),
        3 => Test::Matches(dice.pick(&["^d", "o", "(?i)DONE$", r"^\d+$", "2026", "^$", "true|7"]).to_owned()),
        _ => Test::Compare(comparison(dice), operand(dice)),
    }
}

const GLOBS: [&str; 14] = [
    "*",
    "a*",
    "*.md",
    "runs/*",
    "runs/**",
    "**/a.md",
    "runs/2026/",
    "/runs",
    "[a]/*",
    "{runs,Runs}/**",
    "?.md",
    "runs",
    "runs*/**",
    "**/2026",
];

fn field_test(dice: &mut Dice) -> Term {
    use Field::{ContentType, Created, Description, Ext, Folder, Modified, Name, Notebook, Path, Size, Title, Type};
    let field = [
        Name,
        Path,
        Folder,
        Ext,
        Type,
        ContentType,
        Notebook,
        Title,
        Description,
        Size,
        Created,
        Modified,
        Path,
        Folder,
    ][dice.below(14)];
    let named = |dice: &mut Dice| {
        Operand::Text(match field {
            Name | Path | Folder if dice.one_in(2) => dice.pick(&GLOBS).to_owned(),
            Path => format!("{}/{}", dice.pick(&FOLDERS), dice.pick(&NAMES)),
            Name => dice.pick(&NAMES).to_owned(),
            Folder => dice.pick(&FOLDERS).to_owned(),
            Ext => dice.pick(&["md", "MD", ".png", "csv", "v2"]).to_owned(),
            Type => dice.pick(&TYPES).to_owned(),
            ContentType => dice.pick(&["image/*", "text/markdown", "IMAGE/png"]).to_owned(),
            Notebook => dice.pick(&["lab", "LAB", "notes"]).to_owned(),
            _ => dice.pick(&TITLES).to_owned(),
        })
    };
    let number = |dice: &mut Dice| {
        if dice.one_in(5) {
            return operand(dice);
        }
        let value = NUMBERS[dice.below(NUMBERS.len())];
        Operand::Number { value, text: value.to_string() }
    };
    let dates = |dice: &mut Dice| if dice.one_in(6) { operand(dice) } else { date(dice) };
    let any = |dice: &mut Dice| if dice.one_in(12) { operand(dice) } else { named(dice) };
    let test = match field {
        Size => test_of(dice, &number),
        Created | Modified => test_of(dice, &dates),
        _ => test_of(dice, &any),
    };
    Term::Field { field, test }
}

fn term(dice: &mut Dice) -> Term {
    match dice.below(20) {
        0..=3 => Term::Text {
            words: match dice.below(5) {
                0 => vec![dice.pick(&WORDS).to_owned(), dice.pick(&WORDS).to_owned()],
                1 => vec![dice.pick(&["ad", "l", "\"", "a\"b", "gr", "NEAR(", "-", "a\0b", "20"]).to_owned()],
                _ => vec![dice.pick(&WORDS).to_owned()],
            },
            prefix: dice.one_in(3),
        },
        4..=7 => Term::Tag { tag: tag(dice.pick(&TAGS)), exact: dice.one_in(3) },
        8 => Term::Untagged,
        9..=13 => Term::Property { key: dice.pick(&KEYS).to_owned(), test: test_of(dice, &operand) },
        14 => match dice.below(4) {
            0 => Term::Orphan,
            1 => Term::Broken,
            n => {
                let wanted = match dice.below(3) {
                    0 => dice.pick(&NAMES).to_owned(),
                    1 => dice.pick(&TITLES).to_owned(),
                    _ => dice.pick(&["plan.v2", "a", "0-a", "/runs/a.md", "runs/a.md", "größe"]).to_owned(),
                };
                if n == 2 { Term::LinksTo(wanted) } else { Term::LinkedFrom(wanted) }
            }
        },
        _ => field_test(dice),
    }
}

fn expr(dice: &mut Dice, depth: usize) -> Expr {
    if depth == 0 || dice.one_in(3) {
        return Expr::Term(term(dice));
    }
    let parts = |dice: &mut Dice| (0..dice.below(4)).map(|_| expr(dice, depth - 1)).collect();
    match dice.below(8) {
        0 => Expr::Not(Box::new(expr(dice, depth - 1))),
        1 | 2 => Expr::Or(parts(dice)),
        3 if dice.one_in(4) => Expr::All,
        _ => Expr::And(parts(dice)),
    }
}

const SORTS: [&str; 14] = [
    "modified", "created", "title", "path", "name", "folder", "ext", "type", "size", "notebook", "status", "loss",
    "due", "m.loss",
];

fn query(dice: &mut Dice) -> Query {
    use Aggregate::{Avg, Count, Max, Median, Min, Sum};
    let keys = if dice.one_in(3) { 0 } else { dice.below(3) };
    let sort = (0..keys).map(|_| SortKey { key: dice.pick(&SORTS).to_owned(), descending: dice.one_in(2) }).collect();
    let group = match dice.below(24) {
        0 => Some(Group::Tag),
        1 => Some(Group::Folder),
        2 => Some(Group::Type),
        3 => Some(Group::Property(dice.pick(&KEYS).to_owned())),
        4 => {
            let bucket = [DateBucket::Day, DateBucket::Week, DateBucket::Month, DateBucket::Year][dice.below(4)];
            Some(Group::Date { bucket, key: dice.pick(&["due", "created", "modified", "many", "title"]).to_owned() })
        }
        _ => None,
    };
    let aggregates = if dice.one_in(8) {
        let key = dice.pick(&["_", "loss", "due", "many", "size", "created", "type", "nowhere", "m.loss"]);
        vec![(key.to_owned(), vec![Count, Sum, Avg, Min, Max, Median])]
    } else {
        Vec::new()
    };
    Query {
        filter: expr(dice, 3),
        sort,
        limit: (!dice.one_in(8)).then(|| dice.next() % 20),
        offset: if dice.one_in(4) { dice.next() % 20 } else { 0 },
        group,
        aggregates,
        ..Query::default()
    }
}

type Place = (String, String);

fn check(query: &Query, corpus: &Corpus, options: &QueryOptions, message: &str) {
    let expected = eval::select(query, &corpus.facts, &options.time);
    let place = |note: &&NoteFacts| -> Place { (note.notebook.clone(), note.path.clone()) };
    let shown = |row: &FileRow| -> Place { (row.notebook.clone(), row.path.to_string()) };
    let result = run_query(query, &corpus.sources, options).unwrap_or_else(|error| panic!("{message}: {error}"));
    assert_eq!(result.total, expected.len() as u64, "{message}: total");
    let is_ranked = query.sort.is_empty() && !sql::positive_words(&query.filter).is_empty();
    let offset = usize::try_from(query.offset).unwrap();
    let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
    let page: Vec<Place> = expected.iter().skip(offset).take(limit).map(place).collect();
    let found: Vec<Place> = result.files.iter().map(shown).collect();
    if is_ranked {
        assert_eq!(found.len(), page.len(), "{message}: page");
        let all: std::collections::HashSet<Place> = expected.iter().map(place).collect();
        assert!(found.iter().all(|place| all.contains(place)), "{message}: page");
    } else {
        assert_eq!(found, page, "{message}: page");
    }
    if let (Some(group), Some(groups)) = (&query.group, &result.groups) {
        let sorted = |mut places: Vec<Place>| {
            if is_ranked {
                places.sort();
            }
            places
        };
        let lower = |value: Option<String>| if *group == Group::Tag { value.map(|v| v.to_lowercase()) } else { value };
        let expected: Vec<_> = eval::groups(&expected, group, &options.time)
            .into_iter()
            .map(|(value, notes)| (lower(value), sorted(notes.iter().map(place).collect())))
            .collect();
        let found: Vec<_> = groups
            .iter()
            .map(|group| (lower(group.value.clone()), sorted(group.files.iter().map(shown).collect())))
            .collect();
        assert_eq!(found, expected, "{message}: groups");
    }
    let mut aggregates = result.aggregates.iter();
    for (key, functions) in &query.aggregates {
        for function in functions {
            let expected = eval::aggregate(&expected, key, *function, &options.time);
            assert_eq!(aggregates.next().map(|(_, _, value)| value), Some(&expected), "{message}: {function:?}");
        }
    }
    check_ids(query, corpus, options, &result, message);
}

fn check_ids(query: &Query, corpus: &Corpus, options: &QueryOptions, result: &QueryResult, message: &str) {
    let mut ids = run_ids(query, &corpus.sources, options).unwrap_or_else(|error| panic!("{message}: {error}"));
    let mut rows: Vec<_> = result.files.iter().map(|row| (row.number, row.id)).collect();
    if query.group.is_some() {
        ids.sort_by_key(|(_, file)| *file);
        ids.dedup_by_key(|(_, file)| *file);
        rows.sort_unstable();
    }
    let ids: Vec<_> = ids.iter().map(|(_, file)| (file.notebook, file.id)).collect();
    assert_eq!(ids, rows, "{message}: ids");
    if let Some(row) = result.files.first() {
        let only = QueryOptions { only: Some(row.id), ..options.clone() };
        let source = corpus.sources.iter().find(|source| source.number == row.number).unwrap().clone();
        let one = Query { limit: None, offset: 0, ..query.clone() };
        assert_eq!(run_query(&one, &[source], &only).unwrap().total, 1, "{message}: only");
    }
}

fn run(first_seed: u64, corpora: u64, queries: u64) {
    let time = TimeContext {
        now: "2026-11-04T14:30:00Z".parse().unwrap(),
        zone: TimeZone::get(if first_seed.is_multiple_of(2) { "Europe/Berlin" } else { "Pacific/Kiritimati" }).unwrap(),
        week_starts: if first_seed.is_multiple_of(2) { Weekday::Monday } else { Weekday::Sunday },
    };
    let budget = std::time::Duration::from_secs(60);
    let options = QueryOptions { time: time.clone(), budget, only: None, snippets: false };
    for seed in first_seed..first_seed + corpora {
        let mut dice = Dice(seed);
        let corpus = corpus(&mut dice, 80, &time);
        for number in 0..queries {
            let query = query(&mut dice);
            check(&query, &corpus, &options, &format!("seed {seed}, query {number}: {query:#?}"));
        }
    }
}

#[test]
fn random_queries_find_what_plain_code_finds_1() {
    run(1000, 8, 320);
}

#[test]
fn random_queries_find_what_plain_code_finds_2() {
    run(2001, 8, 320);
}

#[test]
fn random_queries_find_what_plain_code_finds_3() {
    run(3000, 8, 320);
}

#[test]
fn random_queries_find_what_plain_code_finds_4() {
    run(4001, 8, 320);
}
