//! Where the frontmatter of a file begins and ends. Knows lines, not YAML.

use std::ops::Range;

/// Frontmatter and sidecars longer than this many bytes are refused.
pub const METADATA_MAX: usize = 1 << 20;

/// UTF-8's byte order mark, which some editors put before the first line.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// The parts of a file by byte offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frontmatter {
    /// The file does not begin with a block.
    None {
        /// Where its text begins: 3 after a BOM, else 0.
        body: usize,
    },
    /// It begins with `---`, and no line ends the block within [`METADATA_MAX`].
    TooLong,
    /// It has a block.
    Block {
        /// Where the opening `---` stands: 3 after a BOM, else 0.
        open: usize,
        /// What is between the two `---` lines, with its line endings.
        inner: Range<usize>,
        /// Where the text after the closing line begins.
        body: usize,
    },
}

/// Whether a file keeps its metadata in frontmatter of its own (`.md`, `.markdown`, `.cdx`, a folder's `.metadata`).
#[must_use]
pub fn has_frontmatter(name: &str) -> bool {
    let ends = |suffix: &str| {
        name.len() > suffix.len()
            && name.as_bytes()[name.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes())
    };
    ends(".md") || ends(".cdx") || ends(".markdown") || name == ".metadata"
}

/// Finds the block between `---` lines at the top; LF or CRLF, with or without BOM.
#[must_use]
pub fn split(bytes: &[u8]) -> Frontmatter {
    let open = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
    let start = line_end(bytes, open);
    if !is_fence(&bytes[open..start]) || !bytes[open..start].ends_with(b"\n") {
        return Frontmatter::None { body: open };
    }
    let mut at = start;
    while at < bytes.len() {
        if at - start > METADATA_MAX {
            return Frontmatter::TooLong;
        }
        let end = line_end(bytes, at);
        if is_fence(&bytes[at..end]) {
            return Frontmatter::Block { open, inner: start..at, body: end };
        }
        at = end;
    }
    if bytes.len() - start > METADATA_MAX { Frontmatter::TooLong } else { Frontmatter::None { body: open } }
}

/// The offset after the line that `at` is in.
pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |newline| at + newline + 1)
}

/// `---`, with nothing but blanks after it.
fn is_fence(line: &[u8]) -> bool {
    line.strip_prefix(b"---").is_some_and(|rest| rest.trim_ascii().is_empty())
}
