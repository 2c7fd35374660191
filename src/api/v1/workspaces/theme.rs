//! PATCH `/workspaces/{ws}/theme`.

use axum::Json;

use super::{Theme, WorkspaceOut};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{Act, Body, InWorkspace, Manage, WorkspacePath};
use crate::index::system::WorkspaceChange;

/// Chooses a workspace's theme
#[utoipa::path(
    patch,
    path = "/workspaces/{ws}/theme",
    tag = "workspaces",
    params(WorkspacePath),
    request_body = Theme,
    responses((status = 200, description = "The workspace", body = WorkspaceOut), Refusals)
)]
pub(super) async fn set_theme(at: InWorkspace<Manage>, Body(chosen): Body<Theme>) -> Answer<Json<WorkspaceOut>> {
    let id = at.workspace.id;
    at.app()
        .with_system(move |system| {
            system.change_workspace(id, &WorkspaceChange { name: None, theme: Some(&chosen.theme) })
        })
        .await?;
    at.shown_anew().await
}

impl<A: Act> InWorkspace<A> {
    /// The workspace as it is after a change.
    pub(super) async fn shown_anew(&self) -> Answer<Json<WorkspaceOut>> {
        let roster = self.app().roster().await?;
        let gone = || ApiError::not_found("the workspace is gone");
        let workspace = roster.workspace(self.workspace.id).ok_or_else(gone)?;
        let count = self.app().file_count(&self.caller, workspace.id, self.role);
        Ok(Json(WorkspaceOut::of(workspace, self.role, count)))
    }
}
