//! Programs that must not outlive the process that started them, or have to hear of its end.

#![expect(unsafe_code, reason = "a child's own settings can be made only between fork and exec")]

use std::os::unix::process::CommandExt;
use std::process::Command;

/// The program is killed when the thread that starts it ends, however that comes about: a daemon that was killed
/// must not leave programs at work in folders that the next one opens.
pub fn end_with_parent(command: &mut Command) -> &mut Command {
    signal_at_parents_end(command, rustix::process::Signal::KILL)
}

/// The program gets a SIGTERM when the thread that starts it ends, however that comes about. Unlike the end of a pipe that
/// comes although another thread of the process cannot end.
pub fn terminate_at_parents_end(command: &mut Command) -> &mut Command {
    signal_at_parents_end(command, rustix::process::Signal::TERM)
}

fn signal_at_parents_end(command: &mut Command, signal: rustix::process::Signal) -> &mut Command {
    #[cfg(target_os = "linux")]
    // SAFETY: between fork and exec only this one system call is made; it takes a number and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(signal)).map_err(std::io::Error::from)
        });
    }
    command
}
