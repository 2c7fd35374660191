//! What an edit of tags does to the value of `tags`, in the way they are written there.

use super::EditError;
use super::plan::Step;
use crate::index::parse::tags::{scalar_text, tag_of, tag_ranges};
use crate::types::{Properties, TagName, Value};

pub(super) const TAGS: &str = "tags";

fn set_tags(value: Value) -> Vec<Step> {
    vec![Step::Set { path: vec![TAGS.to_owned()], value }]
}

/// The steps that add a tag, unless it is there.
pub(super) fn add_tag(tags: Option<&Value>, tag: &TagName) -> Result<Vec<Step>, EditError> {
    let is_there = |text: &str| tag_of(text).is_ok_and(|known| known == *tag);
    let new = Value::from(tag.as_str());
    let steps = match tags {
        Some(Value::Array(list)) if list.iter().any(|item| scalar_text(item).is_some_and(|text| is_there(&text))) => {
            Vec::new()
        }
        Some(Value::Array(list)) => {
            vec![Step::Splice { path: vec![TAGS.to_owned()], at: list.len(), out: 0, into: vec![new] }]
        }
        Some(Value::Object(map)) if map.len() == 1 => {
            let (key, inner) = map.iter().next().expect("it has one entry");
            below(key, add_tag(Some(inner), tag)?)
        }
        Some(Value::Object(map)) if !map.is_empty() => {
            return Err(EditError::Misfit {
                key: TAGS.to_owned(),
                reason: "is a mapping, not a list of tags".to_owned(),
            });
        }
        tags => match tags.and_then(scalar_text) {
            Some(text) if tag_ranges(&text).into_iter().any(|range| is_there(&text[range])) => Vec::new(),
            Some(text) if !text.trim().is_empty() => set_tags(with_tag(&text, tag.as_str())),
            _ => set_tags(Value::Array(vec![new])),
        },
    };
    Ok(steps)
}

/// The steps one key further down.
fn below(key: &str, mut steps: Vec<Step>) -> Vec<Step> {
    for step in &mut steps {
        match step {
            Step::Set { path, .. } | Step::Remove { path } | Step::Splice { path, .. } => {
                path.insert(1, key.to_owned());
            }
        }
    }
    steps
}

/// A text of tags with one more, between the separators it has; a list if those cannot hold it.
fn with_tag(text: &str, tag: &str) -> Value {
    let known = tag_ranges(text);
    let trimmed = text.trim_end();
    if trimmed.ends_with(',') {
        return Value::String(format!("{trimmed} {tag}"));
    }
    if text.contains(',') || known.len() < 2 {
        let is_tight = text.contains(',') && !text.contains(", ");
        return Value::String(format!("{trimmed}{}{tag}", if is_tight { "," } else { ", " }));
    }
    if !tag.contains(' ') {
        return Value::String(format!("{trimmed} {tag}"));
    }
    known.into_iter().map(|range| &text[range]).chain([tag]).map(Value::from).collect()
}

/// What becomes of one tag.
pub(super) enum Fate {
    Keep,
    Drop,
    Become(TagName),
}

/// The steps that give each tag its fate.
pub(super) fn change_tags(tags: Option<&Value>, fate: &dyn Fn(&TagName) -> Fate) -> Result<Vec<Step>, EditError> {
    match tags {
        Some(Value::Array(list)) => Ok(change_list(list, fate)),
        Some(Value::Object(map)) if !map.is_empty() => change_wrapped(map, fate),
        _ => match tags.and_then(scalar_text) {
            Some(text) => Ok(change_text(&text, fate).map(set_tags).unwrap_or_default()),
            None => Ok(Vec::new()),
        },
    }
}

/// `<tags><tag>a</tag></tags>`: the lists and texts one level down.
fn change_wrapped(map: &Properties, fate: &dyn Fn(&TagName) -> Fate) -> Result<Vec<Step>, EditError> {
    let mut steps = Vec::new();
    for (key, value) in map {
        steps.extend(below(key, change_tags(Some(value), fate)?));
    }
    Ok(steps)
}

fn change_list(list: &[Value], fate: &dyn Fn(&TagName) -> Fate) -> Vec<Step> {
    let mut kept = tags_kept(list.iter().filter_map(scalar_text), fate);
    let mut steps = Vec::new();
    for (at, item) in list.iter().enumerate() {
        let Some(text) = scalar_text(item) else { continue };
        let into = match changed(&text, fate, &mut kept) {
            Written::Same => continue,
            Written::Nothing => Vec::new(),
            Written::New(tag) => vec![Value::String(tag)],
        };
        steps.push(Step::Splice { path: vec![TAGS.to_owned()], at, out: 1, into });
    }
    // From the end, so that each step's position still holds when it is done.
    steps.reverse();
    steps
}

/// The tags that stay: a tag that becomes one of these is dropped instead.
fn tags_kept(texts: impl Iterator<Item = String>, fate: &dyn Fn(&TagName) -> Fate) -> Vec<TagName> {
    texts.filter_map(|text| tag_of(&text).ok()).filter(|tag| matches!(fate(tag), Fate::Keep)).collect()
}

/// What stands where a tag was written.
enum Written {
    Same,
    Nothing,
    New(String),
}

fn changed(text: &str, fate: &dyn Fn(&TagName) -> Fate, kept: &mut Vec<TagName>) -> Written {
    let Ok(tag) = tag_of(text) else { return Written::Same };
    match fate(&tag) {
        Fate::Keep => Written::Same,
        Fate::Drop => Written::Nothing,
        Fate::Become(tag) if kept.contains(&tag) => Written::Nothing,
        Fate::Become(tag) => {
            let hash = if text.trim().starts_with('#') { "#" } else { "" };
            let written = format!("{hash}{tag}");
            kept.push(tag);
            Written::New(written)
        }
    }
}

/// A text of tags after the change; `None` if it stays as it is, an empty list if nothing is left.
fn change_text(text: &str, fate: &dyn Fn(&TagName) -> Fate) -> Option<Value> {
    let ranges = tag_ranges(text);
    let mut kept = tags_kept(ranges.iter().map(|range| text[range.clone()].to_owned()), fate);
    let mut is_changed = false;
    let mut left: Vec<(usize, String)> = Vec::new();
    for range in ranges {
        let tag = &text[range.clone()];
        let written = changed(tag, fate, &mut kept);
        is_changed |= !matches!(written, Written::Same);
        match written {
            Written::Same => left.push((range.start, tag.to_owned())),
            Written::New(tag) => left.push((range.start, tag)),
            Written::Nothing => {}
        }
    }
    let has_blank = left.iter().any(|(_, tag)| tag.contains(' '));
    match &left[..] {
        _ if !is_changed => None,
        [] => Some(Value::Array(Vec::new())),
        [_, _, ..] if has_blank && !text.contains(',') => Some(left.into_iter().map(|(_, tag)| tag).collect()),
        _ => Some(Value::String(rejoined(text, &left, has_blank))),
    }
}

/// The tags that are left, with what stood before each of them in the text.
fn rejoined(text: &str, left: &[(usize, String)], has_blank: bool) -> String {
    let is_between = |c: char| c == ',' || c.is_whitespace();
    let mut result = String::new();
    for (start, tag) in left {
        let before = &text[..*start];
        if !result.is_empty() {
            result.push_str(&before[before.trim_end_matches(is_between).len()..]);
        }
        result.push_str(tag);
    }
    // One tag with a blank in it, and no comma to say that it is one.
    if has_blank && !result.contains(',') {
        result.push(',');
    }
    result
}
