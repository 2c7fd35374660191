//! POST `/workspaces/{ws}/flush`.

use axum::http::StatusCode;

use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InWorkspace, WorkspacePath, Write};

/// Records in the history what is pending, now
///
/// By itself that happens some seconds after the last change.
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/flush",
    tag = "history",
    params(WorkspacePath),
    responses((status = 204, description = "It is recorded"), Refusals)
)]
pub(super) async fn flush(at: InWorkspace<Write>) -> Answer<StatusCode> {
    at.with_engine(|engine, _| engine.flush_history()).await?;
    Ok(StatusCode::NO_CONTENT)
}
