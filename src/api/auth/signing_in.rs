//! Passwords at the door: the same answer, after the same time, for an unknown name, a wrong password and a disabled
//! account; slower after wrong ones; and what a session's client is handed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use serde::Serialize;
use tracing::Instrument;
use utoipa::ToSchema;

use super::cookies;
use crate::access::{Match, NewSecret, TokenKind, hash_password, verify_nobody, verify_password};
use crate::api::error::{Answer, ApiError};
use crate::api::state::App;
use crate::index::system::{Client, Credentials, IDLE_SECONDS, SystemError};
use crate::types::{Instant, SessionId, UserId};

/// A refused sign-in is answered at a multiple of this after it came: what differs between its reasons is less.
const BEAT: Duration = Duration::from_millis(250);

/// What a client gets that has signed in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// Sent as `Authorization: Bearer …`.
    pub(crate) access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    pub(crate) token_type: &'static str,
    /// Seconds that the access token is good.
    pub(crate) expires_in: u64,
    /// Good once, for the next pair.
    pub(crate) refresh_token: String,
}

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) address: IpAddr,
    pub(crate) user_agent: Option<String>,
}

/// Whose password it is.
///
/// # Errors
/// 401, whatever the reason; 429 after wrong ones.
pub(crate) async fn check_password(app: &Arc<App>, login: &str, password: String, door: &Door) -> Answer<UserId> {
    let began = tokio::time::Instant::now();
    let looking = look(Arc::clone(app), login.to_owned(), password, door.address.to_string());
    // On its own: one whose sender goes away before the answer counts like any other.
    let found = tokio::spawn(looking.in_current_span()).await;
    let found = found.map_err(|error| ApiError::internal(format!("a sign-in died: {error}")))??;
    if let Some(user) = found {
        return Ok(user);
    }
    let beats = began.elapsed().as_millis() / BEAT.as_millis() + 1;
    tokio::time::sleep_until(began + BEAT * u32::try_from(beats).unwrap_or(1)).await;
    Err(ApiError::unauthorized("the name or the password is wrong"))
}

/// Looks at a password, and counts it if it is wrong.
async fn look(app: Arc<App>, login: String, password: String, address: String) -> Answer<Option<UserId>> {
    let (attempt, credentials) = app.attempts.begin(&app, &login, &address).await?;
    let (found, hash) = app.bridge.hash(move || verify(credentials, &password)).await?;
    let system = Arc::clone(&app.system);
    let count = move || -> Result<(), SystemError> {
        let system = system.lock();
        match (&found, hash) {
            (Some(user), Some((old, new))) => system.upgrade_hash(*user, &old, &new)?,
            (Some(_), None) => {}
            (None, _) => return system.login_failed(&login, &address, Instant::now()),
        }
        system.login_succeeded(&login, &address)
    };
    app.bridge.run(count).await?;
    drop(attempt);
    Ok(found)
}

/// Hash as it was kept, and as it is to be kept from now on.
type Upgrade = Option<(String, String)>;

fn verify(credentials: Option<Credentials>, password: &str) -> Result<(Option<UserId>, Upgrade), ApiError> {
    let Some((credentials, hash)) = credentials.and_then(|found| found.hash.clone().map(|hash| (found, hash))) else {
        verify_nobody(password);
        return Ok((None, None));
    };
    let found = verify_password(&hash, password);
    if found == Match::No || !credentials.is_active {
        return Ok((None, None));
    }
    let upgrade = if found == Match::YesButOld { Some((hash, hash_password(password)?)) } else { None };
    Ok((Some(credentials.id), upgrade))
}

/// Begins a session.
///
/// # Errors
/// The database's.
pub(crate) async fn open_session(app: &App, user: UserId, door: &Door) -> Answer<(Tokens, HeaderMap)> {
    let refresh = NewSecret::new(TokenKind::Refresh);
    let digest = refresh.digest;
    let (system, door) = (Arc::clone(&app.system), door.clone());
    let session = app
        .bridge
        .run(move || {
            let address = door.address.to_string();
            let client = Client { address: &address, user_agent: door.user_agent.as_deref() };
            system.lock().open_session(user, client, &digest.0, Instant::now())
        })
        .await?;
    hand_out(app, user, session, refresh).await
}

/// The tokens of a session, in the body and as cookies.
///
/// # Errors
/// 401 where the account has gone meanwhile.
pub(crate) async fn hand_out(
    app: &App,
    user: UserId,
    session: SessionId,
    refresh: NewSecret,
) -> Answer<(Tokens, HeaderMap)> {
    let roster = app.roster().await?;
    let stamp = roster.account(user).map(|account| account.stamp.clone());
    let stamp = stamp.ok_or_else(|| ApiError::unauthorized("the account is gone"))?;
    let access = app.tokens.issue(user, session, &stamp, Instant::now());
    let access = access.ok_or_else(|| ApiError::internal("no access token could be signed"))?;
    let expires_in = app.tokens.lifetime().as_secs();
    let idle = u64::try_from(IDLE_SECONDS).unwrap_or_default();
    let headers = cookies::set(Some((&access, expires_in)), Some((&refresh.shown, idle)), app.web.is_secure());
    let tokens = Tokens { access_token: access, token_type: "bearer", expires_in, refresh_token: refresh.shown };
    Ok((tokens, headers))
}
