//! POST `/tasks`.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{StatusName, TaskOut, check_description, check_title};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{Checked, Chosen, ChosenWorkspace, Faults, OptionalBody, Query, Write};
use crate::index::system::NewTask as Row;
use crate::types::TaskStatus;

/// A task to be made; in a body, or as parameters of the address.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTask {
    /// What is to be done.
    #[schema(min_length = 1, max_length = 500)]
    title: Option<String>,
    #[schema(max_length = 100_000)]
    description: Option<String>,
    /// `pending` without it.
    status: Option<StatusName>,
    /// Login of a member, or the name of an agent.
    assigned_to: Option<String>,
}

impl Checked for NewTask {
    fn check(&self, faults: &mut Faults) {
        match &self.title {
            Some(title) => check_title(faults, title),
            None => faults.add("title", "a title is expected"),
        }
        if let Some(description) = &self.description {
            check_description(faults, description);
        }
    }
}

/// The same as parameters of the address, for clients that send no body.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewTaskParams {
    title: Option<String>,
    description: Option<String>,
    #[param(inline)]
    status: Option<StatusName>,
    assigned_to: Option<String>,
}

/// Makes a task
#[utoipa::path(
    post,
    path = "/tasks",
    tag = "tasks",
    params(ChosenWorkspace, NewTaskParams),
    request_body = Option<NewTask>,
    responses((status = 201, description = "The task", body = TaskOut), Refusals)
)]
pub(super) async fn create(
    Chosen(at): Chosen<Write>,
    Query(params): Query<NewTaskParams>,
    OptionalBody(body): OptionalBody<NewTask>,
) -> Answer<(StatusCode, Json<TaskOut>)> {
    let NewTaskParams { title, description, status, assigned_to } = params;
    let new = body.unwrap_or(NewTask { title, description, status, assigned_to });
    let mut faults = Faults::default();
    new.check(&mut faults);
    faults.none()?;
    let id = at.workspace.id;
    let made = at.app().with_system(move |system| {
        let row = Row {
            title: new.title.as_deref().unwrap_or_default(),
            description: new.description.as_deref(),
            status: new.status.map_or(TaskStatus::Pending, Into::into),
            assigned_to: new.assigned_to.as_deref(),
        };
        system.add_task(id, &row)
    });
    let made = made.await.map_err(of_assignee)?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// The only thing that the database refuses of a task.
pub(super) fn of_assignee(error: ApiError) -> ApiError {
    if error.status == StatusCode::CONFLICT { ApiError::invalid("assigned_to", error.detail.clone()) } else { error }
}
