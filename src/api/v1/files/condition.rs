//! What a caller knows of a file that it changes or asks for: `If-Match`, `expected_hash`, `If-None-Match`.

use axum::http::{HeaderMap, HeaderName, header};

use crate::api::error::{Answer, ApiError};
use crate::types::ContentHash;

/// The hashes of which the file has to have one; `None` where the caller knows nothing of it.
///
/// # Errors
/// 422 for an `expected_hash` that is none.
pub(super) fn expected(headers: &HeaderMap, expected_hash: Option<&str>) -> Answer<Option<Vec<ContentHash>>> {
    let named = |text: &str| {
        ContentHash::from_hex(text).ok_or_else(|| ApiError::invalid("expected_hash", "64 hex digits are expected"))
    };
    let bare = expected_hash.map(named).transpose()?;
    let matching = tags(headers, &header::IF_MATCH).filter(|tags| !tags.iter().any(|tag| tag == "*"));
    // A weak tag, or one of no hash, is that of no file.
    let strong = matching.map(|tags| tags.iter().filter_map(|tag| hash_of(tag)).collect::<Vec<_>>());
    Ok(match (strong, bare) {
        (Some(strong), Some(bare)) => Some(strong.into_iter().filter(|hash| *hash == bare).collect()),
        (strong, bare) => strong.or(bare.map(|bare| vec![bare])),
    })
}

/// Whether the caller has what the tag stands for (`If-None-Match`).
pub(super) fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    let plain = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
    tags(headers, &header::IF_NONE_MATCH)
        .is_some_and(|tags| tags.iter().any(|tag| tag == "*" || plain(tag) == plain(etag)))
}

/// The tags of a header; a hash has no comma.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let split = |value: &axum::http::HeaderValue| -> Vec<String> {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        text.split(',').map(|tag| tag.trim().to_owned()).collect()
    };
    Some(values.flat_map(split).collect())
}

fn hash_of(tag: &str) -> Option<ContentHash> {
    ContentHash::from_hex(tag.strip_prefix('"')?.strip_suffix('"')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_hashes_that_the_file_may_have() {
        let (a, b) = ("aa".repeat(32), "bb".repeat(32));
        let check = |header: Option<&str>, bare: Option<&str>, wanted: Option<&[&str]>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = header {
                headers.insert(header::IF_MATCH, value.parse().unwrap());
            }
            let found = expected(&headers, bare).unwrap();
            let found = found.map(|hashes| hashes.iter().map(ToString::to_string).collect::<Vec<_>>());
            let wanted = wanted.map(|hashes| hashes.iter().map(|hash| (*hash).to_owned()).collect::<Vec<_>>());
            assert_eq!(found, wanted, "{header:?} {bare:?}");
        };
        check(None, None, None);
        check(Some("*"), None, None);
        check(Some(&format!("\"{a}\"")), None, Some(&[&a]));
        check(Some(&format!("\"{a}\" , \"{b}\"")), None, Some(&[&a, &b]));
        check(Some(&format!("W/\"{a}\"")), None, Some(&[]));
        check(Some("nonsense"), None, Some(&[]));
        check(None, Some(&b), Some(&[&b]));
        check(Some(&format!("\"{a}\"")), Some(&b), Some(&[]));
        assert_eq!(expected(&HeaderMap::new(), Some("x")).unwrap_err().status, 422);
    }
}
