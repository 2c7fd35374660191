//! POST `/workspaces/{ws}/members`.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::MemberOut;
use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, InWorkspace, Manage, WorkspacePath};
use crate::api::v1::workspaces::RoleName;

/// Somebody who is to be a member: by login or by address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMember {
    username: Option<String>,
    email: Option<String>,
    role: RoleName,
}

impl NewMember {
    fn login(&self) -> Option<&str> {
        match (&self.username, &self.email) {
            (Some(login), None) | (None, Some(login)) => Some(login),
            _ => None,
        }
    }
}

impl Checked for NewMember {
    fn check(&self, faults: &mut Faults) {
        if self.login().is_none_or(str::is_empty) {
            faults.add("username", "either a username or an email is expected");
        }
    }
}

/// Makes somebody a member
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/members",
    tag = "members",
    params(WorkspacePath),
    request_body = NewMember,
    responses((status = 201, description = "The member", body = MemberOut), Conflict, Refusals)
)]
pub(super) async fn add(at: InWorkspace<Manage>, Body(new): Body<NewMember>) -> Answer<(StatusCode, Json<MemberOut>)> {
    let id = at.workspace.id;
    let member = at
        .app()
        .with_system(move |system| system.add_member(id, new.login().unwrap_or_default(), new.role.into()))
        .await?;
    tracing::info!(workspace = id.0, member = member.user.0, role = %member.role, "member added");
    Ok((StatusCode::CREATED, Json(MemberOut::of(member, true))))
}
