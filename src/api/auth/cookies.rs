//! The two cookies of a signed-in browser. No script reads them.

use axum::http::{HeaderMap, HeaderValue, header};

/// The access token, sent with every request.
pub(crate) const ACCESS: &str = "access_token";

/// The refresh token, sent to the routes of accounts alone.
pub(crate) const REFRESH: &str = "refresh_token";

const REFRESH_PATH: &str = "/api/v1/users";

/// The value of a cookie.
pub(crate) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"')).filter(|value| !value.is_empty())
}

/// Headers that set both cookies for so many seconds; without tokens, headers that remove them.
pub(crate) fn set(access: Option<(&str, u64)>, refresh: Option<(&str, u64)>, is_secure: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, path, value) in [(ACCESS, "/", access), (REFRESH, REFRESH_PATH, refresh)] {
        let (value, seconds) = value.unwrap_or(("", 0));
        let secure = if is_secure { "; Secure" } else { "" };
        let line = format!("{name}={value}; HttpOnly; SameSite=Lax; Path={path}; Max-Age={seconds}{secure}");
        if let Ok(line) = HeaderValue::from_str(&line) {
            headers.append(header::SET_COOKIE, line);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; access_token=x.y; b=2"));
        headers.append(header::COOKIE, HeaderValue::from_static("refresh_token=\"r\"; empty="));
        assert_eq!(get(&headers, ACCESS), Some("x.y"));
        assert_eq!(get(&headers, REFRESH), Some("r"));
        assert_eq!(get(&headers, "empty"), None);
        assert_eq!(get(&headers, "token"), None);
    }
}
