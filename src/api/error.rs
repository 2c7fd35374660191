//! What a caller is told when something is refused or fails: status, one word, a sentence. Never a path of the server,
//! a statement or a stack: those go to the log, with the request's id.

use std::ops::Deref;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal or failure of a route. Boxed: answers that are no errors are not to be moved about at its size.
#[derive(Clone, Debug)]
pub(crate) struct ApiError(pub(super) Box<Refusal>);

impl Deref for ApiError {
    type Target = Refusal;

    fn deref(&self) -> &Refusal {
        &self.0
    }
}

/// What is said of it.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(super) status: StatusCode,
    /// One word that programs compare.
    pub(super) error: &'static str,
    /// A sentence for people.
    pub(super) detail: String,
    /// What is wrong with which field (422).
    pub(super) fields: Vec<FieldError>,
    /// Seconds (429, 503).
    pub(super) retry_after: Option<u32>,
    /// The hash that the file has now (412).
    pub(super) current_hash: Option<String>,
    /// For the log alone.
    pub(super) cause: Option<String>,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Path of the field, as `query.limit`; empty for the body as a whole.
    pub(crate) field: String,
    /// What is expected.
    pub(crate) message: String,
    /// Where in the field's text, in characters from 0, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) position: Option<usize>,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), position: None }
    }
}

/// The body of every refusal and failure.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    /// One word that programs compare.
    #[schema(example = "not_found")]
    pub(super) error: String,
    /// A sentence for people.
    #[schema(example = "no notebook `lab`")]
    pub(super) detail: String,
    /// Stands in the header `X-Request-ID` and in every line of the log.
    pub(super) request_id: String,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    pub(super) timestamp: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(super) fields: Vec<FieldError>,
    /// The hash that the file has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) current_hash: Option<String>,
}

/// What a handler answers with.
pub(crate) type Answer<T> = Result<T, ApiError>;

impl ApiError {
    pub(super) fn new(status: StatusCode, error: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Refusal {
            status,
            error,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            current_hash: None,
            cause: None,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Refusal)) -> Self {
        change(&mut self.0);
        self
    }

    /// 400: the request cannot be read.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// 401: who asks is not known.
    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// 403: it may be seen, and this may not be done.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: there is none, or none for this caller.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// 409: it is there already, or the state does not allow it.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// 412: the file is not what the caller edited; `current` is its hash now.
    pub(crate) fn changed_meanwhile(detail: impl Into<String>, current: Option<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
            .with(|error| error.current_hash = current)
    }

    /// 422: a field does not fit.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError::new(field, message)])
    }

    /// 422: a field does not fit from a character on.
    pub(crate) fn invalid_at(field: impl Into<String>, message: impl Into<String>, position: usize) -> Self {
        Self::invalid_fields(vec![FieldError { position: Some(position), ..FieldError::new(field, message) }])
    }

    /// 422: fields do not fit.
    pub(crate) fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let detail = match fields.as_slice() {
            [one] if one.field.is_empty() => one.message.clone(),
            [one] => format!("`{}`: {}", one.field, one.message),
            more => format!("{} fields do not fit", more.len()),
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail).with(|error| error.fields = fields)
    }

    /// 429: not now.
    pub(crate) fn too_many(detail: impl Into<String>, seconds: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
            .with(|error| error.retry_after = Some(seconds.max(1)))
    }

    /// 503: not yet, or not in this state.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).with(|error| error.retry_after = Some(1))
    }

    /// 500: a fault of ours; `cause` is for the log.
    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let detail = "something went wrong on the server; its log has more under the request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).because(cause.into())
    }

    /// The same with what the log is to say.
    pub(super) fn because(self, cause: impl std::fmt::Display) -> Self {
        self.with(|error| error.cause = Some(cause.to_string()))
    }
}

impl IntoResponse for ApiError {
    /// The body is written by the outermost layer, which knows the request's id: see [`super::layers::record`].
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Refusals that any route may answer with, for its description.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) enum Refusals {
    /// The request cannot be read.
    #[response(status = 400)]
    Malformed(ErrorBody),
    /// Nobody is signed in, or the token is no longer good.
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// It may be seen, and this may not be done.
    #[response(status = 403)]
    Forbidden(ErrorBody),
    /// There is none, or none for this caller.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is of another type.
    #[response(status = 415)]
    UnsupportedMediaType(ErrorBody),
    /// Fields do not fit; `fields` says which.
    #[response(status = 422)]
    Invalid(ErrorBody),
    /// Too many requests; `Retry-After` says when.
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// A fault of the server.
    #[response(status = 500)]
    Internal(ErrorBody),
    /// Not yet, or not in this state.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// It is there already, or the state does not allow it.
#[derive(utoipa::IntoResponses)]
#[response(status = 409)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct Conflict(ErrorBody);

/// The file is not what the caller edited; `current_hash` is what it is now.
#[derive(utoipa::IntoResponses)]
#[response(status = 412)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct Changed(ErrorBody);

/// The file ends before the range begins.
#[derive(utoipa::IntoResponses)]
#[response(status = 416)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct OutOfRange(ErrorBody);

/// The disk, or what the workspace may hold, is full.
#[derive(utoipa::IntoResponses)]
#[response(status = 507)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct Full(ErrorBody);
