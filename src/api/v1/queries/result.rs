//! The result of a query (query.md §3).

use jiff::tz::TimeZone;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::error::Answer;
use crate::api::extract::Shelf;
use crate::api::v1::files::FileOut;
use crate::api::written::Written;
use crate::engine::catalog::names::NONE;
use crate::index::notebook::{FileRow, QueryResult};

/// The files that match.
#[derive(Serialize, ToSchema)]
#[schema(as = QueryResult)]
pub(crate) struct QueryOut {
    /// The page that `limit` and `offset` ask for, in order.
    files: Vec<FileOut>,
    /// All that match, by the value that they are grouped by; those without one are under `_none`.
    #[schema(value_type = Option<std::collections::HashMap<String, Vec<FileOut>>>)]
    groups: Option<Groups>,
    /// How many match in all.
    total: u64,
    limit: Option<u64>,
    offset: u64,
    /// Function and value, by property: `{"loss": {"min": 0.1}}`.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    aggregates: Map<String, Value>,
    /// What was not understood, and left out.
    warnings: Vec<String>,
}

/// A mapping in the order of the groups.
struct Groups(Vec<(String, Vec<FileOut>)>);

impl Serialize for Groups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, files) in &self.0 {
            map.serialize_entry(key, files)?;
        }
        map.end()
    }
}

impl QueryOut {
    pub(super) fn of(result: QueryResult, shelf: &Shelf, zone: &TimeZone) -> Self {
        let files = |rows: Vec<FileRow>| rows.into_iter().filter_map(|row| file_of(row, shelf, zone)).collect();
        let mut aggregates = Map::new();
        for (property, function, value) in result.aggregates {
            let of = aggregates.entry(property).or_insert_with(|| Value::Object(Map::new()));
            of[function] = value;
        }
        let groups = result
            .groups
            .map(|groups| Groups(groups.into_iter().map(|group| (key_of(group.value), files(group.files))).collect()));
        Self {
            files: files(result.files),
            groups,
            total: result.total,
            limit: result.limit,
            offset: result.offset,
            aggregates,
            warnings: result.warnings,
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// As [`Written::with_files`].
    pub(super) fn written(&self) -> Answer<Written> {
        let grouped = self.groups.iter().flat_map(|groups| &groups.0).map(|(_, files)| files.len()).sum::<usize>();
        Written::with_files(self, self.files.len() + grouped)
    }
}

/// As folders of the mount are called; a value of that name is written otherwise.
fn key_of(value: Option<String>) -> String {
    match value {
        None => NONE.to_owned(),
        Some(value) if value == NONE => value.replacen('_', "%5F", 1),
        Some(value) => value,
    }
}

/// The file object of a row.
pub(in crate::api::v1) fn file_of(row: FileRow, shelf: &Shelf, zone: &TimeZone) -> Option<FileOut> {
    let notebook = shelf.of_number(row.number)?.row.id;
    Some(FileOut::of(row, notebook, zone))
}
