//! Merging three versions of a file by lines.

use git2::{MergeFileInput, MergeFileOptions, merge_file};

/// Why two versions do not merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeConflict {
    /// Both changed the same lines.
    #[error("both versions changed the same lines")]
    SameLines,
    /// One of them is binary, or too large to be merged by lines.
    #[error("a binary file does not merge")]
    Binary,
}

/// Bytes that are searched for a NUL, as git does to tell binary files.
const SNIFFED: usize = 8192;

/// Larger files do not merge: git's own limit for text is of this order.
const LARGEST: usize = 64 << 20;

/// What becomes of `base` with the changes of both `ours` and `theirs`; line endings stay as they are.
///
/// # Errors
/// Where both changed the same lines, or one is binary and both changed.
pub fn merge_text(base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<Vec<u8>, MergeConflict> {
    if ours == theirs || theirs == base {
        return Ok(ours.to_vec());
    }
    if ours == base {
        return Ok(theirs.to_vec());
    }
    let is_binary = |bytes: &[u8]| bytes.len() > LARGEST || bytes[..bytes.len().min(SNIFFED)].contains(&0);
    if [base, ours, theirs].into_iter().any(is_binary) {
        return Err(MergeConflict::Binary);
    }
    // git2's `merge_file` alone does not start libgit2, and without that it fails.
    let _ = git2::Oid::hash_object(git2::ObjectType::Blob, b"");
    let (mut a, mut b, mut c) = (MergeFileInput::new(), MergeFileInput::new(), MergeFileInput::new());
    a.content(base);
    b.content(ours);
    c.content(theirs);
    match merge_file(&a, &b, &c, Some(&mut MergeFileOptions::new())) {
        Ok(merged) if merged.is_automergeable() => Ok(merged.content().to_vec()),
        Ok(_) => Err(MergeConflict::SameLines),
        Err(error) => {
            tracing::error!(%error, "a merge failed");
            Err(MergeConflict::SameLines)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, ours: &str, theirs: &str, expected: Result<&str, MergeConflict>) {
        let merged = merge_text(base.as_bytes(), ours.as_bytes(), theirs.as_bytes());
        assert_eq!(merged, expected.map(|text| text.as_bytes().to_vec()), "{base:?} {ours:?} {theirs:?}");
    }

    #[test]
    fn edits_of_different_lines_merge_and_of_the_same_do_not() {
        check("a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n", Ok("A\nb\nc\nD\n"));
        check("a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", Ok("A\r\nb\r\nC\r\n"));
        check("a\nb\nc", "a\nb\nc\n", "A\nb\nc", Ok("A\nb\nc\n"));
        check("a\n", "b\n", "c\n", Err(MergeConflict::SameLines));
        check("", "b\n", "c\n", Err(MergeConflict::SameLines));
        check("a\n", "", "", Ok(""));
        check("a\n", "a\n", "", Ok(""));
        check("a\0\nb\n\nc\n", "a\0\nb\n\nC\n", "A\0\nb\n\nc\n", Err(MergeConflict::Binary));
        check("a\0", "a\0", "b\0", Ok("b\0"));
    }
}
