//! The file object: what lists, searches, queries and events show of a file.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use super::text::TextOut;
use crate::index::notebook::{FileRow, StoredProperties};
use crate::index::query::time::value_interval;
use crate::types::{ContentHash, FileId, NotebookId};

/// A file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = File)]
pub(crate) struct FileOut {
    /// Unique within its notebook, never reused; another after the index was made anew.
    pub(crate) id: i64,
    /// `<notebook id>:<id>`.
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    pub(crate) notebook_id: i64,
    /// Relative to its notebook.
    pub(crate) path: String,
    /// The last part of the path.
    pub(crate) filename: String,
    pub(crate) content_type: String,
    /// Bytes.
    pub(crate) size: u64,
    /// SHA-256 of its bytes, in hex; null where the index has none (larger than 64 MiB, or it may not be read).
    pub(crate) hash: Option<String>,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    /// Frontmatter `type`.
    pub(crate) file_type: Option<String>,
    pub(crate) tags: Vec<String>,
    /// From its frontmatter and its sidecars.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub(crate) properties: StoredProperties,
    /// The sidecar that its metadata is written to.
    pub(crate) sidecar_path: Option<String>,
    /// As it says itself, else when it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    #[schema(format = DateTime)]
    pub(crate) file_modified_at: String,
    /// For `If-Match` and `If-None-Match`.
    pub(crate) etag: Option<String>,
    /// The whole text, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) content: Option<String>,
}

impl FileOut {
    /// A row of the index of a notebook; `zone` is the workspace's, in which a date without one is.
    pub(crate) fn of(row: FileRow, notebook: NotebookId, zone: &TimeZone) -> Self {
        let hash = row.hash.as_ref().map(ContentHash::to_string);
        Self {
            id: row.id.0,
            reference: reference(notebook, row.id),
            notebook_id: notebook.0,
            filename: row.path.name().to_string_lossy().into_owned(),
            path: row.path.to_str().map_or_else(|| row.path.to_string(), str::to_owned),
            content_type: row.content_type,
            size: row.size,
            etag: hash.as_deref().map(etag_of),
            hash,
            title: row.title,
            description: row.description,
            file_type: row.file_type,
            tags: row.tags.iter().map(|tag| tag.as_str().to_owned()).collect(),
            properties: row.properties,
            sidecar_path: row.sidecar.map(|path| path.to_string()),
            created_at: moment(&row.created, zone).unwrap_or_else(|| row.modified.clone()),
            updated_at: row.modified.clone(),
            file_modified_at: row.modified,
            content: None,
        }
    }
}

impl FileOut {
    /// With its text, and the hash of just that.
    pub(super) fn with_text(self, text: TextOut) -> Self {
        Self { etag: Some(etag_of(&text.hash)), hash: Some(text.hash), content: Some(text.raw), ..self }
    }

    /// An answer that is this file, with its `ETag`.
    pub(crate) fn answer(self, status: StatusCode) -> Response {
        let etag = self.etag.as_deref().and_then(|etag| HeaderValue::from_str(etag).ok());
        let mut response = (status, Json(self)).into_response();
        if let Some(etag) = etag {
            response.headers_mut().insert(header::ETAG, etag);
        }
        response
    }
}

/// `<notebook id>:<id>`.
pub(crate) fn reference(notebook: NotebookId, file: FileId) -> String {
    format!("{notebook}:{}", file.0)
}

/// The `ETag` of a hash.
pub(crate) fn etag_of(hash: &str) -> String {
    format!("\"{hash}\"")
}

/// A date as a note has it, as a moment: the first of a day, month or year. `None` where RFC 3339 has no such year.
fn moment(written: &str, zone: &TimeZone) -> Option<String> {
    let (first, _) = value_interval(written, zone)?;
    (0..=9999).contains(&first.to_zoned(TimeZone::UTC).year()).then(|| first.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_notes_have_them_are_moments() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        for (written, expected) in [
            ("2026-11-02", Some("2026-11-01T22:00:00Z")),
            ("2026-11-02T10:00:00", Some("2026-11-02T08:00:00Z")),
            ("2026-11-02T10:00:00.5Z", Some("2026-11-02T10:00:00.5Z")),
            ("2026-11-02T10:00:00+05:00", Some("2026-11-02T05:00:00Z")),
            ("soon", None),
        ] {
            assert_eq!(moment(written, &zone).as_deref(), expected, "{written}");
        }
    }
}
