//! Says that long work goes on: a bar on a terminal, a line every few seconds elsewhere, nothing where it is short.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;

use super::output::tell;
use crate::engine::ScanProgress;

/// What takes less than this needs no word.
const SHORT: Duration = Duration::from_secs(1);
/// Between two lines where no terminal redraws one.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
/// Between two looks at how far it has come, where a terminal shows it.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// What scans are for, whatever the command is that waits for them.
const INDEXING: &str = "indexing";

type Look = Box<dyn Fn() -> Option<ScanProgress> + Send>;

/// Work that is being done, until it is dropped.
pub(crate) struct Progress {
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    look: Arc<Mutex<Option<Look>>>,
}

impl Progress {
    /// Begins to watch; `what` as in "indexing …".
    pub(crate) fn of(what: &'static str) -> Self {
        let (done, is_done) = mpsc::channel::<()>();
        let look: Arc<Mutex<Option<Look>>> = Arc::default();
        let looked = Arc::clone(&look);
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            let goes_on = |wait| matches!(is_done.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
            let now = || looked.lock().as_ref().and_then(|look| look());
            if !goes_on(SHORT) {
                return;
            }
            if std::io::stderr().is_terminal() {
                let bar = ProgressBar::no_length().with_message(what).with_elapsed(began.elapsed());
                bar.enable_steady_tick(BETWEEN_LOOKS / 2);
                show(&bar, now());
                while goes_on(BETWEEN_LOOKS) {
                    show(&bar, now());
                }
                bar.finish_and_clear();
            } else {
                while goes_on(BETWEEN_LINES) {
                    tell(line(what, now(), began.elapsed()));
                }
            }
        });
        Self { done: Some(done), thread: Some(thread), look }
    }

    /// How far it has come is asked here from now on.
    pub(crate) fn watch(&self, look: impl Fn() -> Option<ScanProgress> + Send + 'static) {
        *self.look.lock() = Some(Box::new(look));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            // It ends at once, and a panic in it is no reason to fail the work.
            let _ = thread.join();
        }
    }
}

fn show(bar: &ProgressBar, progress: Option<ScanProgress>) {
    let template = match progress {
        Some(ScanProgress { met, expected: Some(expected) }) => {
            bar.set_length(expected);
            bar.set_position(met.min(expected));
            "{spinner} {msg} {wide_bar} {human_pos} of {human_len}, {percent} %, {elapsed}"
        }
        Some(ScanProgress { met, expected: None }) => {
            bar.set_position(met);
            "{spinner} {msg} … {human_pos} files and folders, {elapsed}"
        }
        None => "{spinner} {msg} … {elapsed}",
    };
    if progress.is_some() {
        bar.set_message(INDEXING);
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// The same in words.
fn line(what: &str, progress: Option<ScanProgress>, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let what = if progress.is_some() { INDEXING } else { what };
    match progress {
        Some(ScanProgress { met, expected: Some(expected) }) if expected > 0 => {
            let met = met.min(expected);
            format!("{what} … {met} of {expected}, {} %, {seconds} s", met * 100 / expected)
        }
        Some(ScanProgress { met, .. }) => format!("{what} … {met} files and folders, {seconds} s"),
        None => format!("{what} … {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_has_come_is_said_where_it_is_known() {
        let at = |met, expected| Some(ScanProgress { met, expected });
        for (progress, said) in [
            (None, "indexing … 7 s"),
            (at(40, None), "indexing … 40 files and folders, 7 s"),
            (at(40, Some(160)), "indexing … 40 of 160, 25 %, 7 s"),
            (at(170, Some(160)), "indexing … 160 of 160, 100 %, 7 s"),
            (at(0, Some(0)), "indexing … 0 files and folders, 7 s"),
        ] {
            assert_eq!(
                line(if progress.is_some() { "checking" } else { "indexing" }, progress, Duration::from_secs(7)),
                said
            );
        }
    }

    #[test]
    fn a_bar_has_a_length_once_one_is_known() {
        let bar = ProgressBar::hidden();
        show(&bar, Some(ScanProgress { met: 5, expected: None }));
        show(&bar, Some(ScanProgress { met: 50, expected: Some(200) }));
        assert_eq!((bar.position(), bar.length()), (50, Some(200)));
    }
}
