//! GET `/workspaces/{ws}/notebooks/{nb}/indexing-status`.

use axum::Json;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InNotebook, NotebookPath, Read};

/// How far the index of a notebook has come.
#[derive(Serialize, ToSchema)]
pub(crate) struct IndexingStatus {
    notebook_id: i64,
    status: Stage,
    /// Whether changes behind Codex's back are noticed.
    is_alive: bool,
    /// Files and folders that the scan that runs has met; else files that are indexed.
    done: u64,
    /// How many there are, where that is known.
    total: Option<u64>,
    /// What is in the way.
    errors: Vec<String>,
}

/// How far.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    NotStarted,
    InProgress,
    Completed,
    Error,
}

/// How far the index has come
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/indexing-status",
    tag = "notebooks",
    params(NotebookPath),
    responses((status = 200, description = "How far", body = IndexingStatus), Refusals)
)]
pub(super) async fn indexing_status(at: InNotebook<Read>) -> Answer<Json<IndexingStatus>> {
    let (id, folder) = (at.row.id.0, at.row.folder.clone());
    let status = at.with_engine(|engine, _| Ok::<_, ApiError>(engine.status())).await?;
    Ok(Json(of_status(&status, id, &folder)))
}

fn of_status(status: &Value, notebook_id: i64, folder: &str) -> IndexingStatus {
    let state = status["watcher"]["state"].as_str().unwrap_or_default();
    let is_alive = !matches!(state, "dead" | "off");
    let notebooks = status["notebooks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(notebook) = notebooks.iter().find(|notebook| notebook["name"] == folder) else {
        let errors = vec!["the notebook cannot be opened; `cdx check` says why".to_owned()];
        return IndexingStatus { notebook_id, status: Stage::Error, is_alive, done: 0, total: None, errors };
    };
    let is_broken = !status["index"]["broken"].is_null();
    let flag = |name: &str| notebook[name].as_bool().unwrap_or_default();
    let stage = match (is_broken, flag("complete"), flag("scanning")) {
        (true, ..) => Stage::Error,
        (_, true, _) => Stage::Completed,
        (_, _, true) => Stage::InProgress,
        _ => Stage::NotStarted,
    };
    let files = notebook["files"].as_u64();
    let (done, total) = match stage {
        Stage::InProgress => (notebook["met"].as_u64().unwrap_or_default(), notebook["expected"].as_u64()),
        _ => (files.unwrap_or_default(), files),
    };
    let errors = if is_broken { vec!["the index cannot be written; see the server's log".to_owned()] } else { vec![] };
    IndexingStatus { notebook_id, status: stage, is_alive, done, total, errors }
}
