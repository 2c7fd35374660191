//! GET `/docs`: a page that shows the description and tries routes out. It is our own and loads nothing from elsewhere:
//! the viewers that there are bring more script than the rest of the UI, and need styles and scripts that a strict
//! policy refuses.

use axum::http::header;
use axum::response::IntoResponse;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// GET `/docs`.
pub(super) async fn page() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, include_str!("viewer/viewer.html"))
}

/// GET `/docs/viewer.js`.
pub(super) async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("viewer/viewer.js"))
}

/// GET `/docs/viewer.css`.
pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("viewer/viewer.css"))
}
