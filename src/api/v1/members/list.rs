//! GET `/workspaces/{ws}/members`.

use axum::Json;

use super::MemberOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InWorkspace, Manage, Read, WorkspacePath};

/// Who is a member, and as what
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/members",
    tag = "members",
    params(WorkspacePath),
    responses((status = 200, description = "By name", body = Vec<MemberOut>), Refusals)
)]
pub(super) async fn list(at: InWorkspace<Read>) -> Answer<Json<Vec<MemberOut>>> {
    let id = at.workspace.id;
    let with_email = at.require::<Manage>().is_ok();
    let members = at.app().with_system(move |system| system.members(id)).await?;
    Ok(Json(members.into_iter().map(|member| MemberOut::of(member, with_email)).collect()))
}
