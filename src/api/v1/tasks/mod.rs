//! Tasks of a workspace.

mod change;
mod create;
mod delete;
mod list;
mod place;
mod show;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::extract::Faults;
use crate::api::state::App;
use crate::index::system::TaskRow;
use crate::types::TaskStatus;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list, create::create)).routes(routes!(
        show::show,
        change::change,
        delete::delete
    ))
}

/// Characters of a title at most.
const TITLE_MAX: usize = 500;

/// Characters of a description at most.
const DESCRIPTION_MAX: usize = 100_000;

/// How far a task is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskStatus)]
pub(crate) enum StatusName {
    /// Nobody has begun.
    Pending,
    /// Somebody has.
    InProgress,
    /// It is done.
    Completed,
    /// It could not be done.
    Failed,
}

impl From<StatusName> for TaskStatus {
    fn from(status: StatusName) -> Self {
        match status {
            StatusName::Pending => Self::Pending,
            StatusName::InProgress => Self::InProgress,
            StatusName::Completed => Self::Completed,
            StatusName::Failed => Self::Failed,
        }
    }
}

impl From<TaskStatus> for StatusName {
    fn from(status: TaskStatus) -> Self {
        match status {
            TaskStatus::Pending => Self::Pending,
            TaskStatus::InProgress => Self::InProgress,
            TaskStatus::Completed => Self::Completed,
            TaskStatus::Failed => Self::Failed,
        }
    }
}

/// A task.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(crate) struct TaskOut {
    id: i64,
    workspace_id: i64,
    title: String,
    description: Option<String>,
    status: StatusName,
    /// Login of a member, or the name of an agent.
    assigned_to: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it was completed or failed.
    #[schema(format = DateTime)]
    completed_at: Option<String>,
}

impl From<TaskRow> for TaskOut {
    fn from(row: TaskRow) -> Self {
        Self {
            id: row.id.0,
            workspace_id: row.workspace.0,
            title: row.title,
            description: row.description,
            status: row.status.into(),
            assigned_to: row.assigned_to,
            created_at: row.created_at,
            updated_at: row.updated_at,
            completed_at: row.completed_at,
        }
    }
}

fn check_title(faults: &mut Faults, title: &str) {
    faults.text("title", title, 1..=TITLE_MAX);
    if title.trim().is_empty() {
        faults.add("title", "a title is expected");
    }
}

fn check_description(faults: &mut Faults, description: &str) {
    faults.text("description", description, 0..=DESCRIPTION_MAX);
}
