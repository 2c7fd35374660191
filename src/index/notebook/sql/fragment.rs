//! Pieces of SQL with the values that are bound in them, in order.

use rusqlite::types::Value;

/// Why a query cannot be compiled or run.
#[derive(Debug)]
pub(in crate::index::notebook) enum Failure {
    /// SQLite refused, or was interrupted.
    Sql(rusqlite::Error),
    /// The query is at fault; the message is for people.
    Bad(String),
    /// The time is up.
    Late,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<rusqlite::types::FromSqlError> for Failure {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Sql(error.into())
    }
}

/// SQL with its values.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::index::notebook) struct Fragment {
    pub(in crate::index::notebook) sql: String,
    pub(in crate::index::notebook) params: Vec<Value>,
    /// Whether it looks at more of the row `f` than its id.
    pub(in crate::index::notebook) needs_row: bool,
}

impl Fragment {
    pub(super) const TRUE: &'static str = "TRUE";
    pub(super) const FALSE: &'static str = "FALSE";

    /// Looks at the id of the row at most.
    pub(super) fn new(sql: impl Into<String>, params: impl IntoIterator<Item = Value>) -> Self {
        Self { sql: sql.into(), params: params.into_iter().collect(), needs_row: false }
    }

    /// Looks at columns of the row.
    pub(super) fn of_row(sql: impl Into<String>, params: impl IntoIterator<Item = Value>) -> Self {
        Self { needs_row: true, ..Self::new(sql, params) }
    }

    /// No SQL at all.
    pub(in crate::index::notebook) fn nothing() -> Self {
        Self::new("", [])
    }

    pub(super) fn constant(is: bool) -> Self {
        Self::new(if is { Self::TRUE } else { Self::FALSE }, [])
    }

    /// Its value, where it is the same for every row.
    pub(in crate::index::notebook) fn as_constant(&self) -> Option<bool> {
        match &*self.sql {
            Self::TRUE => Some(true),
            Self::FALSE => Some(false),
            _ => None,
        }
    }

    pub(super) fn and(parts: Vec<Self>) -> Self {
        Self::join(parts, " AND ", true)
    }

    pub(super) fn or(parts: Vec<Self>) -> Self {
        Self::join(parts, " OR ", false)
    }

    /// True where the inner one is false or NULL.
    pub(super) fn not(self) -> Self {
        match self.as_constant() {
            Some(is) => Self::constant(!is),
            None => Self { sql: format!("(({}) IS NOT TRUE)", self.sql), ..self },
        }
    }

    /// `neutral` is what a part may be without mattering; its opposite decides.
    fn join(parts: Vec<Self>, operator: &str, neutral: bool) -> Self {
        let mut kept: Vec<Self> = Vec::with_capacity(parts.len());
        for part in parts {
            match part.as_constant() {
                Some(is) if is == neutral => {}
                Some(_) => return part,
                None => kept.push(part),
            }
        }
        Self::balanced(kept, operator).unwrap_or_else(|| Self::constant(neutral))
    }

    /// As a balanced tree: SQLite refuses expressions deeper than 1,000, and a chain of `n` parts is `n` deep.
    fn balanced(mut parts: Vec<Self>, operator: &str) -> Option<Self> {
        if parts.len() < 2 {
            return parts.pop();
        }
        let right = Self::balanced(parts.split_off(parts.len() / 2), operator)?;
        let mut left = Self::balanced(parts, operator)?;
        left.sql = format!("({}{operator}{})", left.sql, right.sql);
        left.params.extend(right.params);
        left.needs_row |= right.needs_row;
        Some(left)
    }
}

/// A text to be bound.
pub(super) fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(sql: &str) -> Fragment {
        Fragment::new(sql, [text(sql)])
    }

    #[test]
    fn parts_that_decide_or_do_not_matter_are_left_out() {
        let all = Fragment::and(vec![Fragment::constant(true), part("a"), part("b")]);
        assert_eq!((all.sql.as_str(), all.params.len()), ("(a AND b)", 2));
        assert_eq!(Fragment::and(vec![part("a"), Fragment::constant(false)]).as_constant(), Some(false));
        assert_eq!(Fragment::and(vec![]).as_constant(), Some(true));
        assert_eq!(Fragment::or(vec![]).not().as_constant(), Some(true));
    }

    #[test]
    fn values_stay_in_the_order_of_their_places() {
        let joined = Fragment::or(["a", "b", "c", "d", "e"].map(part).to_vec());
        let order: String = joined.sql.chars().filter(char::is_ascii_lowercase).collect();
        assert_eq!(order, "abcde");
        assert_eq!(joined.params, ["a", "b", "c", "d", "e"].map(text));
    }
}
