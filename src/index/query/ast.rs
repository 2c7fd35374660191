//! The query model, and what each part of it means. [`super::eval`] says the same as plain code: it is what tests
//! hold the SQL to.
//!
//! **Property values.** A key is looked up as it is written at the top of the properties, else its parts (split at
//! `.`) are followed through nested mappings, never through lists. Missing is: no such key, `null`, a list without
//! elements (`null`s in a list do not count). A value is a list of its elements, a scalar a list of one; an element
//! that is a list or a mapping is there, but passes no test (so `!=` holds).
//!
//! **Built-in keys.** [`Field::from_name`] resolves names in lines, sort keys and date groups; `date` is a second
//! name of `created`, `tags` of `tag`. A key in quotes is always a property.
//!
//! **Sorting** by one key: missing last in both directions (a mapping counts as missing); `false < true < numbers <
//! text`, numbers as numbers, text (dates too) by its Unicode lower case and then by code point; a list by its first
//! element; sizes as numbers, `created` and `modified` as instants. Ties: by path (bytes), then notebook (bytes), ascending.

use serde::Serialize;

use super::time::DateExpr;
use crate::types::TagName;

/// A whole query.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Query {
    /// Which notes.
    pub filter: Expr,
    /// Of which notebooks.
    pub scope: Scope,
    /// Order; ties are broken by path, then notebook.
    pub sort: Vec<SortKey>,
    /// At most so many; `None` is no limit.
    pub limit: Option<u64>,
    /// Skip so many first.
    pub offset: u64,
    /// Into which groups.
    pub group: Option<Group>,
    /// Aggregates over all matches: property (`_` for the note itself) and functions.
    pub aggregates: Vec<(String, Vec<Aggregate>)>,
    /// Words of the query body that were not understood and kept.
    pub warnings: Vec<String>,
}

/// Notebooks that a query looks at.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// The notebook of the `.cdx`; for a search line, all.
    #[default]
    Default,
    /// All of the workspace (`"*"`).
    All,
    /// Those of these names (or numbers, as the original wrote them).
    Named(Vec<String>),
}

/// A condition on a note.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Expr {
    /// Every note.
    #[default]
    All,
    /// All of them hold.
    And(Vec<Expr>),
    /// One of them holds.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A single term.
    Term(Term),
}

/// A single condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// Full text: one word (`prefix` if it ended with `*`) or a phrase of several.
    ///
    /// The words are cut into tokens: runs of letters and digits (FTS5 `unicode61 remove_diacritics 2`, no stemming),
    /// without case and diacritics. All tokens together are one phrase (`foo-bar` is the phrase `foo bar`), the last
    /// one only the beginning of a token if `prefix`. It matches if one of title, path, tags (joined by spaces), body
    /// holds the phrase. Without any token it matches nothing (the parser refuses it).
    Text {
        /// The words, as written.
        words: Vec<String>,
        /// Whether the last is a prefix.
        prefix: bool,
    },
    /// Bears the tag, or (unless `exact`) one below it.
    Tag {
        /// The tag.
        tag: TagName,
        /// Not those below it.
        exact: bool,
    },
    /// Bears no tag.
    Untagged,
    /// A property passes a test; the key may be nested (`metrics.loss`). See the head of this file.
    Property {
        /// Its key.
        key: String,
        /// The test.
        test: Test,
    },
    /// A built-in field passes a test.
    Field {
        /// Which.
        field: Field,
        /// The test.
        test: Test,
    },
    /// Links to a note given by its path (exactly, a leading `/` does not count), or, without regard to case, by its
    /// file name, its file name without extension, or its title; any note that fits will do.
    LinksTo(String),
    /// Is linked from a note given in the same ways.
    LinkedFrom(String),
    /// No other note links to it.
    Orphan,
    /// Has a link that leads nowhere.
    Broken,
}

/// Built-in fields.
///
/// All but the last three are text: their operands are [`Operand::Text`], `=` is without regard to case (path and
/// folder: exactly), and `=`, `!=`, one-of match as said here ([`super::pattern::FieldPattern`] does it); order, ranges
/// and regular expressions take the text as it is. Only `Ext`, `Type` and `Description` can be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// File name; globs, without regard to case.
    Name,
    /// Path in the notebook: globs with `*`, `**`, `?`, `{}`, where `*` and `?` do not cross `/`; without them, a
    /// prefix of components or the whole path.
    Path,
    /// Folder it is in, or one above; globs too.
    Folder,
    /// Extension without the dot, compared without case.
    Ext,
    /// Frontmatter `type`.
    Type,
    /// MIME type; `image/*` matches all images.
    ContentType,
    /// Notebook's name.
    Notebook,
    /// Title, all of it.
    Title,
    /// Frontmatter `description`, all of it.
    Description,
    /// Size in bytes; `10k`, `5M`, `1G` (of 1024) accepted. Operands are numbers.
    Size,
    /// `created` or `date` of the note (the start of what it says), else when its file was made. Operands are dates.
    Created,
    /// When the file's contents last changed. Operands are dates.
    Modified,
}

impl Field {
    /// All fields with the names that lines, sort keys and groups use, the first of each being the usual one.
    pub const NAMES: [(&'static str, Self); 13] = [
        ("name", Self::Name),
        ("path", Self::Path),
        ("folder", Self::Folder),
        ("ext", Self::Ext),
        ("type", Self::Type),
        ("content_type", Self::ContentType),
        ("notebook", Self::Notebook),
        ("title", Self::Title),
        ("description", Self::Description),
        ("size", Self::Size),
        ("created", Self::Created),
        ("modified", Self::Modified),
        ("date", Self::Created),
    ];

    /// The field of this name, if it is one; else the name is a property's.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }

    /// Its usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, field)| *field == self).map_or("", |(name, _)| name)
    }

    /// Whether its operands are instants.
    #[must_use]
    pub fn is_date(self) -> bool {
        matches!(self, Self::Created | Self::Modified)
    }
}

/// A test of a value. Of a list, one element must pass (`!=`: none may equal). How an element `e` compares with an
/// operand `o`; what is not named here is false, so values of different kinds never equal:
///
/// | `o` | `e` | `=` | `< <= > >=` |
/// |---|---|---|---|
/// | number | number | as 64-bit floats | so too |
/// | number | text | without case, with the number as written | false |
/// | date | text that is a date | `lo <= s < hi` | `s < lo`, `s < hi`, `s >= hi`, `s >= lo` |
/// | date | other text | without case, with the date as written | false |
/// | bool | bool | the same | false |
/// | bool | text | without case, with `true` or `false` | false |
/// | text | text | without case (Unicode lower case of both) | by code point |
/// | text | bool | without case, with `true` or `false` | false |
///
/// `s` is the start of what `e` means ([`super::time::value_interval`]), `(lo, hi)` is [`DateExpr::resolve`]; `created`
/// and `modified` are such an `s`, too. `!=` is the negation of `=` over the whole value, so it holds for a missing one.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is there.
    Exists,
    /// It compares so. Missing: false, but `!=` is true.
    Compare(Comparison, Operand),
    /// It equals one of them.
    OneOf(Vec<Operand>),
    /// A part of its text matches a regular expression (bounded size, linear time; see
    /// [`super::pattern::compile_regex`]): text as it is, numbers as JSON writes them, `true`, `false`.
    Matches(String),
    /// `from <= value < to` by the rules of `>=` and `<`, both for the same element.
    Range(Operand, Operand),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// What a value is compared with. Numbers compare as numbers, dates as dates, else as text
/// (text compares without regard to case for `=`, by code point for order).
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A number; `text` as it was written (`007` must still equal the text `007`).
    Number {
        /// Its value.
        value: f64,
        /// As written.
        text: String,
    },
    /// A date, a time or an expression like `today+7d`.
    Date {
        /// What it means.
        expr: DateExpr,
        /// As written.
        text: String,
    },
    /// `true`, `false`.
    Bool(bool),
    /// Anything else, and everything that stood in quotes.
    Text(String),
}

/// A key of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// A property, or a built-in field's name (`modified`, `title`, `path`, …).
    pub key: String,
    /// Greatest first. Notes without a value are last either way.
    pub descending: bool,
}

/// What results are grouped by. A group's value is text: text as it is (`""` is a group of its own), numbers as JSON
/// writes them, `true`, `false`; `None` where nothing is there to group by. Groups come in the sorting order of their
/// values, `None` last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// A property's value; a list puts the note into several groups, once into each. Missing, or nothing but mappings
    /// and lists: `None`.
    Property(String),
    /// Each of its tags (not those above them); without tags `None`.
    Tag,
    /// The path of the folder that it is in, `""` for the notebook's top.
    Folder,
    /// Frontmatter `type`.
    Type,
    /// Day, week, month or year of a date property or of `created` (`date`), `modified`, named by
    /// [`super::time::bucket_name`]; what is no date: `None`.
    Date {
        /// How long a bucket is.
        bucket: DateBucket,
        /// Of which property or field.
        key: String,
    },
}

/// Lengths of date buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateBucket {
    /// `2026-11-02`
    Day,
    /// `2026-W45`: the ISO week of the week's fourth day; weeks begin as the workspace says.
    Week,
    /// `2026-11`
    Month,
    /// `2026`
    Year,
}

/// Aggregate functions over all elements of all matching notes; what is no number is left out. Where there is no
/// number at all, `min` and `max` are the earliest and latest date as written, else the result is `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// How many notes have it (with `_`: how many notes there are).
    Count,
    /// Sum.
    Sum,
    /// Mean.
    Avg,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Median.
    Median,
}
