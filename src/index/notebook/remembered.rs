//! What a connection has read of indexes, as long as the database has not changed since: the same tags, values and
//! orders are asked for again and again.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::idset::IdSet;

/// Ids in an order, as groups of what is the same in it.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    pub(super) ids: Vec<u32>,
    /// Where each group ends, and whether what is in it sorts the same.
    pub(super) groups: Vec<(usize, bool)>,
}

/// See the module. One for each connection, used within transactions only.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    version: Option<i64>,
    sets: HashMap<Key, Arc<IdSet>>,
    orders: HashMap<Key, Option<Arc<Ordered>>>,
}

/// A statement with its values.
type Key = (String, String);

/// So many sets and orders are remembered, of some ten kilobytes and some hundred at 100,000 notes.
const SETS: usize = 128;
const ORDERS: usize = 4;

/// Longer orders are read anew each time.
const LONGEST_ORDER: usize = 250_000;

/// Shorter sets are read as fast as they are found here.
const LEAST_SET: usize = if cfg!(test) { 1 } else { 512 };

impl Remembered {
    /// Forgets everything if the database has changed since. To be called at the beginning of a transaction, which it
    /// makes see what is there now.
    pub(super) fn begin(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // It differs from the last one of this connection just if another has committed.
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version != Some(version) {
            *self = Self { version: Some(version), ..Self::default() };
        }
        Ok(())
    }

    /// What a statement yields, where that is known.
    pub(super) fn set(&self, sql: &str, params: &[Value]) -> Option<Arc<IdSet>> {
        self.sets.get(&key(sql, params)).map(Arc::clone)
    }

    /// What a statement was found to yield.
    pub(super) fn remember_set(&mut self, sql: &str, params: &[Value], ids: &Arc<IdSet>) {
        if ids.len() >= LEAST_SET {
            if self.sets.len() >= SETS {
                self.sets.clear();
            }
            self.sets.insert(key(sql, params), Arc::clone(ids));
        }
    }

    /// The order that these statements yield one after the other, from the second time on that it is asked for. Each
    /// yields ids, what they are in the order by, and what else tells apart what is the same in that.
    pub(super) fn order(
        &mut self,
        connection: &Connection,
        statements: &[(String, Option<i64>)],
    ) -> rusqlite::Result<Option<Arc<Ordered>>> {
        let Some((sql, param)) = statements.first() else { return Ok(None) };
        let params: Vec<Value> = param.iter().map(|param| Value::Integer(*param)).collect();
        let key = key(sql, &params);
        match self.orders.get(&key) {
            Some(Some(ordered)) => Ok(Some(Arc::clone(ordered))),
            Some(None) => {
                let ordered = read(connection, statements)?.map(Arc::new);
                if ordered.is_some() {
                    self.orders.insert(key, ordered.clone());
                }
                Ok(ordered)
            }
            None => {
                if self.orders.len() >= ORDERS {
                    self.orders.clear();
                }
                self.orders.insert(key, None);
                Ok(None)
            }
        }
    }
}

fn key(sql: &str, params: &[Value]) -> Key {
    (sql.to_owned(), format!("{params:?}"))
}

/// `None` if it is too long, or has ids that are too large.
fn read(connection: &Connection, statements: &[(String, Option<i64>)]) -> rusqlite::Result<Option<Ordered>> {
    let mut ordered = Ordered::default();
    for (sql, param) in statements {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(param))?;
        // No two statements yield the same.
        let (mut value, mut more) = (None, Value::Null);
        while let Some(row) = rows.next()? {
            let (Ok(id), true) = (u32::try_from(row.get::<_, i64>(0)?), ordered.ids.len() < LONGEST_ORDER) else {
                return Ok(None);
            };
            let end = ordered.ids.len() + 1;
            let (own, also) = (row.get_ref(1)?, row.get_ref(2)?);
            match ordered.groups.last_mut() {
                Some((last, is_tied)) if value.as_ref().is_some_and(|value| is_same(value, own)) => {
                    *last = end;
                    *is_tied &= ValueRef::from(&more) == also;
                }
                _ => {
                    ordered.groups.push((end, true));
                    (value, more) = (Some(owned(own)), owned(also));
                }
            }
            ordered.ids.push(id);
        }
    }
    Ok(Some(ordered))
}

/// Integers up to 2^53 and floats compare as numbers, times in nanoseconds as the integers that they are.
pub(super) fn is_same(own: &Value, other: ValueRef<'_>) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "integers are indexed as such up to 2^53 only")]
    let number = |value: ValueRef<'_>| match value {
        ValueRef::Integer(number) => Some(number as f64),
        ValueRef::Real(number) => Some(number),
        _ => None,
    };
    match (ValueRef::from(own), other) {
        (a @ ValueRef::Integer(_), b @ ValueRef::Real(_)) | (a @ ValueRef::Real(_), b @ ValueRef::Integer(_)) => {
            number(a) == number(b)
        }
        (a, b) => a == b,
    }
}

pub(super) fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
