//! Versions of files that only memory holds, written down as well until the history has them: what was unlinked or
//! replaced before it was recorded outlives a kill of the daemon. Nothing is flushed, since a kill leaves what is in the
//! kernel's cache; after a power cut what is there and whole is taken.
//!
//! `.codex/tmp/kept-N` holds one entry after the other: a line `kept KIND META LEN SUM`, then META bytes (author, gesture and
//! path, each ended by NUL) and LEN bytes of contents.

use std::io::IoSlice;
use std::os::fd::OwnedFd;

use parking_lot::Mutex;
use rustix::fs::{Mode, OFlags};

use super::edit::tmp;
use super::history_thread::Kept;
use super::{EngineError, Requester};
use crate::history::Recorded;
use crate::sys::{Dir, StoreError};
use crate::types::{Actor, GestureId, NotePath};

/// Prefix of the files.
const PREFIX: &str = "kept-";

/// The files of one notebook.
#[derive(Debug)]
pub(super) struct KeptLog {
    codex: Dir,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// The one that is written to.
    open: Option<(u64, OwnedFd)>,
    /// Those whose entries wait to be recorded.
    waiting: Vec<u64>,
    /// Those whose entries the round that runs is about to record.
    taken: Vec<u64>,
}

impl KeptLog {
    /// The files in a notebook's `.codex`.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn open(codex: &Dir) -> Result<Self, StoreError> {
        let log = Self { codex: codex.try_clone()?, state: Mutex::default() };
        log.state.lock().next = log.left()?.last().map_or(0, |last| last + 1);
        Ok(log)
    }

    /// Numbers of the files that are there, in order.
    fn left(&self) -> Result<Vec<u64>, StoreError> {
        let entries = match self.codex.list(&tmp()) {
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            other => other?,
        };
        let numbers = entries.iter().filter_map(|entry| entry.name.to_str()?.strip_prefix(PREFIX)?.parse().ok());
        let mut numbers: Vec<u64> = numbers.collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Hands over what a killed daemon had written down, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn restore(&self, mut hand_over: impl FnMut(Kept)) -> Result<(), EngineError> {
        let left = self.left()?;
        for number in &left {
            let (bytes, _) = self.codex.read(&file(*number), u64::MAX)?;
            let mut rest = bytes.as_slice();
            while let Some((kept, after)) = read(rest) {
                hand_over(kept);
                rest = after;
            }
        }
        self.state.lock().waiting.extend(left);
        Ok(())
    }

    /// Writes a version down, then hands it over. Where it cannot be written, memory holds it still.
    pub(super) fn keep(&self, kept: Kept, hand_over: impl FnOnce(Kept)) {
        let mut state = self.state.lock();
        if let Err(error) = self.write(&mut state, &kept) {
            // No more is written behind what may be half of an entry.
            let State { open, waiting, .. } = &mut *state;
            waiting.extend(open.take().map(|(number, _)| number));
            tracing::debug!(%error, "a version that is about to go was not written down");
        }
        // With the lock: a round that takes the entry takes its file.
        hand_over(kept);
    }

    fn write(&self, state: &mut State, kept: &Kept) -> Result<(), StoreError> {
        use crate::sys::IoContext;
        let (path, kind, contents) = match &kept.recorded {
            Recorded::Written { path, bytes, executable: false } => (path, 'f', &**bytes),
            Recorded::Written { path, bytes, executable: true } => (path, 'x', &**bytes),
            Recorded::Symlink { path, target } => (path, 'l', target.as_slice()),
            Recorded::Removed { .. } | Recorded::Moved { .. } => return Ok(()),
        };
        let gesture = kept.by.gesture.as_ref().map_or("", |gesture| &gesture.0);
        let mut meta = format!("{}\0{gesture}\0", kept.by.actor.author_name()).into_bytes();
        meta.extend_from_slice(path.as_bytes());
        meta.push(0);
        let sum = checksum(checksum(0, &meta), contents);
        let line = format!("kept {kind} {} {} {sum:016x}\n", meta.len(), contents.len());
        if state.open.is_none() {
            let number = state.next;
            state.next += 1;
            self.codex.make_dirs(&tmp())?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::APPEND;
            let fd = self.codex.open_at(&file(number), flags, Mode::from_raw_mode(0o600));
            state.open = Some((number, fd.context("write", self.codex.shown(&file(number)))?));
        }
        let Some((number, fd)) = &state.open else { return Ok(()) };
        let parts = [IoSlice::new(line.as_bytes()), IoSlice::new(&meta), IoSlice::new(contents)];
        let whole: usize = parts.iter().map(|part| part.len()).sum();
        let at = || self.codex.shown(&file(*number));
        match rustix::io::writev(fd, &parts).context("write", at())? {
            written if written == whole => Ok(()),
            _ => Err(rustix::io::Errno::NOSPC).context("write", at()),
        }
    }

    /// A round is about to take what was handed over.
    pub(super) fn begin_round(&self) {
        let mut state = self.state.lock();
        let State { open, waiting, taken, .. } = &mut *state;
        taken.append(waiting);
        taken.extend(open.take().map(|(number, _)| number));
    }

    /// The history has what the round took.
    pub(super) fn end_round(&self) {
        let taken = std::mem::take(&mut self.state.lock().taken);
        for number in taken {
            match self.codex.remove_file(&file(number)) {
                Err(error) if !error.is_not_found() => {
                    // The next start finds that it is recorded.
                    tracing::debug!(%error, "a file of versions that are recorded was left");
                }
                _ => {}
            }
        }
    }
}

fn file(number: u64) -> NotePath {
    tmp().join(format!("{PREFIX}{number}")).expect("letters and digits are one component")
}

/// The first entry and what follows it; `None` where no whole entry is.
fn read(bytes: &[u8]) -> Option<(Kept, &[u8])> {
    let line = bytes.get(..bytes.iter().take(100).position(|byte| *byte == b'\n')?)?;
    let rest = &bytes[line.len() + 1..];
    let mut words = std::str::from_utf8(line).ok()?.strip_prefix("kept ")?.split(' ');
    let kind = words.next()?;
    let (meta_len, len): (usize, usize) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let sum = u64::from_str_radix(words.next()?, 16).ok()?;
    let (meta, rest) = rest.split_at_checked(meta_len)?;
    let (contents, rest) = rest.split_at_checked(len)?;
    if checksum(checksum(0, meta), contents) != sum {
        return None;
    }
    let mut parts = meta.splitn(3, |byte| *byte == 0);
    let mut text = || std::str::from_utf8(parts.next()?).ok().map(str::to_owned);
    let (author, gesture) = (text()?, text()?);
    let path = NotePath::new(parts.next()?.strip_suffix(b"\0")?).ok()?;
    let recorded = match kind {
        "f" | "x" => Recorded::Written { path, bytes: contents.into(), executable: kind == "x" },
        "l" => Recorded::Symlink { path, target: contents.to_vec() },
        _ => return None,
    };
    let gesture = (!gesture.is_empty()).then_some(GestureId(gesture));
    let by = Requester { actor: Actor::from_author_name(&author), gesture };
    Some((Kept { recorded, by, size: contents.len() }, rest))
}

/// Tells a torn entry from a whole one; against nobody's ill will.
fn checksum(start: u64, bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(start ^ bytes.len() as u64, |sum, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let mixed = (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 32)
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what a crash leaves is written by hand")]
mod tests {
    use super::*;

    fn kept(path: &str, text: &str) -> Kept {
        let recorded = Recorded::Written {
            path: NotePath::new(path).unwrap(),
            bytes: text.as_bytes().into(),
            executable: text.starts_with("#!"),
        };
        let by = Requester { actor: Actor::Agent("tidy".to_owned()), gesture: Some(GestureId("g-1".to_owned())) };
        Kept { recorded, by, size: text.len() }
    }

    fn restored(codex: &Dir) -> Vec<(Recorded, String)> {
        let mut found = Vec::new();
        let log = KeptLog::open(codex).unwrap();
        log.restore(|kept| found.push((kept.recorded, kept.by.actor.author_name()))).unwrap();
        found
    }

    #[test]
    fn what_was_kept_is_there_for_the_next_until_it_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let codex = Dir::open(folder.path()).unwrap();
        let log = KeptLog::open(&codex).unwrap();
        log.keep(kept("a.md", "one"), drop);
        log.keep(kept("sub/b.sh", "#!two\n\0"), drop);
        let all =
            [kept("a.md", "one"), kept("sub/b.sh", "#!two\n\0")].map(|kept| (kept.recorded, "Agent tidy".to_owned()));
        assert_eq!(restored(&codex), all);
        log.begin_round();
        log.keep(kept("c.md", "three"), drop);
        assert_eq!(restored(&codex).len(), 3);
        log.end_round();
        assert_eq!(restored(&codex), [(kept("c.md", "three").recorded, "Agent tidy".to_owned())]);
        let next = KeptLog::open(&codex).unwrap();
        next.restore(drop).unwrap();
        next.end_round();
        assert_eq!(restored(&codex).len(), 1, "no round has taken it");
        next.begin_round();
        next.end_round();
        assert_eq!(codex.list(&tmp()).unwrap(), []);
    }

    #[test]
    fn an_entry_that_is_torn_ends_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let codex = Dir::open(folder.path()).unwrap();
        let log = KeptLog::open(&codex).unwrap();
        log.keep(kept("a.md", "one"), drop);
        log.keep(kept("b.md", "two"), drop);
        let at = folder.path().join("tmp/kept-0");
        let whole = std::fs::read(&at).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&at, &whole[..length]).unwrap();
            assert_eq!(restored(&codex).len(), usize::from(length >= whole.len() / 2), "{length}");
        }
        let mut zeros = whole.clone();
        let end = zeros.len();
        zeros[end - 3..].fill(0);
        std::fs::write(&at, &zeros).unwrap();
        assert_eq!(restored(&codex).len(), 1, "a power cut leaves holes");
    }
}
