//! PUT `/tasks/{id}`.

use axum::Json;
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

use super::create::of_assignee;
use super::place::OfTask;
use super::{StatusName, TaskOut, check_description, check_title};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{Checked, Faults, OptionalBody, Query, Write};
use crate::index::system::TaskChange as Change;

/// What is to change, in a body or as parameters of the address; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "left out, null, and a text are three things")]
pub(crate) struct TaskChange {
    #[schema(min_length = 1, max_length = 500)]
    title: Option<String>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100_000)]
    description: Option<Option<String>>,
    status: Option<StatusName>,
    /// Null: nobody's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    assigned_to: Option<Option<String>>,
}

/// Null is something else than nothing.
#[expect(clippy::option_option, reason = "left out, null, and a text are three things")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Checked for TaskChange {
    fn check(&self, faults: &mut Faults) {
        if let Some(title) = &self.title {
            check_title(faults, title);
        }
        if let Some(Some(description)) = &self.description {
            check_description(faults, description);
        }
    }
}

/// The same as parameters of the address; an empty text takes away.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskChangeParams {
    title: Option<String>,
    description: Option<String>,
    #[param(inline)]
    status: Option<StatusName>,
    assigned_to: Option<String>,
}

impl From<TaskChangeParams> for TaskChange {
    fn from(params: TaskChangeParams) -> Self {
        let or_none = |text: String| (!text.is_empty()).then_some(text);
        Self {
            title: params.title,
            description: params.description.map(or_none),
            status: params.status,
            assigned_to: params.assigned_to.map(or_none),
        }
    }
}

/// Changes a task
#[utoipa::path(
    put,
    path = "/tasks/{id}",
    tag = "tasks",
    params(("id" = i64, Path, description = "Which"), TaskChangeParams),
    request_body = Option<TaskChange>,
    responses((status = 200, description = "The task", body = TaskOut), Refusals)
)]
pub(super) async fn change(
    of: OfTask<Write>,
    Query(params): Query<TaskChangeParams>,
    OptionalBody(body): OptionalBody<TaskChange>,
) -> Answer<Json<TaskOut>> {
    let wanted = body.unwrap_or_else(|| params.into());
    let mut faults = Faults::default();
    wanted.check(&mut faults);
    faults.none()?;
    let id = of.task.id;
    let changed = of.at.app().with_system(move |system| {
        let change = Change {
            title: wanted.title.as_deref(),
            description: wanted.description.as_ref().map(Option::as_deref),
            status: wanted.status.map(Into::into),
            assigned_to: wanted.assigned_to.as_ref().map(Option::as_deref),
        };
        system.change_task(id, &change)
    });
    Ok(Json(changed.await.map_err(of_assignee)?.into()))
}
