//! POST `/workspaces/{ws}/trash/{id}/restore`.

use axum::Json;

use super::TrashOut;
use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{InWorkspace, TrashParam, WorkspacePath, Write};

/// Brings something back from the trash, to where it was
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/trash/{id}/restore",
    tag = "history",
    params(WorkspacePath, ("id" = String, Path, description = "Of the entry")),
    responses((status = 200, description = "What was brought back", body = TrashOut), Conflict, Refusals)
)]
pub(super) async fn restore(at: InWorkspace<Write>, TrashParam(id): TrashParam) -> Answer<Json<TrashOut>> {
    let workspace = at.workspace.id;
    let restored = at.change_notebooks(move |engine, by, app| {
        let entry = engine.restore_trashed(&id, by)?;
        // A notebook that came back is registered before anybody is told that it has.
        let folders: Vec<String> =
            engine.notebooks().iter().map(|notebook| notebook.name().as_str().to_owned()).collect();
        app.system.lock().set_notebooks(workspace, &folders)?;
        Ok(TrashOut::of(entry))
    });
    Ok(Json(restored.await?))
}
