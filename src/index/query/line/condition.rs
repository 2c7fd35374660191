//! From a name, an operator and what follows to a condition.

use super::operand::{self, Kind};
use super::scan::{Operator, Piece, Scanner};
use super::{QueryError, one_or};
use crate::index::query::ast::{Comparison, Expr, Field, Operand, Term, Test};
use crate::index::query::pattern::compile_regex;
use crate::types::TagName;

/// Names that are neither fields nor properties, with what they stand for.
pub(super) fn parse(
    scanner: &mut Scanner,
    key: &str,
    is_quoted: bool,
    operator: &Operator,
) -> Result<Expr, QueryError> {
    let property = || Target::Property(key.to_owned());
    if is_quoted {
        return test(scanner, &property(), operator);
    }
    match key {
        "tag" | "tags" => tags(scanner, operator),
        "is" => each(scanner, key, operator, |piece| is(&piece)),
        "links-to" | "links_to" => each(scanner, key, operator, |piece| Ok(Term::LinksTo(piece.text))),
        "linked-from" | "linked_from" => each(scanner, key, operator, |piece| Ok(Term::LinkedFrom(piece.text))),
        "content-type" => test(scanner, &Target::Field(Field::ContentType), operator),
        _ => test(scanner, &Field::from_name(key).map_or_else(property, Target::Field), operator),
    }
}

/// What is tested.
enum Target {
    Property(String),
    Field(Field),
}

impl Target {
    fn kind(&self) -> Kind {
        match self {
            Self::Property(_) => Kind::Property,
            Self::Field(field) => Kind::of(*field),
        }
    }

    fn term(&self, test: Test) -> Expr {
        Expr::Term(match self {
            Self::Property(key) => Term::Property { key: key.clone(), test },
            Self::Field(field) => Term::Field { field: *field, test },
        })
    }
}

/// `=` or `!=` of which the names without order know; whether it negates.
fn is_negated(scanner: &Scanner, key: &str, operator: &Operator) -> Result<bool, QueryError> {
    match operator.comparison {
        Comparison::Eq => Ok(false),
        Comparison::Ne => Ok(true),
        _ => {
            let message = format!("`{key}` has no order: write `{key}:value` or `{key}!=value`");
            Err(QueryError::new(scanner.at().saturating_sub(operator.shown.len()), message))
        }
    }
}

fn negate_if(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}

/// One of several values, each a term of its own.
fn each(
    scanner: &mut Scanner,
    key: &str,
    operator: &Operator,
    term: impl Fn(Piece) -> Result<Term, QueryError>,
) -> Result<Expr, QueryError> {
    let negated = is_negated(scanner, key, operator)?;
    let terms = scanner.pieces(false)?.into_iter().map(|piece| term(piece).map(Expr::Term));
    Ok(negate_if(negated, one_or(terms.collect::<Result<_, _>>()?, Expr::Or)))
}

fn is(piece: &Piece) -> Result<Term, QueryError> {
    match piece.text.as_str() {
        "orphan" => Ok(Term::Orphan),
        "broken" => Ok(Term::Broken),
        "untagged" => Ok(Term::Untagged),
        other => {
            let message = format!("`is:{other}` is unknown; there are is:orphan, is:broken and is:untagged");
            Err(QueryError::new(piece.at, message))
        }
    }
}

/// `tag:a`, `tag:=a`, `tag:a,=b`, `tag:*`.
fn tags(scanner: &mut Scanner, operator: &Operator) -> Result<Expr, QueryError> {
    let mut negated = is_negated(scanner, "tag", operator)?;
    let mut exact = operator.exact;
    let mut terms = Vec::new();
    loop {
        exact |= scanner.take('=');
        let piece = scanner.piece(false)?;
        if piece.text == "*" && !piece.is_quoted {
            negated = !negated;
            terms.push(Term::Untagged);
            break;
        }
        let tag = TagName::new(&piece.text).map_err(|error| QueryError::new(piece.at, error.to_string()))?;
        terms.push(Term::Tag { tag, exact });
        if !scanner.take(',') {
            break;
        }
        exact = false;
    }
    if terms.len() > 1 && terms.contains(&Term::Untagged) {
        return Err(QueryError::new(scanner.at() - 1, "`*` stands alone: tag:* is every note with a tag"));
    }
    Ok(negate_if(negated, one_or(terms.into_iter().map(Expr::Term).collect(), Expr::Or)))
}

fn test(scanner: &mut Scanner, target: &Target, operator: &Operator) -> Result<Expr, QueryError> {
    let is_equality = matches!(operator.comparison, Comparison::Eq | Comparison::Ne);
    let negated = operator.comparison == Comparison::Ne;
    let start = scanner.at();
    if is_equality && scanner.take('~') {
        return Ok(negate_if(negated, target.term(regex(scanner, target.kind())?)));
    }
    let pieces = scanner.pieces(target.kind() == Kind::Text)?;
    if is_equality && let [Piece { text, is_quoted: false, .. }] = pieces.as_slice() {
        if text == "*" {
            return Ok(negate_if(negated, target.term(Test::Exists)));
        }
        if target.kind() != Kind::Text && text.contains("..") {
            let range = operand::range(text, target.kind(), start)?;
            return Ok(negate_if(negated, target.term(range)));
        }
    }
    let mut operands = pieces.iter().map(|piece| operand_of(piece, target)).collect::<Result<Vec<_>, _>>()?;
    if operands.len() > 1 {
        if !is_equality {
            return Err(QueryError::new(pieces[1].at, format!("`{}` takes one value", operator.shown)));
        }
        return Ok(negate_if(negated, target.term(Test::OneOf(operands))));
    }
    let operand = operands.swap_remove(0);
    if !is_equality && let Operand::Bool(value) = operand {
        return Err(QueryError::new(start, format!("`{value}` has no order; quote it if it is text")));
    }
    Ok(target.term(Test::Compare(operator.comparison, operand)))
}

fn operand_of(piece: &Piece, target: &Target) -> Result<Operand, QueryError> {
    let operand = operand::classify(&piece.text, piece.is_quoted, target.kind());
    let checked = operand.and_then(|operand| match target {
        Target::Field(field) => operand::check_field(*field, &operand).map(|()| operand),
        Target::Property(_) => Ok(operand),
    });
    checked.map_err(|message| QueryError::new(piece.at, message))
}

fn regex(scanner: &mut Scanner, kind: Kind) -> Result<Test, QueryError> {
    let at = scanner.at();
    if !matches!(kind, Kind::Property | Kind::Text) {
        return Err(QueryError::new(at, "sizes and times do not match regular expressions; compare them"));
    }
    let pattern = if scanner.peek() == Some('"') { scanner.quoted()? } else { scanner.balanced() };
    if pattern.is_empty() {
        return Err(QueryError::new(at, "a regular expression is expected after `~`"));
    }
    compile_regex(&pattern).map_err(|error| QueryError::new(at, format!("bad regular expression: {}", why(&error))))?;
    Ok(Test::Matches(pattern))
}

/// The last line of the error: what precedes it draws the pattern over several lines.
pub(super) fn why(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        _ => error.to_string().lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned(),
    }
}
