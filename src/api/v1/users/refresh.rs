//! POST `/users/token/refresh`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{NewSecret, TokenKind};
use crate::api::auth::cookies;
use crate::api::auth::signing_in::{Tokens, hand_out};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{Changing, Checked, OptionalBody};
use crate::api::state::App;
use crate::index::system::Refreshed;
use crate::types::Instant;

/// A refresh token; browsers send it as a cookie instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshToken {
    /// As it was handed out.
    pub(super) refresh_token: Option<String>,
}

impl Checked for RefreshToken {}

impl RefreshToken {
    /// That of the body, else that of the cookie.
    pub(super) fn given(body: Option<Self>, headers: &HeaderMap) -> Option<String> {
        let of_body = body.and_then(|body| body.refresh_token);
        of_body.or_else(|| cookies::get(headers, cookies::REFRESH).map(str::to_owned))
    }
}

/// Hands out the next pair of tokens for a refresh token, which is good once
///
/// One that was used before was stolen, or its thief is asking: the session ends.
#[utoipa::path(
    post,
    path = "/users/token/refresh",
    tag = "users",
    security(()),
    request_body = Option<RefreshToken>,
    responses((status = 200, description = "The next pair", body = Tokens), Refusals)
)]
pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    Changing { headers, address }: Changing,
    OptionalBody(body): OptionalBody<RefreshToken>,
) -> Answer<(HeaderMap, Json<Tokens>)> {
    let ended = || ApiError::unauthorized("the session has ended; sign in");
    let given = RefreshToken::given(body, &headers).ok_or_else(ended)?;
    let old = TokenKind::Refresh.digest(&given).ok_or_else(ended)?;
    let new = NewSecret::new(TokenKind::Refresh);
    let digest = new.digest;
    let address = address.to_string();
    let refreshed =
        app.with_system(move |system| system.refresh_session(&old.0, &digest.0, &address, Instant::now())).await?;
    match refreshed {
        Refreshed::Yes(session, user) => {
            let (tokens, cookies) = hand_out(&app, user, session, new).await?;
            Ok((cookies, Json(tokens)))
        }
        Refreshed::No => Err(ended()),
        Refreshed::Reused(session, user) => {
            tracing::warn!(user = user.0, session = session.0, "a refresh token was used twice; its session is ended");
            Err(ended())
        }
    }
}
