//! Tags in search lines and in the lists of a query; knows their spelling, not their meaning.

use crate::types::TagName;

/// The tag as it is after the rename, if that changes how it is written.
pub(super) fn renamed(tag: &str, from: &TagName, to: &TagName) -> Option<TagName> {
    let tag = TagName::new(tag).ok()?;
    tag.rebased(from, to).filter(|new| new.as_str() != tag.as_str())
}

/// `a`, `=a` or `a, =b` with the tag renamed, if that changes it.
pub(super) fn renamed_in_list(text: &str, from: &TagName, to: &TagName) -> Option<String> {
    let mut is_changed = false;
    let parts: Vec<String> = (text.split(','))
        .map(|part| {
            let blank = &part[..part.len() - part.trim_start().len()];
            let (exactly, tag) = part.trim().strip_prefix('=').map_or(("", part.trim()), |tag| ("=", tag));
            renamed(tag, from, to).map_or_else(
                || part.to_owned(),
                |new| {
                    is_changed = true;
                    format!("{blank}{exactly}{new}")
                },
            )
        })
        .collect();
    is_changed.then(|| parts.join(","))
}

/// A search line with the tag renamed in its `tag:` terms: `tag:a`, `tag:=a`, `-tag:a`, `tag:a,=b`, `tag:"a b"`.
/// Phrases, other terms and spacing stay.
pub(super) fn renamed_in_line(line: &str, from: &TagName, to: &TagName) -> String {
    let mut result = String::with_capacity(line.len() + 16);
    let mut rest = line;
    let mut is_term_start = true;
    while let Some(first) = rest.chars().next() {
        let length = match is_term_start.then(|| tag_operator(rest)).flatten() {
            Some(operator) => {
                result.push_str(&rest[..operator]);
                rest = renamed_values(&rest[operator..], from, to, &mut result);
                is_term_start = false;
                continue;
            }
            None if first == '"' => quoted_length(rest),
            None => first.len_utf8(),
        };
        result.push_str(&rest[..length]);
        is_term_start = first.is_whitespace() || first == '(' || first == '-' && is_term_start;
        rest = &rest[length..];
    }
    result
}

/// The length of `tag:`, `tag:=`, `tag=` or `tag!=` at the start of a term.
fn tag_operator(term: &str) -> Option<usize> {
    let after = term.strip_prefix("tags").or_else(|| term.strip_prefix("tag"))?;
    let operator = [":!=", ":=", ":", "!=", "="].into_iter().find(|operator| after.starts_with(operator))?;
    Some(term.len() - after.len() + operator.len())
}

/// Copies a term's values, separated by commas, with the tag renamed; returns what follows them.
fn renamed_values<'a>(values: &'a str, from: &TagName, to: &TagName, result: &mut String) -> &'a str {
    let mut rest = values;
    loop {
        if let Some(after) = rest.strip_prefix('=') {
            result.push('=');
            rest = after;
        }
        let is_quoted = rest.starts_with('"');
        let length = if is_quoted { quoted_length(rest) } else { bare_length(rest) };
        let written = &rest[..length];
        match renamed(written.trim_matches('"'), from, to) {
            Some(new) if is_quoted || new.as_str().contains(' ') => {
                result.extend(["\"", new.as_str(), "\""]);
            }
            Some(new) => result.push_str(new.as_str()),
            None => result.push_str(written),
        }
        rest = &rest[length..];
        let Some(after) = rest.strip_prefix(',') else { return rest };
        result.push(',');
        rest = after;
    }
}

fn bare_length(text: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')' | ':' | '=' | '<' | '>' | ',');
    text.find(ends).unwrap_or(text.len())
}

fn quoted_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_terms_of_a_search_line_are_renamed_and_nothing_else() {
        let (from, to) = (TagName::new("a").unwrap(), TagName::new("x/y z").unwrap());
        for (line, expected) in [
            ("tag:a", "tag:\"x/y z\""),
            ("tag:=A -tag:a/b status:a", "tag:=\"x/y z\" -tag:\"x/y z/b\" status:a"),
            ("(tag:a OR tag:ab) \"tag:a\" tag:b,=a", "(tag:\"x/y z\" OR tag:ab) \"tag:a\" tag:b,=\"x/y z\""),
            ("mytag:a \"tag\":a tags!=\"a\"", "mytag:a \"tag\":a tags!=\"x/y z\""),
            ("tag:\"a b\" Größe tag:* tag:", "tag:\"a b\" Größe tag:* tag:"),
        ] {
            assert_eq!(renamed_in_line(line, &from, &to), expected);
        }
        assert_eq!(renamed_in_list("b, =a,a", &from, &to).as_deref(), Some("b, =x/y z,x/y z"));
        assert_eq!(renamed_in_list("a b", &from, &to), None);
    }
}
