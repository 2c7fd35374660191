//! The mapping of a query: `tags`, `where`, `sort` and so on.

use super::ViewError;
use super::names::{aggregate, current_name, kind_of, near, parse_group, parse_sort_key};
use super::placeholder::{Place, fill};
use super::source::Source;
use crate::index::query::ast::{Aggregate, Comparison, Expr, Field, Operand, Query, Scope, Term, Test};
use crate::index::query::line::{Kind, check_field, classify, date, one_or, parse_line, text_term};
use crate::index::query::time::{TimeContext, parse_date};
use crate::types::{Properties, TagName, Value};

/// A `date_property` that no bound uses; a calendar puts notes on days by it.
pub(super) const IDLE_DATE_PROPERTY: &str = "`date_property` does nothing without `date_after` or `date_before`";

/// Keys of a query. `q` is another name of `where`.
const KEYS: [&str; 25] = [
    "notebooks",
    "notebook_ids",
    "where",
    "q",
    "tags",
    "tags_any",
    "tags_none",
    "properties",
    "properties_exists",
    "paths",
    "file_types",
    "content_types",
    "created_after",
    "created_before",
    "modified_after",
    "modified_before",
    "date_property",
    "date_after",
    "date_before",
    "content_search",
    "sort",
    "limit",
    "offset",
    "group_by",
    "aggregate",
];

/// Reads the parts of a query, and remembers what to tell the author.
pub(super) struct Body<'a> {
    source: &'a Source<'a>,
    now: &'a TimeContext,
    /// Keys above those that are read.
    above: &'static [&'static str],
    pub(super) warnings: Vec<String>,
    pub(super) has_placeholder: bool,
}

impl<'a> Body<'a> {
    pub(super) fn new(source: &'a Source<'a>, now: &'a TimeContext, above: &'static [&'static str]) -> Self {
        Self { source, now, above, warnings: Vec::new(), has_placeholder: false }
    }

    /// A mapping, or a search line, or nothing.
    pub(super) fn query(&mut self, body: &Value) -> Result<Query, ViewError> {
        let mut query = match body {
            Value::Null => Query::default(),
            Value::String(line) => self.line("", line)?,
            Value::Object(keys) => self.mapping(keys)?,
            other => {
                let message = format!("a query is a mapping or a search line, not {}", kind_of(other));
                return Err(self.source.error(self.above, message));
            }
        };
        query.warnings.append(&mut self.warnings);
        Ok(query)
    }

    fn mapping(&mut self, keys: &Properties) -> Result<Query, ViewError> {
        self.warn_of_unknown(keys, &KEYS);
        let mut query = Query::default();
        let mut parts = Vec::new();
        for key in ["where", "q"] {
            if let Some(line) = self.text(keys, key)? {
                let line = self.line(key, &line)?;
                query.limit = query.limit.or(line.limit);
                query.offset = query.offset.max(line.offset);
                query.group = query.group.or(line.group);
                query.sort.extend(line.sort);
                parts.push(line.filter);
            }
        }
        query.scope = self.scope(keys)?;
        self.tags(keys, &mut parts)?;
        self.properties(keys, &mut parts)?;
        self.fields(keys, &mut parts)?;
        self.dates(keys, &mut parts)?;
        if let Some(text) = self.text(keys, "content_search")? {
            parts.extend(self.words(&text)?);
        }
        let flat = parts.into_iter().flat_map(|part| match part {
            Expr::All => Vec::new(),
            Expr::And(parts) => parts,
            part => vec![part],
        });
        query.filter = one_or(flat.collect(), Expr::And);
        self.page(keys, &mut query)?;
        query.aggregates = self.aggregates(keys.get("aggregate"))?;
        Ok(query)
    }

    fn error(&self, key: &str, message: impl std::fmt::Display) -> ViewError {
        self.source.error(&self.path(key), format!("`{key}`: {message}"))
    }

    fn path<'k>(&self, key: &'k str) -> Vec<&'k str>
    where
        'static: 'k,
    {
        self.above.iter().copied().chain((!key.is_empty()).then_some(key)).collect()
    }

    fn fill(&mut self, key: &str, text: &str, place: Place) -> Result<String, ViewError> {
        let filled = fill(text, place, self.now).map_err(|unknown| ViewError {
            in_line: (place == Place::Line).then(|| (key.to_owned(), unknown.position)),
            ..self.error(key, unknown.message)
        })?;
        self.has_placeholder |= filled.has_placeholder;
        Ok(filled.text)
    }

    /// A search line that is the value of `key` (of the query itself, if empty).
    fn line(&mut self, key: &str, written: &str) -> Result<Query, ViewError> {
        let line = self.fill(key, written, Place::Line)?;
        parse_line(&line).map_err(|error| {
            let is_same = line == written;
            let path = self.path(key);
            let message = if is_same { error.message } else { format!("{} (in `{line}`)", error.message) };
            let position = if is_same { error.position } else { 0 };
            let error = self.source.error_within(&path, written, position, &message);
            ViewError { in_line: Some((key.to_owned(), position)), ..error }
        })
    }

    fn text(&self, keys: &Properties, key: &str) -> Result<Option<String>, ViewError> {
        match keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(self.error(key, format!("text is expected, not {}", kind_of(other)))),
        }
    }

    /// A list of texts; one alone is a list of one.
    fn texts(&mut self, keys: &Properties, key: &str) -> Result<Vec<String>, ViewError> {
        let elements = match keys.get(key) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(elements)) => elements.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let text = |element: &Value| match element {
            Value::String(text) => self.fill(key, text, Place::Text),
            Value::Number(number) => Ok(number.to_string()),
            other => Err(self.error(key, format!("a list of texts is expected, not {}", kind_of(other)))),
        };
        elements.iter().map(text).collect()
    }

    fn scope(&mut self, keys: &Properties) -> Result<Scope, ViewError> {
        let mut names = self.texts(keys, "notebooks")?;
        names.extend(self.texts(keys, "notebook_ids")?);
        Ok(match names {
            names if names.is_empty() => Scope::Default,
            names if names.iter().any(|name| name == "*") => Scope::All,
            names => Scope::Named(names),
        })
    }

    fn tags(&mut self, keys: &Properties, parts: &mut Vec<Expr>) -> Result<(), ViewError> {
        let mut read = |key: &str| -> Result<Vec<Expr>, ViewError> {
            let mut terms = Vec::new();
            for text in self.texts(keys, key)?.iter().flat_map(|text| text.split(',')) {
                let (exact, name) = text.trim().strip_prefix('=').map_or((false, text), |name| (true, name));
                let tag = TagName::new(name).map_err(|error| self.error(key, error))?;
                terms.push(Expr::Term(Term::Tag { tag, exact }));
            }
            Ok(terms)
        };
        parts.extend(read("tags")?);
        parts.push(one_or(read("tags_any")?, Expr::Or));
        parts.extend(read("tags_none")?.into_iter().map(|term| Expr::Not(Box::new(term))));
        Ok(())
    }

    fn properties(&mut self, keys: &Properties, parts: &mut Vec<Expr>) -> Result<(), ViewError> {
        match keys.get("properties") {
            None | Some(Value::Null) => {}
            Some(Value::Object(wanted)) => {
                for (key, value) in wanted {
                    parts.push(self.property(key, value)?);
                }
            }
            Some(other) => {
                let message = format!("a mapping of properties to values is expected, not {}", kind_of(other));
                return Err(self.error("properties", message));
            }
        }
        for key in self.texts(keys, "properties_exists")? {
            parts.push(property(current_name(&key), Test::Exists));
        }
        Ok(())
    }

    /// `status: [todo, doing]`, `due: null` (missing).
    fn property(&mut self, key: &str, value: &Value) -> Result<Expr, ViewError> {
        let alternatives = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        if alternatives.is_empty() {
            return Err(self.error("properties", format!("`{key}` has an empty list, which no note can match")));
        }
        let mut branches = Vec::new();
        let mut operands = Vec::new();
        for alternative in alternatives {
            match alternative {
                Value::Null => branches.push(Expr::Not(Box::new(property(key, Test::Exists)))),
                Value::String(name) if is_tags(key) => {
                    let tag = TagName::new(name).map_err(|error| self.error("properties", error))?;
                    branches.push(Expr::Term(Term::Tag { tag, exact: true }));
                }
                other => operands.push(self.operand(key, other)?),
            }
        }
        match operands.len() {
            0 => {}
            1 => branches.insert(0, property(key, Test::Compare(Comparison::Eq, operands.swap_remove(0)))),
            _ => branches.insert(0, property(key, Test::OneOf(operands))),
        }
        Ok(one_or(branches, Expr::Or))
    }

    fn operand(&mut self, key: &str, value: &Value) -> Result<Operand, ViewError> {
        let kind = known_field(key).map_or(Kind::Property, Kind::of);
        let text = match value {
            Value::Bool(value) if kind == Kind::Property => return Ok(Operand::Bool(*value)),
            Value::Number(number) if kind == Kind::Property => {
                let value = number.as_f64().unwrap_or_default();
                return Ok(Operand::Number { value, text: number.to_string() });
            }
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::String(text) => text.clone(),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                let kind = kind_of(value);
                let message =
                    format!("`{key}` is compared with a value or a list of values, not {kind}; `where` can do more");
                return Err(self.error("properties", message));
            }
        };
        if kind == Kind::Text {
            return self.fill("properties", &text, Place::Text).map(Operand::Text);
        }
        let expression = self.fill("properties", &text, Place::Date)?;
        match parse_date(&expression).filter(|_| kind == Kind::Date || !is_digits(&expression)) {
            Some(expr) => Ok(date(expr, &expression)),
            None if kind == Kind::Date => Err(self.error("properties", format!("`{text}` of `{key}` is no date"))),
            None => self.fill("properties", &text, Place::Text).map(Operand::Text),
        }
    }

    fn fields(&mut self, keys: &Properties, parts: &mut Vec<Expr>) -> Result<(), ViewError> {
        for (key, field) in [("paths", Field::Path), ("file_types", Field::Type), ("content_types", Field::ContentType)]
        {
            let mut operands: Vec<_> = self.texts(keys, key)?.into_iter().map(Operand::Text).collect();
            for operand in &operands {
                check_field(field, operand).map_err(|message| self.error(key, message))?;
            }
            let test = match operands.len() {
                0 => continue,
                1 => Test::Compare(Comparison::Eq, operands.swap_remove(0)),
                _ => Test::OneOf(operands),
            };
            parts.push(Expr::Term(Term::Field { field, test }));
        }
        Ok(())
    }

    fn dates(&mut self, keys: &Properties, parts: &mut Vec<Expr>) -> Result<(), ViewError> {
        let property_key = self.text(keys, "date_property")?;
        for (key, name, comparison) in [
            ("created_after", Some("created"), Comparison::Ge),
            ("created_before", Some("created"), Comparison::Lt),
            ("modified_after", Some("modified"), Comparison::Ge),
            ("modified_before", Some("modified"), Comparison::Lt),
            ("date_after", property_key.as_deref(), Comparison::Ge),
            ("date_before", property_key.as_deref(), Comparison::Lt),
        ] {
            let Some(text) = self.text(keys, key)? else {
                continue;
            };
            let text = self.fill(key, &text, Place::Date)?;
            let operand = classify(&text, true, Kind::Date).map_err(|message| self.error(key, message))?;
            let Some(name) = name else {
                return Err(self.error(key, "`date_property` must say of which property"));
            };
            parts.push(date_test(current_name(name), Test::Compare(comparison, operand)));
        }
        if property_key.is_some() && !keys.contains_key("date_after") && !keys.contains_key("date_before") {
            self.warnings.push(IDLE_DATE_PROPERTY.to_owned());
        }
        Ok(())
    }

    /// Words and quoted phrases, all of which must be found.
    fn words(&mut self, text: &str) -> Result<Vec<Expr>, ViewError> {
        let text = self.fill("content_search", text, Place::Text)?;
        let mut terms = Vec::new();
        for (i, part) in text.split('"').enumerate() {
            let phrases: Vec<Vec<&str>> = if i % 2 == 1 {
                vec![part.split_whitespace().collect()]
            } else {
                part.split_whitespace().map(|word| vec![word]).collect()
            };
            for words in phrases.into_iter().filter(|words| !words.is_empty()) {
                let prefix = words.last().is_some_and(|last| last.ends_with('*'));
                let words = words.into_iter().map(|word| word.trim_end_matches('*').to_owned()).collect();
                terms.push(text_term(0, words, prefix).map_err(|error| self.error("content_search", error.message))?);
            }
        }
        Ok(terms)
    }

    fn page(&mut self, keys: &Properties, query: &mut Query) -> Result<(), ViewError> {
        let sort = self.texts(keys, "sort")?;
        let sort: Vec<_> =
            sort.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|key| !key.is_empty()).collect();
        self.only_once("sort", !sort.is_empty() && !query.sort.is_empty())?;
        query.sort.extend(sort.into_iter().map(parse_sort_key));
        if let Some(limit) = self.count(keys, "limit", 1)? {
            self.only_once("limit", query.limit.is_some())?;
            query.limit = Some(limit);
        }
        if let Some(offset) = self.count(keys, "offset", 0)? {
            self.only_once("offset", query.offset > 0)?;
            query.offset = offset;
        }
        if let Some(group) = self.text(keys, "group_by")?.filter(|group| !group.trim().is_empty()) {
            self.only_once("group_by", query.group.is_some())?;
            query.group = Some(parse_group(&group).map_err(|message| self.error("group_by", message))?);
        }
        Ok(())
    }

    fn only_once(&self, key: &str, is_twice: bool) -> Result<(), ViewError> {
        if is_twice { Err(self.error(key, "it stands in `where` too; write it once")) } else { Ok(()) }
    }

    fn count(&self, keys: &Properties, key: &str, least: u64) -> Result<Option<u64>, ViewError> {
        match keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(count) if count >= least => Ok(Some(count)),
                _ => Err(self.error(key, format!("a whole number from {least} is expected, not `{value}`"))),
            },
        }
    }

    /// `{loss: [min, avg], _: [count]}`.
    pub(super) fn aggregates(&mut self, value: Option<&Value>) -> Result<Vec<(String, Vec<Aggregate>)>, ViewError> {
        let keys = match value {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Object(keys)) => keys,
            Some(other) => {
                let message = format!("a mapping of properties to functions is expected, not {}", kind_of(other));
                return Err(self.error("aggregate", message));
            }
        };
        let mut aggregates = Vec::new();
        for (key, functions) in keys {
            let names = functions.as_array().map_or(std::slice::from_ref(functions), Vec::as_slice);
            let functions = names.iter().map(|name| {
                aggregate(name.as_str().unwrap_or_default()).ok_or_else(|| {
                    let message = format!("{name} of `{key}` is unknown; there are count, sum, avg, min, max, median");
                    self.error("aggregate", message)
                })
            });
            aggregates.push((current_name(key).to_owned(), functions.collect::<Result<_, _>>()?));
        }
        Ok(aggregates)
    }

    /// Keys that are kept, but mean nothing here.
    pub(super) fn warn_of_unknown(&mut self, keys: &Properties, known: &[&str]) {
        for key in keys.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = near(key, known);
            let hint = match near {
                Some(near) => format!("; did you mean `{near}`?"),
                None if self.above.is_empty() && KEYS.contains(&key.as_str()) => {
                    "; it belongs below `query`".to_owned()
                }
                None => String::new(),
            };
            self.warnings.push(format!("unknown key `{key}`{hint}"));
        }
    }
}

/// A test of a key of the frontmatter, be it a property or one of the keys that have a place of their own.
fn property(key: &str, test: Test) -> Expr {
    match known_field(key) {
        Some(field) => Expr::Term(Term::Field { field, test }),
        None if is_tags(key) => Expr::Not(Box::new(Expr::Term(Term::Untagged))),
        None => Expr::Term(Term::Property { key: key.to_owned(), test }),
    }
}

/// Keys of the frontmatter that are no properties.
fn known_field(key: &str) -> Option<Field> {
    matches!(key, "title" | "description" | "type" | "created" | "date").then(|| Field::from_name(key))?
}

fn is_tags(key: &str) -> bool {
    key == "tags"
}

fn date_test(name: &str, test: Test) -> Expr {
    match Field::from_name(name).filter(|field| field.is_date()) {
        Some(field) => Expr::Term(Term::Field { field, test }),
        None => property(name, test),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}
