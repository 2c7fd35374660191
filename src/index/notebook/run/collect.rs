//! All matches of all sources, in order as far as they are shown.

use std::cmp::Ordering;

use rusqlite::{Connection, Row, params_from_iter};

use super::first::Orders;
use super::rank;
use super::sort::{SortColumns, SortValue, by_keys};
use super::{Connections, Memories, Search};
use crate::index::notebook::remembered::Remembered;
use crate::index::notebook::sql::{Compiler, Failure, Plan, Start, has_rank, matching};
use crate::index::query::Query;
use crate::index::query::ast::Expr;

/// A note that matches.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Which of the sources it is in.
    pub(super) source: usize,
    pub(super) id: i64,
    keys: Vec<Option<SortValue>>,
    /// Where it is, once that is known.
    path: Option<Box<str>>,
    /// How well it fits, where that is the order.
    score: Option<f64>,
}

impl Found {
    /// A note whose order is its rank: less is better.
    pub(super) fn ranked(source: usize, id: i64, rank: f64, path: Option<Box<str>>) -> Self {
        Self { source, id, keys: vec![Some(SortValue::Number(rank))], path, score: Some(-rank) }
    }

    /// How well it fits, the greatest best; `None` where the order is another.
    pub(super) fn score(&self) -> Option<f64> {
        self.score
    }
}

/// What matches.
pub(super) struct Matches {
    /// How many in all.
    pub(super) total: u64,
    /// In order as far as the page goes; all of them, unless only the page was asked for.
    pub(super) found: Vec<Found>,
}

impl Matches {
    /// The part that limit and offset leave.
    pub(super) fn page(&self, query: &Query) -> &[Found] {
        let from = usize::try_from(query.offset).unwrap_or(usize::MAX).min(self.found.len());
        let to = page_end(query).unwrap_or(usize::MAX).min(self.found.len());
        self.found.get(from..to).unwrap_or_default()
    }
}

/// How many of the first are needed; `None` without a limit.
fn page_end(query: &Query) -> Option<usize> {
    query.limit.map(|limit| usize::try_from(query.offset.saturating_add(limit)).unwrap_or(usize::MAX))
}

/// Runs the filter in every source and orders what matches.
pub(super) fn matches(
    search: &Search<'_>,
    (connections, memories): (&Connections<'_>, &Memories<'_>),
    needs_all_in_order: bool,
) -> Result<Matches, Failure> {
    let query = search.query;
    let end = page_end(query).filter(|_| !needs_all_in_order);
    let mut matches = Matches { total: 0, found: Vec::new() };
    // Paths are read at once where all of them will be compared, else only for notes that tie.
    let is_ranked = query.sort.is_empty() && search.options.only.is_none() && has_rank(&query.filter);
    let is_by_path = query.sort.is_empty() && !is_ranked;
    let reading = Reading { search, with_path: is_by_path || end.is_none(), is_ranked, end };
    for (source, (connection, memory)) in connections.iter().zip(memories).enumerate() {
        reading.source((source, connection), &mut memory.lock(), &mut matches)?;
    }
    let mut descending: Vec<bool> = query.sort.iter().map(|key| key.descending).collect();
    if is_ranked {
        descending.insert(0, false);
    }
    order(search, connections, &descending, end, &mut matches.found)?;
    Ok(matches)
}

struct Reading<'a> {
    search: &'a Search<'a>,
    with_path: bool,
    /// Whether the first key is the rank.
    is_ranked: bool,
    end: Option<usize>,
}

impl Reading<'_> {
    fn source(
        &self,
        (source, connection): (usize, &Connection),
        remembered: &mut Remembered,
        matches: &mut Matches,
    ) -> Result<(), Failure> {
        let (query, options) = (self.search.query, self.search.options);
        let notebook = &self.search.sources[source].name;
        let compiler = Compiler { connection, time: &options.time, notebook, is_single: options.only.is_some() };
        if let Some((orders, end)) = self.walks(connection)? {
            let ids = matching(&compiler, &query.filter, remembered)?;
            matches.total += ids.len() as u64;
            self.search.deadline.check()?;
            let first = orders.first((connection, remembered), ids, end)?;
            return self.read_each((source, connection), &first, &mut matches.found);
        }
        let plan = Plan::of(&compiler, &query.filter, options.only, self.is_ranked)?;
        if plan.is_empty() {
            return Ok(());
        }
        if self.is_ranked {
            return self.read_ranked((source, connection), &plan, (remembered, matches));
        }
        self.read_all((source, connection), &plan, matches)
    }

    /// The end of the page, where nothing but its notes is asked for.
    fn page_only(&self) -> Option<usize> {
        let is_alone = self.search.query.aggregates.is_empty() && self.search.options.only.is_none();
        self.end.filter(|_| is_alone)
    }

    /// The orders to walk for the first matches, where an index has the first of them.
    fn walks(&self, connection: &Connection) -> Result<Option<(Orders, usize)>, Failure> {
        let query = self.search.query;
        let Some(end) = self.page_only().filter(|_| !self.is_ranked && query.filter != Expr::All) else {
            return Ok(None);
        };
        Ok(Orders::of(connection, &query.sort)?.map(|orders| (orders, end)))
    }

    /// Reads what these notes are sorted by.
    fn read_each(
        &self,
        (source, connection): (usize, &Connection),
        ids: &[i64],
        found: &mut Vec<Found>,
    ) -> Result<(), Failure> {
        let notebook = &self.search.sources[source].name;
        let sort = SortColumns::new(connection, &self.search.query.sort, notebook, true)?;
        let (sql, mut params) = Plan::by_id().select(&sort.columns, &sort.joins, sort.needs_row);
        let mut statement = connection.prepare_cached(&sql)?;
        for (number, id) in ids.iter().enumerate() {
            if number % 256 == 255 {
                self.search.deadline.check()?;
            }
            params[0] = (*id).into();
            let mut rows = statement.query(params_from_iter(&params))?;
            if let Some(row) = rows.next()? {
                found.push(self.found(source, row, &sort)?);
            }
        }
        Ok(())
    }

    fn read_ranked(
        &self,
        (source, connection): (usize, &Connection),
        plan: &Plan,
        (remembered, matches): (&mut Remembered, &mut Matches),
    ) -> Result<(), Failure> {
        let is_only_source = self.search.sources.len() == 1;
        let mut found = rank::all(connection, plan, (is_only_source, self.with_path))?;
        matches.total += found.len() as u64;
        self.search.deadline.check()?;
        if let Some(end) = self.page_only() {
            found = rank::first((connection, remembered), found, end)?;
        }
        matches.found.extend(found.into_iter().map(|ranked| ranked.found(source)));
        Ok(())
    }

    fn read_all(
        &self,
        (source, connection): (usize, &Connection),
        plan: &Plan,
        matches: &mut Matches,
    ) -> Result<(), Failure> {
        let notebook = &self.search.sources[source].name;
        let sort = SortColumns::new(connection, &self.search.query.sort, notebook, self.with_path)?;
        let (mut sql, params) = plan.select(&sort.columns, &sort.joins, sort.needs_row);
        let before = matches.found.len();
        let first_only = self.first_only(plan);
        if let Some((order, end)) = first_only {
            sql = format!("{sql} ORDER BY {order} LIMIT {end}");
        }
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            matches.found.push(self.found(source, row, &sort)?);
        }
        if matches!(plan.start, Start::Ids(_)) {
            drop_repeated(&mut matches.found, before);
        }
        matches.total += match first_only {
            Some(_) => connection
                .prepare_cached("SELECT count(*) FROM file_metadata")?
                .query_row([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?,
            None => (matches.found.len() - before) as u64,
        };
        Ok(())
    }

    fn found(&self, source: usize, row: &Row<'_>, sort: &SortColumns) -> rusqlite::Result<Found> {
        let path = row.get_ref(2)?.as_str_or_null()?.map(Into::into);
        let keys = sort.read(row, &self.search.options.time.zone)?;
        Ok(Found { source, id: row.get(0)?, keys, path, score: None })
    }

    /// Where all notes match and an index has them in the order asked for, only the first are read.
    fn first_only(&self, plan: &Plan) -> Option<(&'static str, usize)> {
        let query = self.search.query;
        let end = self.page_only()?;
        if plan.start != Start::All || plan.test.as_constant() != Some(true) {
            return None;
        }
        let order = match &query.sort[..] {
            [] => "f.path",
            [key] => match (&*key.key, key.descending) {
                ("modified", false) => "f.mtime_ns, f.path",
                ("modified", true) => "f.mtime_ns DESC, f.path",
                _ => return None,
            },
            _ => return None,
        };
        Some((order, end))
    }
}

/// A driver may yield an id more than once.
fn drop_repeated(found: &mut Vec<Found>, from: usize) {
    found[from..].sort_unstable_by_key(|found| found.id);
    let mut kept = from;
    for at in from..found.len() {
        if kept == from || found[kept - 1].id != found[at].id {
            found.swap(kept, at);
            kept += 1;
        }
    }
    found.truncate(kept);
}

/// Sorts the matches, those that tie up to `end` by path and notebook.
fn order(
    search: &Search<'_>,
    connections: &Connections<'_>,
    descending: &[bool],
    end: Option<usize>,
    found: &mut [Found],
) -> Result<(), Failure> {
    search.deadline.check()?;
    let by_place = |a: &Found, b: &Found| -> Ordering {
        a.path.cmp(&b.path).then_with(|| search.sources[a.source].name.cmp(&search.sources[b.source].name))
    };
    if found.iter().all(|found| found.path.is_some()) {
        found.sort_unstable_by(|a, b| by_keys(&a.keys, &b.keys, descending).then_with(|| by_place(a, b)));
        return Ok(());
    }
    found.sort_unstable_by(|a, b| by_keys(&a.keys, &b.keys, descending));
    let end = end.unwrap_or(found.len()).min(found.len());
    let mut from = 0;
    while from < end {
        let ties = found[from..].iter().take_while(|other| by_keys(&found[from].keys, &other.keys, descending).is_eq());
        let to = from + ties.count();
        if to - from > 1 {
            for tied in &mut found[from..to] {
                let sql = "SELECT path FROM file_metadata WHERE id = ?1";
                let mut statement = connections[tied.source].prepare_cached(sql)?;
                tied.path = Some(statement.query_row([tied.id], |row| Ok(row.get_ref(0)?.as_str()?.into()))?);
            }
            search.deadline.check()?;
            found[from..to].sort_unstable_by(by_place);
        }
        from = to;
    }
    Ok(())
}
