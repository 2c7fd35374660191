//! DELETE `/workspaces/{ws}/members/{user_id}`.

use axum::http::StatusCode;

use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{Id, InWorkspace, Manage, See, WorkspacePath};
use crate::types::UserId;

/// Ends a membership: anybody's for owners, one's own for everybody
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}/members/{user_id}",
    tag = "members",
    params(WorkspacePath, ("user_id" = i64, Path, description = "Whose membership")),
    responses((status = 204, description = "It has ended"), Conflict, Refusals)
)]
pub(super) async fn remove(at: InWorkspace<See>, Id(user): Id) -> Answer<StatusCode> {
    let user = UserId(user);
    // Leaving is the person's own affair; no program leaves on somebody's behalf.
    if user != at.caller.user.id || at.caller.session().is_none() {
        at.require::<Manage>()?;
    }
    let id = at.workspace.id;
    at.app().with_system(move |system| system.remove_member(id, user)).await?;
    tracing::info!(workspace = id.0, member = user.0, "member removed");
    Ok(StatusCode::NO_CONTENT)
}
