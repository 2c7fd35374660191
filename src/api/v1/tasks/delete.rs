//! DELETE `/tasks/{id}`.

use axum::http::StatusCode;

use super::place::OfTask;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::Write;

/// Removes a task
#[utoipa::path(
    delete,
    path = "/tasks/{id}",
    tag = "tasks",
    params(("id" = i64, Path, description = "Which")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(super) async fn delete(of: OfTask<Write>) -> Answer<StatusCode> {
    let id = of.task.id;
    of.at.app().with_system(move |system| system.remove_task(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
