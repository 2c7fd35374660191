//! Keeps libgit2 to itself: its settings for the whole process, made once, before a repository is opened.
//! It knows nothing of repositories.

#![expect(unsafe_code, reason = "libgit2's search paths are global and unguarded; git2 leaves the guard to its caller")]

use std::sync::Once;

use git2::ConfigLevel;

/// Everything that libgit2 would look for outside of a repository.
const LEVELS: [ConfigLevel; 4] = [ConfigLevel::ProgramData, ConfigLevel::System, ConfigLevel::XDG, ConfigLevel::Global];

/// To be called before a repository or a configuration is opened; the first call does it all.
pub(super) fn isolate() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        for level in LEVELS {
            // Opening a repository parses the user's configuration, and fails where it does not parse, long before
            // another can be put in its place. Without a folder to look in there is none.
            //
            // SAFETY: only opening repositories and configurations reads these paths, all of it goes through here
            // first, and `Once` lets nobody pass until this has ended.
            let cleared = unsafe { git2::opts::set_search_path(level, "") };
            // Fails for want of memory alone; then the user's configuration is read, as if we had not asked.
            if let Err(error) = cleared {
                tracing::warn!(%error, "git configuration of the user may be read");
            }
        }
        // A walk through 10,000 commits would keep each in memory, once per handle.
        git2::opts::enable_caching(false);
        // Twice as fast; zlib's checksum still guards, and what is restored or verified is hashed by us.
        git2::opts::strict_hash_verification(false);
    });
}
