//! Says that long work goes on: a spinner on a terminal, a line every few seconds elsewhere, nothing where it is short.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::output::tell;

/// What takes less than this needs no word.
const SHORT: Duration = Duration::from_secs(1);
/// Between two lines where no terminal redraws one.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Work that is being done, until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins to watch; `what` as in "indexing …".
    pub(crate) fn of(what: &'static str) -> Self {
        let (done, is_done) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            let goes_on = |wait| matches!(is_done.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
            if !goes_on(SHORT) {
                return;
            }
            if std::io::stderr().is_terminal() {
                let spinner = ProgressBar::new_spinner().with_message(what);
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} … {elapsed}") {
                    spinner.set_style(style);
                }
                spinner.enable_steady_tick(Duration::from_millis(120));
                while goes_on(BETWEEN_LINES) {}
                spinner.finish_and_clear();
            } else {
                while goes_on(BETWEEN_LINES) {
                    tell(format!("{what} … {} s", began.elapsed().as_secs()));
                }
            }
        });
        Self { done: Some(done), thread: Some(thread) }
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
