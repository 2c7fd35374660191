//! The ids of all notes that a filter lets through, from as many indexes as pay.
//!
//! A conjunction's drivers are read in turns until the first is at its end. To read on what the others have is cheaper
//! than to look up each id, as long as they are not much larger.

use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Rows, params_from_iter};

use super::fragment::{Failure, Fragment, text};
use super::plan::{conjuncts, tests};
use super::terms::Compiler;
use super::text::as_match;
use crate::index::notebook::idset::IdSet;
use crate::index::notebook::remembered::Remembered;
use crate::index::query::ast::Expr;

/// So many ids are read of each driver in the first turn (tests have few), and so many times more up to the next.
const FIRST_TURN: usize = if cfg!(test) { 2 } else { 256 };
const MORE: usize = 4;

/// An id is read in order so many times faster than it is looked up.
const READ_TO_LOOK_UP: usize = if cfg!(test) { 2 } else { 10 };

/// A driver that is being read, or is known.
struct Runner<'a> {
    rows: Option<Rows<'a>>,
    ids: Vec<i64>,
    known: Option<Arc<IdSet>>,
    is_done: bool,
}

impl Runner<'_> {
    fn read_to(&mut self, count: usize) -> rusqlite::Result<()> {
        while !self.is_done && self.ids.len() < count {
            match self.rows.as_mut().map(Rows::next).transpose()?.flatten() {
                Some(row) => self.ids.push(row.get(0)?),
                None => self.is_done = true,
            }
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.known.as_ref().map_or(self.ids.len(), |known| known.len())
    }
}

/// A part of the filter that an index serves.
struct Entrant {
    /// Numbers of the parts that need no test where all of it has been read.
    exact_for: Vec<usize>,
    select: Fragment,
    /// Full text cannot be looked up by id in reasonable time: it is read to its end.
    is_text: bool,
}

/// The ids that a filter lets through.
pub(in crate::index::notebook) fn matching(
    compiler: &Compiler<'_>,
    filter: &Expr,
    remembered: &mut Remembered,
) -> Result<IdSet, Failure> {
    let parts = conjuncts(filter);
    let entrants = entrants(compiler, &parts)?;
    let mut tested: Vec<bool> = vec![true; parts.len()];
    let found = race(compiler, &entrants, (&mut tested, remembered))?;
    let rest: Vec<&Expr> = parts.iter().zip(&tested).filter(|(_, tested)| **tested).map(|(part, _)| *part).collect();
    let test = tests(compiler, &rest)?;
    match (found, test.as_constant()) {
        (_, Some(false)) => Ok(IdSet::default()),
        (Some(found), Some(true)) => Ok(found),
        (found, _) => passing(compiler, found.as_ref(), &test),
    }
}

fn entrants(compiler: &Compiler<'_>, parts: &[&Expr]) -> Result<Vec<Entrant>, Failure> {
    let mut entrants = Vec::new();
    let (mut texts, mut exact_for) = (Vec::new(), Vec::new());
    for (number, part) in parts.iter().enumerate() {
        if let Some(expression) = as_match(part) {
            texts.push(expression);
            exact_for.push(number);
        } else if let Some(driver) = compiler.driver(part)? {
            let exact_for = if driver.is_exact { vec![number] } else { Vec::new() };
            entrants.push(Entrant { exact_for, select: driver.select, is_text: false });
        }
    }
    if !texts.is_empty() {
        let sql = "SELECT rowid AS id FROM search_index WHERE search_index MATCH ?";
        let select = Fragment::new(sql, [text(texts.join(" AND "))]);
        entrants.push(Entrant { exact_for, select, is_text: true });
    }
    Ok(entrants)
}

/// The ids that are in everything that was read to its end; `None` without a driver. What need not be tested any more
/// is taken out of `tested`.
fn race(
    compiler: &Compiler<'_>,
    entrants: &[Entrant],
    (tested, remembered): (&mut [bool], &mut Remembered),
) -> Result<Option<IdSet>, Failure> {
    let mut statements = Vec::with_capacity(entrants.len());
    for entrant in entrants {
        statements.push(compiler.connection.prepare_cached(&entrant.select.sql)?);
    }
    let mut runners = Vec::with_capacity(entrants.len());
    for (statement, entrant) in statements.iter_mut().zip(entrants) {
        let known = remembered.set(&entrant.select.sql, &entrant.select.params);
        let is_done = known.is_some();
        let rows = if is_done { None } else { Some(statement.query(params_from_iter(&entrant.select.params))?) };
        runners.push(Runner { rows, ids: Vec::new(), known, is_done });
    }
    let mut turn = FIRST_TURN;
    while !runners.is_empty() && !runners.iter().any(|runner| runner.is_done) {
        for runner in &mut runners {
            runner.read_to(turn)?;
        }
        turn *= MORE;
    }
    let least = runners.iter().filter(|runner| runner.is_done).map(Runner::len).min();
    let mut found: Option<IdSet> = None;
    for (runner, entrant) in runners.iter_mut().zip(entrants) {
        runner.read_to(if entrant.is_text { usize::MAX } else { least.unwrap_or(0) * READ_TO_LOOK_UP })?;
        if !runner.is_done {
            continue;
        }
        entrant.exact_for.iter().for_each(|part| tested[*part] = false);
        let ids = runner.known.take().unwrap_or_else(|| {
            let ids = Arc::new(runner.ids.iter().copied().collect());
            if !entrant.is_text {
                remembered.remember_set(&entrant.select.sql, &entrant.select.params, &ids);
            }
            ids
        });
        match &mut found {
            None => found = Some(IdSet::clone(&ids)),
            Some(found) => found.retain(&ids),
        }
    }
    Ok(found)
}

/// Those of the ids, or of all, whose rows pass the test.
fn passing(compiler: &Compiler<'_>, ids: Option<&IdSet>, test: &Fragment) -> Result<IdSet, Failure> {
    let (from, mut params) = match ids {
        None => ("file_metadata f", Vec::new()),
        Some(ids) => {
            let list = serde_json::Value::from(ids.iter().collect::<Vec<_>>()).to_string();
            let from = if test.needs_row {
                "(SELECT value AS id FROM json_each(?)) d CROSS JOIN file_metadata f ON f.id = d.id"
            } else {
                "(SELECT value AS id FROM json_each(?)) f"
            };
            (from, vec![Value::Text(list)])
        }
    };
    params.extend(test.params.iter().cloned());
    let mut statement = compiler.connection.prepare_cached(&format!("SELECT f.id FROM {from} WHERE {}", test.sql))?;
    let ids = statement.query_map(params_from_iter(params), |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}
