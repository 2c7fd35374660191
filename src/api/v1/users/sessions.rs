//! GET, DELETE `/users/me/sessions[/{id}]`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::{Answer, Refusals};
use crate::api::extract::{Id, OwnAccount, Secure};
use crate::api::state::App;
use crate::types::{Instant, SessionId};

/// A sign-in that goes on.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionOut {
    id: i64,
    /// Where it was made.
    address: String,
    /// What the client called itself.
    user_agent: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    last_used_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// Whether it is the one that asks.
    is_current: bool,
}

/// Where one is signed in
#[utoipa::path(
    get,
    path = "/users/me/sessions",
    tag = "users",
    responses((status = 200, description = "Sessions, the one used last first", body = Vec<SessionOut>), Refusals)
)]
pub(super) async fn list(State(app): State<Arc<App>>, me: OwnAccount<Secure>) -> Answer<Json<Vec<SessionOut>>> {
    let user = me.caller.user.id;
    let current = me.caller.session();
    let sessions = app.with_system(move |system| system.sessions(user, Instant::now())).await?;
    let shown = sessions.into_iter().map(|session| SessionOut {
        id: session.id.0,
        address: session.address,
        user_agent: session.user_agent,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        is_current: Some(session.id) == current,
    });
    Ok(Json(shown.collect()))
}

/// Ends all sessions but the one that asks
#[utoipa::path(
    delete,
    path = "/users/me/sessions",
    tag = "users",
    responses((status = 204, description = "They have ended"), Refusals)
)]
pub(super) async fn end_others(State(app): State<Arc<App>>, me: OwnAccount<Secure>) -> Answer<StatusCode> {
    let (user, current) = (me.caller.user.id, me.caller.session());
    app.with_system(move |system| system.end_sessions(user, current)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a session
#[utoipa::path(
    delete,
    path = "/users/me/sessions/{id}",
    tag = "users",
    params(("id" = i64, Path, description = "Its id")),
    responses((status = 204, description = "It has ended"), Refusals)
)]
pub(super) async fn end(State(app): State<Arc<App>>, me: OwnAccount<Secure>, Id(id): Id) -> Answer<StatusCode> {
    let user = me.caller.user.id;
    app.with_system(move |system| system.end_session(user, SessionId(id), Instant::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}
