//! Finds the parts of `[…]` and `{…}`; all of JSON is written so.

use super::{DEPTH_MAX, Entry, Node, Scanned, Scanner, Shape, Style, Unsupported};

impl Scanner<'_> {
    /// The list or mapping that opens at `open`.
    pub(in crate::index::parse) fn flow(&self, open: usize, depth: usize) -> Scanned<Node> {
        if depth > DEPTH_MAX {
            return Err(Unsupported);
        }
        if self.at(open) == b'[' { self.flow_list(open, depth) } else { self.flow_map(open, depth) }
    }

    fn flow_list(&self, open: usize, depth: usize) -> Scanned<Node> {
        let mut items = Vec::new();
        let mut i = self.skip_space(open + 1);
        while self.at(i) != b']' {
            let mut item = self.flow_node(i, depth)?;
            i = self.skip_space(item.span.end);
            if self.is_colon(i, &item) {
                // `[a: b]` is a list of one mapping.
                let value = self.flow_value(i + 1, depth)?;
                item = Node { span: item.span.start..value.span.end, shape: Shape::Opaque };
                i = self.skip_space(item.span.end);
            }
            items.push(item);
            i = self.after_item(i, b']')?;
        }
        Ok(Node { span: open..i + 1, shape: Shape::FlowList(items) })
    }

    fn flow_map(&self, open: usize, depth: usize) -> Scanned<Node> {
        let mut entries = Vec::new();
        let mut i = self.skip_space(open + 1);
        while self.at(i) != b'}' {
            let name = self.flow_node(i, depth)?;
            let Shape::Scalar(_) = name.shape else { return Err(Unsupported) };
            let key = self.key_text(name.span.clone())?;
            let colon = self.skip_space(name.span.end);
            let (after_colon, value) = if self.is_colon(colon, &name) {
                (Some(colon + 1), self.flow_value(colon + 1, depth)?)
            } else {
                (None, Node { span: name.span.end..name.span.end, shape: Shape::Null })
            };
            let extent = name.span.start..value.span.end;
            i = self.after_item(self.skip_space(extent.end), b'}')?;
            entries.push(Entry { key, extent, after_colon, value });
        }
        Ok(Node { span: open..i + 1, shape: Shape::FlowMap(entries) })
    }

    /// From after an item, the start of the next one or the closing bracket.
    fn after_item(&self, i: usize, close: u8) -> Scanned<usize> {
        match self.at(i) {
            b',' => Ok(self.skip_space(i + 1)),
            b if b == close && i < self.bytes.len() => Ok(i),
            _ => Err(Unsupported),
        }
    }

    /// The value after a colon; there may be none.
    fn flow_value(&self, after_colon: usize, depth: usize) -> Scanned<Node> {
        let i = self.skip_space(after_colon);
        match self.at(i) {
            b',' | b'}' | b']' => Ok(Node { span: after_colon..after_colon, shape: Shape::Null }),
            _ => self.flow_node(i, depth),
        }
    }

    fn flow_node(&self, start: usize, depth: usize) -> Scanned<Node> {
        let mut i = start;
        while matches!(self.at(i), b'&' | b'!') && i < self.bytes.len() {
            i = self.skip_space(self.word_end(i));
        }
        let node = match self.at(i) {
            b'[' | b'{' => self.flow(i, depth + 1)?,
            b'*' => Node { span: i..self.word_end(i), shape: Shape::Opaque },
            b'"' | b'\'' => {
                let style = self.quote_style(i).ok_or(Unsupported)?;
                Node { span: i..self.quoted(i)?, shape: Shape::Scalar(style) }
            }
            b'?' if self.is_gap(i + 1) => return Err(Unsupported),
            _ => Node { span: i..self.flow_plain(i)?, shape: Shape::Scalar(Style::Plain) },
        };
        if i == start { Ok(node) } else { Ok(Node { span: start..node.span.end, shape: Shape::Opaque }) }
    }

    /// The end of a plain scalar, which may go over several lines.
    fn flow_plain(&self, start: usize) -> Scanned<usize> {
        let mut end = start;
        let mut i = start;
        while i < self.bytes.len() {
            match self.bytes[i] {
                b',' | b'[' | b']' | b'{' | b'}' => break,
                b':' if self.is_gap(i + 1) || matches!(self.at(i + 1), b',' | b'[' | b']' | b'{' | b'}') => break,
                b'#' if i > start && i > end => break,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => end = i + 1,
            }
            i += 1;
        }
        if end == start { Err(Unsupported) } else { Ok(end) }
    }

    /// A colon that separates: followed by a gap, or after a quoted key or a bracket.
    fn is_colon(&self, i: usize, before: &Node) -> bool {
        let is_plain = matches!(before.shape, Shape::Scalar(Style::Plain));
        self.at(i) == b':'
            && i < self.bytes.len()
            && (!is_plain || self.is_gap(i + 1) || matches!(self.at(i + 1), b',' | b'[' | b']' | b'{' | b'}'))
    }

    /// Skips blanks, line ends and comments.
    pub(in crate::index::parse) fn skip_space(&self, mut i: usize) -> usize {
        while i < self.bytes.len() {
            match self.bytes[i] {
                b' ' | b'\t' | b'\r' | b'\n' => i += 1,
                b'#' if i == 0 || matches!(self.bytes[i - 1], b' ' | b'\t' | b'\n') => i = self.line_end(i),
                _ => break,
            }
        }
        i
    }
}
