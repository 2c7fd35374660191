//! The web UI: what `make web` built in `web/dist`, in the binary (a debug build reads it from there while it runs). It
//! is one page, which finds out from its address what to show. It knows nothing of what the page does.

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::access::hex;
use crate::api::error::{Answer, ApiError};

/// Addresses of the page. All else that no route has stays a 404 of the API.
pub(super) const PAGES: [&str; 3] = ["/sign-in", "/register", "/w/{*place}"];

/// Scripts are files of ours and nothing else. Styles stand in the page too: the editor, formulas and diagrams make
/// them as they go. Nothing is loaded from elsewhere, whatever a note says; `blob:` is what the page itself has made.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
    font-src 'self'; media-src 'self' blob:; connect-src 'self'; frame-src 'self' blob:; object-src 'self' blob:; \
    worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// The name of what is in it is made of its bytes: it never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Kept, and asked for again each time: it names the files of this version.
const ASK_AGAIN: &str = "no-cache";

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Built;

/// Whether a page is asked for: programs that ask for anything get what they always got.
pub(super) fn is_for_browser(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    accepted.flat_map(|line| line.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}

/// The page, or how to make it.
pub(super) async fn page(headers: HeaderMap) -> Response {
    let mut response = if Built::get("index.html").is_some() {
        file(&headers, "index.html", ASK_AGAIN).into_response()
    } else {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("ui_missing.html")).into_response()
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// GET `/assets/{path}`.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Answer<Response> {
    // All of them stand beside each other: what names another folder is none of them.
    let name = if path.contains(['/', '\\']) { "" } else { &path };
    file(&headers, &format!("assets/{name}"), FOR_EVER)
}

/// GET `/favicon.svg`.
pub(super) async fn icon(headers: HeaderMap) -> Answer<Response> {
    file(&headers, "favicon.svg", ASK_AGAIN)
}

/// A file of the UI; the compressed one beside it where the client takes that.
fn file(headers: &HeaderMap, path: &str, keep: &'static str) -> Answer<Response> {
    let missing = || ApiError::not_found("there is nothing at this address");
    let content_type = content_type(path).ok_or_else(missing)?;
    let zipped = if takes_gzip(headers) { Built::get(&format!("{path}.gz")) } else { None };
    let is_zipped = zipped.is_some();
    let file = zipped.or_else(|| Built::get(path)).ok_or_else(missing)?;
    let etag = etag(&file);
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| names(known, &etag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type)], Body::from(bytes(file))).into_response()
    };
    let answered = response.headers_mut();
    if is_zipped && !is_known {
        answered.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answered.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answered.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    let set = |name: HeaderName, value: &str| HeaderValue::from_str(value).map(|value| (name, value));
    answered.extend(set(header::ETAG, &etag).ok());
    Ok(response)
}

/// A file that is embedded is not copied.
fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

fn etag(file: &EmbeddedFile) -> String {
    format!("\"{}\"", hex(&file.metadata.sha256_hash()[..16]))
}

fn names(known: &HeaderValue, etag: &str) -> bool {
    let listed = known.to_str().unwrap_or_default();
    listed.split(',').any(|one| one.trim().trim_start_matches("W/") == etag)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    accepted.flat_map(|line| line.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("gzip") && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// Of what a build consists of; anything else in the folder is not served.
fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    let known = match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => return None,
    };
    Some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_who_takes_it() {
        for (accepted, takes) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("x-gzip", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(takes_gzip(&headers), takes, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_page_is_for_who_asks_for_one() {
        for (accepted, is_page) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("*/*", false),
            ("application/json", false),
            ("application/json, text/html;q=0.5", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accepted));
            assert_eq!(is_for_browser(&headers), is_page, "{accepted}");
        }
    }
}
