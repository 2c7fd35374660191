//! Relevance: bm25 as FTS5 reckons it, over what the rows that match tell (`fts5`) and the sizes of all texts.

use rusqlite::{Connection, params_from_iter};

use super::collect::Found;
use super::first::Orders;
use crate::index::notebook::fts5::floats;
use crate::index::notebook::remembered::Remembered;
use crate::index::notebook::sizes::Sizes;
use crate::index::notebook::sql::{Failure, Fragment, Plan, Start};

/// The constants of bm25 as FTS5 has them.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// What a word in more than half of all texts is worth.
const LEAST_WEIGHT: f64 = 1e-6;

/// A note that matches.
pub(super) struct Ranked {
    pub(super) id: i64,
    /// Less is better.
    rank: f64,
    path: Option<Box<str>>,
}

impl Ranked {
    pub(super) fn found(self, source: usize) -> Found {
        Found::ranked(source, self.id, self.rank, self.path)
    }
}

/// What bm25 has to know of all rows.
struct Statistics {
    average_size: f64,
    /// What each phrase is worth.
    weights: Vec<f64>,
}

impl Statistics {
    /// `None` if nothing matches. Where one phrase of one notebook is looked for, what it is worth changes no order.
    fn of(connection: &Connection, expression: &str, is_only_source: bool) -> Result<Option<Self>, Failure> {
        let statistics = |with_phrases: bool| -> rusqlite::Result<Option<Vec<f64>>> {
            let sql = "SELECT cdx_statistics(search_index, ?2), cdx_frequencies(search_index) FROM search_index \
                       WHERE search_index MATCH ?1 LIMIT 1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query((expression, with_phrases))?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let (mut numbers, mut phrases) = (Vec::new(), Vec::new());
            floats(row.get_ref(0)?, &mut numbers);
            floats(row.get_ref(1)?, &mut phrases);
            if !with_phrases && phrases.len() == 1 {
                numbers.push(0.0);
            }
            Ok(Some(numbers))
        };
        let numbers = match statistics(!is_only_source)? {
            Some(numbers) if numbers.len() == 2 => statistics(true)?,
            numbers => numbers,
        };
        let Some([rows, average_size, rows_with @ ..]) = numbers.as_deref() else { return Ok(None) };
        let weight = |with: &f64| {
            let weight = ((rows - with + 0.5) / (with + 0.5)).ln();
            if weight > 0.0 { weight } else { LEAST_WEIGHT }
        };
        Ok(Some(Self { average_size: *average_size, weights: rows_with.iter().map(weight).collect() }))
    }

    fn rank(&self, frequencies: &[f64], size: u32) -> f64 {
        let longer = K1 * (1.0 - B + B * f64::from(size) / self.average_size);
        let scores = self.weights.iter().zip(frequencies);
        -scores.map(|(weight, frequency)| weight * (frequency * (K1 + 1.0) / (frequency + longer))).sum::<f64>()
    }
}

/// What a plan of ranked full text finds, in the order of ids, with paths if `with_path`.
pub(super) fn all(
    connection: &Connection,
    plan: &Plan,
    (is_only_source, with_path): (bool, bool),
) -> Result<Vec<Ranked>, Failure> {
    let Start::Text { expression, .. } = &plan.start else { return Ok(Vec::new()) };
    let Some(statistics) = Statistics::of(connection, expression, is_only_source)? else { return Ok(Vec::new()) };
    let columns = if with_path { ", f.path" } else { "" };
    let (sql, params) = plan.select(columns, &Fragment::nothing(), with_path);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(params))?;
    let (mut found, mut frequencies) = (Vec::new(), Vec::new());
    let mut sizes = Sizes::new(connection)?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        floats(row.get_ref(1)?, &mut frequencies);
        let rank = statistics.rank(&frequencies, sizes.of(id)?);
        let path = if with_path { Some(row.get_ref(2)?.as_str()?.into()) } else { None };
        found.push(Ranked { id, rank, path });
    }
    Ok(found)
}

/// Those among which the first `needed` are, in any order.
pub(super) fn first(
    at: (&Connection, &mut Remembered),
    mut found: Vec<Ranked>,
    needed: usize,
) -> Result<Vec<Ranked>, Failure> {
    if needed == 0 || found.len() <= needed {
        return Ok(found);
    }
    let (_, last, _) = found.select_nth_unstable_by(needed - 1, |a, b| a.rank.total_cmp(&b.rank));
    let rank = last.rank;
    found.retain(|found| found.rank <= rank);
    // Many that tie with the last may be left: short notes of the same length.
    let (mut first, tied): (Vec<Ranked>, Vec<Ranked>) = found.into_iter().partition(|found| found.rank < rank);
    let missing = needed - first.len();
    let tied = Orders::by_path().first(at, tied.iter().map(|found| found.id).collect(), missing)?;
    first.extend(tied.into_iter().map(|id| Ranked { id, rank, path: None }));
    Ok(first)
}
