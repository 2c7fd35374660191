//! Full text, as FTS5's `unicode61 remove_diacritics 2` cuts and folds it.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Runs of letters and digits, without case and diacritics.
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() && !is_combining_mark(c) {
            token.extend(c.to_lowercase().map(without_diacritics).filter(|c| !is_combining_mark(*c)));
        } else if !(is_combining_mark(c) || token.is_empty()) {
            tokens.push(std::mem::take(&mut token));
        }
    }
    tokens.extend((!token.is_empty()).then_some(token));
    tokens
}

/// The base letter where the rest of the decomposition is marks (so not for Hangul).
fn without_diacritics(c: char) -> char {
    let mut parts = std::iter::once(c).nfd();
    let base = parts.next().unwrap_or(c);
    if parts.all(is_combining_mark) { base } else { c }
}

/// Whether the tokens of the words stand in the text one after another.
pub(super) fn has_phrase(text: &str, words: &[String], prefix: bool) -> bool {
    let wanted = tokens(&words.join(" "));
    let Some((last, before)) = wanted.split_last() else {
        return false;
    };
    tokens(text).windows(wanted.len()).any(|window| {
        let (end, start) = (&window[before.len()], &window[..before.len()]);
        start == before && if prefix { end.starts_with(last.as_str()) } else { end == last }
    })
}
