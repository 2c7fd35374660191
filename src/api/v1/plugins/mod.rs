//! Whether a plugin is on in a workspace or a notebook, and how it is set up there. While nothing keeps a register of
//! plugins, every legal id is one of a plugin: what was said before of one that is installed later holds then.

mod delete;
mod list;
mod put;
mod show;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::error::{Answer, ApiError};
use crate::api::extract::{InNotebook, InWorkspace, PluginParam};
use crate::api::state::App;
use crate::index::system::{PluginPlace, PluginRow};
use crate::types::Properties;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::of_workspace))
        .routes(routes!(show::in_workspace, put::in_workspace, delete::in_workspace))
        .routes(routes!(list::of_notebook))
        .routes(routes!(show::in_notebook, put::in_notebook, delete::in_notebook))
}

/// How a plugin is set up.
#[derive(Serialize, ToSchema)]
#[schema(as = PluginSettings)]
pub(crate) struct PluginOut {
    plugin_id: String,
    enabled: bool,
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    config: Properties,
    /// Where that was said: `notebook`, `workspace`, or `default` where nobody said anything.
    #[schema(example = "workspace")]
    source: &'static str,
}

impl From<PluginRow> for PluginOut {
    fn from(row: PluginRow) -> Self {
        let source = match row.said_in {
            None => "default",
            Some(PluginPlace::Workspace(_)) => "workspace",
            Some(PluginPlace::Notebook(..)) => "notebook",
        };
        Self { plugin_id: row.plugin, enabled: row.enabled, config: row.config, source }
    }
}

fn workspace<A>(at: &InWorkspace<A>) -> PluginPlace {
    PluginPlace::Workspace(at.workspace.id)
}

fn notebook<A>(at: &InNotebook<A>) -> PluginPlace {
    PluginPlace::Notebook(at.workspace.id, at.row.id)
}

/// The id of a plugin; what cannot be one is that of none.
fn plugin_id(PluginParam(id): PluginParam) -> Answer<String> {
    let is_legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=100).contains(&id.len()) && id.chars().all(is_legal) {
        Ok(id)
    } else {
        Err(ApiError::not_found(format!("no plugin `{id}`")))
    }
}
