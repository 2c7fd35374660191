//! GET `/workspaces/{ws}/notebooks/{nb}/files/path/{path}`.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::bytes::Served;
use super::content::ContentParams;
use super::show::ShowParams;
use super::text::TextOut;
use super::{FileOut, Inside, inside};
use crate::api::error::{Answer, ApiError, Conflict, OutOfRange, Refusals};
use crate::api::extract::{InNotebook, PathParam, Query, Read};
use crate::types::{FileId, NotePath};

/// As what a file is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsParams {
    /// Its object, its text or its bytes; what ends the path is part of the name then.
    #[serde(rename = "as")]
    #[param(inline)]
    form: Option<Form>,
}

/// Forms of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Form {
    Object,
    Text,
    Content,
}

/// A file, or its text.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) enum FileAt {
    Object(Box<FileOut>),
    Text(TextOut),
}

/// What was found, in the form that was asked for.
enum Found {
    Object(Box<FileOut>),
    Text(TextOut),
    Content(Served),
}

/// A file by its path
///
/// `/text` and `/content` at its end ask for its text or its bytes, unless there is a file of that path.
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/path/{*path}",
    tag = "files",
    params(
        ("ws" = String, Path, description = "Id (all digits) or slug of a workspace"),
        ("nb" = String, Path, description = "Id (all digits) or slug of a notebook in it"),
        ("path" = String, Path, description = "Relative to the notebook; its slashes as they are"),
        AsParams,
        ShowParams,
        ContentParams
    ),
    responses(
        (status = 200, description = "The file", content((FileAt = "application/json"), (String = "*/*"))),
        (status = 206, description = "The range of the bytes that was asked for", body = String, content_type = "*/*"),
        (status = 304, description = "The caller has the bytes already"),
        Conflict,
        OutOfRange,
        Refusals
    )
)]
pub(super) async fn show_at(
    at: InNotebook<Read>,
    PathParam(path): PathParam,
    Query(form): Query<AsParams>,
    Query(shown): Query<ShowParams>,
    Query(params): Query<ContentParams>,
    headers: HeaderMap,
) -> Answer<Response> {
    let most = at.app().config.body_max;
    let found = inside(&at, move |inside| {
        let (path, form) = find(inside, &path, form.form)?;
        let (id, _) = inside.ids_of(&path).ok_or_else(|| ApiError::not_found(format!("no file `{path}`")))?;
        Ok(match form {
            Form::Object => Found::Object(Box::new(shown.show(inside, FileId(id), most)?)),
            Form::Text => Found::Text(TextOut::read(inside, FileId(id), &path, most)?),
            Form::Content => Found::Content(Served::open(inside, &path)?),
        })
    });
    Ok(match found.await? {
        Found::Object(file) => file.answer(StatusCode::OK),
        Found::Text(text) => text.answer(),
        Found::Content(served) => served.answer(&headers, params.disposition(), &at.app().bridge),
    })
}

/// The file that is meant, and in which form: one that is there wins over a suffix.
fn find(inside: &Inside<'_>, path: &str, form: Option<Form>) -> Answer<(NotePath, Form)> {
    let whole = inside.find(path);
    if let Some(form) = form {
        return Ok((whole?, form));
    }
    let missing = match whole {
        Ok(path) => return Ok((path, Form::Object)),
        Err(error) if error.status == StatusCode::NOT_FOUND => error,
        Err(error) => return Err(error),
    };
    for (suffix, form) in [("/text", Form::Text), ("/content", Form::Content)] {
        if let Some(path) = path.strip_suffix(suffix) {
            return Ok((inside.find(path)?, form));
        }
    }
    Err(missing)
}
