//! Names of tags.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

/// A legal tag: segments joined by `/`, in NFC, compared without regard to case, shown as written.
///
/// Clones share the text. A segment has letters, digits, `_ - .` and spaces, is not empty, and does not start with `+ - . ~`.
#[derive(Clone, Debug)]
pub struct TagName {
    shown: Arc<str>,
    key: Arc<str>,
}

/// Why a text is no legal tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no tag: a tag is one or more segments joined by `/`; a segment has letters, digits, `_ - .` and spaces, and does not begin with `+ - . ~`"
)]
pub struct TagNameError(pub String);

impl TagName {
    /// Takes the text if it is a legal tag. Spaces around a segment are dropped.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(text: &str) -> Result<Self, TagNameError> {
        let refuse = || TagNameError(text.escape_debug().to_string());
        // Nearly all tags are: what follows would leave them as they are.
        let is_plain = text.is_ascii() && !text.contains(char::is_whitespace);
        let shown: String = if is_plain {
            text.to_owned()
        } else {
            text.split('/').map(str::trim).collect::<Vec<_>>().join("/").nfc().collect()
        };
        let legal = shown.split('/').all(|segment| {
            segment.len() <= 255
                && segment.chars().next().is_some_and(|first| !"+-.~".contains(first))
                && segment.chars().all(|c| c.is_alphanumeric() || "_-. ".contains(c) || is_combining(c))
        });
        if !legal {
            return Err(refuse());
        }
        let key = if is_plain { shown.to_ascii_lowercase() } else { shown.to_lowercase().nfc().collect() };
        Ok(Self { shown: shown.into(), key: key.into() })
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What it compares by: NFC, lower case.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its segments, outermost first, as written.
    #[must_use]
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.shown.split('/')
    }

    /// The tag above it, if it is nested.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (shown, _) = self.shown.rsplit_once('/')?;
        let (key, _) = self.key.rsplit_once('/')?;
        Some(Self { shown: shown.into(), key: key.into() })
    }

    /// The tag below it with one more segment.
    ///
    /// # Errors
    /// If `segment` is no legal one.
    pub fn child(&self, segment: &str) -> Result<Self, TagNameError> {
        Self::new(&format!("{}/{segment}", self.shown))
    }

    /// Whether it is `other` or below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.key.strip_prefix(&*other.key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// This tag with the prefix `from` replaced by `to`, if it is within `from`.
    #[must_use]
    pub fn rebased(&self, from: &Self, to: &Self) -> Option<Self> {
        if !self.is_within(from) {
            return None;
        }
        let rest: Vec<&str> = self.segments().skip(from.segments().count()).collect();
        let mut text = to.shown.to_string();
        for segment in rest {
            text.push('/');
            text.push_str(segment);
        }
        Self::new(&text).ok()
    }
}

/// Combining marks are part of the letter before them where NFC has no composed form.
fn is_combining(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

impl PartialEq for TagName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for TagName {}
impl Hash for TagName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}
impl PartialOrd for TagName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for TagName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}
impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
impl Serialize for TagName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_and_illegal_tags() {
        for legal in ["a", "experiment/gpu", "Größe", "with space", "v1.2_x-y", "日本/語"] {
            assert!(TagName::new(legal).is_ok(), "{legal:?}");
        }
        for illegal in ["", "/", "a//b", "..", ".a", "+a", "-a", "~a", "a/.b", "a\nb", "a:b", "a,b", "#a"] {
            assert!(TagName::new(illegal).is_err(), "{illegal:?}");
        }
    }

    #[test]
    fn tags_compare_without_case_and_in_nfc() {
        assert_eq!(TagName::new("GPU").unwrap(), TagName::new("gpu").unwrap());
        assert_eq!(TagName::new("caf\u{e9}").unwrap(), TagName::new("cafe\u{301}").unwrap());
    }

    #[test]
    fn within_is_by_segment() {
        let a = TagName::new("a").unwrap();
        assert!(TagName::new("A/b").unwrap().is_within(&a));
        assert!(!TagName::new("ab").unwrap().is_within(&a));
        let moved = TagName::new("a/Banana").unwrap().rebased(&a, &TagName::new("x/y").unwrap()).unwrap();
        assert_eq!(moved.as_str(), "x/y/Banana");
    }
}
