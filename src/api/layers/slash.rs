//! Every route answers with and without a slash at its end: the slash goes before routes are looked at, so that nobody
//! is redirected (a redirect loses the body of a POST).

use axum::http::{Request, Uri};

/// The request without slashes at the end of its path.
pub(crate) fn trim_slash<B>(mut request: Request<B>) -> Request<B> {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() == path.len() || path == "/" {
        return request;
    }
    let trimmed = if trimmed.is_empty() { "/" } else { trimmed };
    let whole = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = whole.parse().ok().or(parts.path_and_query);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_end_go() {
        for (from, to) in [
            ("/", "/"),
            ("//", "/"),
            ("/api/v1/workspaces/", "/api/v1/workspaces"),
            ("/api/v1/workspaces//?a=b/", "/api/v1/workspaces?a=b/"),
            ("/a%2F/", "/a%2F"),
            ("/a", "/a"),
        ] {
            let request = Request::builder().uri(from).body(()).unwrap();
            assert_eq!(trim_slash(request).uri().to_string(), to, "{from}");
        }
    }
}
