//! Edits of XML sidecars: elements and attributes are replaced, put in and taken out; the rest stays.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::plan::{Step, plan};
use super::{EditError, MetaEdit, sidecar_text};
use crate::index::parse::tags::scalar_text;
use crate::index::parse::xml;
use crate::types::{Properties, Value};

/// Edits the keys of the root element. XML has no empty list and no list of one, no null, and no types:
/// these become nothing, a single element, an empty one, and text.
pub(super) fn edit(name: &str, bytes: &[u8], edits: &[MetaEdit]) -> Result<Vec<u8>, EditError> {
    let start = bytes.len() - sidecar_text(name, bytes)?.len();
    let mut text = sidecar_text(name, bytes)?.to_owned();
    for edit in edits {
        let map = xml::read(name, &text).map_err(EditError::Unreadable)?;
        for step in plan(&map, edit)? {
            text = write_step(name, &text, &step).ok_or_else(|| super::page::refuse(&step))?;
        }
    }
    Ok([&bytes[..start], text.as_bytes()].concat())
}

fn write_step(name: &str, text: &str, step: &Step) -> Option<String> {
    let mut meant = xml::read(name, text).ok()?;
    step.apply(&mut meant);
    let root = elements(text)?;
    let path: Vec<&str> = step.path().iter().map(String::as_str).collect();
    let written = write(text, &root, &path, super::page::value_at(&meant, &path))?;
    let reads = xml::read(name, &written).ok()?;
    (Value::Object(reads) == as_read(Value::Object(meant))?).then_some(written)
}

/// What a value is once it was written as XML and read again; `None` for what leaves nothing.
fn as_read(value: Value) -> Option<Value> {
    match value {
        Value::Null => Some(Value::String(String::new())),
        Value::String(text) => Some(xml::scalar(&text)),
        Value::Array(mut items) if items.len() < 2 => items.pop().and_then(as_read),
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(as_read).collect())),
        Value::Object(map) => {
            let map: Properties = map.into_iter().filter_map(|(key, value)| Some((key, as_read(value)?))).collect();
            Some(Value::Object(map))
        }
        Value::Bool(_) | Value::Number(_) => Some(value),
    }
}

/// Where an element stands.
struct Element {
    name: String,
    outer: Range<usize>,
    /// Between its tags; empty, at its end, for `<a/>`.
    inner: Range<usize>,
    is_short: bool,
    attributes: Vec<Attribute>,
    children: Vec<Element>,
}

/// Where an attribute stands.
struct Attribute {
    name: String,
    /// With the blank before it and its quotes.
    outer: Range<usize>,
    /// Between its quotes.
    value: Range<usize>,
}

/// The root element.
fn elements(text: &str) -> Option<Element> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let end = usize::try_from(reader.buffer_position()).ok()?;
        let done = match event {
            Event::Start(tag) => {
                open.push(element(text, &tag, start..end, false)?);
                continue;
            }
            Event::Empty(tag) => element(text, &tag, start..end, true)?,
            Event::End(_) => {
                let mut element = open.pop()?;
                element.inner.end = start;
                element.outer.end = end;
                element
            }
            Event::Eof => return None,
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => return Some(done),
        }
    }
}

fn element(text: &str, tag: &BytesStart<'_>, outer: Range<usize>, is_short: bool) -> Option<Element> {
    let name = tag.name().as_ref().to_owned();
    let written = &text[outer.clone()];
    let mut attributes = Vec::new();
    let mut at = 1 + name.len();
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        let key = attribute.key.as_ref();
        let begin = at + written[at..].find(|c: char| !c.is_whitespace())?;
        let quote = begin + written[begin..].find(['"', '\''])?;
        let close = quote + 1 + written[quote + 1..].find(&written[quote..=quote])?;
        if !written[begin..].starts_with(key) {
            return None;
        }
        attributes.push(Attribute {
            name: key.to_owned(),
            outer: outer.start + at..outer.start + close + 1,
            value: outer.start + quote + 1..outer.start + close,
        });
        at = close + 1;
    }
    Some(Element { name, inner: outer.end..outer.end, outer, is_short, attributes, children: Vec::new() })
}

/// Puts a value, or nothing, at a path below an element.
fn write(text: &str, element: &Element, path: &[&str], value: Option<&Value>) -> Option<String> {
    let (key, rest) = path.split_first()?;
    let known: Vec<&Element> = element.children.iter().filter(|child| child.name == *key).collect();
    if !rest.is_empty() {
        return match known[..] {
            [child] => write(text, child, rest, value),
            [] => {
                let inner = rest.iter().rev().try_fold(value?.clone(), |inner, key| {
                    Some(Value::Object(Properties::from_iter([((*key).to_owned(), inner)])))
                })?;
                Some(insert(text, element, element.children.last(), &[rendered(key, &inner)?]))
            }
            _ => None,
        };
    }
    let attribute = element.attributes.iter().find(|attribute| attribute.name == *key);
    if let (Some(attribute), []) = (attribute, &known[..]) {
        return match value {
            None => Some(replaced(text, attribute.outer.clone(), "")),
            Some(value) => {
                let new = escaped(&scalar_text(value)?).replace('"', "&quot;").replace('\'', "&apos;");
                Some(replaced(text, attribute.value.clone(), &new))
            }
        };
    }
    let values: Vec<&Value> = match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(value) => vec![value],
    };
    let new = values.into_iter().map(|value| rendered(key, value)).collect::<Option<Vec<_>>>()?;
    Some(replace_elements(text, element, &known, &new))
}

/// Puts `new` in the place of the elements `known`; those that are the same at both ends stay.
fn replace_elements(text: &str, parent: &Element, known: &[&Element], new: &[String]) -> String {
    let is_same = |(old, new): &(&&Element, &String)| text[old.outer.clone()] == ***new;
    let head = known.iter().zip(new).take_while(is_same).count();
    let (old, new) = (&known[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(is_same).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let common = old.len().min(new.len());
    let mut result = text.to_owned();
    // From the end, so that what stands before keeps its place.
    if new.len() > common {
        result = match (head + common, known) {
            (0, [first, ..]) => insert_before(text, first, new),
            (0, []) => insert(text, parent, parent.children.last(), new),
            (before, _) => insert(text, parent, Some(known[before - 1]), &new[common..]),
        };
    }
    for gone in old[common..].iter().rev() {
        let blank = result[..gone.outer.start].trim_end().len();
        result.replace_range(blank..gone.outer.end, "");
    }
    for (gone, new) in old[..common].iter().zip(new).rev() {
        result.replace_range(gone.outer.clone(), new);
    }
    result
}

/// Puts elements behind `after`, set like it; into an element without children, in lines of their own.
fn insert(text: &str, parent: &Element, after: Option<&Element>, new: &[String]) -> String {
    if let Some(after) = after {
        let before = &text[..after.outer.start];
        let gap = &before[before.trim_end().len()..];
        let lines: String = new.iter().flat_map(|element| [gap, element]).collect();
        return replaced(text, after.outer.end..after.outer.end, &lines);
    }
    let line = text[..parent.outer.start].rsplit('\n').next().unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    let lines: String = new.iter().flat_map(|element| ["\n", indent, "  ", element]).collect();
    if parent.is_short {
        let tag = text[parent.outer.clone()].trim_end_matches("/>").trim_end();
        return replaced(text, parent.outer.clone(), &format!("{tag}>{lines}\n{indent}</{}>", parent.name));
    }
    let kept = text[parent.inner.clone()].trim_end();
    replaced(text, parent.inner.clone(), &format!("{kept}{lines}\n{indent}"))
}

/// Puts elements before the first of their name, set like it.
fn insert_before(text: &str, first: &Element, new: &[String]) -> String {
    let before = &text[..first.outer.start];
    let gap = &before[before.trim_end().len()..];
    let lines: String = new.iter().flat_map(|element| [element, gap]).collect();
    replaced(text, first.outer.start..first.outer.start, &lines)
}

fn replaced(text: &str, range: Range<usize>, new: &str) -> String {
    [&text[..range.start], new, &text[range.end..]].concat()
}

/// An element of this name; `None` if XML has no such name, or the value is a list in a list.
fn rendered(name: &str, value: &Value) -> Option<String> {
    let mut letters = name.chars();
    let is_name = letters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && letters.all(|c| c.is_alphanumeric() || "_-.:".contains(c));
    if !is_name {
        return None;
    }
    let inner = match value {
        Value::Null => String::new(),
        Value::Array(_) => return None,
        Value::Object(map) => {
            let mut children = String::new();
            for (key, value) in map {
                match value {
                    Value::Array(items) => {
                        for item in items {
                            children.push_str(&rendered(key, item)?);
                        }
                    }
                    value => children.push_str(&rendered(key, value)?),
                }
            }
            children
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => escaped(&scalar_text(value)?),
    };
    Some(format!("<{name}>{inner}</{name}>"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
