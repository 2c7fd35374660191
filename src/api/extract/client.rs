//! Where a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::api::auth::origin::{Proof, check};
use crate::api::auth::signing_in::Door;
use crate::api::error::{Answer, ApiError};
use crate::api::layers::ClientAddress;
use crate::api::state::App;

/// Where a sign-in comes from; refused where a page of another origin makes it, since its answer sets cookies.
pub(crate) struct FromBrowser(pub(crate) Door);

impl FromRequestParts<Arc<App>> for FromBrowser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        check(&parts.method, &parts.headers, &app.web, Proof::Welcome)?;
        let address = address_of(parts);
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self(Door { address, user_agent }))
    }
}

/// The headers of a request that may come by cookie, with the check that such a request needs, and where it comes from.
pub(crate) struct Changing {
    pub(crate) headers: HeaderMap,
    pub(crate) address: IpAddr,
}

impl FromRequestParts<Arc<App>> for Changing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let by_cookie =
            parts.headers.contains_key(header::COOKIE) && !parts.headers.contains_key(header::AUTHORIZATION);
        let proof = if by_cookie { Proof::Needed } else { Proof::Welcome };
        check(&parts.method, &parts.headers, &app.web, proof)?;
        Ok(Self { headers: parts.headers.clone(), address: address_of(parts) })
    }
}

fn address_of(parts: &Parts) -> IpAddr {
    parts.extensions.get::<ClientAddress>().map_or(IpAddr::from([0, 0, 0, 0]), |client| client.0)
}
