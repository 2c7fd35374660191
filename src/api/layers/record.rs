//! A request's id, its line in the log, its place in the figures, and the body of what is refused: the one place that
//! sees both ends of a request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::access::hex;
use crate::api::error::{ApiError, ErrorBody};
use crate::api::state::App;
use crate::sys::random_bytes;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Follows a request from its id to its answer.
pub(crate) async fn record(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = given_id(request.headers()).unwrap_or_else(new_id);
    let method = request.method().clone();
    // Of a path that no route has, only that: what callers invent is no label.
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", %id, %method, route, user = tracing::field::Empty);
    let mut response = next.run(request).instrument(span.clone()).await;
    let _in_span = span.enter();
    let took = began.elapsed();
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        log(&error);
        response = answer(error, &id, response.headers());
    }
    tracing::info!(status = response.status().as_u16(), took_ms = millis(took), "answered");
    app.figures.count(&method, &route, response.status(), took);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response
}

/// The caller's, if it is fit to stand in a log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(&REQUEST_ID)?.to_str().ok()?;
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    ((1..=128).contains(&text.len()) && text.chars().all(is_fit)).then(|| text.to_owned())
}

fn new_id() -> String {
    hex(&random_bytes::<16>())
}

fn log(error: &ApiError) {
    let cause = error.cause.as_deref().unwrap_or_default();
    if error.status.is_server_error() {
        tracing::error!(error = error.error, detail = error.detail, cause, "failed");
    } else {
        tracing::debug!(error = error.error, detail = error.detail, cause, "refused");
    }
}

fn answer(error: ApiError, id: &str, headers: &HeaderMap) -> Response {
    let error = *error.0;
    let (status, retry_after) = (error.status, error.retry_after);
    let body = ErrorBody {
        error: error.error.to_owned(),
        detail: error.detail,
        request_id: id.to_owned(),
        timestamp: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        fields: error.fields,
        current_hash: error.current_hash,
    };
    let json = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], json).into_response();
    for (name, value) in headers.iter().filter(|(name, _)| !is_of_body(name)) {
        response.headers_mut().append(name.clone(), value.clone());
    }
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == axum::http::StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn is_of_body(name: &HeaderName) -> bool {
    [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(name)
}

fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

/// A route that panicked: a fault of ours, said as any other.
#[expect(clippy::needless_pass_by_value, reason = "the layer's type says so")]
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    ApiError::internal(format!("a route panicked: {}", said.unwrap_or("without a word"))).into_response()
}

/// No route has the path.
pub(crate) async fn no_route() -> ApiError {
    ApiError::not_found("there is nothing at this address")
}

/// A route has the path, and takes other methods.
pub(crate) async fn other_method(method: Method) -> ApiError {
    ApiError::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("this address takes no {method}"),
    )
}
