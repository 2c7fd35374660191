//! Which index a query walks, and what it tests on the way.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::driver::Driver;
use super::fragment::{Failure, Fragment};
use super::terms::Compiler;
use super::text::as_match;
use crate::index::query::ast::Expr;
use crate::types::FileId;

/// Where a plan starts.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::index::notebook) enum Start {
    /// With one row.
    One(FileId),
    /// With the rows that full text yields, each with a rank if `is_ranked`.
    Text {
        /// FTS5's expression.
        expression: String,
        /// Whether ranks are needed.
        is_ranked: bool,
    },
    /// With the ids that a statement yields, perhaps several times.
    Ids(Fragment),
    /// With all rows.
    All,
}

/// A query's filter, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::index::notebook) struct Plan {
    pub(in crate::index::notebook) start: Start,
    pub(in crate::index::notebook) test: Fragment,
}

/// How many ids are counted of each driver: first few, since most queries have a rare term, then more.
const COUNTED: [i64; 2] = [256, 8192];

impl Plan {
    /// Chooses the start for a filter; `only` is the one row that is asked about.
    pub(in crate::index::notebook) fn of(
        compiler: &Compiler<'_>,
        filter: &Expr,
        only: Option<FileId>,
        is_ranked: bool,
    ) -> Result<Self, Failure> {
        if let Some(id) = only {
            return Ok(Self { start: Start::One(id), test: compiler.test(filter)? });
        }
        let parts = conjuncts(filter);
        let texts: Vec<String> = parts.iter().filter_map(|part| as_match(part)).collect();
        if !texts.is_empty() {
            let rest: Vec<&Expr> = parts.into_iter().filter(|part| as_match(part).is_none()).collect();
            let start = Start::Text { expression: texts.join(" AND "), is_ranked };
            return Ok(Self { start, test: tests(compiler, &rest)? });
        }
        let Some((chosen, driver)) = cheapest(compiler, &parts)? else {
            return Ok(Self { start: Start::All, test: tests(compiler, &parts)? });
        };
        let rest: Vec<&Expr> = parts
            .into_iter()
            .enumerate()
            .filter(|(number, _)| !(driver.is_exact && *number == chosen))
            .map(|(_, part)| part)
            .collect();
        Ok(Self { start: Start::Ids(driver.select), test: tests(compiler, &rest)? })
    }

    /// One that yields a row by its id, which is the first value of its statement.
    pub(in crate::index::notebook) fn by_id() -> Self {
        Self { start: Start::One(FileId(0)), test: Fragment::constant(true) }
    }

    /// Whether no row can match.
    pub(in crate::index::notebook) fn is_empty(&self) -> bool {
        self.test.as_constant() == Some(false)
    }

    /// The statement that yields the id, what ranks are reckoned from (NULL unless ranked) and `columns` of every match,
    /// with its values.
    /// `joins` are tables that hang from `f`; `needs_row` says whether they or the columns look at more of `f` than
    /// its id.
    pub(in crate::index::notebook) fn select(
        &self,
        columns: &str,
        joins: &Fragment,
        needs_row: bool,
    ) -> (String, Vec<Value>) {
        let needs_row = needs_row || self.test.needs_row;
        let (ids, has_rank) = match &self.start {
            Start::All => (None, false),
            Start::One(id) => (Some(Fragment::new("SELECT id FROM file_metadata WHERE id = ?", [id.0.into()])), false),
            Start::Ids(ids) => (Some(ids.clone()), false),
            Start::Text { expression, is_ranked } => (Some(full_text(expression, *is_ranked)), *is_ranked),
        };
        let (from, mut params, alias) = match ids {
            None => ("file_metadata f".to_owned(), Vec::new(), "f"),
            Some(ids) if needs_row => {
                (format!("({}) d CROSS JOIN file_metadata f ON f.id = d.id", ids.sql), ids.params, "d")
            }
            Some(ids) => (format!("({}) f", ids.sql), ids.params, "f"),
        };
        params.extend(joins.params.iter().cloned());
        params.extend(self.test.params.iter().cloned());
        let rank = if has_rank { format!("{alias}.rank") } else { "NULL".to_owned() };
        let sql = format!("SELECT f.id, {rank}{columns} FROM {from}{} WHERE {}", joins.sql, self.test.sql);
        (sql, params)
    }
}

/// With what the phrases count in each row, where it is to be ranked.
fn full_text(expression: &str, is_ranked: bool) -> Fragment {
    let rank = if is_ranked { ", cdx_frequencies(search_index) AS rank" } else { "" };
    let sql = format!("SELECT rowid AS id{rank} FROM search_index WHERE search_index MATCH ?");
    Fragment::new(sql, [Value::Text(expression.to_owned())])
}

/// Whether a filter has a full text part that every match is found by, so that matches have a rank.
pub(in crate::index::notebook) fn has_rank(filter: &Expr) -> bool {
    conjuncts(filter).into_iter().any(|part| as_match(part).is_some())
}

pub(super) fn conjuncts(filter: &Expr) -> Vec<&Expr> {
    match filter {
        Expr::All => Vec::new(),
        Expr::And(parts) => parts.iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

pub(super) fn tests(compiler: &Compiler<'_>, parts: &[&Expr]) -> Result<Fragment, Failure> {
    Ok(Fragment::and(parts.iter().map(|part| compiler.test(part)).collect::<Result<_, _>>()?))
}

/// The driver that yields the fewest ids, as far as counting a bounded number tells, with the number of its part.
fn cheapest(compiler: &Compiler<'_>, parts: &[&Expr]) -> Result<Option<(usize, Driver)>, Failure> {
    let mut drivers = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        if let Some(driver) = compiler.driver(part)? {
            drivers.push((number, driver));
        }
    }
    for bound in COUNTED {
        if drivers.len() < 2 {
            break;
        }
        let mut best = bound;
        let mut counts = Vec::with_capacity(drivers.len());
        for (_, driver) in &drivers {
            // None is counted beyond the best so far.
            let count = count(compiler, driver, best)?;
            best = best.min(count);
            counts.push(count);
        }
        if best < bound || bound == COUNTED[COUNTED.len() - 1] {
            let least = counts.iter().position(|count| *count == best).unwrap_or_default();
            return Ok(Some(drivers.swap_remove(least)));
        }
    }
    Ok(drivers.into_iter().next())
}

fn count(compiler: &Compiler<'_>, driver: &Driver, bound: i64) -> rusqlite::Result<i64> {
    let sql = format!("SELECT count(*) FROM (SELECT id FROM ({}) LIMIT ?)", driver.select.sql);
    let mut statement = compiler.connection.prepare_cached(&sql)?;
    let params = driver.select.params.iter().cloned().chain([Value::Integer(bound)]);
    statement.query_row(params_from_iter(params), |row| row.get(0))
}
