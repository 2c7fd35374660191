//! `user.xdg.tags` and `user.codex.prop.NAME`: a note's metadata as extended attributes.

use super::inner::Inner;
use super::values::{from_attribute, to_attribute};
use super::{Answer, Caller, Refused};
use crate::index::notebook::FileRow;
use crate::index::parse::edit::MetaEdit;
use crate::index::query::eval::property_elements;
use crate::types::{FileKey, TagName, Value};

/// Tags, separated by commas, as freedesktop.org has them.
const TAGS: &str = "user.xdg.tags";
/// A property.
const PROPERTY: &str = "user.codex.prop.";

/// Keys that are known by themselves and are no properties.
const TITLE: &str = "title";
const DESCRIPTION: &str = "description";
const TYPE: &str = "type";

/// A property, or one of the known keys; nested keys by `a.b`.
fn value(row: &FileRow, key: &str) -> Option<Value> {
    match key {
        TITLE => Some(Value::from(row.title.as_str())),
        DESCRIPTION => row.description.as_deref().map(Value::from),
        TYPE => row.file_type.as_deref().map(Value::from),
        _ => {
            let properties = row.properties.read();
            properties.get(key).cloned().or_else(|| {
                let mut parts = key.split('.');
                let top = properties.get(parts.next()?)?;
                parts.try_fold(top, |value, part| value.as_object()?.get(part)).cloned()
            })
        }
    }
}

impl Inner {
    pub(super) fn get_xattr(&self, key: FileKey, name: &str) -> Answer<Option<Vec<u8>>> {
        self.caught_up()?;
        let file = self.file(key)?;
        if name == TAGS {
            let tags: Vec<&str> = file.tags.iter().map(TagName::as_str).collect();
            return Ok((!tags.is_empty()).then(|| tags.join(",").into_bytes()));
        }
        let Some(property) = name.strip_prefix(PROPERTY) else { return Ok(None) };
        let row = self.row(&file)?;
        Ok(value(&row, property).filter(|value| !value.is_null()).map(|value| to_attribute(&value)))
    }

    pub(super) fn list_xattr(&self, key: FileKey) -> Answer<Vec<String>> {
        self.caught_up()?;
        let file = self.file(key)?;
        let row = self.row(&file)?;
        let mut names = Vec::new();
        if !file.tags.is_empty() {
            names.push(TAGS.to_owned());
        }
        names.extend(row.properties.read().keys().map(|key| format!("{PROPERTY}{key}")));
        Ok(names)
    }

    pub(super) fn set_xattr(&self, key: FileKey, name: &str, value: Option<&[u8]>, caller: Caller) -> Answer<()> {
        self.writable()?;
        self.caught_up()?;
        let file = self.writable_note(key, caller)?;
        let edits = if name == TAGS {
            tag_edits(&file.tags, value.unwrap_or_default())?
        } else {
            let property = name.strip_prefix(PROPERTY).filter(|property| is_property(property)).ok_or_else(|| {
                Refused::new(libc::EINVAL, format!("`{name}` is none of user.xdg.tags and user.codex.prop.NAME"))
            })?;
            vec![property_edit(&self.row(&file)?, property, value)?]
        };
        self.edit(&file, edits, caller)
    }
}

/// `tags` is an attribute of its own, and a key has no empty part.
fn is_property(key: &str) -> bool {
    key != "tags" && key.split('.').all(|part| !part.is_empty()) && !key.chars().any(char::is_control)
}

fn property_edit(row: &FileRow, key: &str, bytes: Option<&[u8]>) -> Answer<MetaEdit> {
    let key = key.to_owned();
    let Some(bytes) = bytes else {
        if value(row, &key).is_none() {
            return Err(Refused::new(libc::ENODATA, ""));
        }
        return Ok(MetaEdit::Unset { key });
    };
    let (text, properties) = (Value::from(""), row.properties.read());
    let present = match key.as_str() {
        TITLE | DESCRIPTION | TYPE => vec![&text],
        _ => property_elements(&properties, &key),
    };
    let value = from_attribute(bytes, &present).map_err(|reason| Refused::new(libc::EINVAL, reason))?;
    Ok(MetaEdit::Set { key, value })
}

/// What turns these tags into those of the list.
fn tag_edits(present: &[TagName], list: &[u8]) -> Answer<Vec<MetaEdit>> {
    let list = std::str::from_utf8(list).map_err(|_| Refused::new(libc::EINVAL, "tags are UTF-8 text"))?;
    let wanted: Vec<TagName> = list
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| TagName::new(text).map_err(|error| Refused::new(libc::EINVAL, error.to_string())))
        .collect::<Answer<_>>()?;
    let removed = present.iter().filter(|tag| !wanted.contains(tag)).cloned().map(MetaEdit::RemoveTag);
    let added = wanted.iter().filter(|tag| !present.contains(tag)).cloned().map(MetaEdit::AddTag);
    Ok(removed.chain(added).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(names: &[&str]) -> Vec<TagName> {
        names.iter().map(|name| TagName::new(name).unwrap()).collect()
    }

    #[test]
    fn a_list_of_tags_is_reached_by_few_edits() {
        let edits = tag_edits(&tags(&["a", "b/c"]), b"B/C, d ,").unwrap();
        let [a, d] = tags(&["a", "d"]).try_into().unwrap();
        assert_eq!(edits, [MetaEdit::RemoveTag(a), MetaEdit::AddTag(d)]);
        assert_eq!(tag_edits(&tags(&["a"]), b"a").unwrap(), []);
        assert_eq!(tag_edits(&[], b"+x").unwrap_err().errno, libc::EINVAL);
        assert_eq!(tag_edits(&[], b"\xff").unwrap_err().errno, libc::EINVAL);
    }
}
