//! PATCH `/workspaces/{ws}`.

use axum::Json;
use serde::Deserialize;
use utoipa::ToSchema;

use super::WorkspaceOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{Body, Checked, Faults, InWorkspace, Manage, WorkspacePath};
use crate::index::system::WorkspaceChange as Change;

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkspaceChange {
    /// Its slug stays: addresses are made of it.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(max_length = 100)]
    theme_setting: Option<String>,
}

impl Checked for WorkspaceChange {
    fn check(&self, faults: &mut Faults) {
        if let Some(name) = &self.name {
            faults.text("name", name, 1..=100);
        }
        if let Some(theme) = &self.theme_setting {
            faults.text("theme_setting", theme, 0..=100);
        }
    }
}

/// Renames a workspace, or chooses its theme
#[utoipa::path(
    patch,
    path = "/workspaces/{ws}",
    tag = "workspaces",
    params(WorkspacePath),
    request_body = WorkspaceChange,
    responses((status = 200, description = "The workspace", body = WorkspaceOut), Refusals)
)]
pub(super) async fn change(at: InWorkspace<Manage>, Body(change): Body<WorkspaceChange>) -> Answer<Json<WorkspaceOut>> {
    let id = at.workspace.id;
    at.app()
        .with_system(move |system| {
            let change = Change { name: change.name.as_deref(), theme: change.theme_setting.as_deref() };
            system.change_workspace(id, &change)
        })
        .await?;
    at.shown_anew().await
}
