//! The guard of a daemon: a process that holds nothing and waits for the daemon's end.
//!
//! A daemon that is killed cannot end while one of its threads waits in the kernel for a lock whose holder waits for the
//! daemon's answer. Aborting its mounts frees both, and somebody who is not part of the knot has to do it. After an end in
//! good order there is nothing to free.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::cli::error::{CliError, Outcome};
use crate::cli::mounts;
use crate::sys::terminate_at_parents_end;

/// How soon a crash is noticed, of which no signal tells.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a dead daemon is looked after.
const PATIENCE: Duration = Duration::from_secs(30);

/// The guard, seen from the daemon. It goes with the daemon's orderly end.
#[derive(Debug)]
pub(crate) struct Guard(Option<Child>);

impl Guard {
    /// Starts one, from the thread that lives as long as the daemon, before there is anything that it could inherit.
    /// Without one the next `cdx mount` or `cdx umount` does the same.
    pub(crate) fn start(workspace: &Path) -> Self {
        let started = std::env::current_exe().and_then(|program| {
            let mut command = Command::new(program);
            command.args(["mount", "--guard", "--"]).arg(workspace).arg(workspace).current_dir("/");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            terminate_at_parents_end(&mut command).spawn()
        });
        if let Err(error) = &started {
            tracing::warn!(%error, "no guard could be started");
        }
        Self(started.ok())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut guard) = self.0.take() {
            // Fails where it has gone already.
            let _ = guard.kill();
            let _ = guard.wait();
        }
    }
}

/// The guard itself: waits for the daemon's end, and sees to it that it can end.
pub(super) fn watch(workspace: &Path) -> Result<Outcome, CliError> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])
        .map_err(|error| CliError::Broken(format!("cannot catch signals: {error}")))?;
    let (told, hear) = mpsc::channel();
    std::thread::spawn(move || {
        // A terminal's ^C is for the daemon, which then ends us.
        if signals.forever().any(|signal| signal == SIGTERM) {
            let _ = told.send(());
        }
    });
    // After a crash no thread has ended before all are dumped, so that nobody tells us: we look.
    while matches!(hear.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)) {
        free(workspace);
    }
    free(workspace);
    Ok(Outcome::Done)
}

/// Aborts the mounts of an engine that is dead and cannot end.
fn free(workspace: &Path) {
    let began = Instant::now();
    // The lock goes with the last thread; who has it then is another engine, and no business of ours.
    while crate::engine::is_dying(workspace) && began.elapsed() < PATIENCE {
        for mount in mounts::of(workspace) {
            mounts::free(&mount.mountpoint);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
