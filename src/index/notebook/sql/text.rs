//! Full text terms as FTS5 expressions. Every phrase is quoted, so that no word is FTS5's syntax.

use crate::index::query::ast::{Expr, Term};
use crate::index::query::eval::tokens;

/// What FTS5 calls the phrase of these words; `None` if there is no letter or digit in them.
pub(super) fn phrase(words: &[String], prefix: bool) -> Option<String> {
    let text = words.join(" ");
    if tokens(&text).is_empty() {
        return None;
    }
    let text: String = crate::index::notebook::fold::nfc(&text)
        .chars()
        // FTS5 reads its expressions up to a NUL.
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Some(format!("\"{}\"{}", text.replace('"', " "), if prefix { " *" } else { "" }))
}

/// The expression as FTS5's, if it is nothing but text terms joined by AND and OR, each with a token.
pub(super) fn as_match(expr: &Expr) -> Option<String> {
    let joined = |parts: &[Expr], operator| {
        let parts: Option<Vec<String>> = parts.iter().map(as_match).collect();
        parts.filter(|parts| !parts.is_empty()).map(|parts| format!("({})", parts.join(operator)))
    };
    match expr {
        Expr::Term(Term::Text { words, prefix }) => phrase(words, *prefix),
        Expr::And(parts) => joined(parts, " AND "),
        Expr::Or(parts) => joined(parts, " OR "),
        _ => None,
    }
}

/// The words whose places a snippet shows: of every text term that is not negated.
pub(in crate::index::notebook) fn positive_words(expr: &Expr) -> Vec<(Vec<String>, bool)> {
    match expr {
        Expr::Term(Term::Text { words, prefix }) => vec![(tokens(&words.join(" ")), *prefix)],
        Expr::And(parts) | Expr::Or(parts) => parts.iter().flat_map(positive_words).collect(),
        _ => Vec::new(),
    }
}
