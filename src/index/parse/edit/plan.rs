//! What an edit does to a mapping, as single steps. Knows values, not texts.

use super::{EditError, MetaEdit};
use crate::index::parse::tags::{scalar_text, tag_of, tag_ranges};
use crate::types::{Properties, TagName, Value};

/// One step: what changes at one place of a mapping. Mappings on the way that are missing are made.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Puts a value where there is another or none.
    Set { path: Vec<String>, value: Value },
    /// Takes a key away.
    Remove { path: Vec<String> },
    /// In a list, replaces `out` items from `at`.
    Splice { path: Vec<String>, at: usize, out: usize, into: Vec<Value> },
}

impl Step {
    /// Where the step is.
    pub(super) fn path(&self) -> &[String] {
        match self {
            Self::Set { path, .. } | Self::Remove { path } | Self::Splice { path, .. } => path,
        }
    }

    /// Does it.
    pub(super) fn apply(&self, map: &mut Properties) {
        let Some((last, above)) = self.path().split_last() else { return };
        let mut place = map;
        for key in above {
            let next = place.entry(key.clone()).or_insert(Value::Null);
            if !next.is_object() {
                *next = Value::Object(Properties::new());
            }
            let Value::Object(inner) = next else { return };
            place = inner;
        }
        match self {
            Self::Set { value, .. } => {
                place.insert(last.clone(), value.clone());
            }
            Self::Remove { .. } => {
                place.shift_remove(last);
            }
            Self::Splice { at, out, into, .. } => {
                if let Some(Value::Array(list)) = place.get_mut(last) {
                    list.splice(*at..at + out, into.iter().cloned());
                }
            }
        }
    }
}

/// The steps that make an edit of `map`; none if it changes nothing.
pub(super) fn plan(map: &Properties, edit: &MetaEdit) -> Result<Vec<Step>, EditError> {
    match edit {
        MetaEdit::AddTag(tag) => add_tag(map.get(TAGS), tag),
        MetaEdit::RemoveTag(tag) => {
            change_tags(map.get(TAGS), &|known| if known == tag { Fate::Drop } else { Fate::Keep })
        }
        MetaEdit::RenameTag { from, to } => change_tags(map.get(TAGS), &|known| {
            known.rebased(from, to).filter(|new| new.as_str() != known.as_str()).map_or(Fate::Keep, Fate::Become)
        }),
        MetaEdit::Set { key, value } => {
            let (path, old) = locate(map, key)?;
            let mut steps = Vec::new();
            difference(path, old, value, &mut steps);
            Ok(steps)
        }
        MetaEdit::Unset { key } => Ok(locate(map, key)
            .ok()
            .filter(|(_, old)| old.is_some())
            .map(|(path, _)| Step::Remove { path })
            .into_iter()
            .collect()),
        MetaEdit::ReplaceValue { key, out, into } => {
            let (path, old) = locate(map, key)?;
            Ok(replace(path, old, out.as_ref(), into.as_ref()))
        }
    }
}

const TAGS: &str = "tags";

/// The path of a property, and its value if it has one. `a.b` is the key of that name, or `b` in `a`.
pub(super) fn locate<'a>(map: &'a Properties, key: &str) -> Result<(Vec<String>, Option<&'a Value>), EditError> {
    if let Some(value) = map.get(key) {
        return Ok((vec![key.to_owned()], Some(value)));
    }
    let mut refused = None;
    for (dot, _) in key.match_indices('.') {
        let (head, rest) = (&key[..dot], &key[dot + 1..]);
        let below = match map.get(head) {
            None => continue,
            Some(Value::Object(inner)) if !rest.is_empty() => locate(inner, rest)?,
            Some(Value::Null) if !rest.is_empty() => (vec![rest.to_owned()], None),
            Some(_) => {
                refused = Some(head);
                continue;
            }
        };
        let (mut path, value) = below;
        path.insert(0, head.to_owned());
        return Ok((path, value));
    }
    if let Some(head) = refused {
        let reason = format!("is below `{head}`, which is no mapping");
        return Err(EditError::Misfit { key: key.to_owned(), reason });
    }
    let parts: Vec<String> = key.split('.').map(str::to_owned).collect();
    let is_nested = parts.iter().all(|part| !part.is_empty());
    Ok((if is_nested { parts } else { vec![key.to_owned()] }, None))
}

/// The fewest steps from the old value to the new one.
fn difference(path: Vec<String>, old: Option<&Value>, new: &Value, steps: &mut Vec<Step>) {
    match (old, new) {
        (Some(old), new) if old == new => {}
        (Some(Value::Object(old)), Value::Object(new)) if !old.is_empty() && !new.is_empty() => {
            let below = |key: &String| [&path[..], std::slice::from_ref(key)].concat();
            for (key, value) in new {
                difference(below(key), old.get(key), value, steps);
            }
            steps.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| Step::Remove { path: below(key) }));
        }
        (Some(Value::Array(old)), Value::Array(new)) if !old.is_empty() => {
            let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
            let (old, new) = (&old[same..], &new[same..]);
            let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
            let into = new[..new.len() - tail].to_vec();
            steps.push(Step::Splice { path, at: same, out: old.len() - tail, into });
        }
        _ => steps.push(Step::Set { path, value: new.clone() }),
    }
}

fn replace(path: Vec<String>, old: Option<&Value>, out: Option<&Value>, into: Option<&Value>) -> Vec<Step> {
    let Some(Value::Array(list)) = old else {
        return match (old, into) {
            (Some(old), Some(new)) if is_same(old, new) => Vec::new(),
            (_, Some(new)) => vec![Step::Set { path, value: new.clone() }],
            (Some(old), None) if out.is_none_or(|out| is_same(old, out)) => vec![Step::Remove { path }],
            (_, None) => Vec::new(),
        };
    };
    let leaving: Vec<usize> = (0..list.len()).filter(|&i| out.is_some_and(|out| is_same(&list[i], out))).collect();
    let entering =
        into.filter(|new| !list.iter().enumerate().any(|(i, known)| !leaving.contains(&i) && is_same(known, new)));
    if entering.is_none() && leaving.len() == list.len() && into.is_none() {
        return vec![Step::Remove { path }];
    }
    let splice = |at, out, into| Step::Splice { path: path.clone(), at, out, into };
    let mut steps: Vec<Step> = leaving.iter().skip(1).rev().map(|&at| splice(at, 1, Vec::new())).collect();
    match (leaving.first(), entering) {
        (Some(&at), Some(new)) if list[at] == *new => {}
        (Some(&at), new) => steps.push(splice(at, 1, new.cloned().into_iter().collect())),
        (None, Some(new)) => steps.push(splice(list.len(), 0, vec![new.clone()])),
        (None, None) => {}
    }
    steps
}

/// Equal, or written alike: the caller may know a number only by its name in a folder.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || scalar_text(a).is_some_and(|text| scalar_text(b).as_deref() == Some(&text))
}

fn set_tags(value: Value) -> Vec<Step> {
    vec![Step::Set { path: vec![TAGS.to_owned()], value }]
}

fn add_tag(tags: Option<&Value>, tag: &TagName) -> Result<Vec<Step>, EditError> {
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
                path.insert(1, key.to_owned())
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
enum Fate {
    Keep,
    Drop,
    Become(TagName),
}

fn change_tags(tags: Option<&Value>, fate: &dyn Fn(&TagName) -> Fate) -> Result<Vec<Step>, EditError> {
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
        let Some(into) = changed(&text, fate, &mut kept) else { continue };
        let into = into.map(Value::String).into_iter().collect();
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

/// What a written tag becomes: `None` if it stays, `Some(None)` if it goes.
fn changed(text: &str, fate: &dyn Fn(&TagName) -> Fate, kept: &mut Vec<TagName>) -> Option<Option<String>> {
    match fate(&tag_of(text).ok()?) {
        Fate::Keep => None,
        Fate::Drop => Some(None),
        Fate::Become(tag) if kept.contains(&tag) => Some(None),
        Fate::Become(tag) => {
            let hash = if text.trim().starts_with('#') { "#" } else { "" };
            let written = format!("{hash}{tag}");
            kept.push(tag);
            Some(Some(written))
        }
    }
}

/// A text of tags after the change; `None` if it stays as it is, an empty list if nothing is left.
fn change_text(text: &str, fate: &dyn Fn(&TagName) -> Fate) -> Option<Value> {
    let ranges = tag_ranges(text);
    let mut kept = tags_kept(ranges.iter().map(|range| text[range.clone()].to_owned()), fate);
    let changes: Vec<_> = ranges.iter().map(|range| changed(&text[range.clone()], fate, &mut kept)).collect();
    if changes.iter().all(Option::is_none) {
        return None;
    }
    let left: Vec<String> = (changes.iter().zip(&ranges))
        .filter_map(|(change, range)| change.clone().unwrap_or_else(|| Some(text[range.clone()].to_owned())))
        .collect();
    if left.is_empty() {
        return Some(Value::Array(Vec::new()));
    }
    let has_blank = left.iter().any(|tag| tag.contains(' '));
    if has_blank && !text.contains(',') && left.len() > 1 {
        return Some(left.into_iter().map(Value::String).collect());
    }
    Some(Value::String(rejoined(text, &ranges, changes, has_blank)))
}

/// Replaces and removes tags of a text in place; what is between those that stay is kept.
fn rejoined(
    text: &str,
    ranges: &[std::ops::Range<usize>],
    changes: Vec<Option<Option<String>>>,
    has_blank: bool,
) -> String {
    let mut result = String::new();
    let mut is_first = true;
    let mut last_end = 0;
    for (range, change) in ranges.iter().zip(changes) {
        let gap = &text[last_end..range.start];
        last_end = range.end;
        let Some(written) = change.unwrap_or_else(|| Some(text[range.clone()].to_owned())) else { continue };
        if !is_first {
            result.push_str(if gap.is_empty() { " " } else { gap });
        }
        result.push_str(&written);
        is_first = false;
    }
    // One tag with a blank in it, and no comma to say that it is one.
    if has_blank && !result.contains(',') {
        result.push(',');
    }
    result
}
