//! GET `/workspaces/{ws}/notebooks/{nb}/files/{file_id}/history/{commit}`.

use axum::Json;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::bytes::{Served, Source};
use super::content::ContentParams;
use super::{CommitOut, Inside, inside};
use crate::api::error::{Answer, OutOfRange, Refusals};
use crate::api::extract::{CommitParam, FileParam, InNotebook, Query, Read};
use crate::engine::past::PastFile;
use crate::index::parse::content_type;

/// A file as it was.
#[derive(Serialize, ToSchema)]
#[schema(as = FileVersion)]
pub(crate) struct VersionOut {
    #[serde(flatten)]
    commit: CommitOut,
    /// The path that it had then.
    path: String,
    /// Bytes.
    size: usize,
    /// The whole text; null where it is none.
    content: Option<String>,
}

impl VersionOut {
    /// A version of a file.
    pub(in crate::api::v1) fn of(inside: &Inside<'_>, past: &PastFile) -> Answer<Self> {
        Ok(Self {
            commit: inside.notebook.history.commit(past.commit)?.into(),
            path: past.path.to_string(),
            size: past.bytes.len(),
            content: std::str::from_utf8(&past.bytes).ok().map(str::to_owned),
        })
    }
}

/// The bytes of a version of a file.
pub(in crate::api::v1) fn version_bytes(past: &PastFile) -> Served {
    let name = past.path.name().to_string_lossy().into_owned();
    Served {
        len: past.bytes.len() as u64,
        version: past.commit.to_string(),
        content_type: content_type(&name, &past.bytes[..past.bytes.len().min(8192)]),
        name,
        source: Source::Whole(Bytes::copy_from_slice(&past.bytes)),
    }
}

/// As what a version is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionParams {
    /// `content` for its bytes.
    #[serde(rename = "as")]
    #[param(inline)]
    form: Option<VersionForm>,
}

/// Forms of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum VersionForm {
    Object,
    Content,
}

/// A file as it was at a commit
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}/history/{commit}",
    tag = "history",
    params(
        super::FilePath,
        ("commit" = String, Path, description = "At least 4 digits of its id, or a date"),
        VersionParams,
        ContentParams
    ),
    responses(
        (
            status = 200,
            description = "The file as it was",
            content((VersionOut = "application/json"), (String = "*/*"))
        ),
        (status = 206, description = "The range of the bytes that was asked for", body = String, content_type = "*/*"),
        (status = 304, description = "The caller has the bytes already"),
        OutOfRange,
        Refusals
    )
)]
pub(super) async fn version(
    at: InNotebook<Read>,
    FileParam(id): FileParam,
    CommitParam(commit): CommitParam,
    Query(form): Query<VersionParams>,
    Query(params): Query<ContentParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let (past, version) = inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        let past = inside.engine.show(inside.notebook, &path, Some(&commit))?;
        let version = VersionOut::of(inside, &past)?;
        Ok((past, version))
    })
    .await?;
    Ok(match form.form {
        Some(VersionForm::Content) => version_bytes(&past).answer(&headers, params.disposition(), &at.app().bridge),
        Some(VersionForm::Object) | None => Json(version).into_response(),
    })
}
