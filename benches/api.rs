//! targets.md §5: what a server over 10,000 notes answers, loaded by wrk, which shares the machine's cores with it. Counts
//! of what searches and queries find are compared with the corpus before anything is timed.

mod http;
mod requests;
mod served;
mod sockets;
mod wrk;

use requests::{Kind, kinds};
use served::Served;
use wrk::Load;

use crate::support::lab::Lab;
use crate::support::row::{Row, Rows};
use crate::support::{Outcome, step};

/// Who came before, measured on such a machine.
const ORIGINAL: &str = "original Codex, earlier";

/// Connections of a load.
const FEW: usize = 1;
const MANY: usize = 16;

/// Measures §5.
pub fn run(lab: &Lab, rows: &mut Rows) -> Outcome<()> {
    let corpus = lab.corpus(lab.pick(1000, 10_000))?;
    let served = Served::start(lab, &corpus)?;
    for kind in kinds(&served, &corpus)? {
        step(rows, kind.name, |rows| load(lab, &served, &kind, rows));
    }
    step(rows, "file by id beside sign-ins", |rows| beside_logins(lab, &served, rows));
    step(rows, "subscribers", |rows| sockets::run(lab, &served, rows));
    Ok(())
}

/// One kind of request, by few and by many.
fn load(lab: &Lab, served: &Served, kind: &Kind, rows: &mut Rows) -> Outcome<()> {
    let seconds = lab.pick(1, 4);
    wrk::run(served, &kind.requests, MANY, 1)?;
    let few = wrk::run(served, &kind.requests, FEW, seconds)?;
    let many = wrk::run(served, &kind.requests, MANY, seconds)?;
    let rate = Row::new(format!("{}, {MANY} connections", kind.name)).ours(many.per_second, "/s");
    let rate = kind.original.map_or(rate.clone(), |original| rate.peer(ORIGINAL, original, "/s"));
    rows.push(rate.at_least(kind.least).note(many.words()).note(&kind.note));
    rows.push(Row::new(format!("{}, {FEW} connection", kind.name)).ours(few.per_second, "/s").note(few.words()));
    if let Some((most, original)) = kind.processor {
        let row = Row::new(format!("{}: processor time of a request", kind.name)).ours(many.cpu_ms, "ms");
        let note = format!("of the server, at {MANY} connections; {:.3} ms at {FEW}", few.cpu_ms);
        rows.push(row.peer(ORIGINAL, original, "ms").at_most(most).note(note));
    }
    Ok(())
}

/// A file by its id, alone and while sixteen sign in at once.
fn beside_logins(lab: &Lab, served: &Served, rows: &mut Rows) -> Outcome<()> {
    let (files, logins) = (requests::files(served)?, requests::logins());
    let seconds = lab.pick(2, 6);
    let alone = wrk::run(served, &files, FEW, seconds)?;
    let (beside, signing_in) = std::thread::scope(|scope| -> Outcome<(Load, Load)> {
        let signing_in =
            scope.spawn(|| wrk::run(served, &logins, MANY, seconds + 2).map_err(|error| error.to_string()));
        std::thread::sleep(std::time::Duration::from_secs(1));
        let beside = wrk::run(served, &files, FEW, seconds)?;
        Ok((beside, signing_in.join().map_err(|_| "the thread of the sign-ins died")??))
    })?;
    let row = Row::new("file by id, p99 beside 16 sign-ins at once").ours(beside.p99_ms, "ms");
    let row = row.peer("alone", alone.p99_ms, "ms").ratio_at_most(5.0);
    let note = format!(
        "{:.0} sign-ins/s meanwhile, each a password; {:.0} files/s, alone {:.0}; {FEW} connection; the original stops for 40 ms",
        signing_in.per_second, beside.per_second, alone.per_second
    );
    rows.push(row.note(note));
    Ok(())
}
