//! Conditions as statements that yield ids, where an index serves.

use rusqlite::types::Value;

use super::dates::Bounds;
use super::field;
use super::fragment::{Failure, Fragment, text};
use super::property::{ElementTest, key_id};
use super::terms::{Compiler, tag_ids};
use super::text::as_match;
use crate::index::notebook::fold::fold;
use crate::index::notebook::names;
use crate::index::query::ast::{Comparison, Expr, Field, Operand, Term, Test};
use crate::index::query::pattern::{FieldPattern, is_glob};

/// A statement that yields the `id` of every note for which a condition holds, perhaps more than once.
#[derive(Clone, Debug)]
pub(super) struct Driver {
    pub(super) select: Fragment,
    /// Whether it yields no other notes, so that the condition need not be tested.
    pub(super) is_exact: bool,
}

impl Driver {
    fn exact(select: Fragment) -> Self {
        Self { select, is_exact: true }
    }

    fn rough(select: Fragment) -> Self {
        Self { select, is_exact: false }
    }
}

impl Compiler<'_> {
    /// The driver of a condition, if an index serves it.
    pub(super) fn driver(&self, expr: &Expr) -> Result<Option<Driver>, Failure> {
        if let Some(expression) = as_match(expr) {
            let sql = "SELECT s.rowid AS id FROM search_index s WHERE s.search_index MATCH ?";
            return Ok(Some(Driver::exact(Fragment::new(sql, [text(expression)]))));
        }
        match expr {
            Expr::And(parts) => {
                for part in parts {
                    if let Some(driver) = self.driver(part)? {
                        return Ok(Some(Driver::rough(driver.select)));
                    }
                }
                Ok(None)
            }
            Expr::Or(parts) => self.union(parts),
            Expr::All | Expr::Not(_) => Ok(None),
            Expr::Term(term) => self.term_driver(term),
        }
    }

    fn union(&self, parts: &[Expr]) -> Result<Option<Driver>, Failure> {
        let mut drivers = Vec::with_capacity(parts.len());
        for part in parts {
            match self.driver(part)? {
                Some(driver) => drivers.push(driver),
                None => return Ok(None),
            }
        }
        let is_exact = drivers.iter().all(|driver| driver.is_exact);
        let union = union_all(drivers.into_iter().map(|driver| driver.select));
        Ok(union.map(|select| Driver { select, is_exact }))
    }

    fn term_driver(&self, term: &Term) -> Result<Option<Driver>, Failure> {
        Ok(match term {
            Term::Tag { tag, exact } => {
                let within = tag_ids(tag, *exact);
                let sql = format!(
                    "SELECT t.file_id AS id FROM file_tags t INDEXED BY file_by_tag WHERE t.tag_id {}",
                    within.sql
                );
                Some(Driver::exact(Fragment { sql, ..within }))
            }
            Term::Property { key, test } => self.property_driver(key, test)?,
            Term::Field { field, test } => self.field_driver(*field, test)?,
            Term::LinksTo(wanted) => {
                let sql = "SELECT l.from_id AS id FROM links l WHERE l.to_id IN (SELECT value FROM json_each(?))";
                Some(Driver::exact(Fragment::new(sql, [self.called(wanted)?])))
            }
            Term::LinkedFrom(wanted) => {
                let sql = "SELECT l.to_id AS id FROM links l
                           WHERE l.from_id IN (SELECT value FROM json_each(?)) AND l.to_id IS NOT NULL";
                Some(Driver::exact(Fragment::new(sql, [self.called(wanted)?])))
            }
            Term::Text { .. } | Term::Untagged | Term::Orphan | Term::Broken => None,
        })
    }

    fn property_driver(&self, key: &str, test: &Test) -> Result<Option<Driver>, Failure> {
        if matches!(test, Test::Compare(Comparison::Ne, _)) {
            return Ok(None);
        }
        let element = ElementTest::of(test, self.time)?;
        let Some(key) = key_id(self.connection, key)? else { return Ok(None) };
        // A list may have an element in each of two ranges; the same element is in one only, or comes twice.
        let selects = element.ranges.into_iter().map(|range| {
            let condition = Fragment::and(vec![range, element.condition.clone()]);
            let sql = format!(
                "SELECT p.file_id AS id FROM properties p INDEXED BY property_by_value WHERE p.key_id = ? AND {}",
                condition.sql
            );
            let mut params = vec![Value::Integer(key)];
            params.extend(condition.params);
            Fragment::new(sql, params)
        });
        Ok(union_all(selects).map(Driver::exact))
    }

    fn field_driver(&self, field: Field, test: &Test) -> Result<Option<Driver>, Failure> {
        let of_rows = |condition: &Fragment| {
            let sql = format!("SELECT f.id AS id FROM file_metadata f WHERE {}", condition.sql);
            Fragment::new(sql, condition.params.clone())
        };
        Ok(match (field, test) {
            (Field::Path | Field::Folder, Test::Compare(Comparison::Eq, Operand::Text(wanted))) => {
                if is_glob(wanted) {
                    let range = field::glob_range(field, wanted);
                    range.map(|range| Driver::rough(of_rows(&range)))
                } else {
                    let condition = field::test(field, test, self.notebook, self.time)?;
                    condition.as_constant().is_none().then(|| Driver::exact(of_rows(&condition)))
                }
            }
            (Field::Name, Test::Compare(Comparison::Eq, Operand::Text(wanted))) => {
                match FieldPattern::new(field, wanted).map_err(Failure::Bad)? {
                    FieldPattern::Text(_) => {
                        let sql = "SELECT n.file_id AS id FROM file_names n WHERE n.stem = ?";
                        Some(Driver::rough(Fragment::new(
                            sql,
                            [Value::Integer(names::number(names::stem(&fold(wanted))))],
                        )))
                    }
                    _ => None,
                }
            }
            (Field::Modified, Test::Compare(comparison, Operand::Date { expr, .. }))
                if *comparison != Comparison::Ne =>
            {
                let bounds = Bounds::of(*comparison, expr, self.time);
                Some(Driver::exact(of_rows(&field::modified_within(&bounds))))
            }
            (Field::Modified, Test::Range(Operand::Date { .. }, Operand::Date { .. })) => {
                Some(Driver::exact(of_rows(&field::test(field, test, self.notebook, self.time)?)))
            }
            _ => None,
        })
    }
}

/// SQLite takes no more statements than 500 in one union.
const MOST_IN_UNION: usize = 200;

fn union_all(selects: impl Iterator<Item = Fragment>) -> Option<Fragment> {
    const UNION: &str = " UNION ALL ";
    let (mut sql, mut params) = (String::new(), Vec::new());
    for select in selects {
        if !sql.is_empty() {
            sql.push_str(UNION);
        }
        sql.push_str(&select.sql);
        params.extend(select.params);
    }
    // An arm may be a union itself.
    let count = sql.matches(UNION).count() + 1;
    (!sql.is_empty() && count <= MOST_IN_UNION).then(|| Fragment::new(sql, params))
}
