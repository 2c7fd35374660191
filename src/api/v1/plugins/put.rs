//! PUT `/workspaces/{ws}/plugins/{pid}` and the same of a notebook.

use axum::Json;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{PluginOut, notebook, plugin_id, workspace};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{
    Body, Checked, Faults, InNotebook, InWorkspace, Manage, NotebookPath, PluginParam, WorkspacePath,
};
use crate::api::state::App;
use crate::index::system::PluginPlace;
use crate::types::Properties;

/// Bytes of a configuration at most, as JSON.
const CONFIG_MAX: usize = 256 * 1024;

/// How a plugin is to be set up; what is left out stays as it holds there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginChange {
    enabled: Option<bool>,
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    config: Option<Properties>,
}

impl Checked for PluginChange {
    fn check(&self, faults: &mut Faults) {
        if self.enabled.is_none() && self.config.is_none() {
            faults.add("enabled", "enabled or config is expected");
        }
        let length = self.config.as_ref().and_then(|config| serde_json::to_string(config).ok());
        if length.is_some_and(|text| text.len() > CONFIG_MAX) {
            faults.add("config", format!("it has {} KiB at most", CONFIG_MAX / 1024));
        }
    }
}

/// Says how a plugin is set up in a workspace
#[utoipa::path(
    put,
    path = "/workspaces/{ws}/plugins/{pid}",
    tag = "plugins",
    params(WorkspacePath, ("pid" = String, Path, description = "Id of a plugin")),
    request_body = PluginChange,
    responses((status = 200, description = "How it is set up now", body = PluginOut), Refusals)
)]
pub(super) async fn in_workspace(
    at: InWorkspace<Manage>,
    pid: PluginParam,
    Body(change): Body<PluginChange>,
) -> Answer<Json<PluginOut>> {
    put(at.app(), workspace(&at), plugin_id(pid)?, change).await
}

/// Says how a plugin is set up in a notebook, whatever its workspace says
#[utoipa::path(
    put,
    path = "/workspaces/{ws}/notebooks/{nb}/plugins/{pid}",
    tag = "plugins",
    params(NotebookPath, ("pid" = String, Path, description = "Id of a plugin")),
    request_body = PluginChange,
    responses((status = 200, description = "How it is set up now", body = PluginOut), Refusals)
)]
pub(super) async fn in_notebook(
    at: InNotebook<Manage>,
    pid: PluginParam,
    Body(change): Body<PluginChange>,
) -> Answer<Json<PluginOut>> {
    put(at.app(), notebook(&at), plugin_id(pid)?, change).await
}

async fn put(app: &App, place: PluginPlace, plugin: String, change: PluginChange) -> Answer<Json<PluginOut>> {
    let row =
        app.with_system(move |system| system.set_plugin(place, &plugin, (change.enabled, change.config.as_ref())));
    Ok(Json(row.await?.into()))
}
