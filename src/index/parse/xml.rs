//! XML sidecars: attributes and children become keys, repeated children a list. No entity is expanded.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Problem;
use super::values::DEPTH_MAX;
use crate::types::{Properties, Value};

/// The text of an element that has keys as well.
pub(super) const TEXT_KEY: &str = "_text";

/// Reads the keys of the root element. The caller bounds the size.
pub(super) fn read(file: &str, text: &str) -> Result<Properties, Problem> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let position = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let problem = |message: String| Problem::after(file, &text.as_bytes()[..position.min(text.len())], message);
        let event = reader.read_event().map_err(|error| problem(error.to_string()))?;
        match event {
            Event::Start(_) | Event::Empty(_) if root.is_some() => {
                return Err(problem("a second root element; keep one".to_owned()));
            }
            Event::Start(start) => {
                if open.len() == DEPTH_MAX {
                    return Err(problem(format!("nested deeper than {DEPTH_MAX}")));
                }
                open.push(Element::new(&start).map_err(problem)?);
            }
            Event::Empty(start) => close(&mut open, Element::new(&start).map_err(problem)?, &mut root),
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(&mut open, element, &mut root);
                }
            }
            Event::Text(part) => push_text(&mut open, &part.xml10_content()),
            Event::CData(part) => push_text(&mut open, &part.xml10_content()),
            Event::GeneralRef(name) => {
                let resolved = resolve(&format!("&{};", &*name.xml10_content()));
                push_text(&mut open, &resolved);
            }
            Event::Eof if open.is_empty() => return Ok(root.unwrap_or_default()),
            Event::Eof => return Err(problem("an element is not closed".to_owned())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// The character that a reference stands for; one to an entity of the document's own stays as written.
pub(super) fn resolve(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

struct Element {
    name: String,
    keys: Properties,
    text: String,
}

impl Element {
    fn new(start: &BytesStart<'_>) -> Result<Self, String> {
        let name = start.name().as_ref().to_owned();
        let mut keys = Properties::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let key = attribute.key.as_ref().to_owned();
            if key != "xmlns" && !key.starts_with("xmlns:") && !key.starts_with("xsi:") {
                keys.insert(key, scalar(&resolve(&attribute.value)));
            }
        }
        Ok(Self { name, keys, text: String::new() })
    }
}

fn push_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Gives a finished element to the one around it, or to `root`.
fn close(open: &mut [Element], element: Element, root: &mut Option<Properties>) {
    let Element { name, mut keys, text } = element;
    let text = text.trim();
    let is_root = open.is_empty();
    if !text.is_empty() && (is_root || !keys.is_empty()) {
        keys.insert(TEXT_KEY.to_owned(), scalar(text));
    }
    let Some(parent) = open.last_mut() else {
        *root = Some(keys);
        return;
    };
    let value = if keys.is_empty() { scalar(text) } else { Value::Object(keys) };
    match parent.keys.get_mut(&name) {
        None => {
            parent.keys.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// XML has no types: a text that is exactly how a number or truth value is written counts as one.
pub(super) fn scalar(text: &str) -> Value {
    match text {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        _ => {}
    }
    let number = if text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && text.len() < 32 {
        serde_json::from_str::<serde_json::Number>(text).ok().filter(|number| number.to_string() == text)
    } else {
        None
    };
    number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}
