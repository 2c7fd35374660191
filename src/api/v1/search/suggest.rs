//! GET `/workspaces/{ws}/suggest`.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InWorkspace, Query, Read, Shelf, WorkspacePath};
use crate::api::v1::file_reference;
use crate::engine::Engine;
use crate::types::{FileId, FileKey, NotebookId};

/// Suggestions of a kind, unless the caller says how many.
const LIMIT: usize = 10;

/// Suggestions of a kind at most.
const LIMIT_MAX: usize = 50;

/// What has been typed so far.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuggestParams {
    /// Pieces of names, paths, titles, tags and properties; nothing suggests what there is.
    q: Option<String>,
    /// How many of a kind at most.
    #[param(minimum = 1, maximum = 50, default = 10)]
    limit: Option<usize>,
}

/// What may be meant.
#[derive(Serialize, ToSchema)]
#[schema(as = Suggestions)]
pub(crate) struct SuggestionsOut {
    /// Best first.
    files: Vec<SuggestedFile>,
    /// By name.
    tags: Vec<String>,
    /// Keys.
    properties: Vec<String>,
}

/// A file that may be meant.
#[derive(Serialize, ToSchema)]
struct SuggestedFile {
    id: i64,
    /// `<notebook id>:<id>`.
    #[serde(rename = "ref")]
    reference: String,
    notebook_id: i64,
    path: String,
    title: String,
}

/// Files, tags and properties for a command palette
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/suggest",
    tag = "search",
    params(WorkspacePath, SuggestParams),
    responses((status = 200, description = "What may be meant", body = SuggestionsOut), Refusals)
)]
pub(super) async fn suggest(
    at: InWorkspace<Read>,
    Query(params): Query<SuggestParams>,
) -> Answer<Json<SuggestionsOut>> {
    let limit = params.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("a number from 1 to {LIMIT_MAX} is expected")));
    }
    let text = params.q.unwrap_or_default();
    // Who types waits for nothing: what was changed a moment ago is suggested a moment later.
    let found = at.with_shelf(move |engine, shelf| {
        Ok(SuggestionsOut {
            files: files(engine, shelf, (&text, limit))?,
            tags: tags(engine, shelf, (&text, limit)),
            properties: properties(shelf, (&text, limit))?,
        })
    });
    Ok(Json(found.await?))
}

/// By path first, then by title.
fn files(engine: &Engine, shelf: &Shelf, (text, limit): (&str, usize)) -> Answer<Vec<SuggestedFile>> {
    let mut keys = engine.catalog().files_like(&shelf.numbers(), text, limit);
    // What is no word at all is in no title.
    let words: Vec<&str> = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).collect();
    let is_wordless = words.is_empty() && !text.trim().is_empty();
    for one in shelf.all() {
        if keys.len() >= limit || is_wordless {
            break;
        }
        for id in one.notebook.reader.titled(&words, limit)? {
            let key = FileKey { notebook: one.notebook.number, id };
            if keys.len() < limit && !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(one) = shelf.of_number(key.notebook) else { continue };
        // It may have gone since.
        if let Some(row) = one.notebook.reader.by_id(key.id)? {
            found.push(suggested(one.row.id, key.id, (row.path.to_string(), row.title)));
        }
    }
    Ok(found)
}

fn suggested(notebook: NotebookId, id: FileId, (path, title): (String, String)) -> SuggestedFile {
    SuggestedFile { id: id.0, reference: file_reference(notebook, id), notebook_id: notebook.0, path, title }
}

fn tags(engine: &Engine, shelf: &Shelf, (text, limit): (&str, usize)) -> Vec<String> {
    let catalog = engine.catalog();
    let counts = if shelf.is_whole() { catalog.tag_counts() } else { catalog.tag_counts_in(&shelf.numbers()) };
    let piece = text.trim().trim_start_matches("tag:").to_lowercase();
    let mut found: Vec<(usize, String)> =
        counts.into_iter().filter_map(|(tag, _)| Some((tag.key().find(&piece)?, tag.to_string()))).collect();
    // Those that begin with it first; stable, so by name after that.
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().take(limit).map(|(_, tag)| tag).collect()
}

fn properties(shelf: &Shelf, (text, limit): (&str, usize)) -> Answer<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for one in shelf.all() {
        for key in one.notebook.reader.keys_like(text.trim(), limit)? {
            if !found.contains(&key) {
                found.push(key);
            }
        }
    }
    let piece = text.trim().to_lowercase();
    found.sort_by_key(|key| (!key.to_lowercase().starts_with(&piece), key.clone()));
    found.truncate(limit);
    Ok(found)
}
