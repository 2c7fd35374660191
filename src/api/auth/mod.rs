//! Who makes a request: a bearer (an access token or a personal one), else the cookie of a browser. It knows no route.

mod attempts;
pub(crate) mod cookies;
mod hs256;
mod jwt;
pub(crate) mod origin;
pub(crate) mod signing_in;

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::error::{Answer, ApiError};
use super::state::App;
use crate::access::{Principal, TokenKind, User, Via};
use crate::index::system::{Account, ApiToken, Roster, Shown, Standing};
use crate::types::{Instant, SessionId, UserId};

pub(crate) use attempts::Attempts;
pub(crate) use jwt::AccessTokens;
use jwt::Claims;

/// Who makes a request, and the roster that says so: one moment for the whole request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Never nobody.
    pub(crate) user: User,
    /// What the request showed, to be asked again as long as a socket is open.
    pub(crate) shown: Shown,
    pub(crate) roster: Arc<Roster>,
}

impl Caller {
    /// As rules know them.
    pub(crate) fn principal(&self) -> Principal {
        Principal::User(self.user.clone())
    }

    /// The account.
    pub(crate) fn account(&self) -> Answer<&Account> {
        self.roster.account(self.user.id).ok_or_else(nobody)
    }

    /// The session, where it is one.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match self.user.via {
            Via::Session(id) => Some(id),
            Via::Token { .. } => None,
        }
    }
}

/// A good answer to anything that is not good enough, so that nothing can be learned from it.
fn nobody() -> ApiError {
    ApiError::unauthorized("sign in, or send a token that is still good")
}

/// Who makes the request; remembered in it, so that it is asked once.
///
/// # Errors
/// 401; 403 where a page of another origin made it; 429 where it is one too many.
pub(crate) async fn authenticate(parts: &mut Parts, app: &App) -> Answer<Caller> {
    if let Some(caller) = parts.extensions.get::<Caller>() {
        return Ok(caller.clone());
    }
    let (token, is_cookie) = token_of(&parts.headers)?;
    if is_cookie {
        origin::check(&parts.method, &parts.headers, &app.web, origin::Proof::Needed)?;
    }
    let caller = if TokenKind::Personal.claims(token) {
        by_personal_token(token, app).await?
    } else {
        by_access_token(app.tokens.verify(token).ok_or_else(nobody)?, app).await?
    };
    app.limits.admit_user(caller.user.id)?;
    tracing::Span::current().record("user", caller.user.id.0);
    parts.extensions.insert(caller.clone());
    Ok(caller)
}

/// Whether a cookie alone says who makes the request.
pub(crate) fn is_by_cookie(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::AUTHORIZATION) && cookies::get(headers, cookies::ACCESS).is_some()
}

/// The token and whether a cookie brought it. A header that is there counts, good or not.
fn token_of(headers: &HeaderMap) -> Answer<(&str, bool)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let text = value.to_str().ok().and_then(|text| text.split_once(' '));
        return match text {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok((token.trim(), false)),
            _ => Err(nobody()),
        };
    }
    cookies::get(headers, cookies::ACCESS).map(|token| (token, true)).ok_or_else(nobody)
}

async fn by_access_token(claims: Claims, app: &App) -> Answer<Caller> {
    let (roster, standing) = look_at(app, Shown::Session(claims.session())).await?;
    let Standing::Session(session, user) = standing else { return Err(nobody()) };
    let is_whole = claims.user() == Some(user)
        && roster.account(user).is_some_and(|account| !claims.stamp.is_empty() && account.stamp == claims.stamp);
    if !is_whole {
        return Err(nobody());
    }
    caller(user, Via::Session(session), Shown::Session(session), roster)
}

async fn by_personal_token(token: &str, app: &App) -> Answer<Caller> {
    let digest = TokenKind::Personal.digest(token).ok_or_else(nobody)?;
    let (roster, standing) = look_at(app, Shown::Token(digest.0)).await?;
    let Standing::Token(token) = standing else { return Err(nobody()) };
    let now = Instant::now();
    let (Some(scope), true) = (token.scope(), token.is_good_at(now)) else { return Err(nobody()) };
    let via = Via::Token { id: token.id, scope, limit: token.limit };
    let caller = caller(token.user, via, Shown::Token(digest.0), roster)?;
    note_use(app, &token, now);
    Ok(caller)
}

fn caller(id: UserId, via: Via, shown: Shown, roster: Arc<Roster>) -> Answer<Caller> {
    let account = roster.account(id).filter(|account| account.is_active).ok_or_else(nobody)?;
    let user = User { id, name: account.username.clone(), is_server_owner: account.is_server_owner, via };
    Ok(Caller { user, shown, roster })
}

/// From memory where nothing has changed, which is nearly always.
async fn look_at(app: &App, shown: Shown) -> Answer<(Arc<Roster>, Standing)> {
    if let Some(known) = app.roster.glance_at(shown) {
        return Ok(known);
    }
    let roster = Arc::clone(&app.roster);
    app.bridge.run(move || roster.look_at(shown)).await
}

/// To the hour: a program that calls a thousand times a second is no reason to write as often.
fn note_use(app: &App, token: &ApiToken, now: Instant) {
    if !app.token_uses.is_due(token.id, now) {
        return;
    }
    let (system, id, bridge) = (Arc::clone(&app.system), token.id, app.bridge.clone());
    tokio::spawn(async move {
        if let Err(error) = bridge.run(move || system.lock().token_used(id, now)).await {
            tracing::warn!(?error, token = id.0, "the use of a token was not noted");
        }
    });
}
