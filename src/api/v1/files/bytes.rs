//! Bytes served: all of them, a range, or none where the caller has them already. What a browser is shown of them runs
//! nothing and loads nothing.

use std::fmt::Write;
use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;

use super::condition::has_already;
use super::object::etag_of;
use crate::api::bridge::Bridge;
use crate::api::error::ApiError;
use crate::sys::OpenFile;

/// A file is read in parts of so many bytes.
const PART: u64 = 256 << 10;

/// No scripts, forms or frames, an origin of its own, and nothing from elsewhere.
const POLICY: &str = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; \
    frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Bytes with what is said of them.
#[derive(Debug)]
pub(in crate::api::v1) struct Served {
    pub(in crate::api::v1) source: Source,
    /// How many they are.
    pub(in crate::api::v1) len: u64,
    /// What tells them from other versions, without quotes.
    pub(in crate::api::v1) version: String,
    pub(in crate::api::v1) content_type: &'static str,
    /// The name that they are saved under.
    pub(in crate::api::v1) name: String,
}

/// Where they come from.
#[derive(Debug)]
pub(in crate::api::v1) enum Source {
    Whole(Bytes),
    File(OpenFile),
}

/// What a browser is to do with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api::v1) enum Disposition {
    Show,
    Save,
}

/// What of them is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<u64>),
    Nothing,
}

impl Served {
    /// The answer to a request with these headers.
    pub(in crate::api::v1) fn answer(self, asked: &HeaderMap, disposition: Disposition, bridge: &Bridge) -> Response {
        let etag = etag_of(&self.version);
        let mut headers = HeaderMap::new();
        let mut add = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        add(header::ETAG, &etag);
        add(header::ACCEPT_RANGES, "bytes");
        // Kept by who asked, and asked for again each time.
        add(header::CACHE_CONTROL, "private, no-cache");
        if has_already(asked, &etag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let (status, range) = match wanted(asked, self.len, &etag) {
            Wanted::All => (StatusCode::OK, 0..self.len),
            Wanted::Part(range) => {
                add(header::CONTENT_RANGE, &format!("bytes {}-{}/{}", range.start, range.end - 1, self.len));
                (StatusCode::PARTIAL_CONTENT, range)
            }
            Wanted::Nothing => {
                add(header::CONTENT_RANGE, &format!("bytes */{}", self.len));
                let detail = format!("the file has {} bytes", self.len);
                let error = ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", detail);
                return (headers, error).into_response();
            }
        };
        let is_text = self.content_type.starts_with("text/");
        add(header::CONTENT_TYPE, &format!("{}{}", self.content_type, if is_text { "; charset=utf-8" } else { "" }));
        add(header::CONTENT_LENGTH, &(range.end - range.start).to_string());
        add(header::CONTENT_SECURITY_POLICY, POLICY);
        add(header::CONTENT_DISPOSITION, &named(disposition, &self.name));
        (status, headers, self.source.body(range, bridge.clone())).into_response()
    }
}

impl Source {
    fn body(self, range: Range<u64>, bridge: Bridge) -> Body {
        match self {
            Self::Whole(bytes) => {
                let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(bytes.len());
                Body::from(bytes.slice(at(range.start)..at(range.end)))
            }
            Self::File(file) => Body::from_stream(try_unfold((file, range, bridge), next_part)),
        }
    }
}

type Reading = (OpenFile, Range<u64>, Bridge);

/// The next part of a file. Who reads slowly holds no thread meanwhile.
async fn next_part((file, range, bridge): Reading) -> std::io::Result<Option<(Bytes, Reading)>> {
    if range.is_empty() {
        return Ok(None);
    }
    let len = usize::try_from((range.end - range.start).min(PART)).unwrap_or(usize::MAX);
    let start = range.start;
    let read = bridge.run(move || file.read_at(start, len).map(|bytes| (file, bytes))).await;
    let (file, bytes) = read.map_err(|error| std::io::Error::other(error.detail.clone()))?;
    if bytes.is_empty() {
        // It was cut meanwhile: the caller is not to take this for its end.
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let rest = start + bytes.len() as u64..range.end;
    Ok(Some((Bytes::from(bytes), (file, rest, bridge))))
}

/// What `Range` asks for. One that means nothing, or names several, is as if it were not there, as RFC 9110 allows;
/// so is one of another version (`If-Range`).
fn wanted(asked: &HeaderMap, len: u64, etag: &str) -> Wanted {
    let text = |name| asked.get(name).map(|value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()));
    let Some(range) = text(header::RANGE) else { return Wanted::All };
    if text(header::IF_RANGE).is_some_and(|version| version != etag) {
        return Wanted::All;
    }
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Wanted::All;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(len),
        (Some(first), None) if last.is_empty() => first..len,
        (None, Some(count)) if first.is_empty() => len.saturating_sub(count)..len,
        _ => return Wanted::All,
    };
    if part.is_empty() { Wanted::Nothing } else { Wanted::Part(part) }
}

/// `Content-Disposition`, with the name for programs that know RFC 6266 and those that do not.
fn named(disposition: Disposition, name: &str) -> String {
    let kind = match disposition {
        Disposition::Show => "inline",
        Disposition::Save => "attachment",
    };
    let plain = |c: char| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, expected) in [
            ("bytes=0-3", Wanted::Part(0..4)),
            ("bytes=4-", Wanted::Part(4..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=0-999999999999999999999999", Wanted::Part(0..10)),
            ("bytes=9-9", Wanted::Part(9..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=10-20", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=999999999999999999999999-", Wanted::Nothing),
            ("bytes=5-2", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("lines=0-1", Wanted::All),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, range.parse().unwrap());
            assert_eq!(wanted(&headers, 10, "\"x\""), expected, "{range}");
            headers.insert(header::IF_RANGE, "\"y\"".parse().unwrap());
            assert_eq!(wanted(&headers, 10, "\"x\""), Wanted::All);
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=0-".parse().unwrap());
        assert_eq!(wanted(&headers, 0, "\"x\""), Wanted::Nothing);
    }

    #[test]
    fn names_of_downloads_forge_no_header() {
        assert_eq!(
            named(Disposition::Save, "ü \"x\"\r\n.md"),
            "attachment; filename=\"_ _x___.md\"; filename*=UTF-8''%C3%BC%20%22x%22%0D%0A.md"
        );
    }
}
