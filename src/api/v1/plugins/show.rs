//! GET `/workspaces/{ws}/plugins/{pid}` and the same of a notebook.

use axum::Json;

use super::{PluginOut, notebook, plugin_id, workspace};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InNotebook, InWorkspace, NotebookPath, PluginParam, Read, WorkspacePath};
use crate::api::state::App;
use crate::index::system::PluginPlace;

/// How a plugin is set up in a workspace
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/plugins/{pid}",
    tag = "plugins",
    params(WorkspacePath, ("pid" = String, Path, description = "Id of a plugin")),
    responses((status = 200, description = "How", body = PluginOut), Refusals)
)]
pub(super) async fn in_workspace(at: InWorkspace<Read>, pid: PluginParam) -> Answer<Json<PluginOut>> {
    show(at.app(), workspace(&at), plugin_id(pid)?).await
}

/// How a plugin is set up in a notebook: as it says itself, else as its workspace does
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/plugins/{pid}",
    tag = "plugins",
    params(NotebookPath, ("pid" = String, Path, description = "Id of a plugin")),
    responses((status = 200, description = "How", body = PluginOut), Refusals)
)]
pub(super) async fn in_notebook(at: InNotebook<Read>, pid: PluginParam) -> Answer<Json<PluginOut>> {
    show(at.app(), notebook(&at), plugin_id(pid)?).await
}

async fn show(app: &App, place: PluginPlace, plugin: String) -> Answer<Json<PluginOut>> {
    Ok(Json(app.with_system(move |system| system.plugin(place, &plugin)).await?.into()))
}
