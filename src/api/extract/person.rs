//! Who asks, where the place is their own account or the server itself.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::act::Act;
use crate::access::{Resource, Verdict, authorize};
use crate::api::auth::{Caller, authenticate};
use crate::api::error::{Answer, ApiError};
use crate::api::state::App;

/// Somebody who may do `A` to their own account.
pub(crate) struct OwnAccount<A> {
    pub(crate) caller: Caller,
    act: PhantomData<A>,
}

impl<A: Act> FromRequestParts<Arc<App>> for OwnAccount<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let caller = authenticate(parts, app).await?;
        allow::<A>(&caller, Resource::Account(caller.user.id), "account")?;
        Ok(Self { caller, act: PhantomData })
    }
}

/// Somebody who may do `A` to the server.
#[allow(dead_code, reason = "for the routes of mounts")]
pub(crate) struct OnServer<A> {
    pub(crate) caller: Caller,
    act: PhantomData<A>,
}

impl<A: Act> FromRequestParts<Arc<App>> for OnServer<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let caller = authenticate(parts, app).await?;
        allow::<A>(&caller, Resource::Server, "server")?;
        Ok(Self { caller, act: PhantomData })
    }
}

/// Whoever it is; for the few routes that answer anybody.
pub(crate) struct SignedInOrNot(pub(crate) Option<Caller>);

impl FromRequestParts<Arc<App>> for SignedInOrNot {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        Ok(Self(authenticate(parts, app).await.ok()))
    }
}

/// Asks the one function that decides; a refusal in the words of HTTP.
///
/// # Errors
/// 404 for what is hidden, 403 for what is refused.
pub(super) fn allow<A: Act>(caller: &Caller, resource: Resource, what: &str) -> Answer<()> {
    match authorize(&caller.principal(), A::ACTION, resource) {
        Verdict::Allowed => Ok(()),
        Verdict::Hidden => Err(ApiError::not_found(format!("no {what}"))),
        Verdict::Refused => Err(ApiError::forbidden("this is not yours to do")),
    }
}
