//! A daemon over an indexed notebook: how soon it serves, what memory it takes, what one change costs it.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use super::{Notebook, child, most_memory};
use crate::support::daemon::{As, Daemon};
use crate::support::row::{Row, Rows};
use crate::support::{Outcome, process};

/// Starts over an index where nothing changed, looks around, then edits notes one at a time.
pub fn serve(notebook: &Notebook<'_>, rows: &mut Rows) -> Outcome<()> {
    let label = &notebook.label;
    let opened = child::run(&notebook.store)?;
    let verified =
        Row::new(format!("start over an index of {label}, nothing changed: verified")).ours(opened.seconds, "s");
    let mountpoint = notebook.store.with_extension("mnt");
    let began = Instant::now();
    let daemon = Daemon::codex(notebook.lab, &notebook.store, &mountpoint, As::Root, &[])?;
    process::run(Command::new("ls").arg(daemon.mountpoint.join("lab")))?;
    let serves = began.elapsed().as_secs_f64();
    let row = Row::new(format!("start over an index of {label}, nothing changed: serves")).ours(serves, "s");
    let note = format!("mounted after {:.2} s, then ls of the notebook", daemon.mounted_after.as_secs_f64());
    rows.push(row.at_most(1.0).note(note));
    rows.push(verified.at_most(10.0).note("every file compared with its row, in a process of its own"));
    daemon.wait_until_indexed()?;
    look_around(notebook, &daemon)?;
    let memory = process::memory_mib(daemon.id(), "VmRSS")?;
    let peak = process::memory_mib(daemon.id(), "VmHWM")?;
    let row = Row::new(format!("memory of a daemon that serves {label}")).ours(memory, "MiB");
    let row = if notebook.notes == 10_000 { row.peer("original Codex, earlier", 181.0, "MiB") } else { row };
    let note = format!("RSS after find, ls of all tags and a search; at its peak {peak:.0} MiB");
    rows.push(row.at_most(most_memory(notebook.notes)).note(note));
    one_change(notebook, &daemon, rows)
}

/// What somebody does who opens the notebook.
fn look_around(notebook: &Notebook<'_>, daemon: &Daemon) -> Outcome<()> {
    process::run(Command::new("find").arg(daemon.mountpoint.join("lab")).args(["-name", "*.md"]))?;
    for tag in notebook.corpus.tags() {
        process::run(Command::new("ls").arg(daemon.mountpoint.join("tags").join(tag)))?;
    }
    process::run(Command::new("ls").arg(daemon.mountpoint.join(".codex/search/status:done")))
}

/// Processor time of all threads but those that serve the kernel, for notes written through the mount.
fn one_change(notebook: &Notebook<'_>, daemon: &Daemon, rows: &mut Rows) -> Outcome<()> {
    let paths = notebook.corpus.sample_paths();
    let changes = notebook.lab.pick(30, 200);
    let engine = || process::cpu_seconds(daemon.id(), |thread| !thread.is_fuse());
    let all = || process::cpu_seconds(daemon.id(), |_| true);
    // What it costs to do nothing for as long.
    let idle = (engine()?, Instant::now());
    std::thread::sleep(Duration::from_secs(1));
    let idle_share = (engine()? - idle.0) / idle.1.elapsed().as_secs_f64();
    let (before, before_all, began) = (engine()?, all()?, Instant::now());
    for round in 0..changes {
        let path = paths.get(round % paths.len()).ok_or("the corpus names no paths")?;
        let file = daemon.mountpoint.join("lab").join(path);
        let mut text = fs::read_to_string(&file)?;
        text.push_str(&format!("\nEdited {round}.\n"));
        fs::write(&file, text)?;
        // Waits until the index has it.
        let _ = fs::metadata(daemon.mountpoint.join(format!("tags/none-{round}")));
    }
    let took = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let each = |seconds: f64| (seconds - idle_share * took) * 1e3 / changes as f64;
    let row = Row::new(format!("one note changed among {}, until row, tags and full text have it", notebook.label));
    let note = format!(
        "processor time of the engine's threads; of all threads {:.2} ms; {changes} changes in {took:.1} s",
        each(all()? - before_all)
    );
    rows.push(row.ours(each(engine()? - before), "ms").at_most(2.0).note(note));
    Ok(())
}
