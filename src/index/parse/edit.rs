//! Byte-exact edits of frontmatter and sidecars: only the lines concerned change.

use super::SidecarKind;
use crate::types::{TagName, Value};

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
    #[error("{0}; mend it in an editor first, nothing was changed")]
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
    let _ = (name, bytes, edits);
    todo!()
}

/// Edits a sidecar in place.
///
/// # Errors
/// If it cannot be read, or an edit does not fit it.
pub fn edit_sidecar(name: &str, kind: SidecarKind, bytes: &[u8], edits: &[MetaEdit]) -> Result<Vec<u8>, EditError> {
    let _ = (name, kind, bytes, edits);
    todo!()
}

/// A new JSON sidecar that holds what the edits set.
///
/// # Errors
/// If an edit does not fit an empty sidecar.
pub fn new_sidecar(edits: &[MetaEdit]) -> Result<Vec<u8>, EditError> {
    let _ = edits;
    todo!()
}

/// Renames a tag and those below it in the query of a `.cdx` (`tags`, `tags_any`, `tags_none`, `where`, a query line).
///
/// # Errors
/// If its frontmatter cannot be read.
pub fn rename_tag_in_view(name: &str, bytes: &[u8], from: &TagName, to: &TagName) -> Result<Vec<u8>, EditError> {
    let _ = (name, bytes, from, to);
    todo!()
}

/// Adds or removes an empty column of a view: `{id: g, title: g, filter: {<group_by>: g}}` in `config.columns`.
///
/// # Errors
/// If its frontmatter cannot be read or `config.columns` is no list.
pub fn edit_view_column(
    name: &str,
    bytes: &[u8],
    group_by: &str,
    group: &str,
    add: bool,
) -> Result<Vec<u8>, EditError> {
    let _ = (name, bytes, group_by, group, add);
    todo!()
}
