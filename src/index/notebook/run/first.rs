//! The first of many matches in an order that an index has: the index is walked, and what matches is picked out, until
//! there are enough. What is picked may be more than asked for, never less; who asks puts it in order.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use crate::index::notebook::idset::IdSet;
use crate::index::notebook::remembered::{Ordered, Remembered, is_same, owned};
use crate::index::notebook::sql::{Failure, key_id};
use crate::index::query::ast::{Field, SortKey};

/// An order in which notes can be walked.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// By the first element of the property with this key.
    Property(i64),
    Title,
    Modified,
    Path,
}

/// Whether to start at the end.
type IsDescending = bool;

/// The orders of a query's sort keys, as far as indexes have them.
#[derive(Debug, PartialEq)]
pub(super) struct Orders(Vec<(Order, IsDescending)>);

/// As the index that it names is defined.
const WITH_SPACE: &str = "SELECT file_id FROM properties INDEXED BY property_with_space WHERE key_id = ?1 AND \
    raw <> trim(raw, char(9, 10, 11, 12, 13, 32, 133, 160, 5760, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, \
    8201, 8202, 8232, 8233, 8239, 8287, 12288))";

/// More than are needed by so many are not worth a walk. Tests have few notes.
const FEW: usize = if cfg!(test) { 0 } else { 64 };

/// So many entries are walked at most for each match that would be looked up instead.
const WALK_TO_LOOK_UP: usize = 40;

impl Orders {
    /// `None` where no index has the first order.
    pub(super) fn of(connection: &Connection, keys: &[SortKey]) -> Result<Option<Self>, Failure> {
        let mut orders = Vec::with_capacity(keys.len() + 1);
        let mut is_whole = true;
        for key in keys {
            let order = match Field::from_name(&key.key) {
                // It is the same for all notes of a notebook; so is a property that no note has.
                Some(Field::Notebook) => continue,
                Some(Field::Title) => Order::Title,
                Some(Field::Modified) => Order::Modified,
                Some(_) => {
                    is_whole = false;
                    break;
                }
                None => match key_id(connection, &key.key)? {
                    Some(id) => Order::Property(id),
                    None => continue,
                },
            };
            orders.push((order, key.descending));
            // What the index has of titles does not tell whether they tie.
            if order == Order::Title {
                is_whole = false;
                break;
            }
        }
        if is_whole {
            orders.push((Order::Path, false));
        }
        Ok((!orders.is_empty()).then_some(Self(orders)))
    }

    /// By path alone.
    pub(super) fn by_path() -> Self {
        Self(vec![(Order::Path, false)])
    }

    /// Ids among which the first `needed` of `ids` are.
    pub(super) fn first(
        &self,
        (connection, remembered): (&Connection, &mut Remembered),
        ids: IdSet,
        needed: usize,
    ) -> Result<Vec<i64>, Failure> {
        let (mut first, mut aside, mut rest) = (Vec::new(), Vec::new(), ids);
        for (order, is_descending) in &self.0 {
            let missing = needed.saturating_sub(first.len());
            if missing == 0 || rest.len() <= missing.saturating_add(FEW) {
                break;
            }
            let mut walk = Walk::over(rest, missing);
            if let Order::Property(key) = order {
                walk.set_aside(connection, *key, &mut aside)?;
            }
            let ranges = ranges(*order, *is_descending);
            match remembered.order(connection, &ranges)? {
                Some(ordered) => walk.go_through(&ordered),
                None => ranges.iter().try_for_each(|(sql, key)| walk.go(connection, sql, *key))?,
            }
            let is_tied;
            (rest, is_tied) = walk.end(&mut first);
            if !is_tied {
                break;
            }
        }
        if first.len() < needed {
            first.extend(rest.iter());
        }
        // They need not be among the first.
        first.append(&mut aside);
        Ok(first)
    }
}

/// The statements that yield ids in order, each with what it is in the order by, and the text as written where that
/// tells apart what is the same in the index.
fn ranges(order: Order, is_descending: bool) -> Vec<(String, Option<i64>)> {
    let direction = if is_descending { " DESC" } else { "" };
    let of_rows = |column: &str| {
        vec![(format!("SELECT id, {column}, NULL FROM file_metadata ORDER BY {column}{direction}"), None)]
    };
    match order {
        Order::Path => of_rows("path"),
        Order::Title => of_rows("title_order"),
        Order::Modified => of_rows("mtime_ns"),
        Order::Property(key) => {
            let of = |condition: &str| {
                let sql = format!(
                    "SELECT file_id, value, raw FROM properties INDEXED BY property_by_value \
                     WHERE key_id = ? AND {condition} AND position = 0 ORDER BY value{direction}"
                );
                (sql, Some(key))
            };
            // Kinds sort in this order; bools are texts to the index.
            let mut ranges =
                vec![of("value IN ('false', 'true') AND kind = 1"), of("value < ''"), of("value >= '' AND kind = 3")];
            if is_descending {
                ranges.reverse();
            }
            ranges
        }
    }
}

/// The statements of all orders, for the test of their plans.
#[cfg(test)]
pub(in crate::index::notebook) fn walked_orders(key: i64) -> Vec<(String, Option<i64>)> {
    let orders = [Order::Property(key), Order::Title, Order::Modified, Order::Path];
    orders.iter().flat_map(|order| [ranges(*order, false), ranges(*order, true)].concat()).collect()
}

/// A walk through an index.
struct Walk {
    /// What matches and has not been met.
    rest: IdSet,
    needed: usize,
    /// What was met in groups of the same value that are complete, fewer than are needed or just as many.
    taken: Vec<i64>,
    /// What was met of the group that the walk is in.
    group: Vec<i64>,
    value: Value,
    raw: Value,
    /// Whether what is in the group sorts the same, as far as this order goes.
    is_tied: bool,
    /// The group is complete, and there are enough with it.
    is_over: bool,
    /// Entries that may still be looked at.
    left: usize,
    /// None were left before there were enough.
    is_abandoned: bool,
}

impl Walk {
    fn over(ids: IdSet, needed: usize) -> Self {
        let left = ids.len().saturating_mul(WALK_TO_LOOK_UP);
        Self {
            rest: ids,
            needed,
            taken: Vec::new(),
            group: Vec::new(),
            value: Value::Null,
            raw: Value::Null,
            is_tied: true,
            is_over: false,
            left,
            is_abandoned: false,
        }
    }

    /// Takes out what sorts elsewhere than it stands in the index: texts with space around them.
    fn set_aside(&mut self, connection: &Connection, key: i64, aside: &mut Vec<i64>) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(WITH_SPACE)?;
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            if self.rest.remove(id) {
                aside.push(id);
            }
        }
        Ok(())
    }

    fn go(&mut self, connection: &Connection, sql: &str, key: Option<i64>) -> rusqlite::Result<()> {
        self.close_group();
        if self.is_over || self.is_abandoned {
            return Ok(());
        }
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(key))?;
        while self.rest.len() > 0
            && let Some(row) = rows.next()?
        {
            let Some(left) = self.left.checked_sub(1) else {
                self.is_abandoned = true;
                break;
            };
            self.left = left;
            let id = row.get(0)?;
            if self.rest.remove(id) {
                self.meet(id, row.get_ref(1)?, row.get_ref(2)?);
                if self.is_over {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Walks all of the index as it is remembered.
    fn go_through(&mut self, ordered: &Ordered) {
        let mut from = 0;
        for (to, is_tied) in &ordered.groups {
            self.close_group();
            if self.is_over || self.rest.len() == 0 {
                return;
            }
            let ids = ordered.ids.get(from..*to).unwrap_or_default().iter().map(|id| i64::from(*id));
            self.group.extend(ids.filter(|id| self.rest.remove(*id)));
            (self.is_tied, from) = (*is_tied, *to);
        }
    }

    fn meet(&mut self, id: i64, value: ValueRef<'_>, raw: ValueRef<'_>) {
        if self.group.is_empty() || !is_same(&self.value, value) {
            self.close_group();
            if self.is_over {
                self.rest.insert(id);
                return;
            }
            (self.value, self.raw, self.is_tied) = (owned(value), owned(raw), true);
        } else if ValueRef::from(&self.raw) != raw {
            self.is_tied = false;
        }
        self.group.push(id);
    }

    fn close_group(&mut self) {
        self.is_over = self.taken.len() + self.group.len() >= self.needed;
        if !self.is_over {
            self.taken.append(&mut self.group);
        }
    }

    /// Adds what is among the first for sure. The rest of them is among what is returned, with whether all of that
    /// sorts the same.
    fn end(mut self, first: &mut Vec<i64>) -> (IdSet, bool) {
        let is_enough = self.taken.len() + self.group.len() >= self.needed;
        first.append(&mut self.taken);
        if self.is_abandoned {
            // Half a group says nothing of the other.
            for id in self.group {
                self.rest.insert(id);
            }
            return (self.rest, false);
        }
        if is_enough {
            return (self.group.into_iter().collect(), self.is_tied);
        }
        // All was walked: what is left has no value, and sorts last.
        first.append(&mut self.group);
        (self.rest, true)
    }
}
