//! targets.md §2: folders of tags, views and searches, beside real folders of as many entries in the same mount.

mod client;
mod fresh;
mod inside;

use std::path::Path;

use client::Client;

use crate::support::corpus::write_sized;
use crate::support::daemon::{As, Daemon};
use crate::support::lab::Lab;
use crate::support::process::{CLIENT_CORE, pin_this_thread};
use crate::support::ram::RamDisk;
use crate::support::row::Rows;
use crate::support::{Outcome, step};

/// How large a workspace is, and the folders in it.
struct Scale {
    /// As rows name it.
    label: &'static str,
    /// Notes of the shared corpus, for company.
    corpus: usize,
    /// Tags `s<SIZE>` with exactly so many notes; each has a real folder and a view of the same notes.
    sizes: &'static [usize],
    /// Tags beside these and the corpus' 200.
    more_tags: usize,
}

const QUICK: [Scale; 1] = [Scale { label: "1k", corpus: 1000, sizes: &[100, 1000], more_tags: 0 }];
const FULL: [Scale; 2] = [
    Scale { label: "10k", corpus: 4000, sizes: &[100, 1000, 5000], more_tags: 0 },
    Scale { label: "100k", corpus: 39_000, sizes: &[100, 1000, 10_000, 50_000], more_tags: 1800 },
];

/// Measures §2.
#[expect(clippy::unnecessary_wraps, reason = "all groups look alike")]
pub fn run(lab: &Lab, rows: &mut Rows) -> Outcome<()> {
    let scales: &[Scale] = lab.pick(&QUICK, &FULL);
    for scale in scales {
        step(rows, &format!("synthetic folders among {}", scale.label), |rows| measure(lab, scale, rows));
    }
    Ok(())
}

fn measure(lab: &Lab, scale: &Scale, rows: &mut Rows) -> Outcome<()> {
    let disk = RamDisk::new(&lab.scratch("synthetic")?, lab.pick(1, 4))?;
    let store = disk.dir("store")?;
    fill(lab, scale, &lab.workspace(&store)?)?;
    step(rows, "lookups in the daemon", |rows| inside::lookups(&store, scale.label, scale.sizes, rows));
    let daemon = Daemon::codex(lab, &store, &disk.dir("mnt")?, As::Root, &[])?;
    daemon.wait_until_indexed()?;
    daemon.pin_apart()?;
    let client = Client {
        mount: daemon.mountpoint.clone(),
        store,
        label: scale.label,
        sizes: scale.sizes,
        rounds: lab.pick(5, 15),
        edits: lab.pick(50, 500),
    };
    // A thread of its own: it stays on the clients' core, and so do the programs that it runs.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin_this_thread(CLIENT_CORE);
            client::listings(&client, rows);
            fresh::after_changes(&client, rows);
        });
    });
    Ok(())
}

/// Notes, folders of exact sizes, and for each a view of the same notes.
fn fill(lab: &Lab, scale: &Scale, notebook: &Path) -> Outcome<()> {
    lab.corpus(scale.corpus)?.copy_into(notebook)?;
    for size in scale.sizes {
        write_sized(notebook, *size, scale.more_tags)?;
        let view = format!(
            "---\ntype: view\nview_type: table\ntitle: Notes of {size}\nquery:\n  tags: [s{size}]\n  where: 'state:on'\n---\n"
        );
        std::fs::write(notebook.join(format!("v{size}.cdx")), view)?;
    }
    Ok(())
}
