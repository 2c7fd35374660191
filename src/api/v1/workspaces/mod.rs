//! Workspaces: those that one is a member of.

mod change;
mod create;
mod delete;
mod list;
mod show;
mod theme;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::extract::{Checked, Faults};
use crate::api::state::App;
use crate::index::system::Workspace;
use crate::types::Role;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(show::show, change::change, delete::delete))
        .routes(routes!(theme::set_theme))
}

/// What a member is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
pub(crate) enum RoleName {
    /// Reads.
    Viewer,
    /// Reads and writes.
    Editor,
    /// Also settings, members, and removing what is there.
    Owner,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Editor => Self::Editor,
            Role::Owner => Self::Owner,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Viewer => Self::Viewer,
            RoleName::Editor => Self::Editor,
            RoleName::Owner => Self::Owner,
        }
    }
}

/// A workspace, as a member sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Workspace)]
pub(crate) struct WorkspaceOut {
    id: i64,
    /// Its name in addresses.
    slug: String,
    name: String,
    /// Its directory; for its owners alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    path: Option<String>,
    owner_id: i64,
    /// What the caller is in it.
    role: RoleName,
    theme_setting: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// Files that the caller may read; null while nobody has opened the workspace.
    file_count: Option<u64>,
}

impl WorkspaceOut {
    fn of(workspace: &Workspace, role: Role, file_count: Option<u64>) -> Self {
        let path = || workspace.path.to_string_lossy().into_owned();
        Self {
            id: workspace.id.0,
            slug: workspace.slug.clone(),
            name: workspace.name.clone(),
            path: (role == Role::Owner).then(path),
            owner_id: workspace.owner.0,
            role: role.into(),
            theme_setting: workspace.theme.clone(),
            created_at: workspace.created_at.clone(),
            updated_at: workspace.updated_at.clone(),
            file_count,
        }
    }
}

/// A theme to be chosen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Theme {
    /// Its name; what there is, the client knows.
    #[schema(max_length = 100)]
    pub(crate) theme: String,
}

impl Checked for Theme {
    fn check(&self, faults: &mut Faults) {
        faults.text("theme", &self.theme, 0..=100);
    }
}
