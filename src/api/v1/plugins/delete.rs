//! DELETE `/workspaces/{ws}/plugins/{pid}` and the same of a notebook.

use axum::http::StatusCode;

use super::{notebook, plugin_id, workspace};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InNotebook, InWorkspace, Manage, NotebookPath, PluginParam, WorkspacePath};
use crate::api::state::App;
use crate::index::system::PluginPlace;

/// Takes back what was said of a plugin in a workspace: it is on, with nothing set up
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}/plugins/{pid}",
    tag = "plugins",
    params(WorkspacePath, ("pid" = String, Path, description = "Id of a plugin")),
    responses((status = 204, description = "Nothing is said of it any more"), Refusals)
)]
pub(super) async fn in_workspace(at: InWorkspace<Manage>, pid: PluginParam) -> Answer<StatusCode> {
    delete(at.app(), workspace(&at), plugin_id(pid)?).await
}

/// Takes back what was said of a plugin in a notebook: what its workspace says holds
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}/notebooks/{nb}/plugins/{pid}",
    tag = "plugins",
    params(NotebookPath, ("pid" = String, Path, description = "Id of a plugin")),
    responses((status = 204, description = "Nothing is said of it any more"), Refusals)
)]
pub(super) async fn in_notebook(at: InNotebook<Manage>, pid: PluginParam) -> Answer<StatusCode> {
    delete(at.app(), notebook(&at), plugin_id(pid)?).await
}

async fn delete(app: &App, place: PluginPlace, plugin: String) -> Answer<StatusCode> {
    app.with_system(move |system| system.unset_plugin(place, &plugin)).await?;
    Ok(StatusCode::NO_CONTENT)
}
