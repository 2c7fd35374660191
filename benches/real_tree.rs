//! targets.md §1: the real tree through the mount, as a multiple of the same on the store itself, beside bindfs and
//! mergerfs. FUSE threads and clients share a core, the engine has the other.

mod columns;
mod wanted;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use columns::{Columns, Figures, Measurement, files, measure};
use wanted::{Mounted, ROWS, Wanted};

use crate::support::lab::Lab;
use crate::support::process::{ENGINE_CORE, pin_this_thread};
use crate::support::row::{Row, Rows};
use crate::support::{Outcome, corpus, say, step};

const ALL: &str = "seq,rand,meta,git,tar,cargo";
const UNIT: &str = "× native";

/// Measures §1.
pub fn run(lab: &Lab, rows: &mut Rows) -> Outcome<()> {
    let columns = Columns::mount(lab)?;
    let rounds = lab.pick(1, 3);
    let apart = Measurement {
        name: "apart",
        groups: ALL,
        columns: &["native", "again", "watched", "bindfs", "mergerfs", "cdx", "noxattr"],
        rounds,
    };
    let apart = measure(lab, &columns, &apart)?;
    let by_user = Measurement { name: "user", groups: "seq,rand", columns: &["native", "user"], rounds };
    let by_user = measure(lab, &columns, &by_user).unwrap_or_else(|error| Figures::none("native", &error.to_string()));
    pin(&columns, true)?;
    let groups = lab.pick("meta,tar", ALL);
    let together = Measurement { name: "one-core", groups, columns: &["native", "cdx"], rounds };
    let together = measure(lab, &columns, &together);
    pin(&columns, false)?;
    let one_core = together.inspect_err(|error| say(&format!("   all on one core: {error}"))).ok();
    for wanted in &ROWS {
        let figures = if wanted.of == Mounted::ByUser { &by_user } else { &apart };
        rows.push(row(lab, &columns, wanted, figures, one_core.as_ref()));
    }
    rows.push(goal(lab, &apart));
    step(rows, "engine busy on the other core", |rows| busy(lab, &columns, rounds, rows));
    Ok(())
}

/// Puts the daemons' threads all on the clients' core, or apart.
fn pin(columns: &Columns, together: bool) -> Outcome<()> {
    for daemon in columns.codex.values() {
        if together { daemon.pin_together()? } else { daemon.pin_apart()? }
    }
    Ok(())
}

/// The better of both peers.
fn best_peer(figures: &Figures, test: &str) -> Option<(&'static str, f64)> {
    let ratios = ["bindfs", "mergerfs"].map(|peer| figures.ratio(test, peer).map(|ratio| (peer, ratio)));
    ratios.into_iter().flatten().min_by(|a, b| a.1.total_cmp(&b.1))
}

fn row(lab: &Lab, columns: &Columns, wanted: &Wanted, figures: &Figures, one_core: Option<&Figures>) -> Row {
    let (test, column) = (wanted.key(files(lab)), wanted.column());
    let ours = figures.ratio(&test, column);
    let mut row = Row::new(wanted.name);
    if let Some(ours) = ours {
        row = row.ours(ours, UNIT);
    }
    if let Some((peer, ratio)) = best_peer(figures, &test) {
        row = row.peer(peer, ratio, UNIT);
    }
    let Some(ours) = ours else {
        return row.failed(&why_not(columns, figures, column));
    };
    if wanted.most.is_finite() {
        row = row.at_most(wanted.most);
    }
    if let Some(again) = figures.ratio(&test, "again") {
        row = row.note(format!("native again {again:.2}"));
    }
    if let Some(watched) = figures.ratio(&test, "watched").filter(|_| ours > wanted.most) {
        row = row.note(format!("native, its folder watched {watched:.2}"));
    }
    if wanted.of == Mounted::Plain {
        row = row.one_core(one_core.and_then(|figures| figures.ratio(&test, "cdx")));
        // Where another way of mounting reaches what the default does not, that is worth knowing.
        let other = figures.ratio(&test, "noxattr").filter(|other| ours > wanted.most && *other <= wanted.most);
        row = row.note(other.map_or_else(String::new, |other| format!("{other:.2} mounted --no-xattr")));
    }
    row
}

fn why_not(columns: &Columns, figures: &Figures, column: &str) -> String {
    let missing = columns.missing.iter().find(|(name, _)| *name == column).map(|(_, reason)| reason.clone());
    let said =
        || figures.complaints.iter().find(|complaint| complaint.contains(column) || complaint.contains("native"));
    missing.or_else(|| said().cloned()).unwrap_or_else(|| "fs_bench.py did not measure it".to_owned())
}

/// The goal beyond the targets: nowhere slower than the better peer.
fn goal(lab: &Lab, figures: &Figures) -> Row {
    let of_default = || ROWS.iter().filter(|wanted| wanted.of == Mounted::Plain);
    let slower: Vec<String> = of_default()
        .filter_map(|wanted| {
            let test = wanted.key(files(lab));
            let (ours, (peer, theirs)) = (figures.ratio(&test, "cdx")?, best_peer(figures, &test)?);
            // Within the noise of the machine nobody is faster.
            (ours > theirs * 1.05).then(|| format!("{} ({ours:.2}, {peer} {theirs:.2})", wanted.name))
        })
        .collect();
    let name = "goal: rows slower than the better peer (by over 5 %)";
    let compared = of_default().filter(|wanted| figures.ratio(&wanted.key(files(lab)), "cdx").is_some()).count();
    if compared == 0 {
        return Row::new(name).failed("Codex is not mounted");
    }
    let note = if slower.is_empty() { String::new() } else { format!("slower: {}", slower.join(", ")) };
    #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
    let row = Row::new(name).ours(slower.len() as f64, "rows");
    row.at_most(0.0).note(format!("of {compared}")).note(note)
}

/// The same metadata rows while notes are written behind the mount all the time, writer and engine on the other core.
fn busy(lab: &Lab, columns: &Columns, rounds: usize, rows: &mut Rows) -> Outcome<()> {
    if !columns.codex.contains_key("cdx") {
        return Err("Codex is not mounted".into());
    }
    let compared = ["native", "cdx"];
    let idle = Measurement { name: "idle", groups: "meta", columns: &compared, rounds };
    let busy = Measurement { name: "busy", ..idle };
    let idle = measure(lab, columns, &idle)?;
    let notes = columns.store.join("lab/busy");
    let is_over = AtomicBool::new(false);
    let busy = std::thread::scope(|scope| {
        scope.spawn(|| keep_busy(&notes, &is_over));
        let figures = measure(lab, columns, &busy);
        is_over.store(true, Ordering::Relaxed);
        figures
    })?;
    let mut changes: Vec<(f64, &String)> =
        idle.tests().filter_map(|test| Some((busy.ratio(test, "cdx")? / idle.ratio(test, "cdx")?, test))).collect();
    changes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (worst, test) = changes.first().ok_or("nothing was measured")?;
    let median = changes.get(changes.len() / 2).map_or(0.0, |change| change.0);
    let note = format!("worst of {} rows: {test}; median {median:.2}; ratios to native of each run", changes.len());
    rows.push(Row::new("engine busy on the other core, to idle").ours(*worst, "×").at_most(1.3).note(note));
    Ok(())
}

/// Writes notes behind the mount, some hundred a second, so that the engine always has one to take in.
fn keep_busy(notes: &Path, is_over: &AtomicBool) {
    pin_this_thread(ENGINE_CORE);
    let _ = std::fs::create_dir_all(notes);
    for round in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let note = corpus::sized_note(100, round, "", "busy");
        let _ = std::fs::write(notes.join(corpus::sized_name(100, round % 1000)), note);
        std::thread::sleep(Duration::from_millis(2));
    }
}
