//! From a search line or a body to a query; what does not parse is said with its place.

use serde_json::Value;

use crate::api::error::{Answer, ApiError};
use crate::index::query::{Query, TimeContext, parse_line, query_from_json};

/// Reads a search line that is the value of `field`.
///
/// # Errors
/// 422 with the position.
pub(in crate::api::v1) fn read_line(field: &str, line: &str) -> Answer<Query> {
    parse_line(line).map_err(|error| ApiError::invalid_at(field, error.message, error.position))
}

/// Reads the mapping of query.md §2.
///
/// # Errors
/// 422, with the position where it is about a search line.
pub(super) fn read_body(body: &Value, now: &TimeContext) -> Answer<Query> {
    if !body.is_object() {
        return Err(ApiError::invalid("", "a mapping is expected, such as {\"q\": \"tag:experiment\"}"));
    }
    query_from_json(body, now).map_err(|error| {
        if let Some((key, position)) = error.in_line {
            let message = error.message.strip_prefix(&format!("`{key}`: ")).unwrap_or(&error.message);
            ApiError::invalid_at(&key, message, position)
        } else {
            let (field, message) = apart(&error.message);
            ApiError::invalid(field, message)
        }
    })
}

/// "`limit`: a whole number …" is of the field `limit`.
fn apart(message: &str) -> (&str, &str) {
    let named = message.strip_prefix('`').and_then(|rest| rest.split_once("`: "));
    named.unwrap_or(("", message))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mistakes_name_field_and_position() {
        let now = TimeContext {
            now: jiff::Timestamp::UNIX_EPOCH,
            zone: jiff::tz::TimeZone::UTC,
            week_starts: jiff::civil::Weekday::Monday,
        };
        for (body, field, position) in [
            (json!({"q": "tag:a ("}), "q", true),
            (json!({"where": "a OR"}), "where", true),
            // It begins a placeholder that does not end: the error had no place.
            (json!({"q": "{{ a*b"}), "q", true),
            (json!({"q": "due<{{ today }} ("}), "q", true),
            (json!({"q": "due<{{ never }}"}), "q", true),
            (json!({"limit": 0}), "limit", false),
            (json!({"limit": "many"}), "limit", false),
            (json!({"tags": {"a": 1}}), "tags", false),
            (json!([1]), "", false),
            (json!("tag:a"), "", false),
            (json!(null), "", false),
        ] {
            let error = read_body(&body, &now).unwrap_err();
            assert_eq!(error.status, 422, "{body}");
            assert_eq!(
                (error.fields[0].field.as_str(), error.fields[0].position.is_some()),
                (field, position),
                "{body}"
            );
        }
        let query = read_body(&json!({"q": "tag:a", "tgas": ["b"]}), &now).unwrap();
        assert!(query.warnings[0].contains("tgas"), "{:?}", query.warnings);
    }
}
