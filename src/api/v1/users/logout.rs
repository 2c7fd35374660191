//! POST `/users/logout`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::refresh::RefreshToken;
use crate::access::TokenKind;
use crate::api::auth::cookies;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{Changing, OptionalBody, SignedInOrNot};
use crate::api::state::App;
use crate::types::Instant;

/// Ends the session of the tokens that come with it, and removes the cookies
///
/// It answers anybody alike: signing out twice is no mistake.
#[utoipa::path(
    post,
    path = "/users/logout",
    tag = "users",
    security((), ("bearer" = []), ("cookie" = [])),
    request_body = Option<RefreshToken>,
    responses((status = 204, description = "Signed out"), Refusals)
)]
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    Changing { headers, .. }: Changing,
    SignedInOrNot(caller): SignedInOrNot,
    OptionalBody(body): OptionalBody<RefreshToken>,
) -> Answer<(StatusCode, HeaderMap)> {
    let now = Instant::now();
    if let Some((user, session)) = caller.and_then(|caller| Some((caller.user.id, caller.session()?))) {
        app.with_system(move |system| system.end_session(user, session, now)).await?;
    }
    let digest = RefreshToken::given(body, &headers).and_then(|given| TokenKind::Refresh.digest(&given));
    if let Some(digest) = digest {
        app.with_system(move |system| system.end_session_of(&digest.0, now)).await?;
    }
    Ok((StatusCode::NO_CONTENT, cookies::set(None, None, app.web.is_secure())))
}
