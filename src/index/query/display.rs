//! Queries as search lines: what [`super::parse_line`] reads back as the same.

use std::fmt;

use super::ast::{Comparison, DateBucket, Expr, Field, Group, Operand, Query, Term, Test};
use super::line::{self, Kind, is_bare_char, is_bare_value};

impl fmt::Display for Query {
    /// The search line; scope, aggregates and warnings have no place in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.filter != Expr::All {
            parts.push(self.filter.to_string());
        }
        if !self.sort.is_empty() {
            let keys = self.sort.iter().map(|sort| {
                let key = quoted_unless(&sort.key, is_bare_key_text(&sort.key) && !sort.key.contains(','));
                format!("{}{key}", if sort.descending { "-" } else { "" })
            });
            parts.push(format!("sort:{}", keys.collect::<Vec<_>>().join(",")));
        }
        parts.extend(self.limit.map(|limit| format!("limit:{limit}")));
        parts.extend((self.offset > 0).then(|| format!("offset:{}", self.offset)));
        parts.extend(self.group.as_ref().map(|group| format!("group:{group}")));
        f.write_str(&parts.join(" "))
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(key) => {
                let is_reserved = Field::from_name(key).is_some() || matches!(key.as_str(), "tag" | "tags");
                f.write_str(&quoted_unless(key, is_bare_key_text(key) && !is_reserved))
            }
            Self::Tag => f.write_str("tag"),
            Self::Folder => f.write_str("folder"),
            Self::Type => f.write_str("type"),
            Self::Date { bucket, key } => {
                let bucket = match bucket {
                    DateBucket::Day => "day",
                    DateBucket::Week => "week",
                    DateBucket::Month => "month",
                    DateBucket::Year => "year",
                };
                write!(f, "{bucket}({})", quoted_unless(key, is_bare_key_text(key)))
            }
        }
    }
}

impl fmt::Display for Expr {
    /// The condition as a search line; [`Expr::All`] is the empty line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, parts: &[Self], separator: &str, in_or: bool| {
            parts.iter().enumerate().try_for_each(|(i, part)| {
                f.write_str(if i == 0 { "" } else { separator })?;
                match part {
                    Self::And(_) if in_or => part.fmt(f),
                    Self::And(_) | Self::Or(_) => write!(f, "({part})"),
                    _ => part.fmt(f),
                }
            })
        };
        match self {
            Self::All => Ok(()),
            Self::And(parts) => join(f, parts, " ", false),
            Self::Or(parts) => join(f, parts, " OR ", true),
            Self::Not(inner) => match &**inner {
                Self::And(_) | Self::Or(_) => write!(f, "-({inner})"),
                _ => write!(f, "-{inner}"),
            },
            Self::Term(term) => term.fmt(f),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { words, prefix } => {
                let text = words.join(" ");
                let is_bare = is_bare_key_text(&text)
                    && !text.contains('*')
                    && text != "untagged"
                    && !line::OPERATOR_WORDS.contains(&text.as_str());
                f.write_str(&quoted_unless(&text, is_bare))?;
                f.write_str(if *prefix { "*" } else { "" })
            }
            Self::Tag { tag, exact } => {
                let exact = if *exact { "=" } else { "" };
                write!(f, "tag:{exact}{}", quoted_unless(tag.as_str(), is_bare_key_text(tag.as_str())))
            }
            Self::Untagged => f.write_str("untagged"),
            Self::Property { key, test } => {
                f.write_str(&quoted_unless(key, is_bare_key_text(key) && !line::is_reserved_name(key)))?;
                fmt_test(f, test, Kind::Property)
            }
            Self::Field { field, test } => {
                f.write_str(field.name())?;
                fmt_test(f, test, Kind::of(*field))
            }
            Self::LinksTo(note) => write!(f, "links-to:{}", quoted_unless(note, is_bare_value(note, Kind::Text))),
            Self::LinkedFrom(note) => write!(f, "linked-from:{}", quoted_unless(note, is_bare_value(note, Kind::Text))),
            Self::Orphan => f.write_str("is:orphan"),
            Self::Broken => f.write_str("is:broken"),
        }
    }
}

fn fmt_test(f: &mut fmt::Formatter<'_>, test: &Test, kind: Kind) -> fmt::Result {
    let value = |operand: &Operand| operand_text(operand, kind);
    match test {
        Test::Exists => f.write_str(":*"),
        Test::Compare(comparison, operand) => {
            let sign = match comparison {
                Comparison::Eq => ":",
                Comparison::Ne => "!=",
                Comparison::Lt => "<",
                Comparison::Le => "<=",
                Comparison::Gt => ">",
                Comparison::Ge => ">=",
            };
            write!(f, "{sign}{}", value(operand))
        }
        Test::OneOf(operands) => write!(f, ":{}", operands.iter().map(value).collect::<Vec<_>>().join(",")),
        Test::Matches(pattern) => write!(f, ":~{}", quote(pattern)),
        Test::Range(from, to) => write!(f, ":{}..{}", value(from), value(to)),
    }
}

fn operand_text(operand: &Operand, kind: Kind) -> String {
    match operand {
        Operand::Number { text, .. } | Operand::Date { text, .. } => text.clone(),
        Operand::Bool(value) => value.to_string(),
        Operand::Text(text) => quoted_unless(text, is_bare_value(text, kind)),
    }
}

/// Whether a text is a word of its own without quotes.
fn is_bare_key_text(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && !text.contains("!=") && text.chars().all(is_bare_char)
}

fn quoted_unless(text: &str, is_bare: bool) -> String {
    if is_bare { text.to_owned() } else { quote(text) }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
