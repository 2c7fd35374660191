//! Whether a browser was made to send a request by a page of somebody else's. Cookies come along by themselves, so what
//! they vouch for may change nothing unless the browser says that our own page asks.

use axum::http::{HeaderMap, Method, header};

use crate::api::error::ApiError;
use crate::api::state::Web;

/// What is required of a request that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// It is vouched for by a cookie: the browser has to say where it comes from.
    Needed,
    /// It carries its own proof (a password, a token in its body): only what a browser says to the contrary counts.
    Welcome,
}

/// Refuses a socket that a page of another origin opens with the cookie of ours. Browsers say where each comes from.
pub(crate) fn check_socket(headers: &HeaderMap, web: &Web) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text(header::ORIGIN) {
        Some(origin) if web.is_own_origin(origin, text(header::HOST)) => Ok(()),
        Some(_) => Err(ApiError::forbidden("the socket is opened by a page of another origin")),
        None => Err(ApiError::forbidden("a socket by cookie says where it comes from (Origin)")),
    }
}

/// Refuses a changing request that a page of another origin made.
pub(crate) fn check(method: &Method, headers: &HeaderMap, web: &Web, proof: Proof) -> Result<(), ApiError> {
    if method.is_safe() {
        return Ok(());
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let refuse = || Err(ApiError::forbidden("the request comes from a page of another origin"));
    if let Some(origin) = text(header::ORIGIN) {
        return if web.is_own_origin(origin, text(header::HOST)) { Ok(()) } else { refuse() };
    }
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin" | "none") => Ok(()),
        Some(_) => refuse(),
        None if proof == Proof::Welcome => Ok(()),
        None => Err(ApiError::forbidden(
            "a request by cookie says where it comes from (Origin or Sec-Fetch-Site); programs send the token as a bearer",
        )),
    }
}
