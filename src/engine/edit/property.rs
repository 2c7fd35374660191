//! From names and values that somebody gives to edits of metadata: what is legal, and where it goes.

use crate::engine::EngineError;
use crate::index::parse;
use crate::index::parse::edit::MetaEdit;
use crate::types::{Properties, TagName, Value};

/// The edits that merge properties into a note's: each key is set, and one whose value is null removed.
///
/// # Errors
/// [`EngineError::Invalid`] for what is no key, or no tag.
pub fn property_edits(properties: &Properties) -> Result<Vec<MetaEdit>, EngineError> {
    let edit = |(key, value): (&String, &Value)| match value {
        Value::Null => unset_property(key),
        value => set_property(key, value.clone()),
    };
    properties.iter().map(edit).collect()
}

/// Sets a property, which may be nested (`metrics.loss`).
pub(in crate::engine) fn set_property(key: &str, value: Value) -> Result<MetaEdit, EngineError> {
    let key = key_named(key)?;
    if key == "tags" {
        // A note may say what it likes; what is asked of us can still be refused.
        parse::tags_in(&value).into_iter().try_for_each(|tag| tag.or_else(|text| tag_named(&text)).map(drop))?;
    }
    Ok(MetaEdit::Set { key, value })
}

/// Removes a property.
pub(in crate::engine) fn unset_property(key: &str) -> Result<MetaEdit, EngineError> {
    Ok(MetaEdit::Unset { key: key_named(key)? })
}

/// A legal tag, or the refusal.
pub(in crate::engine) fn tag_named(text: &str) -> Result<TagName, EngineError> {
    TagName::new(text).map_err(|error| EngineError::Invalid(error.to_string()))
}

fn key_named(key: &str) -> Result<String, EngineError> {
    let key = key.trim();
    if key.is_empty() || key.split('.').any(str::is_empty) || key.chars().any(char::is_control) {
        return Err(EngineError::Invalid(format!("`{key}` is no property's name")));
    }
    Ok(key.to_owned())
}
