//! The priority of threads.

/// From now on the calling thread has the lowest priority (nice 19): where a core is wanted by anybody else, it gets a
/// sixtieth of it.
pub fn give_way() {
    // On Linux 0 is the calling thread, not its process. Lowering a priority needs no privileges.
    let _ = rustix::process::setpriority_process(None, 19);
}
