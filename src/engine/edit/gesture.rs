//! Gestures: what one actor changes in one go.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::engine::{EngineError, Requester};
use crate::types::GestureId;

/// Tells apart gestures of one millisecond.
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// So many files are named in an error.
const NAMED: usize = 10;

/// An id that no other gesture bears, on this machine or another with which histories are exchanged: the time in
/// milliseconds, the process, a counter.
#[must_use]
pub fn new_gesture() -> GestureId {
    let millisecond = crate::sys::now().as_millisecond();
    let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
    GestureId(format!("{millisecond:x}-{:x}-{counter:x}", std::process::id()))
}

/// The requester with a gesture: the one it has, or a new one.
pub(in crate::engine) fn with_gesture(by: &Requester) -> Requester {
    Requester { actor: by.actor.clone(), gesture: Some(by.gesture.clone().unwrap_or_else(new_gesture)) }
}

/// The error of a change of several files that failed part of the way: says what was done.
pub(super) fn part_way(error: EngineError, done: &[String]) -> EngineError {
    if done.is_empty() {
        return error;
    }
    let first = done.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let names = match done.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    };
    let said = |text: String| format!("{text} (changed before that: {names})");
    match error {
        EngineError::NotFound(text) => EngineError::NotFound(said(text)),
        EngineError::Exists(text) => EngineError::Exists(said(text)),
        EngineError::NotEmpty(text) => EngineError::NotEmpty(said(text)),
        EngineError::Meaningless(text) => EngineError::Meaningless(said(text)),
        EngineError::Denied(text) => EngineError::Denied(said(text)),
        EngineError::Invalid(text) => EngineError::Invalid(said(text)),
        EngineError::ReadOnly(text) => EngineError::ReadOnly(said(text)),
        EngineError::Conflict(text) => EngineError::Conflict(said(text)),
        EngineError::Held(text) => EngineError::Held(said(text)),
        EngineError::Broken(text) => EngineError::Broken(said(text)),
        EngineError::Edit(source) => EngineError::Invalid(said(source.to_string())),
        EngineError::Full(text) => EngineError::Full(said(text)),
        // These carry a source whose number the caller needs; the history tells what was done.
        EngineError::Closed
        | EngineError::Stale { .. }
        | EngineError::Behind(_)
        | EngineError::Store(_)
        | EngineError::Index(_)
        | EngineError::History(_) => error,
    }
}
