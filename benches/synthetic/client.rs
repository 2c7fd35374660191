//! Listings and searches by ordinary programs, warm: each beside its peer, in turns.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::corpus::sized_name;
use crate::support::row::{Row, Rows};
use crate::support::time::{Times, timed};
use crate::support::{Outcome, step};

/// A mounted workspace with folders of exact sizes.
pub struct Client {
    /// Where it is mounted.
    pub mount: PathBuf,
    /// Its store.
    pub store: PathBuf,
    /// How rows name its size.
    pub label: &'static str,
    /// Sizes of its tags `s<SIZE>`, folders `lab/s<SIZE>` and views `v<SIZE>.cdx`.
    pub sizes: &'static [usize],
    /// How often a program is run.
    pub rounds: usize,
    /// How many notes are edited.
    pub edits: usize,
}

impl Client {
    /// `tags/s<SIZE>`
    pub fn tag(&self, size: usize) -> PathBuf {
        self.mount.join(format!("tags/s{size}"))
    }

    /// `lab/s<SIZE>` in the mount.
    pub fn real(&self, size: usize) -> PathBuf {
        self.mount.join(format!("lab/s{size}"))
    }

    /// `views/v<SIZE>.cdx`
    pub fn view(&self, size: usize) -> PathBuf {
        self.mount.join(format!("views/v{size}.cdx"))
    }

    /// A note's path in the mount.
    pub fn note(&self, size: usize, number: usize) -> PathBuf {
        self.real(size).join(sized_name(size, number))
    }
}

/// Everything that changes nothing.
pub fn listings(client: &Client, rows: &mut Rows) {
    step(rows, &format!("entries of tags and views, among {}", client.label), |_| all_are_there(client));
    for size in client.sizes {
        let size = *size;
        step(rows, &format!("ls of a tag of {size}, among {}", client.label), |rows| {
            let row = Row::new(format!("ls tags/X/ of {size}, warm, among {}", client.label));
            rows.push(
                beside(client, row, ("ls", &[]), &client.tag(size), ("real folder", &client.real(size)))?
                    .ratio_at_most(1.5),
            );
            let row = Row::new(format!("ls views/V.cdx/ of {size}, warm, among {}", client.label));
            let row = beside(client, row, ("ls", &[]), &client.view(size), ("real folder", &client.real(size)))?;
            rows.push(row.ratio_at_most(1.5));
            Ok(())
        });
    }
    step(rows, &format!("ls -l of a tag of 1000, among {}", client.label), |rows| {
        let native = client.store.join("lab/s1000");
        let row = Row::new(format!("ls -l tags/X/ of 1000, among {}", client.label));
        rows.push(beside(client, row, ("ls", &["-l"]), &client.tag(1000), ("native", &native))?.ratio_at_most(3.0));
        Ok(())
    });
    for size in client.sizes.iter().copied().filter(|size| (1000..=10_000).contains(size)) {
        step(rows, &format!("grep -r in a tag of {size}, among {}", client.label), |rows| {
            let row = Row::new(format!("grep -r word tags/X/ of {size}, among {}", client.label));
            let row = beside(
                client,
                row,
                ("grep", &["-rc", "protein"]),
                &client.tag(size),
                ("real tree", &client.real(size)),
            )?;
            rows.push(row.ratio_at_most(1.2));
            Ok(())
        });
    }
}

/// A fast listing of the wrong notes would be worth nothing.
fn all_are_there(client: &Client) -> Outcome<()> {
    for size in client.sizes {
        for folder in [client.tag(*size), client.view(*size), client.real(*size)] {
            let entries = std::fs::read_dir(&folder)?.count();
            if entries != *size {
                return Err(format!("{} shows {entries} entries, not {size}", folder.display()).into());
            }
        }
    }
    Ok(())
}

/// Runs a program over our folder and the peer's, in turns; medians.
fn beside(
    client: &Client,
    row: Row,
    (program, arguments): (&str, &[&str]),
    ours: &Path,
    (peer, theirs): (&str, &Path),
) -> Outcome<Row> {
    let (mut our_times, mut their_times) = (Times::default(), Times::default());
    // The first round warms the caches.
    for round in 0..=client.rounds {
        let ours = run(program, arguments, ours)?;
        let theirs = run(program, arguments, theirs)?;
        if round > 0 {
            our_times.add(ours);
            their_times.add(theirs);
        }
    }
    Ok(row.ours(our_times.ms(0.5), "ms").peer(peer, their_times.ms(0.5), "ms"))
}

/// Runs a program over a folder; how long it took.
pub fn run(program: &str, arguments: &[&str], folder: &Path) -> Outcome<std::time::Duration> {
    let mut command = Command::new(program);
    command.args(arguments).arg(folder).env("LC_ALL", "C").stdout(Stdio::null());
    let (status, time) = timed(|| command.status());
    let status = status?;
    if status.success() { Ok(time) } else { Err(format!("{program} {}: {status}", folder.display()).into()) }
}
