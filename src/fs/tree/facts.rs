//! What a query would find in a note after an edit that has not been made.

use super::inner::Inner;
use super::{Answer, Refused};
use crate::engine::EngineError;
use crate::index::notebook::FileRow;
use crate::index::parse::{edit::MetaEdit, parse};
use crate::index::query::eval::{LinkedNote, NoteFacts};
use crate::index::query::time::value_interval;
use crate::types::{Instant, NotePath, Properties, Value};

/// Longest text that is looked at.
const TEXT_MAX: u64 = 16 << 20;

impl Inner {
    /// All that a query can ask of a note as it is.
    pub(super) fn facts(&self, row: &FileRow) -> Answer<NoteFacts> {
        let notebook = self.notebook(row.number)?;
        let name = row.path.name().to_str().ok_or_else(Refused::not_found)?;
        let (bytes, _) = notebook.dir.read(&row.path, TEXT_MAX)?;
        let body = parse(name, &row.content_type, &bytes, &[]).body;
        let links = notebook.reader.links(&row.path).map_err(EngineError::from)?;
        let linked = |path: &NotePath| LinkedNote {
            path: path.to_string(),
            title: notebook.reader.by_path(path).ok().flatten().map(|row| row.title).unwrap_or_default(),
        };
        let zone = self.engine.settings().timezone.clone();
        let moment = |text: &str| value_interval(text, &zone).map_or(Instant::UNIX_EPOCH, |(start, _)| start);
        Ok(NoteFacts {
            notebook: row.notebook.clone(),
            path: row.path.to_string(),
            title: row.title.clone(),
            description: row.description.clone(),
            file_type: row.file_type.clone(),
            content_type: row.content_type.clone(),
            tags: row.tags.clone(),
            properties: row.properties.read(),
            body,
            size: row.size,
            created: moment(&row.created),
            modified: moment(&row.modified),
            links_to: links.outgoing.iter().filter_map(|(_, path)| path.as_ref()).map(linked).collect(),
            linked_from: links.incoming.iter().map(linked).collect(),
            has_broken_link: links.outgoing.iter().any(|(_, path)| path.is_none()),
        })
    }
}

/// The same note after edits of its metadata.
#[must_use]
pub(super) fn edited(facts: &NoteFacts, edits: &[MetaEdit]) -> NoteFacts {
    let mut facts = facts.clone();
    for edit in edits {
        apply(&mut facts, edit);
    }
    facts
}

fn apply(facts: &mut NoteFacts, edit: &MetaEdit) {
    match edit {
        MetaEdit::AddTag(tag) if facts.tags.contains(tag) => {}
        MetaEdit::AddTag(tag) => facts.tags.push(tag.clone()),
        MetaEdit::RemoveTag(tag) => facts.tags.retain(|own| own != tag),
        MetaEdit::RenameTag { from, to } => {
            for tag in &mut facts.tags {
                if let Some(renamed) = tag.rebased(from, to) {
                    *tag = renamed;
                }
            }
        }
        MetaEdit::Set { key, value } if key == "type" => facts.file_type = value.as_str().map(str::to_owned),
        MetaEdit::Unset { key } if key == "type" => facts.file_type = None,
        MetaEdit::Set { key, value } => set(&mut facts.properties, key, Some(value.clone())),
        MetaEdit::Unset { key } => set(&mut facts.properties, key, None),
        MetaEdit::ReplaceValue { key, out, into } => {
            let present = present(&facts.properties, key).cloned();
            let value = match present {
                Some(Value::Array(mut list)) => {
                    list.retain(|value| Some(value) != out.as_ref());
                    list.extend(into.iter().filter(|value| !list.contains(value)).cloned().collect::<Vec<_>>());
                    (!list.is_empty()).then_some(Value::Array(list))
                }
                _ => into.clone(),
            };
            set(&mut facts.properties, key, value);
        }
    }
}

fn present<'a>(properties: &'a Properties, key: &str) -> Option<&'a Value> {
    properties.get(key).or_else(|| {
        let mut parts = key.split('.');
        let top = properties.get(parts.next()?)?;
        parts.try_fold(top, |value, part| value.as_object()?.get(part))
    })
}

fn set(properties: &mut Properties, key: &str, value: Option<Value>) {
    let (top, rest) = match key.split_once('.') {
        Some((top, rest)) if !properties.contains_key(key) => (top, rest),
        _ => {
            match value {
                Some(value) => properties.insert(key.to_owned(), value),
                None => properties.remove(key),
            };
            return;
        }
    };
    let below = properties.entry(top).or_insert_with(|| Value::Object(Properties::new()));
    if let Some(below) = below.as_object_mut() {
        set(below, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "the table reads better without references")]
    fn check(before: &Value, edit: MetaEdit, after: &Value) {
        let mut properties = before.as_object().unwrap().clone();
        let mut facts = NoteFacts {
            notebook: String::new(),
            path: "a.md".into(),
            title: String::new(),
            description: None,
            file_type: None,
            content_type: String::new(),
            tags: vec![],
            properties: std::mem::take(&mut properties),
            body: String::new(),
            size: 0,
            created: Instant::UNIX_EPOCH,
            modified: Instant::UNIX_EPOCH,
            links_to: vec![],
            linked_from: vec![],
            has_broken_link: false,
        };
        apply(&mut facts, &edit);
        assert_eq!(Value::Object(facts.properties), *after);
    }

    #[test]
    fn edits_of_properties() {
        let replace =
            |out: Value, into: Value| MetaEdit::ReplaceValue { key: "p".into(), out: Some(out), into: Some(into) };
        check(&json!({"p": "a"}), replace(json!("a"), json!("b")), &json!({"p": "b"}));
        check(&json!({"p": ["a", "c"]}), replace(json!("a"), json!("b")), &json!({"p": ["c", "b"]}));
        check(&json!({"p": ["a", "b"]}), replace(json!("a"), json!("b")), &json!({"p": ["b"]}));
        check(&json!({"p": 1, "q": 2}), MetaEdit::Unset { key: "p".into() }, &json!({"q": 2}));
        let set = MetaEdit::Set { key: "m.loss".into(), value: json!(1) };
        check(&json!({}), set.clone(), &json!({"m": {"loss": 1}}));
        check(&json!({"m.loss": 0}), set, &json!({"m.loss": 1}));
    }
}
