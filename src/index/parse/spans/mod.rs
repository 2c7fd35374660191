//! Where the parts of a YAML or JSON text stand, in bytes. What they mean, the real parser says.

mod block;
mod flow;

use std::ops::Range;

pub(in crate::index::parse) use block::scan;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(in crate::index::parse) struct Node {
    /// From its first byte to the end of its last, without a comment behind it. Empty for a null that is not written.
    pub(in crate::index::parse) span: Range<usize>,
    /// What it is.
    pub(in crate::index::parse) shape: Shape,
}

/// What a value is, as far as editing needs it.
#[derive(Clone, Debug)]
pub(in crate::index::parse) enum Shape {
    /// Nothing is written.
    Null,
    /// A plain or quoted scalar.
    Scalar(Style),
    /// `|` or `>`.
    BlockScalar,
    /// `- ` lines.
    BlockList(Vec<Item>),
    /// `key: value` lines.
    BlockMap(BlockMap),
    /// `[a, b]`.
    FlowList(Vec<Node>),
    /// `{a: b}`.
    FlowMap(Vec<Entry>),
    /// An alias, or a value with a tag or anchor: it is replaced whole or not at all.
    Opaque,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::index::parse) enum Style {
    Plain,
    Single,
    Double,
}

/// The lines of a block mapping.
#[derive(Clone, Debug)]
pub(in crate::index::parse) struct BlockMap {
    /// Column of its keys.
    pub(in crate::index::parse) indent: usize,
    /// Its entries, at least one.
    pub(in crate::index::parse) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(in crate::index::parse) struct Entry {
    /// The key, unquoted.
    pub(in crate::index::parse) key: String,
    /// In a block: from the start of the key's line to the end of the value's last line.
    /// In a flow mapping: from the key to the end of the value.
    pub(in crate::index::parse) extent: Range<usize>,
    /// After the colon; `None` for a key in a flow mapping that has none.
    pub(in crate::index::parse) after_colon: Option<usize>,
    /// Its value.
    pub(in crate::index::parse) value: Node,
}

/// An item of a block list.
#[derive(Clone, Debug)]
pub(in crate::index::parse) struct Item {
    /// Column of its dash.
    pub(in crate::index::parse) indent: usize,
    /// From the start of its line (or its dash, if a list's dash stands before it) to the end of its last line.
    pub(in crate::index::parse) extent: Range<usize>,
    /// Its value.
    pub(in crate::index::parse) value: Node,
}

/// The text is written in a way that is not edited line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::index::parse) struct Unsupported;

pub(in crate::index::parse) type Scanned<T> = Result<T, Unsupported>;

/// Nesting beyond this is refused; the parser refuses it sooner.
pub(in crate::index::parse) const DEPTH_MAX: usize = 80;

/// Reads bytes; a position beyond the end reads as a newline, so that each line has an end.
#[derive(Clone, Copy)]
pub(in crate::index::parse) struct Scanner<'a> {
    pub(in crate::index::parse) text: &'a str,
    pub(in crate::index::parse) bytes: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub(in crate::index::parse) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes() }
    }

    pub(in crate::index::parse) fn at(&self, i: usize) -> u8 {
        self.bytes.get(i).copied().unwrap_or(b'\n')
    }

    /// The offset after the line that `i` is in.
    pub(in crate::index::parse) fn line_end(&self, i: usize) -> usize {
        crate::index::parse::frontmatter::line_end(self.bytes, i.min(self.bytes.len()))
    }

    /// The first offset from `i` that is no blank or tab.
    pub(in crate::index::parse) fn skip_blanks(&self, mut i: usize) -> usize {
        while matches!(self.bytes.get(i), Some(b' ' | b'\t')) {
            i += 1;
        }
        i
    }

    /// Whether a line ends at `i` (LF, CRLF or the text's end).
    pub(in crate::index::parse) fn is_eol(&self, i: usize) -> bool {
        self.at(i) == b'\n' || self.at(i) == b'\r' && self.at(i + 1) == b'\n'
    }

    /// Whether `i` is where a value or key ends: a blank or a line's end.
    pub(in crate::index::parse) fn is_gap(&self, i: usize) -> bool {
        matches!(self.at(i), b' ' | b'\t') || self.is_eol(i)
    }

    /// The rest of the line from `i` is blank or a comment.
    pub(in crate::index::parse) fn is_line_done(&self, i: usize) -> bool {
        let next = self.skip_blanks(i);
        self.is_eol(next) || self.at(next) == b'#' && (next > i || i == 0 || self.at(i - 1) == b'\n')
    }

    /// From the start of a line, the start of the first line that is neither blank nor a comment.
    pub(in crate::index::parse) fn significant(&self, mut i: usize) -> usize {
        while i < self.bytes.len() {
            let first = self.skip_blanks(i);
            if !self.is_eol(first) && self.at(first) != b'#' {
                break;
            }
            i = self.line_end(i);
        }
        i.min(self.bytes.len())
    }

    /// Column of a line's first character; tabs do not indent.
    pub(in crate::index::parse) fn indent(&self, line: usize) -> usize {
        self.bytes[line..].iter().take_while(|&&b| b == b' ').count()
    }

    pub(in crate::index::parse) fn is_dash(&self, i: usize) -> bool {
        self.at(i) == b'-' && self.is_gap(i + 1)
    }

    /// From an opening quote, the offset after the closing one.
    pub(in crate::index::parse) fn quoted(&self, open: usize) -> Scanned<usize> {
        let quote = self.at(open);
        let mut i = open + 1;
        while i < self.bytes.len() {
            match self.bytes[i] {
                b'\\' if quote == b'"' => i += 1,
                b if b == quote && quote == b'\'' && self.at(i + 1) == b'\'' => i += 1,
                b if b == quote => return Ok(i + 1),
                _ => {}
            }
            i += 1;
        }
        Err(Unsupported)
    }

    /// The offset after a tag, anchor or alias.
    pub(in crate::index::parse) fn word_end(&self, mut i: usize) -> usize {
        while !self.is_gap(i) && !matches!(self.at(i), b',' | b']' | b'}') {
            i += 1;
        }
        i
    }

    /// What a key says: the parser's word for it, so that `'a'`, `"\x61"` and `a` are one key.
    pub(in crate::index::parse) fn key_text(&self, span: Range<usize>) -> Scanned<String> {
        let written = &self.text[span];
        if written.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
            && !matches!(written.as_bytes()[0], b't' | b'T' | b'f' | b'F' | b'n' | b'N')
        {
            return Ok(written.to_owned());
        }
        let map = crate::index::parse::values::yaml_mapping("", &format!("{written}: 1\n"), 0);
        map.ok().and_then(|map| map.into_iter().next()).map(|(key, _)| key).ok_or(Unsupported)
    }

    pub(in crate::index::parse) fn quote_style(&self, i: usize) -> Option<Style> {
        match self.at(i) {
            b'"' => Some(Style::Double),
            b'\'' => Some(Style::Single),
            _ => None,
        }
    }
}
