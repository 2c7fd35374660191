//! POST `/workspaces`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::WorkspaceOut;
use crate::api::error::{Answer, ApiError, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, Manage, OwnAccount};
use crate::api::folders;
use crate::api::state::App;
use crate::index::system::NewWorkspace as Registered;
use crate::types::Role;

/// A workspace to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWorkspace {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// A directory of the server, below those that its configuration allows. One that is there is taken as it is.
    path: Option<String>,
}

impl Checked for NewWorkspace {
    fn check(&self, faults: &mut Faults) {
        faults.text("name", &self.name, 1..=100);
        if self.name.trim().is_empty() {
            faults.add("name", "a name is expected");
        }
    }
}

/// Makes a workspace; whoever asks owns it
#[utoipa::path(
    post,
    path = "/workspaces",
    tag = "workspaces",
    request_body = NewWorkspace,
    responses((status = 201, description = "The workspace", body = WorkspaceOut), Conflict, Refusals)
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    me: OwnAccount<Manage>,
    Body(new): Body<NewWorkspace>,
) -> Answer<(StatusCode, Json<WorkspaceOut>)> {
    let (state, user) = (Arc::clone(&app), me.caller.user.id);
    let id = app
        .bridge
        .run(move || -> Result<_, ApiError> {
            let folder = match &new.path {
                Some(path) => folders::make_at(&state.config.workspace_roots, path)?,
                None => folders::make_default(&state.home, &new.name)?,
            };
            let system = state.system.lock();
            let text = folder.path().to_string_lossy();
            if system.find_workspace(&text)?.is_some_and(|found| found.path == folder.path()) {
                return Err(ApiError::conflict("that folder is a workspace of this server already"));
            }
            let id = system.add_workspace(&Registered { name: &new.name, path: folder.path() }, user)?;
            folder.keep();
            Ok(id)
        })
        .await?;
    tracing::info!(workspace = id.0, "workspace made");
    let roster = app.roster().await?;
    let workspace = roster.workspace(id).ok_or_else(|| ApiError::conflict("the workspace was removed at once"))?;
    Ok((StatusCode::CREATED, Json(WorkspaceOut::of(workspace, Role::Owner, None))))
}
