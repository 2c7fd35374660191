//! What is refused before a route is reached: a Host that is not ours, a flood from one address, http where the server
//! is to be reached by https.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::error::ApiError;
use crate::api::state::App;
use crate::config::Network;

/// Where a request comes from, as far as can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Lets a request through, or answers it.
pub(crate) async fn gate(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let peer =
        request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.ip());
    let is_proxied = app.config.trusted_proxies.iter().any(|proxy| proxy.contains(peer));
    let address =
        if is_proxied { forwarded(request.headers(), &app.config.trusted_proxies).unwrap_or(peer) } else { peer };
    request.extensions_mut().insert(ClientAddress(address));
    name_host(&mut request);
    if let Err(error) = check_host(&app, &request).and_then(|()| app.limits.admit_address(address)) {
        return error.into_response();
    }
    if let Some(elsewhere) = to_https(&app, &request, is_proxied) {
        return elsewhere;
    }
    next.run(request).await
}

/// The nearest address that is no proxy of ours: what stands left of it is what the client says of itself.
fn forwarded(headers: &HeaderMap, proxies: &[Network]) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<IpAddr> = lines.flat_map(|line| line.split(',')).map_while(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|hop| !proxies.iter().any(|proxy| proxy.contains(*hop)))
}

/// HTTP/2 names the host in the address of the request: from here on it stands in one place.
fn name_host(request: &mut Request) {
    if request.version() < Version::HTTP_2 || request.headers().contains_key(header::HOST) {
        return;
    }
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(header::HOST, host);
    }
}

fn check_host(app: &App, request: &Request) -> Result<(), ApiError> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let from_uri = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_owned),
        (None, None) => from_uri.clone(),
        _ => None,
    };
    match host {
        Some(host) if app.web.is_own_host(&host) && from_uri.is_none_or(|uri| app.web.is_own_host(&uri)) => Ok(()),
        _ => Err(ApiError::malformed(
            "the server does not go by that name; `allowed_hosts` of its configuration lists more",
        )),
    }
}

/// Only a proxy knows whether its client came by http; without TLS and proxy there is nobody to be sent on.
fn to_https(app: &App, request: &Request, is_proxied: bool) -> Option<Response> {
    let public = app.web.public().filter(|public| public.is_https)?;
    let came_by = request.headers().get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    if !is_proxied || came_by != Some("http") || request.uri().path().starts_with("/health") {
        return None;
    }
    let rest = request.uri().path_and_query().map_or("/", |rest| rest.as_str());
    let location = format!("{}{rest}", public.as_text());
    Some((StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_proxies_of_ours_say_counts() {
        let proxies = [Network::parse("127.0.0.1").unwrap(), Network::parse("10.0.0.0/8").unwrap()];
        for (said, expected) in [
            ("203.0.113.9", Some("203.0.113.9")),
            ("1.2.3.4, 203.0.113.9, 10.0.0.7", Some("203.0.113.9")),
            ("10.0.0.7", None),
            ("garbage", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", said.parse().unwrap());
            assert_eq!(forwarded(&headers, &proxies), expected.map(|address| address.parse().unwrap()), "{said}");
        }
    }
}
