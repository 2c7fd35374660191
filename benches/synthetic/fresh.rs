//! How soon a change shows: through the mount (at once, and what the reader waits for it), and behind it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::client::{Client, run};
use crate::support::corpus::{sized_name, sized_note};
use crate::support::row::{Row, Rows};
use crate::support::time::{Times, timed};
use crate::support::{Outcome, step};

/// Everything that edits notes.
pub fn after_changes(client: &Client, rows: &mut Rows) {
    let largest = client.sizes.iter().copied().filter(|size| *size <= 10_000).max().unwrap_or(100);
    step(rows, &format!("views after one note changed, among {}", client.label), |rows| views(client, largest, rows));
    step(rows, &format!("read your writes, among {}", client.label), |rows| own_writes(client, rows));
    for (kind, pause) in [("a steady", Duration::from_millis(5)), ("a relentless", Duration::ZERO)] {
        step(rows, &format!("a reader beside {kind} writer, among {}", client.label), |rows| {
            beside_a_writer(client, kind, pause, rows)
        });
    }
    step(rows, &format!("edits behind the mount, among {}", client.label), |rows| behind(client, rows));
}

/// A note with or without the tag `flip`, the state `on` and the word `flipping`.
fn variant(size: usize, number: usize, is_on: bool) -> String {
    if is_on {
        format!("{}flipping\n", sized_note(size, number, ", flip", "on"))
    } else {
        sized_note(size, number, "", "off")
    }
}

/// The note of a round and whether it is on: some notes are switched on one after the other, then off, and so on.
fn turn(client: &Client, round: usize) -> (usize, bool) {
    let notes = (client.edits / 10).clamp(1, 50);
    (round % notes, (round / notes).is_multiple_of(2))
}

/// Whether there is something; any error but "no such file" is one.
fn exists(path: &Path) -> Outcome<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

fn views(client: &Client, largest: usize, rows: &mut Rows) -> Outcome<()> {
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    let extra = client.real(largest).join("extra.txt");
    for round in 0..client.rounds {
        fs::write(client.note(largest, 7), variant(largest, 7, round % 2 == 1))?;
        ours.add(run("ls", &[], &client.view(largest))?);
        if round % 2 == 0 {
            fs::write(&extra, "x")?;
        } else {
            fs::remove_file(&extra)?;
        }
        theirs.add(run("ls", &[], &client.real(largest))?);
    }
    let row = Row::new(format!("ls views/V.cdx/ of {largest} after one note changed, among {}", client.label));
    let row = row.ours(ours.ms(0.5), "ms").peer("real folder after one file changed", theirs.ms(0.5), "ms");
    rows.push(row.ratio_at_most(1.5));
    let (few, many) = (shown_in_view(client, 100)?, shown_in_view(client, largest)?);
    let row = Row::new(format!("view of {largest} takes in one changed note, to one of 100, among {}", client.label));
    let row = row.ours(many.ms(0.5), "ms").peer("view of 100", few.ms(0.5), "ms").ratio_at_most(2.0);
    rows.push(row.note(format!("close(2) to lookup in the view; p95 {:.2} and {:.2} ms", many.ms(0.95), few.ms(0.95))));
    Ok(())
}

/// From the close of a note to the answer whether it is in the view.
fn shown_in_view(client: &Client, size: usize) -> Outcome<Times> {
    let mut times = Times::default();
    for round in 0..client.edits.min(100) {
        let (number, is_off) = turn(client, round);
        let is_on = !is_off;
        fs::write(client.note(size, number), variant(size, number, is_on))?;
        let entry = client.view(size).join(sized_name(size, number));
        let (shown, time) = timed(|| exists(&entry));
        if shown? != is_on {
            return Err(format!("{} is stale", entry.display()).into());
        }
        times.add(time);
    }
    Ok(times)
}

/// After each close, tag, view and search must show it.
fn own_writes(client: &Client, rows: &mut Rows) -> Outcome<()> {
    let folders = [client.mount.join("tags/flip"), client.view(100), client.mount.join(".codex/search/flipping")];
    let (mut stale, mut waits) = (Vec::new(), Times::default());
    for round in 0..client.edits {
        let (number, is_on) = turn(client, round);
        fs::write(client.note(100, number), variant(100, number, is_on))?;
        for (place, folder) in folders.iter().enumerate() {
            let (shown, time) = timed(|| exists(&folder.join(sized_name(100, number))));
            if shown? != is_on {
                stale.push(folder.display().to_string());
            }
            if place == 0 {
                waits.add(time);
            }
        }
    }
    let row = Row::new(format!(
        "close on the mount, then tag, view and search, stale of {}, among {}",
        client.edits * 3,
        client.label
    ));
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    let row = row.ours(stale.len() as f64, "stale").at_most(0.0);
    let wait = format!("first lookup after the close: median {:.2}, p99 {:.2} ms", waits.ms(0.5), waits.ms(0.99));
    rows.push(row.note(wait).note(stale.first().map_or("", String::as_str)));
    Ok(())
}

/// Lookups of names that nobody knows: each is a request of its own, and in a tag each waits for what was written.
fn beside_a_writer(client: &Client, kind: &str, pause: Duration, rows: &mut Rows) -> Outcome<()> {
    let (tag, real) = (client.tag(100), client.real(100));
    let lookups = |round: &str, times: usize| -> Outcome<(Times, Times)> {
        let (mut in_tag, mut in_real) = (Times::default(), Times::default());
        for number in 0..times {
            let name = format!("none-{kind}-{round}-{number}.md");
            for (folder, times) in [(&tag, &mut in_tag), (&real, &mut in_real)] {
                let (found, time) = timed(|| exists(&folder.join(&name)));
                found?;
                times.add(time);
            }
            // A person's programs look now and then; meanwhile the writer writes.
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok((in_tag, in_real))
    };
    let (quiet, _) = lookups("quiet", client.edits)?;
    let is_over = AtomicBool::new(false);
    let mut written = 0;
    let beside = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write_until(client, pause, &is_over));
        let times = lookups("beside", client.edits * 4).map_err(|error| error.to_string());
        is_over.store(true, Ordering::Relaxed);
        written = writer.join().unwrap_or(0);
        times
    });
    let (in_tag, in_real) = beside?;
    let row = Row::new(format!("extra wait of a reader of a tag beside {kind} writer, p99, among {}", client.label));
    let row = row.ours((in_tag.ms(0.99) - in_real.ms(0.99)).max(0.0), "ms").at_most(20.0);
    let figures = [in_tag.ms(0.99), in_real.ms(0.99), in_tag.ms(0.5), quiet.ms(0.5)].map(|ms| format!("{ms:.2}"));
    let note = format!(
        "lookup p99 {} ms, in the real tree {}; median {}, without the writer {}; {written} notes written, {} ms between",
        figures[0],
        figures[1],
        figures[2],
        figures[3],
        pause.as_millis()
    );
    rows.push(row.note(note));
    Ok(())
}

/// Writes notes through the mount; how many.
fn write_until(client: &Client, pause: Duration, is_over: &AtomicBool) -> usize {
    for round in 0.. {
        let (number, is_on) = turn(client, round);
        if is_over.load(Ordering::Relaxed) || fs::write(client.note(100, number), variant(100, number, is_on)).is_err()
        {
            return round;
        }
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
    0
}

/// From the end of a write to the store until the mount shows it.
fn behind(client: &Client, rows: &mut Rows) -> Outcome<()> {
    let (mut tags, mut contents) = (Times::default(), Times::default());
    for round in 0..client.edits.min(200) {
        let (number, is_on) = turn(client, round);
        let text = variant(100, number, is_on);
        let stored = client.store.join("lab/s100").join(sized_name(100, number));
        let entry = client.mount.join("tags/flip").join(sized_name(100, number));
        // Both are in the kernel's caches before: what is measured is how they are dropped.
        let before = (exists(&entry)?, fs::read(client.note(100, number))?);
        fs::write(&stored, &text)?;
        let written = Instant::now();
        if before.1 != text.as_bytes() {
            contents.add(until(written, || Ok(fs::read(client.note(100, number))? == text.as_bytes()))?);
        }
        if before.0 != is_on {
            tags.add(until(written, || Ok(exists(&entry)? == is_on))?);
        }
        // Not in step with anything that the daemon does every so often.
        std::thread::sleep(Duration::from_millis(15 + 7 * (round as u64 % 11)));
    }
    for (what, times) in [("contents", contents), ("tag folder", tags)] {
        for (p, most) in [(0.5, 100.0), (0.95, 500.0)] {
            let row = Row::new(format!(
                "edit behind the mount until its {what} shows, p{:.0}, among {}",
                p * 100.0,
                client.label
            ));
            let original = if p < 0.9 { 4600.0 } else { 5700.0 };
            let row = row.ours(times.ms(p), "ms").peer("original Codex, earlier", original, "ms").at_most(most);
            rows.push(row.note(format!("longest {:.1} ms", times.ms(1.0))));
        }
    }
    Ok(())
}

fn until(since: Instant, mut holds: impl FnMut() -> Outcome<bool>) -> Outcome<Duration> {
    loop {
        if holds()? {
            return Ok(since.elapsed());
        }
        if since.elapsed() > Duration::from_secs(10) {
            return Err("it did not show within 10 s".into());
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}
