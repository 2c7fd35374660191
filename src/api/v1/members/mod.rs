//! Members of a workspace.

mod add;
mod change;
mod list;
mod remove;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::workspaces::RoleName;
use crate::api::state::App;
use crate::index::system::Member;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list, add::add)).routes(routes!(change::change, remove::remove))
}

/// A member of a workspace.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberOut {
    user_id: i64,
    username: String,
    /// For the workspace's owners alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    role: RoleName,
    #[schema(format = DateTime)]
    created_at: String,
}

impl MemberOut {
    fn of(member: Member, with_email: bool) -> Self {
        Self {
            user_id: member.user.0,
            username: member.username,
            email: member.email.filter(|_| with_email),
            role: member.role.into(),
            created_at: member.created_at,
        }
    }
}
