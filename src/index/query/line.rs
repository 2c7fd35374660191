//! The search line: `tag:experiment loss<0.1 -tag:failed "learning rate" sort:-modified`.
//!
//! NOT (`-`, `NOT`) binds tightest, then AND (nothing, or `AND`), then OR; parentheses. `sort:`, `limit:`, `offset:` and
//! `group:` stand at the outermost level. In quotes `\"` and `\\` are `"` and `\`, any other backslash is itself.
//! It knows nothing of files, databases and clocks.

mod condition;
mod directive;
mod operand;
mod scan;

#[cfg(test)]
mod tests;

pub(super) use directive::{group_of, sort_key};
pub(super) use operand::{Kind, check_field, classify, date, is_bare_value};
pub(super) use scan::is_bare_char;

use super::ast::{Expr, Query, Term};
use scan::{Operator, Scanner};

/// A search line that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {}: {message}", position + 1)]
pub struct QueryError {
    /// Offset in characters, from 0.
    pub position: usize,
    /// What is wrong, and what is expected.
    pub message: String,
}

impl QueryError {
    fn new(position: usize, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}

/// Parentheses and negations may nest so deep.
const MAX_DEPTH: usize = 200;
/// Characters of a line.
const MAX_LENGTH: usize = 65_536;
/// Conditions of a line; `SQLite` bounds the depth of an expression at 1000.
const MAX_TERMS: usize = 500;

/// Words that are operators when they stand alone in upper case.
pub(super) const OPERATOR_WORDS: [&str; 3] = ["OR", "AND", "NOT"];

/// Parses a search line. The empty line is every note.
///
/// # Errors
/// What does not parse, with its position; nothing is silently ignored.
pub fn parse_line(line: &str) -> Result<Query, QueryError> {
    let scanner = Scanner::new(line);
    if scanner.len() > MAX_LENGTH {
        return Err(QueryError::new(MAX_LENGTH, format!("the line is longer than {MAX_LENGTH} characters")));
    }
    let mut parser = Parser { scanner, query: Query::default(), seen: Vec::new(), depth: 0, terms: 0 };
    parser.scanner.skip_space();
    if !parser.scanner.is_at_end() {
        parser.query.filter = parser.alternatives(None)?;
    }
    Ok(parser.query)
}

struct Parser {
    scanner: Scanner,
    query: Query,
    /// Directives that may stand only once and have stood.
    seen: Vec<&'static str>,
    depth: usize,
    terms: usize,
}

impl Parser {
    /// `a b OR c`, up to the end or, after a `(` at `opened`, the `)` that closes it (which stays).
    fn alternatives(&mut self, opened: Option<usize>) -> Result<Expr, QueryError> {
        let mut branches = Vec::new();
        let mut or_at = None;
        loop {
            let (conditions, directives) = self.conjunction()?;
            let at = self.scanner.at();
            let is_or = self.scanner.take_keyword("OR");
            if conditions.is_empty() && (is_or || or_at.is_some()) {
                let dangling = or_at.filter(|_| !is_or).unwrap_or(at);
                return Err(QueryError::new(dangling, "`OR` needs a condition on both sides"));
            }
            if conditions.is_empty() && directives == 0 {
                return Err(match opened {
                    Some(opened) => QueryError::new(opened, "nothing between the parentheses"),
                    None => self.unopened(),
                });
            }
            branches.push(one_or(conditions, Expr::And));
            if !is_or {
                break;
            }
            or_at = Some(at);
        }
        match (opened, self.scanner.peek()) {
            (Some(_), Some(')')) | (None, None) => Ok(one_or(branches, Expr::Or)),
            (Some(opened), _) => Err(QueryError::new(opened, "`(` is not closed")),
            (None, Some(_)) => Err(self.unopened()),
        }
    }

    fn unopened(&self) -> QueryError {
        QueryError::new(self.scanner.at(), "`)` without a `(` before it")
    }

    /// Conditions up to `OR`, `)` or the end, and how many directives stood among them.
    fn conjunction(&mut self) -> Result<(Vec<Expr>, usize), QueryError> {
        let (mut conditions, mut directives) = (Vec::new(), 0);
        let mut and_at = None;
        loop {
            self.scanner.skip_space();
            let at = self.scanner.at();
            if self.scanner.peek().is_none_or(|c| c == ')') || self.scanner.is_keyword("OR") {
                break;
            }
            if self.scanner.take_keyword("AND") {
                if conditions.is_empty() || and_at.is_some() {
                    return Err(dangling_and(at));
                }
                and_at = Some(at);
                continue;
            }
            if self.depth == 0 && self.directive()? {
                directives += 1;
            } else {
                conditions.push(self.negation()?);
                and_at = None;
            }
            self.scanner.expect_boundary()?;
        }
        and_at.map_or(Ok((conditions, directives)), |at| Err(dangling_and(at)))
    }

    fn negation(&mut self) -> Result<Expr, QueryError> {
        let at = self.scanner.at();
        let negated = if self.scanner.take_keyword("NOT") {
            self.scanner.skip_space();
            true
        } else {
            self.scanner.take('-')
        };
        if !negated {
            return self.primary();
        }
        if self.scanner.peek().is_none_or(|c| c == ')' || c.is_whitespace()) {
            return Err(QueryError::new(at, "nothing follows to be negated; write `-word`, or quote a `-`"));
        }
        self.nested(at, |parser| Ok(Expr::Not(Box::new(parser.negation()?))))
    }

    fn primary(&mut self) -> Result<Expr, QueryError> {
        let at = self.scanner.at();
        if !self.scanner.take('(') {
            return self.term();
        }
        self.nested(at, |parser| {
            let inner = parser.alternatives(Some(at))?;
            parser.scanner.take(')');
            Ok(inner)
        })
    }

    fn nested(
        &mut self,
        at: usize,
        parse: impl FnOnce(&mut Self) -> Result<Expr, QueryError>,
    ) -> Result<Expr, QueryError> {
        if self.depth == MAX_DEPTH {
            return Err(QueryError::new(at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn term(&mut self) -> Result<Expr, QueryError> {
        let at = self.scanner.at();
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(QueryError::new(at, format!("more than {MAX_TERMS} conditions")));
        }
        let is_quoted = self.scanner.peek() == Some('"');
        let word = if is_quoted { self.scanner.quoted()? } else { self.scanner.bare_word() };
        match self.scanner.operator() {
            Some(operator) => self.condition(at, &word, is_quoted, &operator),
            None if is_quoted => self.phrase(at, &word),
            None => bare_text(at, &word),
        }
    }

    fn condition(&mut self, at: usize, key: &str, is_quoted: bool, operator: &Operator) -> Result<Expr, QueryError> {
        if key.is_empty() {
            let shown = operator.shown;
            return Err(QueryError::new(at, format!("a name is expected before `{shown}`, without a space")));
        }
        if !is_quoted && directive::NAMES.contains(&key) {
            return Err(QueryError::new(
                at,
                format!("`{key}:` stands outside parentheses and negations; quote the name if it is a property"),
            ));
        }
        condition::parse(&mut self.scanner, key, is_quoted, operator)
    }

    fn phrase(&mut self, at: usize, text: &str) -> Result<Expr, QueryError> {
        let prefix = self.scanner.take('*');
        text_term(at, text.split_whitespace().map(str::to_owned).collect(), prefix)
    }
}

fn dangling_and(at: usize) -> QueryError {
    QueryError::new(at, "`AND` needs a condition on both sides")
}

fn bare_text(at: usize, word: &str) -> Result<Expr, QueryError> {
    if word == "untagged" {
        return Ok(Expr::Term(Term::Untagged));
    }
    let (stem, prefix) = word.strip_suffix('*').map_or((word, false), |stem| (stem, true));
    if let Some(star) = stem.chars().position(|c| c == '*') {
        return Err(QueryError::new(at + star, "`*` stands only at the end of a word"));
    }
    text_term(at, vec![stem.to_owned()], prefix)
}

/// Names that mean something else than a property, unless they are quoted.
pub(super) fn is_reserved_name(key: &str) -> bool {
    const OTHERS: [&str; 8] =
        ["tag", "tags", "is", "links-to", "links_to", "linked-from", "linked_from", "content-type"];
    OTHERS.contains(&key) || directive::NAMES.contains(&key) || super::ast::Field::from_name(key).is_some()
}

/// Full text of these words; they must hold something that full text search can find.
pub(super) fn text_term(at: usize, words: Vec<String>, prefix: bool) -> Result<Expr, QueryError> {
    if !words.iter().any(|word| word.chars().any(char::is_alphanumeric)) {
        let shown = words.join(" ");
        return Err(QueryError::new(at, format!("`{shown}` has no letter or digit to search for")));
    }
    Ok(Expr::Term(Term::Text { words, prefix }))
}

/// The only one, or all of them joined; none is every note.
pub(super) fn one_or(mut parts: Vec<Expr>, join: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        0 => Expr::All,
        1 => parts.swap_remove(0),
        _ => join(parts),
    }
}
