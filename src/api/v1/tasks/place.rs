//! The task of a path, which says in which workspace the caller has to be allowed.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::api::auth::authenticate;
use crate::api::error::{Answer, ApiError};
use crate::api::extract::{Act, Id, InWorkspace};
use crate::api::state::App;
use crate::index::system::TaskRow;
use crate::types::TaskId;

/// A task of a workspace in which the caller may do `A`.
pub(crate) struct OfTask<A> {
    pub(super) task: TaskRow,
    pub(super) at: InWorkspace<A>,
}

impl<A: Act> FromRequestParts<Arc<App>> for OfTask<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let caller = authenticate(parts, app).await?;
        let Id(id) = Id::from_request_parts(parts, app).await?;
        let missing = || ApiError::not_found(format!("no task {id}"));
        let task = app.with_system(move |system| system.task(TaskId(id))).await?.ok_or_else(missing)?;
        // In whose workspace it is, is no news for a stranger.
        let at = InWorkspace::enter(caller, app, &task.workspace.to_string());
        let at = at.map_err(|error| if error.status == StatusCode::NOT_FOUND { missing() } else { error })?;
        Ok(Self { task, at })
    }
}
