//! GET `/workspaces/{ws}/plugins` and the same of a notebook.

use axum::Json;

use super::{PluginOut, notebook, workspace};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InNotebook, InWorkspace, NotebookPath, Read, WorkspacePath};
use crate::api::state::App;
use crate::index::system::PluginPlace;

/// What was said of plugins in a workspace
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/plugins",
    tag = "plugins",
    params(WorkspacePath),
    responses((status = 200, description = "By id", body = Vec<PluginOut>), Refusals)
)]
pub(super) async fn of_workspace(at: InWorkspace<Read>) -> Answer<Json<Vec<PluginOut>>> {
    list(at.app(), workspace(&at)).await
}

/// What holds of plugins in a notebook, as far as it or its workspace says anything
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/plugins",
    tag = "plugins",
    params(NotebookPath),
    responses((status = 200, description = "By id", body = Vec<PluginOut>), Refusals)
)]
pub(super) async fn of_notebook(at: InNotebook<Read>) -> Answer<Json<Vec<PluginOut>>> {
    list(at.app(), notebook(&at)).await
}

async fn list(app: &App, place: PluginPlace) -> Answer<Json<Vec<PluginOut>>> {
    let rows = app.with_system(move |system| system.plugins(place)).await?;
    Ok(Json(rows.into_iter().map(Into::into).collect()))
}
