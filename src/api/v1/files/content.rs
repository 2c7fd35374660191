//! GET `/workspaces/{ws}/notebooks/{nb}/files/{file_id}/content`.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

use super::bytes::{Disposition, Served, Source};
use super::{FilePath, Inside, inside};
use crate::api::error::{Answer, Conflict, OutOfRange, Refusals};
use crate::api::extract::{FileParam, InNotebook, Query, Read};
use crate::index::parse::content_type;
use crate::types::NotePath;

/// How bytes are sent.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContentParams {
    /// 1: to be saved and not shown.
    #[serde(default, deserialize_with = "zero_or_one")]
    #[param(minimum = 0, maximum = 1, default = 0)]
    download: u8,
}

fn zero_or_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        given @ 0..=1 => Ok(given),
        _ => Err(D::Error::custom("0 or 1 is expected")),
    }
}

impl ContentParams {
    pub(super) fn disposition(&self) -> Disposition {
        if self.download == 0 { Disposition::Show } else { Disposition::Save }
    }
}

impl Served {
    /// The bytes of the file at a path.
    pub(super) fn open(inside: &Inside<'_>, path: &NotePath) -> Answer<Self> {
        let contents = inside.engine.open_contents(inside.notebook, path)?;
        let name = path.name().to_string_lossy().into_owned();
        Ok(Self {
            len: contents.size,
            version: contents.version.to_string(),
            content_type: content_type(&name, &contents.head[..contents.head.len().min(8192)]),
            name,
            source: if contents.is_whole() {
                Source::Whole(Bytes::from(contents.head))
            } else {
                Source::File(contents.file)
            },
        })
    }
}

/// The bytes of a file
///
/// Ranges and `If-None-Match` are heeded. A browser shows them in a sandbox.
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}/content",
    tag = "files",
    params(FilePath, ContentParams),
    responses(
        (status = 200, description = "All of them", body = String, content_type = "*/*"),
        (status = 206, description = "The range that was asked for", body = String, content_type = "*/*"),
        (status = 304, description = "The caller has them already"),
        Conflict,
        OutOfRange,
        Refusals
    )
)]
pub(super) async fn content(
    at: InNotebook<Read>,
    FileParam(id): FileParam,
    Query(params): Query<ContentParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let served = inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        Served::open(inside, &path)
    });
    Ok(served.await?.answer(&headers, params.disposition(), &at.app().bridge))
}
