//! How many folders the system lets a user watch, and the command that raises the limit.

use std::path::Path;

use crate::sys::paths;

/// The limit that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchLimit {
    /// Watches that one user may have.
    pub limit: u64,
    /// The sysctl that sets it: the kernel has one for all, and one for each user namespace (a container).
    pub key: &'static str,
}

/// What a machine of today bears: a watch takes about a kilobyte of the kernel's memory.
const ENOUGH: u64 = 1 << 20;

impl WatchLimit {
    /// Asks the kernel; `None` where it does not say.
    #[must_use]
    pub fn look() -> Option<Self> {
        let at = |key: &'static str| {
            let path = format!("/proc/sys/{}", key.replace('.', "/"));
            let limit = paths::read_text(Path::new(&path)).ok()?.trim().parse().ok()?;
            Some(Self { limit, key })
        };
        // Of two that are equal the first is the one to raise.
        let both = [at("fs.inotify.max_user_watches"), at("user.max_inotify_watches")];
        both.into_iter().flatten().min_by_key(|one| one.limit)
    }

    /// The command that raises it, now and after a restart, so that so many folders fit and others' watches beside them.
    #[must_use]
    pub fn raise(&self, folders: u64) -> String {
        let wanted = folders.saturating_mul(2).max(ENOUGH).next_power_of_two();
        let Self { key, .. } = self;
        format!("echo {key}={wanted} | sudo tee /etc/sysctl.d/60-cdx.conf && sudo sysctl --system")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_by_the_sysctl_that_holds() {
        let limit = WatchLimit::look().unwrap();
        assert!(limit.limit > 0 && limit.raise(0).contains(&format!("{}=1048576", limit.key)));
        assert!(limit.raise(1_000_000).contains("=2097152 "));
    }
}
