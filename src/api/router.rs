//! All routes, with what is done before and after each.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderName, HeaderValue, Method, Request, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::{BoxError, Router};
use tower::util::MapRequestLayer;
use tower::{Layer, Service};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::layers::{add_headers, gate, read_rest, record, trim_slash};
use super::state::App;
use super::{ops, v1};

const BASE: &str = "/api/v1";

/// The description of the API, as `/openapi.json` serves it.
#[must_use]
pub fn openapi_json() -> String {
    let (_, api) = routes();
    text_of(&api)
}

fn text_of(api: &OpenApi) -> String {
    api.to_pretty_json().unwrap_or_default()
}

fn routes() -> (Router<Arc<App>>, OpenApi) {
    let (router, api) = OpenApiRouter::new().merge(ops::described()).nest(BASE, v1::router()).split_for_parts();
    (router, ops::describe(api))
}

/// The whole service, for requests with any kind of body.
pub(super) fn service<B>(
    app: &Arc<App>,
) -> impl Service<Request<B>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let (router, api) = routes();
    let router = router
        .merge(ops::documentation(text_of(&api)))
        .merge(ops::user_interface())
        .fallback(record::no_route)
        .method_not_allowed_fallback(record::other_method)
        // The last one added is the first one passed.
        .layer(CatchPanicLayer::custom(record::panicked))
        .layer(from_fn_with_state(Arc::clone(app), gate))
        .layer(cors(&app.config.cors_origins))
        .layer(from_fn_with_state(Arc::clone(app), add_headers))
        .layer(from_fn_with_state(Arc::clone(app), record::record))
        .layer(from_fn(read_rest))
        .with_state(Arc::clone(app));
    MapRequestLayer::new(|request: Request<B>| trim_slash(request)).layer(router)
}

/// Pages of these origins may call the API with their cookies; all others only what a link can do.
fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return CorsLayer::new();
    }
    let own = |name| HeaderName::from_static(name);
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::IF_RANGE,
            header::RANGE,
            own("x-request-id"),
        ])
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_DISPOSITION,
            header::ETAG,
            header::CONTENT_RANGE,
            header::RETRY_AFTER,
            own("x-request-id"),
            own("x-api-version"),
        ])
        .max_age(std::time::Duration::from_secs(3600))
}
