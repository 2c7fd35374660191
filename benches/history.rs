//! targets.md §4: what a commit costs and leaves on the disk, and how fast versions of a file are found.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cdx::history::{Batch, History, Recorded};
use cdx::types::{Actor, GestureId, Instant, NotePath};

use crate::support::lab::Lab;
use crate::support::row::{Row, Rows};
use crate::support::time::{Times, timed};
use crate::support::{Outcome, process, step};

const NOTE_BYTES: usize = 2500;

/// Measures §4. On the disk, not in memory: a commit waits for its flushes.
#[expect(clippy::unnecessary_wraps, reason = "all groups look alike")]
pub fn run(lab: &Lab, rows: &mut Rows) -> Outcome<()> {
    let sizes: &[usize] = lab.pick(&[1000], &[1000, 10_000, 100_000]);
    let mut p95s = Vec::new();
    for size in sizes {
        step(rows, &format!("commit of one note among {}", thousands(*size)), |rows| {
            p95s.push(commits(lab, *size, rows)?);
            Ok(())
        });
    }
    if let (Some(least), Some(most)) = (p95s.iter().copied().reduce(f64::min), p95s.iter().copied().reduce(f64::max)) {
        rows.push(Row::new("commits at all sizes, slowest to fastest p95").ours(most / least, "×").at_most(2.0));
    }
    step(rows, "versions of one file", |rows| versions(lab, rows));
    Ok(())
}

fn thousands(count: usize) -> String {
    if count < 1000 { count.to_string() } else { format!("{}k", count / 1000) }
}

/// One-note commits upon a tree of `size` notes; their p95 in ms.
fn commits(lab: &Lab, size: usize, rows: &mut Rows) -> Outcome<f64> {
    let room = lab.scratch(&format!("history-{size}"))?;
    let repository = room.join("history.git");
    let history = History::open(&repository)?;
    history.record(&batch((0..size).map(|number| written(number, None)).collect::<Outcome<_>>()?, 0)?)?;
    let count = lab.pick(30, 200);
    let before = process::disk_bytes(&repository)?;
    let mut times = Times::default();
    for edit in 0..count {
        let batch = batch(vec![written(edit * 7919 % size, Some(edit))?], edit + 1)?;
        let (recorded, time) = timed(|| history.record(&batch));
        recorded?.ok_or("nothing was recorded")?;
        times.add(time);
    }
    let loose = process::disk_bytes(&repository)?;
    let (maintained, packing) = timed(|| history.maintain());
    maintained?;
    let packed = process::disk_bytes(&repository)?;
    let git = git_commits(&room.join("git"), size, lab.pick(10, 50))?;
    let p95 = times.ms(0.95);
    let name = format!("commit of one note among {}, p95 with fsync", thousands(size));
    let peer =
        format!("git add, git commit -q in a work tree; median {:.1} ms, ours {:.1}", git.ms(0.5), times.ms(0.5));
    rows.push(Row::new(name).ours(p95, "ms").peer("git", git.ms(0.95), "ms").at_most(25.0).note(peer));
    let kib = |bytes: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a size for people")]
        let share = bytes.saturating_sub(before) as f64 / count as f64;
        share / 1024.0
    };
    let name = |when: &str| format!("growth by a one-note commit among {}, {when}", thousands(size));
    rows.push(Row::new(name("before packing")).ours(kib(loose), "KiB").at_most(15.0));
    let note = format!("packing took {:.2} s", packing.as_secs_f64());
    rows.push(Row::new(name("after packing")).ours(kib(packed), "KiB").at_most(5.0).note(note));
    soundness(&room, &repository, size, rows)?;
    Ok(p95)
}

/// What the git program says of the repository.
fn soundness(room: &Path, repository: &Path, size: usize, rows: &mut Rows) -> Outcome<()> {
    let fsck = process::output(git(repository).args(["fsck", "--full", "--strict"]))?;
    let checked = process::run(git(repository).args(["fsck", "--full", "--strict"]));
    let is_clean =
        checked.is_ok() && !fsck.lines().any(|line| line.starts_with("error") || line.starts_with("missing"));
    let complaint = checked.err().map_or_else(String::new, |error| error.to_string());
    let name = format!("git fsck --full of {}", thousands(size));
    rows.push(Row::new(name).holds("clean", is_clean).note(complaint));
    let clone = room.join("clone");
    let cloned = process::run(git(room).args(["clone", "-q"]).arg(repository).arg(&clone));
    let files = process::output(git(&clone).args(["ls-files"])).unwrap_or_default().lines().count();
    let name = format!("git clone of {}", thousands(size));
    rows.push(Row::new(name).holds("works", cloned.is_ok() && files == size).note(format!("{files} files")));
    Ok(())
}

/// The same one-note commits by the git program, in a work tree of as many notes.
fn git_commits(tree: &Path, size: usize, count: usize) -> Outcome<Times> {
    std::fs::create_dir_all(tree)?;
    process::run(git(tree).args(["init", "-q", "."]))?;
    let write = |number: usize, edit: Option<usize>| -> Outcome<PathBuf> {
        let path = tree.join(path_of(number));
        std::fs::create_dir_all(path.parent().unwrap_or(tree))?;
        std::fs::write(&path, text(number, edit))?;
        Ok(path)
    };
    for number in 0..size {
        write(number, None)?;
    }
    process::run(git(tree).args(["add", "."]))?;
    process::run(git(tree).args(["commit", "-qm", "first"]))?;
    let mut times = Times::default();
    for edit in 0..count {
        let path = write(edit * 7919 % size, Some(edit))?;
        let (committed, time) = timed(|| {
            process::run(git(tree).arg("add").arg(&path))?;
            process::run(git(tree).args(["commit", "-qm", "edit"]))
        });
        committed?;
        times.add(time);
    }
    Ok(times)
}

/// Git in a directory, with nobody's configuration, flushing all that it commits.
fn git(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(dir).args(["-c", "core.fsync=committed", "-c", "gc.auto=0", "-c", "safe.directory=*"]);
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
    command.envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b")]);
    command.envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@b")]);
    command
}

/// The first twenty versions: of a file that changed every 400th commit, and of one that changed once.
fn versions(lab: &Lab, rows: &mut Rows) -> Outcome<()> {
    let (size, commits) = lab.pick((1000, 400), (10_000, 10_000));
    let repository = lab.scratch("versions")?.join("history.git");
    let history = History::open(&repository)?;
    history.record(&batch((0..size).map(|number| written(number, None)).collect::<Outcome<_>>()?, 0)?)?;
    let every = commits / 25;
    for edit in 0..commits {
        let number = if edit % every == 0 { 77 } else { edit * 7919 % size };
        history.record(&batch(vec![written(number, Some(edit))?], 60 * edit + 1)?)?;
        if edit % 60 == 59 {
            history.maintain()?;
        }
    }
    history.maintain()?;
    drop(history);
    for (what, number) in [("25 times", 77), ("once or twice", 4242 % size)] {
        let path = NotePath::new(path_of(number))?;
        // Opened anew, so that nothing is remembered but by the kernel.
        let history = History::open(&repository)?;
        let (found, cold) = timed(|| history.versions(&path, 20));
        let (_, warm) = timed(|| history.versions(&path, 20));
        let git =
            timed(|| process::run(git(&repository).args(["log", "-20", "--format=%H", "--"]).arg(path_of(number))));
        git.0?;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let name = format!("first 20 versions of a note changed {what} in {} commits", thousands(commits));
        let note = format!("{} found; again {:.1} ms", found?.len(), ms(warm));
        rows.push(Row::new(name).ours(ms(cold), "ms").peer("git log", ms(git.1), "ms").at_most(100.0).note(note));
    }
    Ok(())
}

fn batch(changes: Vec<Recorded>, second: usize) -> Outcome<Batch> {
    let time = Instant::from_second(1_700_000_000 + i64::try_from(second)?)?;
    let gesture = GestureId(format!("g{second}"));
    Ok(Batch { changes, actor: Actor::User("ada".into()), time, summary: None, gesture, undoes: vec![] })
}

fn written(number: usize, edit: Option<usize>) -> Outcome<Recorded> {
    Ok(Recorded::Written { path: NotePath::new(path_of(number))?, bytes: text(number, edit).into(), executable: false })
}

/// Forty notes a folder, three folders deep.
fn path_of(number: usize) -> String {
    let folder = number / 40;
    format!("project-{}/series-{}/run-{}/note-{number:06}.md", folder / 400, folder / 20 % 20, folder % 20)
}

fn text(number: usize, edit: Option<usize>) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "sample", "buffer", "gel", "run", "the", "of", "and", "protein", "control", "measured", "at", "with",
        "plasmid", "incubate", "minutes", "wash",
    ];
    let mut seed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut text = String::with_capacity(NOTE_BYTES + 32);
    while text.len() < NOTE_BYTES {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let word = WORDS.get(usize::try_from(seed % 16).unwrap_or(0)).copied().unwrap_or_default();
        text.push_str(word);
        text.push_str(&format!("{}{}", seed % 997, if seed.is_multiple_of(11) { '\n' } else { ' ' }));
    }
    if let Some(edit) = edit {
        text.push_str(&format!("\nedit {edit}\n"));
    }
    text.into_bytes()
}
