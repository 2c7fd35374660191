//! Writes the sample: files as the story leaves them, and its thirty days into the histories.

use std::path::Path;

use super::story::{Event, replay};
use super::{lab, random::Random, shelves, story::Calendar, story::Story};
use crate::cli::error::CliError;
use crate::history::{Batch, History};
use crate::sys::{Dir, paths};
use crate::types::{Actor, GestureId, Instant, NotePath};

/// The sample's notebooks.
pub(super) const NOTEBOOKS: [&str; 3] = ["lab", "papers", "protocols"];

/// The same seed, the same laboratory; only the dates move with the day.
const SEED: u64 = 20_261_121;

/// What was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) files: usize,
    pub(super) commits: usize,
}

/// The events of the sample, in order.
pub(super) fn events(now: Instant) -> Vec<Event> {
    let calendar = Calendar::ending(now);
    let mut story = Story::default();
    lab::tell(&mut story, calendar, &mut Random::seeded(SEED));
    shelves::tell_papers(&mut story, calendar, &mut Random::seeded(SEED + 1));
    shelves::tell_protocols(&mut story, calendar, &mut Random::seeded(SEED + 2));
    story.in_order()
}

/// Writes files and histories below `store`, which is empty.
pub(super) fn write(store: &Path, now: Instant) -> Result<Written, CliError> {
    let events = events(now);
    let files = replay(&events);
    for notebook in NOTEBOOKS {
        paths::make_dirs(&store.join(notebook).join(".codex"))?;
        let dir = Dir::open(store.join(notebook))?;
        for ((_, path), (bytes, modified)) in files.iter().filter(|((of, _), _)| *of == notebook) {
            dir.write_plain(path, bytes, *modified)?;
        }
    }
    let mut commits = 0;
    for notebook in NOTEBOOKS {
        let history = History::open(&store.join(notebook).join(".codex/history.git"))?;
        for batch in batches(&events, notebook) {
            commits += usize::from(history.record(&batch)?.is_some());
        }
    }
    Ok(Written { files: files.len(), commits })
}

/// What one person did at one time is one commit.
fn batches(events: &[Event], notebook: &str) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for event in events.iter().filter(|event| event.notebook == notebook) {
        let actor = Actor::User(event.actor.to_owned());
        match batches.last_mut() {
            Some(batch) if batch.time == event.time && batch.actor == actor => batch.changes.push(event.change.clone()),
            _ => batches.push(Batch {
                changes: vec![event.change.clone()],
                actor,
                time: event.time,
                summary: None,
                gesture: GestureId(format!("demo-{notebook}-{:03}", batches.len())),
                undoes: Vec::new(),
            }),
        }
    }
    batches
}

/// A path of the sample that begins and ends so and says `status: STATUS`, for the hints.
pub(super) fn run_with_status(now: Instant, status: &str) -> Option<NotePath> {
    let wanted = format!("\nstatus: {status}\n");
    replay(&events(now)).into_iter().find_map(|((notebook, path), (bytes, _))| {
        let is_run = notebook == "lab" && path.to_str().is_some_and(|path| path.starts_with("runs/"));
        (is_run && String::from_utf8_lossy(&bytes).contains(&wanted)).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Recorded;

    fn now() -> Instant {
        "2026-11-21T14:30:00Z".parse().unwrap()
    }

    #[test]
    fn the_same_day_tells_the_same_story() {
        let told = || format!("{:?}", replay(&events(now())));
        assert_eq!(told(), told());
    }

    #[test]
    fn it_is_a_few_hundred_files_over_thirty_days_and_plan_differs_from_yesterday() {
        let events = events(now());
        let files = replay(&events);
        assert!((250..500).contains(&files.len()), "{}", files.len());
        let first = events.first().unwrap().time;
        assert!(first.to_string().starts_with("2026-10-22"), "{first}");
        let mut plans = events.iter().filter(
            |event| matches!(&event.change, Recorded::Written { path, .. } if path.to_str() == Some("plan.md")),
        );
        assert!(plans.next_back().unwrap().time.to_string().starts_with("2026-11-21"));
        for status in ["todo", "doing", "done", "failed"] {
            assert!(run_with_status(now(), status).is_some(), "{status}");
        }
    }

    #[test]
    fn commits_are_few_enough_to_be_made_while_somebody_waits() {
        let events = events(now());
        let commits: usize = NOTEBOOKS.iter().map(|notebook| batches(&events, notebook).len()).sum();
        assert!((80..200).contains(&commits), "{commits}");
    }
}
