//! GET `/workspaces/{ws}/trash`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::{TrashOut, is_readable};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InWorkspace, Read, WorkspacePath};

/// What is in the trash.
#[derive(Serialize, ToSchema)]
#[schema(as = Trash)]
pub(crate) struct TrashListOut {
    /// Newest first.
    trash: Vec<TrashOut>,
}

/// What is in the trash, newest first
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/trash",
    tag = "history",
    params(WorkspacePath),
    responses((status = 200, description = "Newest first", body = TrashListOut), Refusals)
)]
pub(super) async fn list(at: InWorkspace<Read>) -> Answer<Json<TrashListOut>> {
    let listed = at.with_shelf(|engine, shelf| {
        let entries = engine.trash()?.into_iter().filter(|entry| is_readable(entry, shelf));
        Ok(TrashListOut { trash: entries.map(TrashOut::of).collect() })
    });
    Ok(Json(listed.await?))
}
