//! DELETE `/users/me`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use crate::api::auth::cookies;
use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{OwnAccount, Secure};
use crate::api::state::App;

/// Ends one's account
///
/// Notes stay; a workspace that would be without an owner is in the way (409).
#[utoipa::path(
    delete,
    path = "/users/me",
    tag = "users",
    responses((status = 204, description = "It is gone"), Conflict, Refusals)
)]
pub(super) async fn delete(State(app): State<Arc<App>>, me: OwnAccount<Secure>) -> Answer<(StatusCode, HeaderMap)> {
    let user = me.caller.user.id;
    app.with_system(move |system| system.delete_account(user)).await?;
    tracing::info!(user = user.0, "account deleted");
    Ok((StatusCode::NO_CONTENT, cookies::set(None, None, app.web.is_secure())))
}
