//! Opening a workspace in a process of its own: this program, called once more.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cdx::engine::{Engine, EngineOptions};
use cdx::types::Actor;
use serde::{Deserialize, Serialize};

use crate::support::{Outcome, process};

/// The argument that makes this program the child.
pub const CHILD: &str = "--open-in-child";

/// What it cost.
#[derive(Debug, Serialize, Deserialize)]
pub struct Opened {
    /// Until rows, tags and full text were there.
    pub seconds: f64,
    /// The same, of all threads.
    pub cpu_seconds: f64,
    /// Most memory, MiB.
    pub peak_mib: f64,
}

/// Options of an engine that nobody else uses.
pub fn alone() -> EngineOptions {
    EngineOptions {
        actor: Actor::User("bench".into()),
        watch: false,
        serve: false,
        wait_for_scan: true,
        read_only: false,
    }
}

/// In the child: opens a workspace, waits until its index is complete, and says what that cost.
pub fn child(store: &str) -> Outcome<()> {
    let began = Instant::now();
    let engine = Engine::open(Path::new(store), alone())?;
    engine.barrier(Duration::from_secs(600))?;
    let this = std::process::id();
    let opened = Opened {
        seconds: began.elapsed().as_secs_f64(),
        cpu_seconds: process::cpu_seconds(this, |_| true)?,
        peak_mib: process::memory_mib(this, "VmHWM")?,
    };
    engine.close();
    std::io::Write::write_all(&mut std::io::stdout(), serde_json::to_string(&opened)?.as_bytes())?;
    Ok(())
}

/// Runs the child over a workspace.
pub fn run(store: &Path) -> Outcome<Opened> {
    let this = std::env::current_exe()?;
    let output = Command::new(this).arg(CHILD).arg(store).output()?;
    if !output.status.success() {
        return Err(format!("opening {}: {}", store.display(), String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
