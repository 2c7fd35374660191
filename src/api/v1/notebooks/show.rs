//! GET `/workspaces/{ws}/notebooks/{nb}`.

use axum::Json;

use super::NotebookOut;
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InNotebook, NotebookPath, Read};

/// A notebook
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}",
    tag = "notebooks",
    params(NotebookPath),
    responses((status = 200, description = "The notebook", body = NotebookOut), Refusals)
)]
pub(super) async fn show(at: InNotebook<Read>) -> Answer<Json<NotebookOut>> {
    let row = at.row.clone();
    let shown = at.with_engine(move |engine, _| Ok::<_, ApiError>(NotebookOut::of(&row, engine))).await?;
    Ok(Json(shown))
}
