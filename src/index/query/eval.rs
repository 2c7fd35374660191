//! What a query means, as plain code over plain facts: slow and obvious. Tests hold the SQL to it; the functions over
//! single values ([`passes`], [`property_elements`]) are what SQL may call where it has no words of its own.
//! It knows nothing of databases and files.

mod order;
#[cfg(test)]
pub(crate) mod random;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub use order::{aggregate, compare, group_values, groups, select};
pub use text::tokens;
pub use value::{passes, property_elements};

use super::ast::{Comparison, Expr, Field, Operand, Term, Test};
use super::pattern::{FieldPattern, compile_regex};
use super::time::TimeContext;
use crate::types::{Instant, Properties, TagName};

/// All that a query can ask of a note.
#[derive(Clone, Debug, PartialEq)]
pub struct NoteFacts {
    /// Its notebook's name.
    pub notebook: String,
    /// Where it is in the notebook.
    pub path: String,
    /// Its title.
    pub title: String,
    /// Frontmatter `description`.
    pub description: Option<String>,
    /// Frontmatter `type`.
    pub file_type: Option<String>,
    /// MIME type.
    pub content_type: String,
    /// Its tags, each once.
    pub tags: Vec<TagName>,
    /// Its properties.
    pub properties: Properties,
    /// Its text, as full text search knows it.
    pub body: String,
    /// Size in bytes.
    pub size: u64,
    /// Start of what its `created` or `date` says, else when its file was made.
    pub created: Instant,
    /// When its contents last changed.
    pub modified: Instant,
    /// Notes that it links to.
    pub links_to: Vec<LinkedNote>,
    /// Notes that link to it.
    pub linked_from: Vec<LinkedNote>,
    /// Whether one of its links leads nowhere.
    pub has_broken_link: bool,
}

/// A note at the other end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedNote {
    /// Where it is in its notebook.
    pub path: String,
    /// Its title.
    pub title: String,
}

impl LinkedNote {
    /// Whether `wanted` is its path, its name with or without extension, or its title.
    #[must_use]
    pub fn is_called(&self, wanted: &str) -> bool {
        let name = name_of(&self.path);
        let lower = wanted.to_lowercase();
        wanted.trim_start_matches('/') == self.path
            || [name, split_ext(name).0, &self.title].into_iter().any(|own| own.to_lowercase() == lower)
    }
}

impl NoteFacts {
    /// The value of a text field, `None` if it is missing or the field is no text.
    #[must_use]
    pub fn text_of(&self, field: Field) -> Option<&str> {
        let name = name_of(&self.path);
        match field {
            Field::Name => Some(name),
            Field::Path => Some(&self.path),
            Field::Folder => Some(self.path.rsplit_once('/').map_or("", |(folder, _)| folder)),
            Field::Ext => split_ext(name).1,
            Field::Type => self.file_type.as_deref(),
            Field::ContentType => Some(&self.content_type),
            Field::Notebook => Some(&self.notebook),
            Field::Title => Some(&self.title),
            Field::Description => self.description.as_deref(),
            Field::Size | Field::Created | Field::Modified => None,
        }
    }

    /// The value of a date field, `None` if the field is none.
    #[must_use]
    pub fn instant_of(&self, field: Field) -> Option<Instant> {
        match field {
            Field::Created => Some(self.created),
            Field::Modified => Some(self.modified),
            _ => None,
        }
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Stem and extension of a file name; `.bashrc` and `a.` have none.
fn split_ext(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() && !ext.is_empty() => (stem, Some(ext)),
        _ => (name, None),
    }
}

/// Whether the condition holds for the note. A regular expression or a glob that does not parse matches nothing; the
/// parser refuses such.
#[must_use]
pub fn matches(expr: &Expr, note: &NoteFacts, context: &TimeContext) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(parts) => parts.iter().all(|part| matches(part, note, context)),
        Expr::Or(parts) => parts.iter().any(|part| matches(part, note, context)),
        Expr::Not(inner) => !matches(inner, note, context),
        Expr::Term(term) => term_matches(term, note, context),
    }
}

fn term_matches(term: &Term, note: &NoteFacts, context: &TimeContext) -> bool {
    match term {
        Term::Text { words, prefix } => {
            let tags = note.tags.iter().map(TagName::as_str).collect::<Vec<_>>().join(" ");
            let columns = [&note.title, &note.path, &tags, &note.body];
            columns.into_iter().any(|column| text::has_phrase(column, words, *prefix))
        }
        Term::Tag { tag, exact } => note.tags.iter().any(|own| if *exact { own == tag } else { own.is_within(tag) }),
        Term::Untagged => note.tags.is_empty(),
        Term::Property { key, test } => passes(&property_elements(&note.properties, key), test, context),
        Term::Field { field, test } => field_passes(*field, test, note, context),
        Term::LinksTo(wanted) => note.links_to.iter().any(|linked| linked.is_called(wanted)),
        Term::LinkedFrom(wanted) => note.linked_from.iter().any(|linked| linked.is_called(wanted)),
        Term::Orphan => note.linked_from.iter().all(|linked| linked.path == note.path),
        Term::Broken => note.has_broken_link,
    }
}

fn field_passes(field: Field, test: &Test, note: &NoteFacts, context: &TimeContext) -> bool {
    match (field, note.instant_of(field)) {
        (_, Some(instant)) => instant_passes(instant, test, context),
        (Field::Size, _) => passes(&[&note.size.into()], test, context),
        _ => text_passes(field, note.text_of(field), test),
    }
}

fn instant_passes(instant: Instant, test: &Test, context: &TimeContext) -> bool {
    let compares = |comparison, operand: &Operand| match operand {
        Operand::Date { expr, .. } => value::compares_date(instant, comparison, expr.resolve(context)),
        _ => comparison == Comparison::Ne,
    };
    match test {
        Test::Exists => true,
        Test::Compare(comparison, operand) => compares(*comparison, operand),
        Test::OneOf(operands) => operands.iter().any(|operand| compares(Comparison::Eq, operand)),
        Test::Range(from, to) => compares(Comparison::Ge, from) && compares(Comparison::Lt, to),
        Test::Matches(_) => false,
    }
}

fn text_passes(field: Field, own: Option<&str>, test: &Test) -> bool {
    let equals = |operand: &Operand| match (own, operand) {
        (Some(own), Operand::Text(wanted)) => {
            FieldPattern::new(field, wanted).is_ok_and(|pattern| pattern.is_match(own))
        }
        _ => false,
    };
    let compares = |comparison: Comparison, operand: &Operand| match (own, operand) {
        (Some(own), Operand::Text(wanted)) => value::holds(comparison, own.cmp(wanted)),
        _ => false,
    };
    match test {
        Test::Exists => own.is_some(),
        Test::Compare(Comparison::Eq, operand) => equals(operand),
        Test::Compare(Comparison::Ne, operand) => !equals(operand),
        Test::Compare(comparison, operand) => compares(*comparison, operand),
        Test::OneOf(operands) => operands.iter().any(equals),
        Test::Range(from, to) => compares(Comparison::Ge, from) && compares(Comparison::Lt, to),
        Test::Matches(pattern) => own.is_some_and(|own| compile_regex(pattern).is_ok_and(|regex| regex.is_match(own))),
    }
}
