//! Bodies: JSON of the right type and size, whose mistakes name the field. A field that a body does not know is a mistake
//! too (`deny_unknown_fields` on the type): a misspelt one would else be lost without a word.

use std::sync::Arc;

use axum::body::{Body as Stream, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::query::parse;
use crate::api::error::{Answer, ApiError, FieldError};
use crate::api::state::App;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body, or none.
pub(crate) struct OptionalBody<T>(pub(crate) Option<T>);

/// A JSON body or a form.
pub(crate) struct BodyOrForm<T>(pub(crate) T);

/// What a body is held to beyond its types.
pub(crate) trait Checked {
    /// Adds what is wrong.
    fn check(&self, _faults: &mut Faults) {}
}

/// What is wrong with a body.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FieldError>);

impl Faults {
    /// One more.
    pub(crate) fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    /// Nothing is wrong.
    ///
    /// # Errors
    /// 422 with all that is.
    pub(crate) fn none(self) -> Answer<()> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::invalid_fields(self.0)) }
    }

    /// Unless the text has so many characters and none that controls a terminal.
    pub(crate) fn text(&mut self, field: &str, text: &str, length: std::ops::RangeInclusive<usize>) {
        if !length.contains(&text.chars().count()) {
            self.add(field, format!("{} to {} characters are expected", length.start(), length.end()));
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.add(field, "control characters are not expected");
        }
    }
}

impl<T: DeserializeOwned + Checked> FromRequest<Arc<App>> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Answer<Self> {
        let (parts, stream) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(other_type("application/json is expected"));
        }
        let bytes = collect(&parts.headers, stream, app).await?;
        checked(json(&bytes)?).map(Self)
    }
}

impl<T: DeserializeOwned + Checked> FromRequest<Arc<App>> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Answer<Self> {
        let (parts, stream) = request.into_parts();
        let bytes = collect(&parts.headers, stream, app).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        if !is_json(&parts.headers) {
            return Err(other_type("application/json is expected"));
        }
        // Null says that there is none.
        json::<Option<T>>(&bytes)?.map(checked).transpose().map(Self)
    }
}

impl<T: DeserializeOwned + Checked> FromRequest<Arc<App>> for BodyOrForm<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Answer<Self> {
        let (parts, stream) = request.into_parts();
        let is_form = content_type(&parts.headers) == "application/x-www-form-urlencoded";
        if !is_form && !is_json(&parts.headers) {
            return Err(other_type("application/x-www-form-urlencoded or application/json is expected"));
        }
        let bytes = collect(&parts.headers, stream, app).await?;
        if !is_form {
            return checked(json(&bytes)?).map(Self);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::malformed("the form is not UTF-8"))?;
        checked(parse(text)?).map(Self)
    }
}

fn checked<T: Checked>(body: T) -> Answer<T> {
    let mut faults = Faults::default();
    body.check(&mut faults);
    faults.none().map(|()| body)
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = content_type(headers);
    content_type == "application/json" || (content_type.starts_with("application/") && content_type.ends_with("+json"))
}

fn other_type(detail: &str) -> ApiError {
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

/// The whole body, if it is not too large and does not take too long. One that says beforehand that it is too large is
/// not read.
async fn collect(headers: &HeaderMap, stream: Stream, app: &App) -> Answer<Bytes> {
    let most = app.config.body_max;
    let too_large = || {
        let detail = format!("the body is larger than {} MiB", most >> 20);
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    };
    let said = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| said > most as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(app.config.body_patience, axum::body::to_bytes(stream, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_limit(&error) => Err(too_large()),
        Ok(Err(error)) => Err(ApiError::malformed("the body ended before its end").because(error)),
        Err(_) => Err(ApiError::malformed("the body took too long to arrive")),
    }
}

fn is_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.to_string().contains("length limit"))
}

/// Reads JSON. Its depth is bounded by the parser (128), so that a deep one costs nothing.
fn json<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.into_inner());
        if inner.is_data() {
            let (field, message) = field_of(&path, &inner.to_string());
            ApiError::invalid(field, message)
        } else {
            ApiError::malformed(format!("the body is no JSON: {inner}"))
        }
    })?;
    reader.end().map_err(|error| ApiError::malformed(format!("the body is no JSON: {error}")))?;
    // Serde takes a list for a type with fields, each by its place.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::invalid("", "an object is expected, not a list"));
    }
    Ok(read)
}

/// The field that a mistake is about, and what is said of it. One that is unknown or missing is named in serde's words
/// alone.
pub(super) fn field_of(path: &str, said: &str) -> (String, String) {
    let path = if path == "." || path == "?" { "" } else { path };
    let message = said.split(" at line ").next().unwrap_or(said).to_owned();
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .into_iter()
        .find_map(|begins| message.strip_prefix(begins)?.split_once('`'))
        .map(|(name, _)| name.to_owned());
    match named {
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => (path.to_owned(), message),
        Some(name) if path.is_empty() => (name, message),
        Some(name) => (format!("{path}.{name}"), message),
        None => (path.to_owned(), message),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is read alone")]
    struct Order {
        name: String,
        lines: Option<Vec<Line>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is read alone")]
    struct Line {
        count: u32,
    }

    #[test]
    fn mistakes_name_the_field() {
        for (text, status, field) in [
            (r#"{"name": 1}"#, 422, "name"),
            (r#"{"name": "a", "nmae": 1}"#, 422, "nmae"),
            ("{}", 422, "name"),
            (r#"{"name": "a", "lines": [{"count": -1}]}"#, 422, "lines[0].count"),
            (r#"{"name": "a", "lines": [{"count": 1, "x": 1}]}"#, 422, "lines[0].x"),
            (r#"{"name": "a", "lines": [{}]}"#, 422, "lines[0].count"),
            (r#" ["a", null]"#, 422, ""),
            (r#"{"name": "a"} x"#, 400, ""),
            (r#"{"name": "a""#, 400, ""),
            ("\u{feff}{}", 400, ""),
        ] {
            let error = json::<Order>(text.as_bytes()).unwrap_err();
            let fields: Vec<&str> = error.fields.iter().map(|fault| fault.field.as_str()).collect();
            assert_eq!((error.status.as_u16(), fields.join(",").as_str()), (status, field), "{text} {error:?}");
        }
        assert_eq!(json::<Order>(b"{\"name\": \"\xff\"}").unwrap_err().status, 400);
        let deep = "[".repeat(100_000);
        assert_eq!(json::<serde_json::Value>(deep.as_bytes()).unwrap_err().status, 400);
    }
}
