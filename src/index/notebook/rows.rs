//! What queries and lookups show.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::types::{ContentHash, FileId, NodeNumber, NotePath, NotebookNumber, Properties, TagName, Value};

/// A row with all that queries show of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileRow {
    /// Row.
    pub id: FileId,
    /// Its notebook's name.
    pub notebook: String,
    /// Its notebook's number.
    #[serde(skip)]
    pub number: NotebookNumber,
    /// The number that the mount shows it under.
    #[serde(skip)]
    pub node: NodeNumber,
    /// Where it is.
    pub path: NotePath,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: Option<String>,
    /// Frontmatter `type`.
    #[serde(rename = "type")]
    pub file_type: Option<String>,
    /// MIME type.
    pub content_type: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256.
    pub hash: Option<ContentHash>,
    /// Its tags.
    pub tags: Vec<TagName>,
    /// Its properties.
    pub properties: StoredProperties,
    /// When it was made (ISO 8601).
    pub created: String,
    /// When its contents last changed (ISO 8601).
    pub modified: String,
    /// The sidecar that its metadata is written to, where it has one.
    #[serde(skip)]
    pub sidecar: Option<NotePath>,
    /// Excerpt around the full text matches, where the query has any: matches between `\u{2}` and `\u{3}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
}

/// Properties as the index has them: an object of JSON, which most who ask for a file only hand on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredProperties(Option<Box<str>>);

impl StoredProperties {
    /// Of the column; `None` where the note has none.
    pub(super) fn of(json: Option<&str>) -> Self {
        Self(json.map(Into::into))
    }

    /// What they are. Should the column be damaged, the note is shown without properties.
    #[must_use]
    pub fn read(&self) -> Properties {
        self.0.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
    }
}

impl Serialize for StoredProperties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = self.0.as_deref().filter(|json| json.starts_with('{'));
        match object.and_then(|json| serde_json::from_str::<&RawValue>(json).ok()) {
            Some(written) => written.serialize(serializer),
            None => Properties::new().serialize(serializer),
        }
    }
}

/// A result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct QueryResult {
    /// The page that `limit` and `offset` ask for, in order.
    pub files: Vec<FileRow>,
    /// How well each of `files` fits the words of the query, the greatest best; empty where the order is another.
    #[serde(skip)]
    pub scores: Vec<f64>,
    /// Over all matches: group and the positions... see [`GroupRow`]; `None` without `group`.
    pub groups: Option<Vec<GroupRow>>,
    /// How many match in all.
    pub total: u64,
    /// The limit that was applied.
    pub limit: Option<u64>,
    /// The offset that was applied.
    pub offset: u64,
    /// Property, function, value.
    pub aggregates: Vec<(String, String, Value)>,
    /// Warnings of the query.
    pub warnings: Vec<String>,
}

/// A group of a result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRow {
    /// The value that its notes have in common; `None` where the property is missing.
    pub value: Option<String>,
    /// Its notes, in the query's order.
    pub files: Vec<FileRow>,
}

/// Links of a note.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Links {
    /// Where it points: as written, and the note or file that this is (`None`: broken).
    pub outgoing: Vec<(String, Option<NotePath>)>,
    /// Notes that point to it.
    pub incoming: Vec<NotePath>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_handed_on_as_they_are_and_a_damaged_column_is_none() {
        for (column, expected) in [
            (Some(r#"{"n":1.50,"a":["é",null]}"#), r#"{"n":1.50,"a":["é",null]}"#),
            (None, "{}"),
            (Some(""), "{}"),
            (Some("[1]"), "{}"),
            (Some(r#"{"n":"#), "{}"),
        ] {
            let properties = StoredProperties::of(column);
            assert_eq!(serde_json::to_string(&properties).unwrap(), expected);
            let value = serde_json::to_value(&properties).unwrap();
            assert_eq!(value, Value::Object(properties.read()), "{column:?}");
        }
    }
}
