//! POST `/users/me/password`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::check_password;
use crate::access::hash_password;
use crate::api::auth::signing_in::{self, Tokens};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{Body, Checked, Faults, FromBrowser, OwnAccount, Secure};
use crate::api::state::App;

/// A change of one's password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    #[schema(format = Password)]
    current_password: String,
    #[schema(format = Password, min_length = 8, max_length = 128)]
    new_password: String,
}

impl Checked for PasswordChange {
    fn check(&self, faults: &mut Faults) {
        check_password(faults, "new_password", &self.new_password);
        if self.current_password.len() > 1024 {
            faults.add("current_password", "at most 1024 bytes are expected");
        }
    }
}

/// Changes one's password: every session ends, and the answer is a new one
#[utoipa::path(
    post,
    path = "/users/me/password",
    tag = "users",
    request_body = PasswordChange,
    responses((status = 200, description = "A new session", body = Tokens), Refusals)
)]
pub(super) async fn set_password(
    State(app): State<Arc<App>>,
    me: OwnAccount<Secure>,
    FromBrowser(door): FromBrowser,
    Body(change): Body<PasswordChange>,
) -> Answer<(HeaderMap, Json<Tokens>)> {
    let name = &me.caller.user.name;
    let checked = signing_in::check_password(&app, name, change.current_password, &door).await;
    // 401 would say that nobody is signed in.
    let user = checked.map_err(|error| match error.status {
        axum::http::StatusCode::UNAUTHORIZED => ApiError::forbidden("the current password is another"),
        _ => error,
    })?;
    let new = change.new_password;
    let hash = app.bridge.hash(move || hash_password(&new)).await?;
    app.with_system(move |system| system.set_password(user, &hash, None)).await?;
    tracing::info!(user = user.0, "password changed");
    let (tokens, cookies) = signing_in::open_session(&app, user, &door).await?;
    Ok((cookies, Json(tokens)))
}
