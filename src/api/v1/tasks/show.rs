//! GET `/tasks/{id}`.

use axum::Json;

use super::TaskOut;
use super::place::OfTask;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::Read;

/// A task
#[utoipa::path(
    get,
    path = "/tasks/{id}",
    tag = "tasks",
    params(("id" = i64, Path, description = "Which")),
    responses((status = 200, description = "The task", body = TaskOut), Refusals)
)]
pub(super) async fn show(of: OfTask<Read>) -> Answer<Json<TaskOut>> {
    Ok(Json(of.task.into()))
}
