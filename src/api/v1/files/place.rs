//! Paths as callers write them.

use unicode_normalization::UnicodeNormalization;

use crate::api::error::{Answer, ApiError};
use crate::types::NotePath;

/// Systems take paths of 4,096 bytes, and that of the workspace or a mount comes before ours.
const LONGEST: usize = 3500;

/// A path in a notebook, in NFC.
///
/// # Errors
/// 400 for what is none, or belongs to Codex or git.
pub(in crate::api::v1) fn note_path(text: &str) -> Answer<NotePath> {
    exact_path(&text.nfc().collect::<String>())
}

/// The same letter for letter: a store may have names that are not in NFC.
///
/// # Errors
/// As [`note_path`].
pub(super) fn exact_path(text: &str) -> Answer<NotePath> {
    if text.len() > LONGEST {
        return Err(ApiError::malformed(format!("the path is longer than {LONGEST} bytes")));
    }
    let path = NotePath::new(text)?;
    let is_own = |part: &std::ffi::OsStr| {
        [".codex", ".git"].iter().any(|name| part.to_str().is_some_and(|part| part.eq_ignore_ascii_case(name)))
    };
    if path.components().any(is_own) {
        return Err(ApiError::malformed(format!("`{text}` is no place for files: .codex and .git are not for them")));
    }
    Ok(path)
}

/// The path of a file or folder, which is not the notebook itself.
///
/// # Errors
/// As [`note_path`]; 400 for the root.
pub(in crate::api::v1) fn below_root(text: &str) -> Answer<NotePath> {
    let path = note_path(text)?;
    if path.is_root() {
        return Err(ApiError::malformed("a path in the notebook is expected, this is the notebook itself"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_or_is_not_the_callers_is_refused() {
        let (long, deep) = ("x".repeat(300), "x/".repeat(2000) + "x");
        for text in [
            "..",
            "a/../b",
            "/etc/passwd",
            "a//b",
            "./a",
            "a/",
            "a\0b",
            ".codex/x",
            "a/.git",
            ".GIT/config",
            &long,
            &deep,
        ] {
            assert_eq!(note_path(text).unwrap_err().status, 400, "{text}");
        }
        assert_eq!(below_root("").unwrap_err().status, 400);
        assert_eq!(note_path("u\u{308}.md").unwrap().to_str(), Some("\u{fc}.md"));
        assert!(note_path(".gitignore").is_ok() && note_path("a/.codexignore").is_ok());
    }
}
