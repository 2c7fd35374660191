//! Work that fills a core for long, beside work that somebody waits for.

/// How far such a thread steps back: beside another one on the same core it gets about a tenth of it.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// How long such a thread may go on before another one that wakes up on its core, in nanoseconds. Together with the
/// priority it is about the slice of a thread of the usual priority (2.8 ms), so that one that wakes up comes first.
#[cfg(target_os = "linux")]
const SLICE_NS: u64 = 350_000;

/// Lets the other threads of the machine go first, for good: the calling thread gets the rest of a core, and one that wakes
/// up mostly waits a third of a millisecond for it at most. One that has had more than its share of the core may wait until
/// the kernel's next tick (4 ms where there are 250 a second). A kernel before Linux 6.12 takes the priority alone, one that
/// is no Linux nothing; a thread whose priority is lower already keeps it.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    {
        let nice = rustix::process::getpriority_process(None).unwrap_or(0).max(NICE);
        #[expect(clippy::cast_possible_truncation, reason = "a structure of 56 bytes")]
        let attributes = libc::sched_attr {
            size: size_of::<libc::sched_attr>() as u32,
            sched_policy: 0,
            sched_flags: 0,
            sched_nice: nice,
            sched_priority: 0,
            sched_runtime: SLICE_NS,
            sched_deadline: 0,
            sched_period: 0,
        };
        #[expect(unsafe_code, reason = "neither rustix nor libc has the call")]
        // SAFETY: sched_setattr(2) of the calling thread reads one structure, whose size it says.
        unsafe {
            libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_that_asks_steps_back() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let before = nice();
        let stepped = std::thread::spawn(move || {
            step_back();
            nice()
        });
        assert_eq!(stepped.join().unwrap(), before.max(NICE));
        assert_eq!(nice(), before);
    }
}
