//! How this thread shares its core: for work that fills it for long, beside threads that want little of it at once.

#![expect(unsafe_code, reason = "sched_setattr has no safe wrapper")]

/// `struct sched_attr` of `sched_setattr(2)`, its first version.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    /// Of an ordinary thread, since Linux 6.12: the length of its slices in nanoseconds; 0: the system's.
    runtime: u64,
    deadline: u64,
    period: u64,
}

const SIZE: u32 = 48;

/// The longest that the kernel gives.
const LONG_NS: u64 = 100_000_000;

/// Until it is dropped, this thread has its core in slices as long as the kernel gives: its share stays the same, and who
/// wakes meanwhile with shorter ones is let before it at once, where it would have waited for the end of a slice. A kernel
/// before 6.12 knows of no such thing, and nothing is changed.
#[derive(Debug)]
pub struct LongSlices {
    _private: (),
}

impl LongSlices {
    /// Begins them.
    #[must_use]
    pub fn begin() -> Self {
        set_slice(LONG_NS);
        Self { _private: () }
    }
}

impl Drop for LongSlices {
    fn drop(&mut self) {
        set_slice(0);
    }
}

/// Leaves policy and priority as they are. It is an offer: where the kernel refuses, all is as before.
fn set_slice(nanoseconds: u64) {
    if let Some(mut attributes) = attributes() {
        attributes.runtime = nanoseconds;
        // SAFETY: the pointer is to a live structure of the size that it says; 0 is this thread.
        let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    }
}

fn attributes() -> Option<Attributes> {
    let mut attributes = Attributes { size: SIZE, ..Attributes::default() };
    // SAFETY: the pointer is to a live structure of the size that is said; 0 is this thread.
    let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) };
    (got == 0).then_some(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_long_until_the_end_and_nothing_else_is_changed() {
        std::thread::spawn(|| {
            rustix::process::nice(3).unwrap();
            let before = attributes().unwrap();
            let long = LongSlices::begin();
            let meanwhile = attributes().unwrap();
            drop(long);
            let after = attributes().unwrap();
            for now in [&meanwhile, &after] {
                assert_eq!((now.policy, now.nice, now.flags), (before.policy, 3, before.flags));
            }
            assert_eq!(after.runtime, before.runtime);
            // Kernels before 6.12 say 0.
            if before.runtime > 0 {
                assert_eq!(meanwhile.runtime, LONG_NS);
            }
        })
        .join()
        .unwrap();
    }
}
