//! GET `/tasks`.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{StatusName, TaskOut};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{Chosen, ChosenWorkspace, Page, PageParams, Pagination, Query, Read};
use crate::index::system::TaskFilter;

/// Which tasks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskParams {
    /// Those that are so far.
    #[param(inline)]
    status: Option<StatusName>,
    /// Those of somebody.
    assigned_to: Option<String>,
}

/// A page of tasks.
#[derive(Serialize, ToSchema)]
#[schema(as = Tasks)]
pub(crate) struct TasksOut {
    /// Oldest first.
    tasks: Vec<TaskOut>,
    pagination: Pagination,
}

/// The tasks of a workspace, oldest first
#[utoipa::path(
    get,
    path = "/tasks",
    tag = "tasks",
    params(ChosenWorkspace, TaskParams, PageParams),
    responses((status = 200, description = "A page of them", body = TasksOut), Refusals)
)]
pub(super) async fn list(
    Chosen(at): Chosen<Read>,
    Query(params): Query<TaskParams>,
    page: Page,
) -> Answer<Json<TasksOut>> {
    let id = at.workspace.id;
    let listed = at.app().with_system(move |system| {
        let filter = TaskFilter { status: params.status.map(Into::into), assigned_to: params.assigned_to.as_deref() };
        system.tasks(id, filter, (page.skip, page.limit))
    });
    let (rows, total) = listed.await?;
    Ok(Json(TasksOut { tasks: rows.into_iter().map(Into::into).collect(), pagination: page.of(total) }))
}
