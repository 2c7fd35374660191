//! Memory that the allocator keeps for later.

/// Gives free memory back to the system: after a start or a scan of a large notebook much is free that is not needed
/// again, and glibc keeps it. Takes some milliseconds.
pub fn release_free_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "glibc's own call for it, which takes no pointer and is safe on any thread")]
        // SAFETY: malloc_trim(3) has no preconditions and locks the arenas that it looks at.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}
