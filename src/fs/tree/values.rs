//! Property values between text and type. Pure.

use crate::types::Value;

/// A scalar as the folder of its group shows it; lists and mappings have no text.
#[must_use]
pub fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The element that is shown so.
#[must_use]
pub fn element_shown_as<'a>(elements: &[&'a Value], text: &str) -> Option<&'a Value> {
    elements.iter().find(|element| shown(element).as_deref() == Some(text)).copied()
}

/// A text as the type that other values of the property have: numbers stay numbers, booleans booleans, text text.
/// Without other values it is what YAML would read.
#[must_use]
pub fn typed(text: &str, others: &[&Value]) -> Value {
    let plain = serde_json::from_str::<Value>(text).ok().filter(|value| shown(value).as_deref() == Some(text));
    let is_text = others.first().is_some_and(|value| value.is_string());
    match plain {
        Some(value @ (Value::Number(_) | Value::Bool(_))) if !is_text => value,
        _ => Value::from(text),
    }
}

/// The value that an extended attribute's bytes stand for: a JSON list, number or boolean, else text; text stays text
/// where the property holds text.
///
/// # Errors
/// What is wrong with it.
pub fn from_attribute(bytes: &[u8], present: &[&Value]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "a property's value is UTF-8 text".to_owned())?;
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("a property's value has no control characters".to_owned());
    }
    if text.starts_with('[')
        && let Ok(list @ Value::Array(_)) = serde_json::from_str(text)
    {
        return Ok(list);
    }
    Ok(typed(text, present))
}

/// A property as an extended attribute shows it: text as it is, everything else as JSON.
#[must_use]
pub fn to_attribute(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_keep_the_type_of_their_kind() {
        for (text, others, expected) in [
            ("3", json!([1, 2]), json!(3)),
            ("3", json!(["a"]), json!("3")),
            ("3", json!([]), json!(3)),
            ("007", json!([1]), json!("007")),
            ("true", json!([false]), json!(true)),
            ("true", json!(["no"]), json!("true")),
            ("done", json!([1]), json!("done")),
            ("null", json!([]), json!("null")),
            ("2026-11-02", json!([]), json!("2026-11-02")),
        ] {
            let others: Vec<&Value> = others.as_array().unwrap().iter().collect();
            assert_eq!(typed(text, &others), expected, "{text} among {others:?}");
        }
    }

    #[test]
    fn attributes() {
        for (bytes, expected) in
            [("done", json!("done")), ("0.5", json!(0.5)), ("[1, \"a\"]", json!([1, "a"])), ("[x", json!("[x"))]
        {
            let value = from_attribute(bytes.as_bytes(), &[]).unwrap();
            assert_eq!(value, expected);
        }
        assert!(from_attribute(b"\xff", &[]).is_err() && from_attribute(b"a\0", &[]).is_err());
        assert_eq!(to_attribute(&json!("a\"b")), b"a\"b");
        assert_eq!(to_attribute(&json!([1, "a"])), b"[1,\"a\"]");
    }
}
