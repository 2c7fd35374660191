//! A mount namespace of the benchmark's own: whatever it mounts is seen by nobody else, and goes with it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use super::{Outcome, process, say};

const INSIDE: &str = "CODEX_BENCH_INSIDE";

/// Runs this program once more in a namespace of its own, and tells how that ended; `None` inside it, and for an
/// ordinary user, who may not have one (the rows that mount say so).
pub fn enter(arguments: &[String]) -> Option<ExitCode> {
    if std::env::var_os(INSIDE).is_some() || !is_root() {
        return None;
    }
    let this = std::env::current_exe().ok()?;
    let status = Command::new("unshare")
        // It ends with us, and its daemons with it.
        .args(["--mount", "--propagation", "private", "--", "setpriv", "--pdeathsig", "TERM"])
        .arg(this)
        .args(arguments)
        .env(INSIDE, "1")
        .status();
    match status {
        Ok(status) => {
            Some(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
        }
        Err(error) => {
            say(&format!("bench: no mount namespace ({error}); mounts are seen by everybody"));
            None
        }
    }
}

/// Lets ordinary users mount for everybody, in this namespace alone: the machine's own `/dev/fuse` and
/// `/etc/fuse.conf` stay as they are.
pub fn let_users_mount(room: &Path) -> Outcome<()> {
    if std::env::var_os(INSIDE).is_none() {
        return Err("mounting as an ordinary user needs a mount namespace, hence root".into());
    }
    let (device, settings) = (room.join("dev-fuse"), room.join("fuse.conf"));
    process::run(Command::new("mknod").arg(&device).args(["c", "10", "229"]))?;
    fs::set_permissions(&device, Permissions::from_mode(0o666))?;
    fs::write(&settings, "user_allow_other\n")?;
    process::run(Command::new("mount").arg("--bind").arg(&device).arg("/dev/fuse"))?;
    process::run(Command::new("mount").arg("--bind").arg(&settings).arg("/etc/fuse.conf"))
}

/// Whether this is root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
