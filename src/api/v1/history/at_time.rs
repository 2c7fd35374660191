//! GET `/workspaces/{ws}/notebooks/{nb}/at/{time}`.

use axum::Json;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::error::{Answer, ApiError, OutOfRange, Refusals};
use crate::api::extract::{InNotebook, Query, Read, TimeParam};
use crate::api::v1::files::{CommitOut, Disposition, Inside, VersionOut, inside, note_path, version_bytes};
use crate::engine::past::PastFile;
use crate::history::PastKind;
use crate::types::{CommitId, NotePath};

/// What of the notebook is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PastParams {
    /// A file or folder; all of the notebook without.
    path: Option<String>,
    /// `content` for the bytes of a file.
    #[serde(rename = "as")]
    #[param(inline)]
    form: Option<PastForm>,
}

/// Forms of what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PastForm {
    Object,
    Content,
}

/// A file or folder as it was.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[schema(as = Past)]
pub(crate) enum PastOut {
    File(Box<VersionOut>),
    Folder(PastFolder),
}

/// A folder as it was.
#[derive(Serialize, ToSchema)]
pub(crate) struct PastFolder {
    #[serde(flatten)]
    commit: CommitOut,
    path: String,
    entries: Vec<PastEntryOut>,
}

/// What stood in it.
#[derive(Serialize, ToSchema)]
#[schema(as = PastEntry)]
pub(crate) struct PastEntryOut {
    name: String,
    path: String,
    kind: PastEntryKind,
}

/// What it was.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PastEntryKind {
    File,
    Folder,
    Symlink,
}

/// What a notebook, or a file or folder in it, was at a time
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/at/{time}",
    tag = "history",
    params(
        ("ws" = String, Path, description = "Id (all digits) or slug of a workspace"),
        ("nb" = String, Path, description = "Id (all digits) or slug of a notebook in it"),
        ("time" = String, Path, description = "A moment (RFC 3339), a date, a word such as `yesterday`, or a commit"),
        PastParams
    ),
    responses(
        (status = 200, description = "As it was", content((PastOut = "application/json"), (String = "*/*"))),
        (status = 206, description = "The range of the bytes that was asked for", body = String, content_type = "*/*"),
        (status = 304, description = "The caller has the bytes already"),
        OutOfRange,
        Refusals
    )
)]
pub(super) async fn at_time(
    at: InNotebook<Read>,
    TimeParam(time): TimeParam,
    Query(params): Query<PastParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let path = note_path(params.path.as_deref().unwrap_or_default())?;
    let wants_bytes = params.form == Some(PastForm::Content);
    let (past, shown) = inside(&at, move |inside| {
        let commit = inside.engine.revision(inside.notebook, &time)?;
        let entry = if path.is_root() { None } else { inside.notebook.history.entry(commit, &path)? };
        if path.is_root() || entry.is_some_and(|entry| entry.kind == PastKind::Folder) {
            return Ok((None, PastOut::Folder(folder(inside, commit, &path)?)));
        }
        let past = inside.engine.show(inside.notebook, &path, Some(&commit.to_string()))?;
        let version = VersionOut::of(inside, &past)?;
        Ok((Some(past), PastOut::File(Box::new(version))))
    })
    .await?;
    match (past, wants_bytes) {
        (Some(past), true) => Ok(bytes(&past, &headers, &at)),
        (None, true) => Err(ApiError::invalid("as", "a folder has no bytes")),
        (_, false) => Ok(Json(shown).into_response()),
    }
}

fn bytes(past: &PastFile, headers: &HeaderMap, at: &InNotebook<Read>) -> Response {
    version_bytes(past).answer(headers, Disposition::Show, &at.app().bridge)
}

fn folder(inside: &Inside<'_>, commit: CommitId, path: &NotePath) -> Answer<PastFolder> {
    let history = &inside.notebook.history;
    let entries = history.list(commit, path)?.into_iter().filter_map(|entry| {
        let below = path.join(&entry.name).ok()?;
        Some(PastEntryOut {
            name: below.name().to_string_lossy().into_owned(),
            path: below.to_string(),
            kind: match entry.kind {
                PastKind::File { .. } => PastEntryKind::File,
                PastKind::Folder => PastEntryKind::Folder,
                PastKind::Symlink => PastEntryKind::Symlink,
            },
        })
    });
    let entries = entries.collect();
    Ok(PastFolder { commit: history.commit(commit)?.into(), path: path.to_string(), entries })
}
