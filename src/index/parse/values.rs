//! YAML and JSON into values, bounded: depth, size, what aliases unfold to; no key twice.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::{METADATA_MAX, Problem};
use crate::types::{Properties, Value};

/// Lists and mappings nested deeper than this are refused.
pub(super) const DEPTH_MAX: usize = 64;

/// Reads a mapping in YAML. `line` counts the file's lines before `text`.
pub(super) fn yaml_mapping(file: &str, text: &str, line: usize) -> Result<Properties, Problem> {
    if text.len() > METADATA_MAX {
        return Err(too_long(file));
    }
    if is_abyss(text) {
        let message = format!("nested deeper than {DEPTH_MAX}");
        return Err(Problem { file: file.to_owned(), line: line + 1, column: 1, message });
    }
    let budget = Budget::for_length(text.len());
    let value = Node { depth: 0, budget: &budget }
        .deserialize(serde_yaml::Deserializer::from_str(text))
        .map_err(|error| yaml_problem(file, &error, line))?;
    as_mapping(file, value, line)
}

/// Reads an object in JSON.
pub(super) fn json_object(file: &str, text: &str) -> Result<Properties, Problem> {
    if text.len() > METADATA_MAX {
        return Err(too_long(file));
    }
    let budget = Budget::for_length(text.len());
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Node { depth: 0, budget: &budget }.deserialize(&mut reader).and_then(|value| {
        reader.end()?;
        Ok(value)
    });
    let value = value.map_err(|error| Problem {
        file: file.to_owned(),
        line: error.line().max(1),
        column: error.column().max(1),
        message: without_position(&error.to_string()),
    })?;
    as_mapping(file, value, 0)
}

/// Whether brackets nest so deep that libyaml, whose time grows with depth times length, must not see them:
/// a megabyte of `{a: ` would hold it for minutes.
fn is_abyss(text: &str) -> bool {
    let brackets = text.bytes().filter(|b| matches!(b, b'[' | b'{')).count();
    brackets > DEPTH_MAX && brackets * text.len() > 1 << 26 && super::spans::scan(text).is_err()
}

/// The problem of metadata longer than [`METADATA_MAX`].
pub(super) fn too_long(file: &str) -> Problem {
    let message = "more than 1 MiB of metadata; move what is no metadata into the text".to_owned();
    Problem { file: file.to_owned(), line: 1, column: 1, message }
}

fn as_mapping(file: &str, value: Value, line: usize) -> Result<Properties, Problem> {
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Properties::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(Problem {
            file: file.to_owned(),
            line: line + 1,
            column: 1,
            message: "the metadata is no mapping; write `key: value` lines".to_owned(),
        }),
    }
}

fn yaml_problem(file: &str, error: &serde_yaml::Error, line: usize) -> Problem {
    let (at_line, column) = error.location().map_or((1, 1), |at| (at.line().max(1), at.column().max(1)));
    let message = with_short_path(without_position(&error.to_string()));
    Problem { file: file.to_owned(), line: line + at_line, column, message }
}

/// A message begins with the path of the value that it is about; that of one nested a hundred deep says nothing.
fn with_short_path(message: String) -> String {
    const LONGEST: usize = 40;
    match message.split_once(": ") {
        Some((path, what)) if path.chars().count() > LONGEST && !path.contains(' ') => {
            format!("{}…: {what}", path.chars().take(LONGEST / 2).collect::<String>())
        }
        _ => message,
    }
}

/// The message without its first ` at line L column C`, which the problem states itself.
fn without_position(message: &str) -> String {
    let Some(at) = message.find(" at line ") else { return message.to_owned() };
    let rest = &message[at + " at line ".len()..];
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix(" column ").unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_digit());
    // A second position counts from the block's first line, which would mislead.
    let rest = rest.split(" at line ").next().unwrap_or_default();
    format!("{}{rest}", &message[..at])
}

/// How much may still be read. Without aliases, a text of n bytes has at most 2n nodes and bytes of
/// scalars; what costs more is an alias bomb.
struct Budget(Cell<usize>);

impl Budget {
    fn for_length(bytes: usize) -> Self {
        Self(Cell::new(4 * bytes + 0x1_0000))
    }

    fn spend<E: Error>(&self, cost: usize) -> Result<(), E> {
        let left = self.0.get().checked_sub(cost);
        self.0.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| E::custom("aliases unfold to more than the text could hold"))
    }
}

#[derive(Clone, Copy)]
struct Node<'a> {
    depth: usize,
    budget: &'a Budget,
}

impl Node<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than {DEPTH_MAX}")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.budget.spend(1)?;
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        self.budget.spend(1)?;
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        self.budget.spend(1)?;
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        self.budget.spend(1)?;
        Ok(number.into())
    }

    // Numbers that no f64 holds exactly stay the digits that were written.
    fn visit_i128<E: Error>(self, number: i128) -> Result<Value, E> {
        self.visit_string(number.to_string())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Value, E> {
        self.visit_string(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        self.budget.spend(1)?;
        Ok(serde_json::Number::from_f64(number).map_or_else(|| Value::String(not_finite(number)), Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.budget.spend(1 + text.len())?;
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        self.budget.spend(1 + text.len())?;
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.budget.spend(1)?;
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.budget.spend(1)?;
        let inner = self.deeper()?;
        let mut map = Properties::new();
        while let Some(key) = entries.next_key_seed(Key { seen: &map, budget: self.budget })? {
            let value = entries.next_value_seed(inner)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }

    // A value with a tag of the author's own (`!celsius 20`): the value counts.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (_tag, contents) = tagged.variant::<String>()?;
        contents.newtype_variant_seed(self.deeper()?)
    }
}

fn not_finite(number: f64) -> String {
    if number.is_nan() {
        ".nan".to_owned()
    } else if number > 0.0 {
        ".inf".to_owned()
    } else {
        "-.inf".to_owned()
    }
}

/// A key becomes text; it is refused here, where the reader knows its position, if it was there before.
struct Key<'a> {
    seen: &'a Properties,
    budget: &'a Budget,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is no list and no mapping")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        self.budget.spend(1 + text.len())?;
        if self.seen.contains_key(text) {
            return Err(E::custom(format_args!("the key `{text}` stands here a second time; keep one of them")));
        }
        Ok(text.to_owned())
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        self.visit_str("null")
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<String, E> {
        self.visit_str(if truth { "true" } else { "false" })
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<String, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<String, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<String, E> {
        let text = serde_json::Number::from_f64(number).map_or_else(|| not_finite(number), |n| n.to_string());
        self.visit_str(&text)
    }
}
