//! GET `/files/{ref}`.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{FileOut, inside};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{Act, InNotebook, OwnAccount, Query, Read, RefParam, See};
use crate::api::state::App;
use crate::types::{FileId, NotebookId};

/// Where a file is whose reference does not say so.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FlatParams {
    /// Id of its notebook.
    notebook_id: Option<i64>,
}

/// A file by reference alone, in a notebook in which the caller may do `A`.
pub(crate) struct Referred<A> {
    at: InNotebook<A>,
    file: FileId,
}

impl<A: Act> FromRequestParts<Arc<App>> for Referred<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        // Who asks comes before what is asked for, so that nobody learns from a refusal.
        OwnAccount::<See>::from_request_parts(parts, app).await?;
        let RefParam(text) = RefParam::from_request_parts(parts, app).await?;
        let Query(FlatParams { notebook_id }) = Query::from_request_parts(parts, app).await?;
        let missing = || ApiError::not_found(format!("no file `{text}`"));
        let number = |text: &str| text.parse().ok().filter(|id| *id > 0).ok_or_else(missing);
        let (notebook, file) = match (text.split_once(':'), notebook_id) {
            (Some((notebook, file)), _) => (number(notebook)?, number(file)?),
            (None, Some(notebook)) => (notebook, number(&text)?),
            (None, None) => return Err(ApiError::invalid("notebook_id", "an id without its notebook's needs this")),
        };
        let at = InNotebook::of_id(parts, app, NotebookId(notebook)).await?;
        Ok(Self { at, file: FileId(file) })
    }
}

/// A file by its reference, `<notebook id>:<id>`, or by its id and `notebook_id`
#[utoipa::path(
    get,
    path = "/files/{ref}",
    tag = "files",
    params(("ref" = String, Path, description = "`<notebook id>:<id>`, or an id", example = "1:1"), FlatParams),
    responses((status = 200, description = "The file", body = FileOut), Refusals)
)]
pub(super) async fn flat(referred: Referred<Read>) -> Answer<Response> {
    let id = referred.file;
    let file = inside(&referred.at, move |inside| inside.show(id)).await?;
    Ok(file.answer(StatusCode::OK))
}
