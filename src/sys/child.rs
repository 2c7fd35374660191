//! Programs that must not outlive the process that started them.

#![expect(unsafe_code, reason = "a child's own settings can be made only between fork and exec")]

use std::os::unix::process::CommandExt;
use std::process::Command;

/// The program is killed when the thread that starts it ends, however that comes about: a daemon that was killed
/// must not leave programs at work in folders that the next one opens.
pub fn end_with_parent(command: &mut Command) -> &mut Command {
    #[cfg(target_os = "linux")]
    // SAFETY: between fork and exec only this one system call is made; it takes a number and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            let signal = Some(rustix::process::Signal::KILL);
            rustix::process::set_parent_process_death_signal(signal).map_err(std::io::Error::from)
        });
    }
    command
}
