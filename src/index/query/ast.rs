//! The query model.

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
    /// A property passes a test; the key may be nested (`metrics.loss`).
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
    /// Links to a note given by path, name or title.
    LinksTo(String),
    /// Is linked from a note given by path, name or title.
    LinkedFrom(String),
    /// No note links to it.
    Orphan,
    /// Has a link that leads nowhere.
    Broken,
}

/// Built-in fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// File name.
    Name,
    /// Path in the notebook (globs with `*`, `**`, `?`, `{}`; without them, a prefix of components or the whole path).
    Path,
    /// Folder it is in, or one above.
    Folder,
    /// Extension without the dot, compared without case.
    Ext,
    /// Frontmatter `type`.
    Type,
    /// MIME type; `image/*` matches all images.
    ContentType,
    /// Notebook's name.
    Notebook,
    /// Title.
    Title,
    /// Size in bytes; `10k`, `5M` accepted.
    Size,
    /// `created` or `date` of the note, else when its file was made.
    Created,
    /// When the file's contents last changed.
    Modified,
}

/// A test of a value. Of a list, one element must pass (`!=`: none may equal).
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is there.
    Exists,
    /// It compares so. Missing: false, but `!=` is true.
    Compare(Comparison, Operand),
    /// It equals one of them.
    OneOf(Vec<Operand>),
    /// It matches a regular expression (bounded size, linear time).
    Matches(String),
    /// `from <= value < to`.
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

/// What results are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// A property's value; a list puts the note into several groups.
    Property(String),
    /// Tag.
    Tag,
    /// Folder.
    Folder,
    /// Frontmatter `type`.
    Type,
    /// Day, week or month of a date property or `created`, `modified`.
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
    /// `2026-W45`
    Week,
    /// `2026-11`
    Month,
    /// `2026`
    Year,
}

/// Aggregate functions; numbers but for `count`, and dates for `min` and `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// How many have it (with `_`: how many notes).
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
