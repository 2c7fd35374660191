//! How the text of built-in fields is matched, and regular expressions; one place for the reference evaluator and the
//! functions that SQL calls.

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

use super::ast::Field;

/// A compiled program may take so many bytes; more is refused.
const REGEX_SIZE_LIMIT: usize = 1 << 20;

/// Compiles a regular expression of a query: matched anywhere in the text, with regard to case unless it says `(?i)`.
///
/// # Errors
/// If it does not parse, or is too large.
pub fn compile_regex(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(REGEX_SIZE_LIMIT).dfa_size_limit(REGEX_SIZE_LIMIT).nest_limit(100).build()
}

/// What the operand of a built-in text field matches.
#[derive(Clone, Debug)]
pub enum FieldPattern {
    /// The whole text, compared in lower case.
    Text(String),
    /// A path, or a folder and all that is below it; `""` is everything.
    Prefix(String),
    /// A glob over the whole text.
    Glob(Box<GlobMatcher>),
    /// A glob over a folder or one above it.
    FolderGlob(Box<GlobMatcher>),
    /// A MIME type's first part with its `/`, in lower case.
    MimeFamily(String),
}

impl FieldPattern {
    /// What `operand` means for `field`.
    ///
    /// # Errors
    /// If it is a glob that does not parse; the message is for people.
    pub fn new(field: Field, operand: &str) -> Result<Self, String> {
        let lower = || operand.to_lowercase();
        Ok(match field {
            Field::Name if is_glob(operand) => Self::Glob(glob(operand, true)?),
            Field::Path if is_glob(operand) => Self::Glob(glob(operand.trim_start_matches('/'), false)?),
            Field::Folder if is_glob(operand) => Self::FolderGlob(glob(operand.trim_matches('/'), false)?),
            Field::Path | Field::Folder => Self::Prefix(operand.trim_matches('/').to_owned()),
            Field::Ext => Self::Text(lower().trim_start_matches('.').to_owned()),
            Field::ContentType if operand.ends_with("/*") => Self::MimeFamily(lower().trim_end_matches('*').to_owned()),
            _ => Self::Text(lower()),
        })
    }

    /// Whether the field's text (for [`Field::Folder`]: the path of the note's folder) matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Text(wanted) => text.to_lowercase() == *wanted,
            Self::Prefix(prefix) => is_within(text, prefix),
            Self::Glob(glob) => glob.is_match(text),
            Self::FolderGlob(glob) => ancestors(text).any(|folder| glob.is_match(folder)),
            Self::MimeFamily(family) => text.to_lowercase().starts_with(family.as_str()),
        }
    }
}

/// Whether a pattern for names and paths has wildcards.
#[must_use]
pub fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?', '{'])
}

/// Brackets are no character classes here: names like `[draft].md` are common, classes are not. `\` escapes.
fn glob(pattern: &str, case_insensitive: bool) -> Result<Box<GlobMatcher>, String> {
    let mut escaped = false;
    let mut without_classes = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        if matches!(c, '[' | ']') && !escaped {
            without_classes.push('\\');
        }
        escaped = c == '\\' && !escaped;
        without_classes.push(c);
    }
    let built = GlobBuilder::new(&without_classes)
        .literal_separator(true)
        .backslash_escape(true)
        .case_insensitive(case_insensitive)
        .build();
    match built {
        Ok(glob) => Ok(Box::new(glob.compile_matcher())),
        Err(error) => Err(format!("`{pattern}` is no glob: {}", error.kind())),
    }
}

fn is_within(path: &str, prefix: &str) -> bool {
    prefix.is_empty() || path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folder itself, then those above it.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| folder.rsplit_once('/').map(|(parent, _)| parent))
}

#[cfg(test)]
mod tests {
    use super::{Field, FieldPattern, compile_regex};

    fn check(field: Field, pattern: &str, matching: &[&str], others: &[&str]) {
        let pattern = FieldPattern::new(field, pattern).unwrap();
        for text in matching {
            assert!(pattern.is_match(text), "{pattern:?} {text:?}");
        }
        for text in others {
            assert!(!pattern.is_match(text), "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn paths_are_prefixes_of_components_or_globs() {
        check(Field::Path, "runs/", &["runs", "runs/a"], &["run", "runsx", "x/runs", "Runs"]);
        check(Field::Path, "/runs/**", &["runs/a", "runs/a/b"], &["runs", "x/runs/a"]);
        check(Field::Path, "**/*.md", &["a.md", "x/y/a.md"], &["a.MD"]);
        check(Field::Path, "r/{a,b}?.md", &["r/a1.md", "r/b2.md"], &["r/a/.md", "r/a.md"]);
        check(Field::Path, "", &["anything"], &[]);
    }

    #[test]
    fn brackets_are_no_classes() {
        check(Field::Name, "[draft]*.md", &["[draft] x.md", "[Draft].MD"], &["d.md"]);
        check(Field::Name, r"\[draft\]*", &["[draft]"], &["d"]);
        check(Field::Name, r"100\*?", &["100*x"], &["100xx"]);
    }

    #[test]
    fn folders_count_with_those_above() {
        check(Field::Folder, "a/b", &["a/b", "a/b/c"], &["a", "a/bc", ""]);
        check(Field::Folder, "a/*", &["a/b", "a/b/c"], &["a", "x/a/b"]);
    }

    #[test]
    fn what_does_not_parse_or_is_too_large_is_refused() {
        assert!(FieldPattern::new(Field::Path, "a{b").is_err());
        assert!(compile_regex("(").is_err());
        assert!(compile_regex("(a{1000}){1000}").is_err());
        assert!(compile_regex(&"(".repeat(300)).is_err());
    }
}
