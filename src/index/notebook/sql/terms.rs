//! Conditions as tests of the row `f`.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::fragment::{Failure, Fragment, text};
use super::property::{ElementTest, key_id};
use super::text::as_match;
use super::{field, links};
use crate::index::query::TimeContext;
use crate::index::query::ast::{Comparison, Expr, Term, Test};
use crate::types::TagName;

/// Compiles the conditions of one query for one notebook.
pub(in crate::index::notebook) struct Compiler<'a> {
    pub(in crate::index::notebook) connection: &'a Connection,
    pub(in crate::index::notebook) time: &'a TimeContext,
    /// The notebook's name.
    pub(in crate::index::notebook) notebook: &'a str,
    /// Whether one row is asked about: then full text is asked for it alone, instead of for all its matches.
    pub(in crate::index::notebook) is_single: bool,
}

impl Compiler<'_> {
    /// The condition as a test.
    pub(super) fn test(&self, expr: &Expr) -> Result<Fragment, Failure> {
        if let Some(expression) = as_match(expr) {
            return Ok(self.text_test(expression));
        }
        match expr {
            Expr::All => Ok(Fragment::constant(true)),
            Expr::And(parts) => Ok(Fragment::and(self.tests(parts)?)),
            Expr::Or(parts) => Ok(Fragment::or(self.tests(parts)?)),
            Expr::Not(inner) => Ok(self.test(inner)?.not()),
            Expr::Term(term) => self.term_test(term),
        }
    }

    fn tests(&self, parts: &[Expr]) -> Result<Vec<Fragment>, Failure> {
        parts.iter().map(|part| self.test(part)).collect()
    }

    fn text_test(&self, expression: String) -> Fragment {
        let sql = if self.is_single {
            "EXISTS (SELECT 1 FROM search_index s WHERE s.rowid = f.id AND s.search_index MATCH ?)"
        } else {
            // Once for the statement, not once a row; the `+` keeps it a test of rows that another index yields.
            "+f.id IN (SELECT s.rowid FROM search_index s WHERE s.search_index MATCH ?)"
        };
        Fragment::new(sql, [text(expression)])
    }

    fn term_test(&self, term: &Term) -> Result<Fragment, Failure> {
        Ok(match term {
            // One with a token was a match.
            Term::Text { .. } => Fragment::constant(false),
            Term::Tag { tag, exact } => {
                let within = tag_ids(tag, *exact);
                let sql =
                    format!("EXISTS (SELECT 1 FROM file_tags t WHERE t.file_id = f.id AND t.tag_id {})", within.sql);
                Fragment { sql, ..within }
            }
            Term::Untagged => Fragment::new("NOT EXISTS (SELECT 1 FROM file_tags t WHERE t.file_id = f.id)", []),
            Term::Property { key, test } => self.property_test(key, test)?,
            Term::Field { field, test } => field::test(*field, test, self.notebook, self.time)?,
            Term::LinksTo(wanted) => {
                let sql = "EXISTS (SELECT 1 FROM links l WHERE l.from_id = f.id
                           AND l.to_id IN (SELECT value FROM json_each(?)))";
                Fragment::new(sql, [self.called(wanted)?])
            }
            Term::LinkedFrom(wanted) => {
                let sql = "EXISTS (SELECT 1 FROM links l WHERE l.to_id = f.id
                           AND l.from_id IN (SELECT value FROM json_each(?)))";
                Fragment::new(sql, [self.called(wanted)?])
            }
            Term::Orphan => {
                Fragment::new("NOT EXISTS (SELECT 1 FROM links l WHERE l.to_id = f.id AND l.from_id <> f.id)", [])
            }
            Term::Broken => {
                Fragment::new("EXISTS (SELECT 1 FROM links l WHERE l.from_id = f.id AND l.to_id IS NULL)", [])
            }
        })
    }

    fn property_test(&self, key: &str, test: &Test) -> Result<Fragment, Failure> {
        let element = ElementTest::of(test, self.time)?;
        let has = match key_id(self.connection, key)? {
            None => Fragment::constant(false),
            Some(_) if element.condition.as_constant() == Some(false) => element.condition,
            Some(key) => {
                let sql = format!(
                    "EXISTS (SELECT 1 FROM properties p WHERE p.file_id = f.id AND p.key_id = ? AND {})",
                    element.condition.sql
                );
                let mut params = vec![Value::Integer(key)];
                params.extend(element.condition.params);
                Fragment::new(sql, params)
            }
        };
        Ok(if matches!(test, Test::Compare(Comparison::Ne, _)) { has.not() } else { has })
    }

    /// Ids of the notes that are called so, as a JSON list: one bound value, however many they are.
    pub(super) fn called(&self, wanted: &str) -> Result<Value, Failure> {
        let ids = links::notes_called(self.connection, wanted)?;
        Ok(text(serde_json::Value::from(ids).to_string()))
    }
}

/// What follows the name of a column with tag ids: `= …` or `IN …`. A tag and all below it are two ranges of the keys.
pub(super) fn tag_ids(tag: &TagName, exact: bool) -> Fragment {
    if exact {
        return Fragment::new("= (SELECT id FROM tags WHERE key = ?)", [text(tag.key())]);
    }
    Fragment::new(
        "IN (SELECT id FROM tags WHERE key = ? UNION ALL SELECT id FROM tags WHERE key > ? AND key < ?)",
        [text(tag.key()), text(format!("{}/", tag.key())), text(format!("{}0", tag.key()))],
    )
}
