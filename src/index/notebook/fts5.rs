//! A function of FTS5's own kind: how often the phrases of a search occur in a row. It knows no ranking.
//!
//! FTS5's `bm25` looks up the size of every row that matches, and walks the matches twice. What it would be told by
//! the row itself is here, the rest is done once for all rows (`run::rank`).
#![expect(unsafe_code, reason = "FTS5 takes and calls its functions by C pointers; rusqlite has no words for them")]

use std::ffi::{c_int, c_void};
use std::ptr;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, ffi};

/// What an occurrence counts in title, body, path and tags.
const WEIGHTS: [f64; 4] = [8.0, 1.0, 2.0, 4.0];

/// What FTS5 calls for a row.
type Function = unsafe extern "C" fn(
    *const ffi::Fts5ExtensionApi,
    *mut ffi::Fts5Context,
    *mut ffi::sqlite3_context,
    c_int,
    *mut *mut ffi::sqlite3_value,
);

/// Makes `cdx_frequencies(search_index)` and `cdx_statistics(search_index)` known to FTS5.
///
/// # Errors
/// If SQLite was built without FTS5, or memory is short.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let api = api_of(connection)?;
    // SAFETY: FTS5 said where its interface is, which lives as long as the connection.
    let Some(create) = (unsafe { api.as_ref() }).and_then(|api| api.xCreateFunction) else {
        return Err(rusqlite::Error::InvalidQuery);
    };
    let functions: [(&std::ffi::CStr, Function); 2] =
        [(c"cdx_frequencies", frequencies), (c"cdx_statistics", statistics)];
    for (name, function) in functions {
        // SAFETY: the name is copied; the functions have the type that FTS5 asks for, and own nothing.
        let code = unsafe { create(api, name.as_ptr(), ptr::null_mut(), Some(function), None) };
        if code != ffi::SQLITE_OK {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        }
    }
    Ok(())
}

/// Where FTS5 is to write where its interface is.
struct Place(*mut *mut ffi::fts5_api);

impl ToSql for Place {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Pointer((self.0.cast_const().cast::<c_void>(), c"fts5_api_ptr", None)))
    }
}

fn api_of(connection: &Connection) -> rusqlite::Result<*mut ffi::fts5_api> {
    let mut api: *mut ffi::fts5_api = ptr::null_mut();
    connection.query_row("SELECT fts5(?1)", [Place(&raw mut api)], |row| row.get_ref(0).map(|_| ()))?;
    Ok(api)
}

/// `cdx_frequencies(search_index)`: for each phrase what its occurrences in the row count together; a number where
/// there is one phrase, else a blob of floats, little endian.
unsafe extern "C" fn frequencies(
    api: *const ffi::Fts5ExtensionApi,
    row: *mut ffi::Fts5Context,
    call: *mut ffi::sqlite3_context,
    _: c_int,
    _: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: FTS5 calls this with its interface, the row that it is at, and a call that waits for its result.
    unsafe {
        let Some(search) = Search::new(api, row) else { return };
        let phrases = search.phrases();
        if phrases == 1 {
            return match search.frequency(0) {
                Ok(frequency) => ffi::sqlite3_result_double(call, frequency),
                Err(code) => ffi::sqlite3_result_error_code(call, code),
            };
        }
        let mut bytes = Vec::with_capacity(8 * usize::try_from(phrases).unwrap_or(0));
        for phrase in 0..phrases {
            match search.frequency(phrase) {
                Ok(frequency) => bytes.extend_from_slice(&frequency.to_le_bytes()),
                Err(code) => return ffi::sqlite3_result_error_code(call, code),
            }
        }
        result_blob(call, &bytes);
    }
}

/// `cdx_statistics(search_index)`, asked of any row that matches: the number of rows, how many tokens they have on
/// average, and in how many of them each phrase occurs; a blob of floats, little endian. With a second argument that is
/// 0 the phrases are left out: to count them is to search for each.
unsafe extern "C" fn statistics(
    api: *const ffi::Fts5ExtensionApi,
    row: *mut ffi::Fts5Context,
    call: *mut ffi::sqlite3_context,
    count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: as for `frequencies`; there are `count` arguments.
    unsafe {
        let Some(search) = Search::new(api, row) else { return };
        let with_phrases = count < 1 || ffi::sqlite3_value_int(*arguments) != 0;
        match search.statistics(with_phrases) {
            Ok(numbers) => {
                let bytes: Vec<u8> = numbers.into_iter().flat_map(f64::to_le_bytes).collect();
                result_blob(call, &bytes);
            }
            Err(code) => ffi::sqlite3_result_error_code(call, code),
        }
    }
}

/// # Safety
/// `call` waits for its result.
unsafe fn result_blob(call: *mut ffi::sqlite3_context, bytes: &[u8]) {
    // SAFETY: SQLite copies the bytes before it returns.
    unsafe {
        ffi::sqlite3_result_blob64(call, bytes.as_ptr().cast(), bytes.len() as u64, ffi::SQLITE_TRANSIENT());
    }
}

/// FTS5 at a row that matches.
struct Search<'a> {
    api: &'a ffi::Fts5ExtensionApi,
    row: *mut ffi::Fts5Context,
}

impl Search<'_> {
    /// # Safety
    /// Both are as FTS5 handed them over, for the time of one call.
    unsafe fn new(api: *const ffi::Fts5ExtensionApi, row: *mut ffi::Fts5Context) -> Option<Self> {
        // SAFETY: the caller's.
        unsafe { api.as_ref() }.map(|api| Self { api, row })
    }

    fn phrases(&self) -> c_int {
        // SAFETY: see `new`, here and below.
        self.api.xPhraseCount.map_or(0, |count| unsafe { count(self.row) })
    }

    fn frequency(&self, phrase: c_int) -> Result<f64, c_int> {
        let (Some(first), Some(next)) = (self.api.xPhraseFirst, self.api.xPhraseNext) else {
            return Err(ffi::SQLITE_MISUSE);
        };
        let mut places = ffi::Fts5PhraseIter { a: ptr::null(), b: ptr::null() };
        let (mut column, mut offset) = (0, 0);
        // SAFETY: the iterator lives on this stack, and FTS5 says with a column below 0 where it ends.
        let code = unsafe { first(self.row, phrase, &raw mut places, &raw mut column, &raw mut offset) };
        if code != ffi::SQLITE_OK {
            return Err(code);
        }
        let mut frequency = 0.0;
        while let Ok(at) = usize::try_from(column) {
            frequency += WEIGHTS.get(at).copied().unwrap_or(1.0);
            // SAFETY: as above.
            unsafe { next(self.row, &raw mut places, &raw mut column, &raw mut offset) };
        }
        Ok(frequency)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
    fn statistics(&self, with_phrases: bool) -> Result<Vec<f64>, c_int> {
        let (Some(row_count), Some(total_size)) = (self.api.xRowCount, self.api.xColumnTotalSize) else {
            return Err(ffi::SQLITE_MISUSE);
        };
        let (mut rows, mut tokens) = (0, 0);
        // SAFETY: both numbers live on this stack; -1 are all columns.
        let code = unsafe {
            match row_count(self.row, &raw mut rows) {
                ffi::SQLITE_OK => total_size(self.row, -1, &raw mut tokens),
                code => code,
            }
        };
        if code != ffi::SQLITE_OK {
            return Err(code);
        }
        let mut numbers = vec![rows as f64, tokens as f64 / rows.max(1) as f64];
        for phrase in (0..self.phrases()).filter(|_| with_phrases) {
            numbers.push(self.rows_with(phrase)? as f64);
        }
        Ok(numbers)
    }

    fn rows_with(&self, phrase: c_int) -> Result<i64, c_int> {
        let Some(query) = self.api.xQueryPhrase else { return Err(ffi::SQLITE_MISUSE) };
        let mut rows: i64 = 0;
        // SAFETY: `count` is given the address of `rows`, and is not called after this has returned.
        let code = unsafe { query(self.row, phrase, (&raw mut rows).cast(), Some(count)) };
        if code == ffi::SQLITE_OK { Ok(rows) } else { Err(code) }
    }
}

/// Called for each row with a phrase.
unsafe extern "C" fn count(_: *const ffi::Fts5ExtensionApi, _: *mut ffi::Fts5Context, rows: *mut c_void) -> c_int {
    // SAFETY: it is the counter of `rows_with`.
    unsafe { *rows.cast::<i64>() += 1 };
    ffi::SQLITE_OK
}

/// The floats of a blob, or the one float that a number is.
pub(super) fn floats(value: ValueRef<'_>, into: &mut Vec<f64>) {
    into.clear();
    match value {
        ValueRef::Real(number) => into.push(number),
        ValueRef::Blob(bytes) => into.extend(bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes))),
        _ => {}
    }
}
