//! GET `/workspaces/{ws}/notebooks/{nb}/files/{file_id}/diff`.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{FilePath, inside};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{FileParam, InNotebook, Query, Read};

/// What is compared: two versions, one and the file as it is now, or the newest that is recorded and the file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiffParams {
    /// A commit (4 or more digits of its id) or a date.
    from: Option<String>,
    /// The same.
    to: Option<String>,
}

/// A difference.
#[derive(Serialize, ToSchema)]
#[schema(as = Diff)]
pub(crate) struct DiffOut {
    from: Option<String>,
    to: Option<String>,
    /// Unified, as git prints it; empty where nothing differs.
    diff: String,
}

/// What differs between versions of a file
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}/diff",
    tag = "history",
    params(FilePath, DiffParams),
    responses((status = 200, description = "A unified diff", body = DiffOut), Refusals)
)]
pub(super) async fn diff(
    at: InNotebook<Read>,
    FileParam(id): FileParam,
    Query(DiffParams { from, to }): Query<DiffParams>,
) -> Answer<Json<DiffOut>> {
    let diff = inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        let diff = inside.engine.diff(inside.notebook, &path, from.as_deref(), to.as_deref())?;
        Ok(DiffOut { from, to, diff })
    });
    Ok(Json(diff.await?))
}
