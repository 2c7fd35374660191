//! POST `/users/token`: signing in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::auth::signing_in::{Tokens, check_password, open_session};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{BodyOrForm, Checked, Faults, FromBrowser};
use crate::api::state::App;

/// A sign-in, as OAuth 2's password form or as JSON.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// Login or address.
    username: String,
    #[schema(format = Password)]
    password: String,
    /// `password`, where it is given.
    grant_type: Option<String>,
    /// Taken and not looked at, as the next two: clients of OAuth 2 send them.
    #[expect(dead_code, reason = "clients send it")]
    scope: Option<String>,
    #[expect(dead_code, reason = "clients send it")]
    client_id: Option<String>,
    #[expect(dead_code, reason = "clients send it")]
    client_secret: Option<String>,
}

impl Checked for SignIn {
    fn check(&self, faults: &mut Faults) {
        if self.grant_type.as_deref().is_some_and(|kind| !kind.is_empty() && kind != "password") {
            faults.add("grant_type", "`password` is expected");
        }
        if self.username.len() > 254 {
            faults.add("username", "at most 254 bytes are expected");
        }
        // Hashing takes longer the longer it is.
        if self.password.len() > 1024 {
            faults.add("password", "at most 1024 bytes are expected");
        }
    }
}

/// Signs in: tokens, and cookies for browsers
///
/// An unknown name, a wrong password and a disabled account get the same answer after the same time. After several wrong
/// ones the next is not looked at for a while: 429 with `Retry-After`.
#[utoipa::path(
    post,
    path = "/users/token",
    tag = "users",
    security(()),
    request_body(
        content((SignIn = "application/x-www-form-urlencoded"), (SignIn = "application/json")),
    ),
    responses((status = 200, description = "Signed in", body = Tokens), Refusals)
)]
pub(super) async fn token(
    State(app): State<Arc<App>>,
    FromBrowser(door): FromBrowser,
    BodyOrForm(given): BodyOrForm<SignIn>,
) -> Answer<(HeaderMap, Json<Tokens>)> {
    let user = check_password(&app, &given.username, given.password, &door).await?;
    let (tokens, cookies) = open_session(&app, user, &door).await?;
    tracing::info!(user = user.0, "signed in");
    Ok((cookies, Json(tokens)))
}
