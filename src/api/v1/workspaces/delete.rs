//! DELETE `/workspaces/{ws}`.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InWorkspace, Manage, Query, WorkspacePath};
use crate::api::folders;

/// What becomes of the files.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Removal {
    /// Moves them to the folder `.codex-trash` beside the workspace.
    #[param(default = false)]
    #[serde(default)]
    delete_files: bool,
}

/// Forgets a workspace; its files stay unless they are to go
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}",
    tag = "workspaces",
    params(WorkspacePath, Removal),
    responses((status = 204, description = "It is forgotten"), Refusals)
)]
pub(super) async fn delete(at: InWorkspace<Manage>, Query(removal): Query<Removal>) -> Answer<StatusCode> {
    let (app, id, path) = (std::sync::Arc::clone(at.app()), at.workspace.id, at.workspace.path.clone());
    at.app()
        .bridge
        .run(move || -> Result<(), ApiError> {
            app.close_workspace(id, || {
                if removal.delete_files {
                    let trash = folders::to_trash(&path)?;
                    tracing::info!(workspace = id.0, trash = %trash.display(), "files of a workspace moved to the trash");
                }
                Ok(app.system.lock().remove_workspace(id)?)
            })
        })
        .await?;
    tracing::info!(workspace = id.0, "workspace removed");
    Ok(StatusCode::NO_CONTENT)
}
