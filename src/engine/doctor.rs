//! What of this machine keeps Codex from working well, each finding with the command that mends it.
//! It knows no open workspace.

mod limits;
mod machine;

use serde::Serialize;

pub use limits::WatchLimit;
pub(super) use machine::mountpoints;
pub use machine::{Filesystem, Machine};

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What it is about: `fusermount3`, `inotify watches`, …
    pub about: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found, and what it means.
    pub message: String,
    /// The command that mends it; none where nothing is to be mended.
    pub command: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Good,
    /// It works, slower or with less than it could.
    Slow,
    /// Something does not work.
    Broken,
}

/// Kernels from this version on let reads and writes bypass the daemon.
const PASSTHROUGH: (u32, u32) = (6, 9);

/// openat2(2) is the way that every path is resolved.
const OLDEST: (u32, u32) = (5, 6);

/// `CAP_SYS_ADMIN`.
const SYS_ADMIN: u32 = 21;

/// Descriptors that a mount with many open files needs.
const DESCRIPTORS: u64 = 8192;

/// Below this a notebook's databases and history may not find room for their next step, in bytes.
const SPACE: u64 = 512 << 20;

/// Filesystems on other machines: locks, inotify and birth times do not hold there.
const NETWORK: [&str; 9] = ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs", "afs"];

/// What is to be said of a machine, worst first.
#[must_use]
pub fn diagnose(machine: &Machine) -> Vec<Advice> {
    let mut advice = vec![
        fuse_device(machine),
        fusermount(machine),
        allow_other(machine),
        kernel(machine),
        descriptors(machine),
        git(machine),
    ];
    advice.extend(watches(machine));
    advice.extend(instances(machine));
    if let Some(store) = &machine.store {
        advice.extend([kind_of_store(store), space(store)]);
    }
    advice.extend(machine.stale_mounts.iter().map(|mountpoint| {
        broken(
            "stale mount",
            format!("{mountpoint} is the mount of a cdx that died; nothing can be opened there"),
            format!("fusermount3 -u -z {mountpoint}"),
        )
    }));
    advice.sort_by_key(|advice| std::cmp::Reverse(advice.level));
    advice
}

fn good(about: &'static str, message: impl Into<String>) -> Advice {
    Advice { about, level: Level::Good, message: message.into(), command: None }
}

fn slow(about: &'static str, message: impl Into<String>, command: Option<String>) -> Advice {
    Advice { about, level: Level::Slow, message: message.into(), command }
}

fn broken(about: &'static str, message: impl Into<String>, command: impl Into<String>) -> Advice {
    Advice { about, level: Level::Broken, message: message.into(), command: Some(command.into()) }
}

fn fuse_device(machine: &Machine) -> Advice {
    match machine.fuse_device_mode {
        None => {
            broken("/dev/fuse", "the kernel's FUSE device is not there, nothing can be mounted", "sudo modprobe fuse")
        }
        Some(mode) if !machine.is_root && mode & 0o006 != 0o006 => broken(
            "/dev/fuse",
            format!("/dev/fuse has mode {mode:04o}: only some users may mount"),
            "sudo chmod 0666 /dev/fuse",
        ),
        Some(_) => good("/dev/fuse", "can be opened"),
    }
}

fn fusermount(machine: &Machine) -> Advice {
    match (&machine.fusermount, machine.is_root) {
        (Some(path), _) => good("fusermount3", format!("is {path}")),
        (None, true) => good("fusermount3", "is not installed; root mounts without it"),
        (None, false) => broken("fusermount3", "is not installed: only root can mount", "sudo apt-get install fuse3"),
    }
}

fn allow_other(machine: &Machine) -> Advice {
    if machine.user_allow_other || machine.is_root {
        return good("user_allow_other", "mounts can be opened to other users with --allow-other");
    }
    slow(
        "user_allow_other",
        "is not set in /etc/fuse.conf: --allow-other is refused to you",
        Some("echo user_allow_other | sudo tee -a /etc/fuse.conf".to_owned()),
    )
}

fn kernel(machine: &Machine) -> Advice {
    let Some(version) = machine.kernel else {
        return slow("kernel", "its version cannot be read from /proc/sys/kernel/osrelease", None);
    };
    let shown = format!("{}.{}", version.0, version.1);
    if version < OLDEST {
        let message = format!("{shown} has no openat2(2); cdx needs {}.{} or newer", OLDEST.0, OLDEST.1);
        return broken("kernel", message, "sudo apt-get dist-upgrade");
    }
    if version < PASSTHROUGH {
        let message = format!("{shown}: reads and writes pass the daemon; from 6.9 on the kernel does them itself");
        return slow("kernel", message, None);
    }
    if machine.capabilities & (1 << SYS_ADMIN) == 0 {
        let message = format!(
            "{shown} does reads and writes by itself (passthrough) for root's mounts alone; for others they pass the \
             daemon"
        );
        // CAP_SYS_ADMIN on the binary would grant it, and with it nearly all that root may: not to be advised.
        return slow("kernel", message, None);
    }
    good("kernel", format!("{shown}, with passthrough"))
}

fn watches(machine: &Machine) -> Option<Advice> {
    let (watches, folders) = (machine.watches?, machine.folders?);
    let limit = watches.limit;
    // Others use watches too: editors, file managers.
    if limit >= folders.saturating_mul(2).max(8192) {
        return Some(good("inotify watches", format!("{limit} for {folders} folders")));
    }
    let command = watches.raise(folders);
    Some(if limit < folders {
        let message = format!("{limit} are fewer than the {folders} folders: changes in some are found by scans alone");
        broken("inotify watches", message, command)
    } else {
        slow("inotify watches", format!("{limit} are few for {folders} folders"), Some(command))
    })
}

/// What the engine that runs has met, by its status (`status.json`): watches that were refused, since others may have
/// used the limit up, and problems.
#[must_use]
pub fn of_running(status: &serde_json::Value) -> Vec<Advice> {
    let problems = status.get("problems").and_then(serde_json::Value::as_array).into_iter().flatten();
    let text = |problem: &serde_json::Value, key: &str| problem.get(key)?.as_str().map(str::to_owned);
    let others = problems.filter_map(|problem| {
        let (what, reason) = (text(problem, "what")?, text(problem, "reason")?);
        let message = if reason.starts_with(&what) { reason } else { format!("{what}: {reason}") };
        // What mends it stands in the reason.
        (what != "watcher").then_some(Advice { about: "workspace", level: Level::Broken, message, command: None })
    });
    of_watcher(status).into_iter().chain(others).collect()
}

fn of_watcher(status: &serde_json::Value) -> Option<Advice> {
    let watcher = status.get("watcher")?;
    let number = |key: &str| watcher.get(key).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let (watched, refused) = (number("folders"), number("unwatched"));
    if watcher.get("state")?.as_str()? == "dead" {
        let message = "the watcher of the running engine has failed: folders are looked at every few seconds";
        return Some(broken("watched folders", message, "cdx umount MOUNTPOINT, and cdx mount again"));
    }
    let raise = || WatchLimit::look().map(|limit| limit.raise(watched + refused)).unwrap_or_default();
    (refused > 0).then(|| {
        let message = format!(
            "{refused} folders of the workspace are not watched, {watched} are: changes behind the mount in those are \
             found by looking every few seconds"
        );
        broken("watched folders", message, raise())
    })
}

fn instances(machine: &Machine) -> Option<Advice> {
    let limit = machine.max_instances?;
    (limit < 64).then(|| {
        let command =
            "echo fs.inotify.max_user_instances=512 | sudo tee /etc/sysctl.d/61-cdx.conf && sudo sysctl --system";
        slow("inotify instances", format!("{limit} are soon used up by editors"), Some(command.to_owned()))
    })
}

fn descriptors(machine: &Machine) -> Advice {
    match machine.max_descriptors {
        Some(limit) if limit < DESCRIPTORS => slow(
            "open files",
            format!("at most {limit}; a mount with many open files runs out of them"),
            Some(format!("ulimit -n {DESCRIPTORS}")),
        ),
        Some(limit) => good("open files", format!("at most {limit}")),
        None => good("open files", "without limit"),
    }
}

fn git(machine: &Machine) -> Advice {
    match &machine.git {
        Some(path) => good("git", format!("is {path}: folds histories together in the background, and syncs")),
        None => slow(
            "git",
            "is not installed: histories are folded together more slowly, `cdx sync` does not work",
            Some("sudo apt-get install git".to_owned()),
        ),
    }
}

fn kind_of_store(store: &Filesystem) -> Advice {
    let Filesystem { path, kind, has_birth_times, .. } = store;
    if NETWORK.contains(&kind.as_str()) {
        let message = format!(
            "{path} is on {kind}: changes by other machines are not seen, and a database on it may be damaged; keep \
             the workspace on a local disk and use `cdx sync`"
        );
        return broken("store", message, format!("cp -a {path} ~/"));
    }
    if *has_birth_times {
        return good("store", format!("{path} is on {kind}"));
    }
    let message = format!(
        "{path} is on {kind}, which records no birth times: a new file with a removed one's inode number can be taken \
         for it"
    );
    slow("store", message, None)
}

fn space(store: &Filesystem) -> Advice {
    let free = store.free >> 20;
    if store.free < SPACE {
        let message = format!("{free} MiB are free at {}: writes will soon be refused", store.path);
        return broken("disk space", message, format!("du -xh {} | sort -h | tail", store.path));
    }
    if store.free_inodes == Some(0) {
        let message = format!("no inodes are free at {}: no file can be made", store.path);
        return broken("disk space", message, format!("du -x --inodes {} | sort -n | tail", store.path));
    }
    good("disk space", format!("{free} MiB are free"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Machine {
        Machine {
            is_root: false,
            fusermount: Some("/usr/bin/fusermount3".into()),
            fuse_device_mode: Some(0o666),
            user_allow_other: true,
            kernel: Some((6, 12)),
            capabilities: 1 << SYS_ADMIN,
            watches: Some(WatchLimit { limit: 1_000_000, key: "fs.inotify.max_user_watches" }),
            max_instances: Some(512),
            folders: Some(1000),
            max_descriptors: Some(1 << 20),
            git: Some("/usr/bin/git".into()),
            store: Some(Filesystem {
                path: "/w".into(),
                kind: "ext4".into(),
                free: 1 << 40,
                free_inodes: Some(9),
                has_birth_times: true,
            }),
            stale_mounts: Vec::new(),
        }
    }

    /// Which findings are not good, by what they are about.
    fn check(change: impl FnOnce(&mut Machine), expected: &[(&str, Level)]) {
        let mut machine = well();
        change(&mut machine);
        let found: Vec<_> = diagnose(&machine)
            .into_iter()
            .filter(|advice| advice.level != Level::Good)
            .map(|advice| (advice.about, advice.level))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_fault_is_named_and_a_well_machine_has_none() {
        use Level::{Broken, Slow};
        check(|_| (), &[]);
        check(|m| m.fusermount = None, &[("fusermount3", Broken)]);
        check(|m| (m.fusermount, m.is_root) = (None, true), &[]);
        check(|m| m.fuse_device_mode = None, &[("/dev/fuse", Broken)]);
        check(|m| m.fuse_device_mode = Some(0o600), &[("/dev/fuse", Broken)]);
        check(|m| m.kernel = Some((5, 4)), &[("kernel", Broken)]);
        check(|m| m.kernel = Some((6, 1)), &[("kernel", Slow)]);
        check(|m| m.capabilities = 0, &[("kernel", Slow)]);
        check(|m| m.watches.as_mut().unwrap().limit = 900, &[("inotify watches", Broken)]);
        check(|m| m.watches.as_mut().unwrap().limit = 2000, &[("inotify watches", Slow)]);
        check(|m| m.max_descriptors = Some(1024), &[("open files", Slow)]);
        check(|m| m.store.as_mut().unwrap().kind = "nfs4".into(), &[("store", Broken)]);
        check(|m| m.store.as_mut().unwrap().has_birth_times = false, &[("store", Slow)]);
        check(|m| m.store.as_mut().unwrap().free = 1 << 20, &[("disk space", Broken)]);
        check(|m| (m.git, m.stale_mounts) = (None, vec!["/mnt".into()]), &[("stale mount", Broken), ("git", Slow)]);
    }

    #[test]
    fn whatever_is_broken_has_a_command_that_mends_it() {
        let watches = Some(WatchLimit { limit: 1, key: "user.max_inotify_watches" });
        let machine = Machine { kernel: Some((4, 19)), watches, ..Machine::default() };
        assert!(diagnose(&machine).iter().all(|advice| advice.level != Level::Broken || advice.command.is_some()));
    }

    #[test]
    fn this_machine_can_be_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Machine::look(Some(folder.path()));
        assert!(machine.kernel.is_some() && machine.folders == Some(1) && machine.store.unwrap().free > 0);
    }
}
