//! Finds the parts of block mappings and lists, line by line.

use std::ops::Range;

use super::{BlockMap, DEPTH_MAX, Entry, Item, Node, Scanned, Scanner, Shape, Style, Unsupported};

/// The value that a whole text stands for; `None` if it has nothing but blanks and comments.
pub(in crate::index::parse) fn scan(text: &str) -> Scanned<Option<Node>> {
    let scanner = Scanner::new(text);
    let line = scanner.significant(0);
    if line == text.len() {
        return Ok(None);
    }
    let (node, end) = scanner.block_node(line, 0)?;
    if scanner.significant(end) < text.len() { Err(Unsupported) } else { Ok(Some(node)) }
}

/// A node with the start of the line after it.
type Block = (Node, usize);

impl Scanner<'_> {
    /// The value that begins in the line that starts at `line`.
    fn block_node(&self, line: usize, depth: usize) -> Scanned<Block> {
        if depth > DEPTH_MAX {
            return Err(Unsupported);
        }
        let indent = self.indent(line);
        let start = line + indent;
        if self.is_dash(start) {
            self.block_list(line, start, indent, depth)
        } else if self.key(start)?.is_some() {
            self.block_map(line, start, indent, depth)
        } else {
            // A scalar on a line of its own goes on in lines that are indented at all, or at the top in any.
            self.inline(start, indent.checked_sub(1), depth)
        }
    }

    /// The mapping whose first key stands at `first`; its entry's extent begins at `extent`.
    fn block_map(&self, extent: usize, first: usize, indent: usize, depth: usize) -> Scanned<Block> {
        let mut entries = Vec::new();
        let (mut extent, mut start) = (extent, first);
        loop {
            let (span, after_colon) = self.key(start)?.ok_or(Unsupported)?;
            let key = self.key_text(span)?;
            let (value, end) = self.value(after_colon, indent, true, depth + 1)?;
            entries.push(Entry { key, extent: extent..end, after_colon: Some(after_colon), value });
            let next = self.significant(end);
            if !self.goes_on(next, indent)? || self.is_dash(next + indent) {
                let span = first..entries.last().map_or(end, |entry| entry.value.span.end);
                return Ok((Node { span, shape: Shape::BlockMap(BlockMap { indent, entries }) }, end));
            }
            (extent, start) = (next, next + indent);
        }
    }

    /// The list whose first dash stands at `first`.
    fn block_list(&self, extent: usize, first: usize, indent: usize, depth: usize) -> Scanned<Block> {
        let mut items = Vec::new();
        let (mut extent, mut dash) = (extent, first);
        loop {
            let (value, end) = self.item(dash, indent, depth + 1)?;
            let span = first..value.span.end;
            items.push(Item { indent, extent: extent..end, value });
            let next = self.significant(end);
            if !self.goes_on(next, indent)? || !self.is_dash(next + indent) {
                return Ok((Node { span, shape: Shape::BlockList(items) }, end));
            }
            (extent, dash) = (next, next + indent);
        }
    }

    /// Whether the line at `next` belongs to the block of this indentation.
    fn goes_on(&self, next: usize, indent: usize) -> Scanned<bool> {
        if next >= self.bytes.len() {
            return Ok(false);
        }
        match self.indent(next).cmp(&indent) {
            std::cmp::Ordering::Less => Ok(false),
            std::cmp::Ordering::Equal => Ok(true),
            std::cmp::Ordering::Greater => Err(Unsupported),
        }
    }

    fn item(&self, dash: usize, indent: usize, depth: usize) -> Scanned<Block> {
        if depth > DEPTH_MAX {
            return Err(Unsupported);
        }
        let start = self.skip_blanks(dash + 1);
        let column = indent + (start - dash);
        if self.is_eol(start) || self.at(start) == b'#' {
            self.value(dash + 1, indent, false, depth)
        } else if self.is_dash(start) {
            self.block_list(start, start, column, depth)
        } else if self.key(start)?.is_some() {
            self.block_map(start, start, column, depth)
        } else {
            self.value(dash + 1, indent, false, depth)
        }
    }

    /// The value after a colon or dash, which a parent of this indentation holds.
    fn value(&self, after: usize, indent: usize, in_map: bool, depth: usize) -> Scanned<Block> {
        let start = self.skip_blanks(after);
        if !self.is_line_done(after) {
            return self.inline(start, Some(indent), depth);
        }
        let line = self.significant(self.line_end(start));
        let is_below = line < self.bytes.len() && {
            let column = self.indent(line);
            column > indent || in_map && column == indent && self.is_dash(line + column)
        };
        if is_below {
            return self.block_node(line, depth);
        }
        Ok((Node { span: after..after, shape: Shape::Null }, self.line_end(start)))
    }

    /// A value that begins in the middle of a line. Its further lines are indented by more than `indent`.
    fn inline(&self, start: usize, indent: Option<usize>, depth: usize) -> Scanned<Block> {
        let node = match self.at(start) {
            b'[' | b'{' => self.flow(start, depth)?,
            b'"' | b'\'' => {
                let style = self.quote_style(start).ok_or(Unsupported)?;
                Node { span: start..self.quoted(start)?, shape: Shape::Scalar(style) }
            }
            b'|' | b'>' => return Ok(self.block_scalar(start, indent)),
            b'*' => Node { span: start..self.word_end(start), shape: Shape::Opaque },
            b'&' | b'!' => return self.decorated(start, indent, depth),
            b'?' if self.is_gap(start + 1) => return Err(Unsupported),
            _ => Node { span: self.plain(start, indent), shape: Shape::Scalar(Style::Plain) },
        };
        if !self.is_line_done(node.span.end) {
            return Err(Unsupported);
        }
        let end = self.line_end(node.span.end);
        Ok((node, end))
    }

    /// A value with a tag or anchor before it.
    fn decorated(&self, start: usize, indent: Option<usize>, depth: usize) -> Scanned<Block> {
        if depth > DEPTH_MAX {
            return Err(Unsupported);
        }
        let after = self.word_end(start);
        let (value, end) = self.value(after, indent.unwrap_or(0), true, depth + 1)?;
        Ok((Node { span: start..value.span.end.max(after), shape: Shape::Opaque }, end))
    }

    fn block_scalar(&self, start: usize, indent: Option<usize>) -> Block {
        let header = self.line_end(start);
        let keeps = self.text[start..header].split('#').next().is_some_and(|header| header.contains('+'));
        let (mut end, mut line) = (header, header);
        while line < self.bytes.len() {
            let is_blank = self.is_eol(self.skip_blanks(line));
            if !is_blank && indent.is_some_and(|indent| self.indent(line) <= indent) {
                break;
            }
            line = self.line_end(line);
            if !is_blank || keeps {
                end = line;
            }
        }
        (Node { span: start..end, shape: Shape::BlockScalar }, end)
    }

    /// A plain scalar with the lines in which it goes on.
    fn plain(&self, start: usize, indent: Option<usize>) -> Range<usize> {
        let (mut end, mut is_commented) = self.plain_line(start);
        while !is_commented {
            let mut line = self.line_end(end);
            while line < self.bytes.len() && self.is_eol(self.skip_blanks(line)) {
                line = self.line_end(line);
            }
            let first = self.skip_blanks(line);
            let is_deeper = indent.is_none_or(|indent| self.indent(line.min(self.bytes.len())) > indent);
            if line >= self.bytes.len() || !is_deeper || self.at(first) == b'#' {
                break;
            }
            (end, is_commented) = self.plain_line(first);
        }
        start..end
    }

    /// Where a plain scalar ends in its line, and whether a comment follows.
    fn plain_line(&self, start: usize) -> (usize, bool) {
        let mut end = start;
        let mut i = start;
        while !self.is_eol(i) {
            match self.at(i) {
                b'#' if i > start && i > end => return (end, true),
                b' ' | b'\t' => {}
                _ => end = i + 1,
            }
            i += 1;
        }
        (end, false)
    }

    /// The key that stands at `start` with the offset after its colon, if one does.
    fn key(&self, start: usize) -> Scanned<Option<(Range<usize>, usize)>> {
        let end = match self.at(start) {
            b'"' | b'\'' => self.quoted(start)?,
            b'?' if self.is_gap(start + 1) => return Err(Unsupported),
            b'[' | b'{' | b']' | b'}' | b',' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                return Ok(None);
            }
            _ => match self.plain_key(start) {
                Some(end) => end,
                None => return Ok(None),
            },
        };
        let colon = self.skip_blanks(end);
        let is_key = self.at(colon) == b':' && self.is_gap(colon + 1) && !self.text[start..end].contains('\n');
        Ok(is_key.then_some((start..end, colon + 1)))
    }

    fn plain_key(&self, start: usize) -> Option<usize> {
        let mut end = start;
        let mut i = start;
        while !self.is_eol(i) {
            match self.at(i) {
                b':' if self.is_gap(i + 1) => return (end > start).then_some(end),
                b'#' if i > end => return None,
                b' ' | b'\t' => {}
                _ => end = i + 1,
            }
            i += 1;
        }
        None
    }
}
