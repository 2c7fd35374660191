//! PATCH `/workspaces/{ws}/members/{user_id}`.

use axum::Json;
use serde::Deserialize;
use utoipa::ToSchema;

use super::MemberOut;
use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Id, InWorkspace, Manage, WorkspacePath};
use crate::api::v1::workspaces::RoleName;
use crate::types::UserId;

/// What a member is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberChange {
    role: RoleName,
}

impl Checked for MemberChange {}

/// Makes a member something else
#[utoipa::path(
    patch,
    path = "/workspaces/{ws}/members/{user_id}",
    tag = "members",
    params(WorkspacePath, ("user_id" = i64, Path, description = "Whose membership")),
    request_body = MemberChange,
    responses((status = 200, description = "The member", body = MemberOut), Conflict, Refusals)
)]
pub(super) async fn change(
    at: InWorkspace<Manage>,
    Id(user): Id,
    Body(change): Body<MemberChange>,
) -> Answer<Json<MemberOut>> {
    let id = at.workspace.id;
    let member = at.app().with_system(move |system| system.change_member(id, UserId(user), change.role.into())).await?;
    tracing::info!(workspace = id.0, member = user, role = %member.role, "member changed");
    Ok(Json(MemberOut::of(member, true)))
}
