//! Characters of a search line: words, quotes, operators.

use super::QueryError;
use crate::index::query::ast::Comparison;

/// A line with a place in it.
pub(super) struct Scanner {
    chars: Vec<char>,
    at: usize,
}

/// What stands between a name and its value.
pub(super) struct Operator {
    pub(super) comparison: Comparison,
    /// `:=`, which for tags means exactly.
    pub(super) exact: bool,
    /// As written.
    pub(super) shown: &'static str,
}

/// One of the values that commas separate.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) is_quoted: bool,
    pub(super) at: usize,
}

const OPERATORS: [(&str, Comparison, bool); 13] = [
    (":!=", Comparison::Ne, false),
    (":<=", Comparison::Le, false),
    (":>=", Comparison::Ge, false),
    (":<", Comparison::Lt, false),
    (":>", Comparison::Gt, false),
    (":=", Comparison::Eq, true),
    (":", Comparison::Eq, false),
    ("!=", Comparison::Ne, false),
    ("<=", Comparison::Le, false),
    (">=", Comparison::Ge, false),
    ("<", Comparison::Lt, false),
    (">", Comparison::Gt, false),
    ("=", Comparison::Eq, false),
];

/// Whether a character can stand in an unquoted word or name.
pub(in crate::index::query) fn is_bare_char(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '"' | '(' | ')' | ':' | '=' | '<' | '>')
}

impl Scanner {
    pub(super) fn new(line: &str) -> Self {
        Self { chars: line.chars().collect(), at: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// Where it is, in characters.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn go_back_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.chars.len()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(ahead, c)| self.peek_at(ahead) == Some(c))
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn is_boundary(&self, ahead: usize) -> bool {
        self.peek_at(ahead).is_none_or(|c| c.is_whitespace() || c == ')')
    }

    /// Whether the word stands here alone.
    pub(super) fn is_keyword(&self, word: &str) -> bool {
        self.starts_with(word) && (self.is_boundary(word.len()) || self.peek_at(word.len()) == Some('('))
    }

    pub(super) fn take_keyword(&mut self, word: &str) -> bool {
        let found = self.is_keyword(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    pub(super) fn expect_boundary(&self) -> Result<(), QueryError> {
        match self.peek() {
            Some(c) if !self.is_boundary(0) => {
                Err(QueryError::new(self.at, format!("a space is expected before `{c}`; quote what belongs together")))
            }
            _ => Ok(()),
        }
    }

    /// The text between the quotes that begin here.
    pub(super) fn quoted(&mut self) -> Result<String, QueryError> {
        let opened = self.at;
        let mut text = String::new();
        self.at += 1;
        while let Some(c) = self.peek() {
            self.at += 1;
            match (c, self.peek()) {
                ('"', _) => return Ok(text),
                ('\\', Some(escaped @ ('"' | '\\'))) => {
                    text.push(escaped);
                    self.at += 1;
                }
                _ => text.push(c),
            }
        }
        Err(QueryError::new(opened, "the quote is not closed"))
    }

    /// A word up to a space, quote, parenthesis or operator; may be empty.
    pub(super) fn bare_word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(is_bare_char) && !self.starts_with("!=") {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    pub(super) fn operator(&mut self) -> Option<Operator> {
        let (shown, comparison, exact) = OPERATORS.into_iter().find(|(shown, ..)| self.starts_with(shown))?;
        self.at += shown.len();
        Some(Operator { comparison, exact, shown })
    }

    /// One value: quoted, or up to a space, comma or parenthesis; a comma within `{}` belongs to it where `braces`.
    pub(super) fn piece(&mut self, braces: bool) -> Result<Piece, QueryError> {
        let at = self.at;
        if self.peek() == Some('"') {
            return Ok(Piece { text: self.quoted()?, is_quoted: true, at });
        }
        let mut open_brace = None;
        while let Some(c) = self.peek() {
            match c {
                ',' if open_brace.is_none() => break,
                ')' => break,
                '"' | '(' => {
                    let message = format!("`{c}` within a value: put the whole value in quotes");
                    return Err(QueryError::new(self.at, message));
                }
                '{' if braces => open_brace = open_brace.or(Some(self.at)),
                '}' => open_brace = None,
                _ if c.is_whitespace() => break,
                _ => {}
            }
            self.at += 1;
        }
        if let Some(open) = open_brace {
            return Err(QueryError::new(open, "`{` is not closed"));
        }
        if self.at == at {
            return Err(QueryError::new(
                at,
                "a value is expected here, without a space before it; `\"\"` is empty text",
            ));
        }
        Ok(Piece { text: self.chars[at..self.at].iter().collect(), is_quoted: false, at })
    }

    /// The values up to the next space or `)`, at least one.
    pub(super) fn pieces(&mut self, braces: bool) -> Result<Vec<Piece>, QueryError> {
        let mut pieces = vec![self.piece(braces)?];
        while self.take(',') {
            pieces.push(self.piece(braces)?);
        }
        Ok(pieces)
    }

    /// The text up to the next space or a `)` that nothing in it opened: an unquoted regular expression.
    pub(super) fn balanced(&mut self) -> String {
        let (start, mut open) = (self.at, 0_usize);
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
            match c {
                '(' => open += 1,
                ')' if open == 0 => break,
                ')' => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }
}
