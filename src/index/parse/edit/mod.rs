//! Byte-exact edits of frontmatter and sidecars: only the lines concerned change.

mod page;
mod plan;
mod render;
mod search_line;
mod tag_steps;
mod view;
mod write;
mod xml;

#[cfg(test)]
mod tests;

use super::{SidecarKind, sidecar, values};
use crate::types::{Properties, TagName, Value};
use page::Document;

pub use view::{edit_view_column, rename_tag_in_view};

/// One change of a note's metadata.
#[derive(Clone, Debug, PartialEq)]
pub enum MetaEdit {
    /// Adds a tag, unless it is there.
    AddTag(TagName),
    /// Removes a tag (exactly it, not those below it).
    RemoveTag(TagName),
    /// Renames a tag and those below it.
    RenameTag {
        /// The tag as it is.
        from: TagName,
        /// The tag as it will be.
        to: TagName,
    },
    /// Sets a property; `key` may be nested (`metrics.loss`).
    Set {
        /// Its key.
        key: String,
        /// Its value.
        value: Value,
    },
    /// Removes a property.
    Unset {
        /// Its key.
        key: String,
    },
    /// In a list property, takes one value out and puts another in; a scalar is replaced.
    ReplaceValue {
        /// Its key.
        key: String,
        /// The value taken out, if it is there.
        out: Option<Value>,
        /// The value put in; `None` removes the property when nothing is left.
        into: Option<Value>,
    },
}

/// Why metadata could not be edited. The bytes are as they were.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// What is there cannot be read, so it is not rewritten.
    #[error("{0}; nothing was changed, mend that in an editor first")]
    Unreadable(super::Problem),
    /// The edit does not fit what is there (a nested key below a scalar).
    #[error("`{key}` {reason}; nothing was changed")]
    Misfit {
        /// The key that was to be edited.
        key: String,
        /// Why not.
        reason: String,
    },
}

/// Edits the frontmatter of a Markdown or `.cdx` file; a block is put at its top where there is none.
/// Order, comments, quotes, line endings, BOM and body stay byte for byte. An edit that changes nothing
/// returns the same bytes.
///
/// # Errors
/// If the frontmatter cannot be read, or an edit does not fit it.
pub fn edit_frontmatter(name: &str, bytes: &[u8], edits: &[MetaEdit]) -> Result<Vec<u8>, EditError> {
    let mut document = Document::of_frontmatter(name, bytes)?;
    edits.iter().try_for_each(|edit| document.edit(edit))?;
    Ok(document.into_bytes())
}

/// Edits a sidecar in place.
///
/// # Errors
/// If it cannot be read, or an edit does not fit it.
pub fn edit_sidecar(name: &str, kind: SidecarKind, bytes: &[u8], edits: &[MetaEdit]) -> Result<Vec<u8>, EditError> {
    let mut document = match kind {
        SidecarKind::Markdown => return edit_frontmatter(name, bytes, edits),
        SidecarKind::Xml => return xml::edit(name, bytes, edits),
        SidecarKind::Json => Document::of_json(name, bytes)?,
        SidecarKind::Yaml => Document::of_yaml(name, bytes)?,
    };
    edits.iter().try_for_each(|edit| document.edit(edit))?;
    Ok(document.into_bytes())
}

/// A new JSON sidecar that holds what the edits set.
///
/// # Errors
/// If an edit does not fit an empty sidecar.
pub fn new_sidecar(edits: &[MetaEdit]) -> Result<Vec<u8>, EditError> {
    let mut map = Properties::new();
    for edit in edits {
        for step in plan::plan(&map, edit)? {
            step.apply(&mut map);
        }
    }
    let mut text = serde_json::to_vec_pretty(&map)
        .map_err(|error| EditError::Misfit { key: String::new(), reason: error.to_string() })?;
    text.push(b'\n');
    Ok(text)
}

/// The bytes as text without a BOM, for a sidecar.
fn sidecar_text<'a>(name: &str, bytes: &'a [u8]) -> Result<&'a str, EditError> {
    if bytes.len() > super::METADATA_MAX {
        return Err(EditError::Unreadable(values::too_long(name)));
    }
    let text = sidecar::utf8(name, bytes, 0).map_err(EditError::Unreadable)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
