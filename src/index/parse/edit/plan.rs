//! What an edit does to a mapping, as single steps. Knows values, not texts.

use super::tag_steps::{Fate, TAGS, add_tag, change_tags};
use super::{EditError, MetaEdit};
use crate::index::parse::tags::scalar_text;
use crate::types::{Properties, Value};

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
