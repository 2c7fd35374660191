//! What happened in the sample's thirty days: writes, moves and removals in order. Replayed, they are both the
//! history and the files.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::history::Recorded;
use crate::types::{Instant, NotePath};

/// A change of the sample.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) time: Instant,
    pub(super) actor: &'static str,
    pub(super) notebook: &'static str,
    pub(super) change: Recorded,
}

/// The sample's days, counted back from today; all times in UTC, as the sample's workspace.yaml says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    now: Instant,
    today: Date,
}

impl Calendar {
    pub(super) fn ending(now: Instant) -> Self {
        Self { now, today: now.to_zoned(TimeZone::UTC).date() }
    }

    /// The day `ago` days before today; negative: after it.
    pub(super) fn day(self, ago: i32) -> Date {
        self.today.saturating_sub(Span::new().days(ago))
    }

    /// A time of that day; of today never one that has not come yet.
    pub(super) fn time(self, ago: i32, hour: i8, minute: i8) -> Instant {
        let moment = |hour, minute| {
            let time = self.day(ago).at(hour, minute, 0, 0);
            TimeZone::UTC.to_ambiguous_timestamp(time).compatible().unwrap_or(self.now)
        };
        let just_now = self.now.saturating_sub(1.minute()).unwrap_or(self.now);
        moment(hour, minute).min(just_now.max(moment(0, 0)))
    }

    /// Whether the day is a Saturday or Sunday.
    pub(super) fn is_weekend(self, ago: i32) -> bool {
        self.day(ago).weekday().to_monday_zero_offset() >= 5
    }
}

/// Events in the order in which they happened.
#[derive(Debug, Default)]
pub(super) struct Story {
    events: Vec<Event>,
}

/// Who does something, when and in which notebook.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene {
    pub(super) time: Instant,
    pub(super) actor: &'static str,
    pub(super) notebook: &'static str,
}

impl Story {
    pub(super) fn write(&mut self, scene: Scene, path: &str, bytes: impl Into<Vec<u8>>) {
        let bytes: Arc<[u8]> = bytes.into().into();
        self.add(scene, Recorded::Written { path: note(path), bytes, executable: false });
    }

    pub(super) fn rename(&mut self, scene: Scene, from: &str, to: &str) {
        self.add(scene, Recorded::Moved { from: note(from), to: note(to) });
    }

    pub(super) fn remove(&mut self, scene: Scene, path: &str) {
        self.add(scene, Recorded::Removed { path: note(path) });
    }

    fn add(&mut self, Scene { time, actor, notebook }: Scene, change: Recorded) {
        self.events.push(Event { time, actor, notebook, change });
    }

    /// All events by time; those of one time as they were told.
    pub(super) fn in_order(mut self) -> Vec<Event> {
        self.events.sort_by_key(|event| event.time);
        self.events
    }
}

/// A file as the events left it: contents and time of the last change.
pub(super) type Left = (Arc<[u8]>, Instant);

/// What the events leave: the files of each notebook.
pub(super) fn replay(events: &[Event]) -> BTreeMap<(&'static str, NotePath), Left> {
    let mut files: BTreeMap<(&'static str, NotePath), Left> = BTreeMap::new();
    for Event { time, notebook, change, .. } in events {
        match change {
            Recorded::Written { path, bytes, .. } => {
                files.insert((notebook, path.clone()), (Arc::clone(bytes), *time));
            }
            Recorded::Moved { from, to } => {
                if let Some(file) = files.remove(&(*notebook, from.clone())) {
                    files.insert((notebook, to.clone()), file);
                }
            }
            Recorded::Removed { path } => {
                files.remove(&(*notebook, path.clone()));
            }
            // The sample has none.
            Recorded::Symlink { .. } => {}
        }
    }
    files
}

fn note(path: &str) -> NotePath {
    NotePath::new(path).expect("the sample's paths are relative and short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_never_lies_ahead_and_never_slips_into_yesterday() {
        for now in ["2026-11-21T00:00:20Z", "2026-11-21T00:30:00Z", "2026-11-21T23:59:59Z"] {
            let now: Instant = now.parse().unwrap();
            let calendar = Calendar::ending(now);
            let time = calendar.time(0, 9, 0);
            assert!(time <= now && time.to_string().starts_with("2026-11-21"), "{time}");
        }
    }
}
