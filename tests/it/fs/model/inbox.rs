//! Files that are made in the folder of a tag (mount.md §5): seen in that folder alone, read at once; a second after
//! their last close they are the tag of the note of the same name and bytes, or a new note in the inbox.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cdx::fs::MountOptions;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::runner;
use super::watchdog::Watchdog;
use crate::model::faithful;
use crate::support::{Mounted, ls};

/// A second after the last close, and what a busy machine adds.
const SETTLES_WITHIN: Duration = Duration::from_secs(8);

/// How a program makes a file.
#[derive(Clone, Copy, Debug)]
enum How {
    /// Opens, writes, closes.
    AtOnce,
    /// Writes some, closes, opens again and appends the rest.
    InTwo,
    /// Writes a temporary file and renames it.
    Renamed,
}

/// A file that is made.
#[derive(Clone, Debug)]
struct Made {
    tag: usize,
    name: usize,
    how: How,
    /// A copy of the note of that name, else something new.
    is_copy: bool,
    text: u8,
}

const TAGS: [&str; 3] = ["x", "y", "z"];
const NAMES: [&str; 4] = ["a.md", "b.md", "p.png", "c"];

fn made() -> impl Strategy<Value = Made> {
    let how = prop_oneof![3 => Just(How::AtOnce), 1 => Just(How::InTwo), 2 => Just(How::Renamed)];
    (0..TAGS.len(), 0..NAMES.len(), how, prop::bool::weighted(0.4), any::<u8>())
        .prop_map(|(tag, name, how, is_copy, text)| Made { tag, name, how, is_copy, text })
}

/// One case: folders and names of its own.
struct Case<'a> {
    mounted: &'a Mounted,
    sequence: String,
}

impl Case<'_> {
    fn tag(&self, tag: usize) -> PathBuf {
        self.mounted.at("tags").join(format!("{}{}", self.sequence, TAGS[tag]))
    }

    fn name(&self, name: usize) -> String {
        format!("{}-{}", self.sequence, NAMES[name])
    }

    /// A note that is there before.
    fn note(&self, name: usize) -> PathBuf {
        self.mounted.lab(&self.sequence).join(self.name(name))
    }

    fn new_text(&self, made: &Made) -> Vec<u8> {
        format!("New {} of {} for {}.\n", made.text, self.sequence, TAGS[made.tag]).into_bytes()
    }

    fn set_up(&self) -> std::io::Result<()> {
        fs::create_dir(self.mounted.lab(&self.sequence))?;
        for (at, name) in NAMES.iter().enumerate() {
            fs::write(self.note(at), format!("Note {name} of {}.\n", self.sequence))?;
        }
        (0..TAGS.len()).try_for_each(|tag| fs::create_dir(self.tag(tag)))
    }

    fn make(&self, made: &Made) -> Result<(), String> {
        let at = self.tag(made.tag).join(self.name(made.name));
        let bytes = if made.is_copy { fs::read(self.note(made.name)) } else { Ok(self.new_text(made)) };
        let written = bytes.and_then(|bytes| put(&at, made.how, &bytes).map(|()| bytes));
        let bytes = written.map_err(|error| format!("{made:?}: {error}"))?;
        let seen = fs::read(&at).map_err(|error| format!("{made:?}: read back: {error}"))?;
        // A copy is known by its bytes and may be the note by now, with its tag in it.
        if !made.is_copy && seen != bytes {
            return Err(format!("{made:?} holds {:?}", String::from_utf8_lossy(&seen)));
        }
        Ok(())
    }

    /// What must be there in the end.
    fn compare(&self, all: &[Made]) -> Result<(), String> {
        let mut new: BTreeMap<usize, Vec<&Made>> = BTreeMap::new();
        for made in all {
            if made.is_copy {
                self.is_entry(made.tag, &self.note(made.name))?;
            } else {
                new.entry(made.name).or_default().push(made);
            }
        }
        for name in 0..NAMES.len() {
            let expected = new.remove(&name).unwrap_or_default();
            self.compare_inbox(name, &expected)?;
        }
        Ok(())
    }

    /// The inbox has one note for each new file of a name, with its bytes and its tag.
    fn compare_inbox(&self, name: usize, expected: &[&Made]) -> Result<(), String> {
        let own = self.name(name);
        let (stem, extension) = own.rsplit_once('.').map_or((&*own, ""), |(stem, extension)| (stem, extension));
        let inbox = self.mounted.lab("inbox");
        let names = if inbox.exists() { ls(&inbox) } else { Vec::new() };
        let is_ours = |other: &String| {
            let rest = other.strip_prefix(stem).map(|rest| rest.strip_suffix(extension).unwrap_or(rest));
            *other == own || rest.is_some_and(|rest| rest.starts_with('~'))
        };
        let found: Vec<&String> = names.iter().filter(|name| is_ours(name)).collect();
        if found.len() != expected.len() || (!found.is_empty() && !found.contains(&&own)) {
            return Err(format!("the inbox has {found:?} for {expected:?}"));
        }
        let mut left: Vec<&&Made> = expected.iter().collect();
        for path in found.iter().map(|name| inbox.join(name)) {
            let bytes = fs::read(&path).map_err(|error| format!("read {}: {error}", path.display()))?;
            let fits = |made: &Made| {
                let text = self.new_text(made);
                if own.ends_with(".md") { faithful("a.md", &text, &bytes).is_ok() } else { text == bytes }
            };
            let at = left.iter().position(|made| fits(made)).ok_or_else(|| {
                format!("{} holds {:?}, none of {left:?}", path.display(), String::from_utf8_lossy(&bytes))
            })?;
            self.is_entry(left.swap_remove(at).tag, &path)?;
        }
        Ok(())
    }

    /// Whether a note is in the folder of a tag.
    fn is_entry(&self, tag: usize, note: &Path) -> Result<(), String> {
        let number = fs::metadata(note).map_err(|error| format!("stat {}: {error}", note.display()))?.ino();
        let folder = self.tag(tag);
        let numbers: BTreeSet<u64> =
            ls(&folder).iter().filter_map(|name| fs::metadata(folder.join(name)).ok()).map(|stat| stat.ino()).collect();
        if numbers.contains(&number) {
            return Ok(());
        }
        Err(format!("{} is not in {}, which lists {:?}", note.display(), folder.display(), ls(&folder)))
    }
}

fn put(at: &Path, how: How, bytes: &[u8]) -> std::io::Result<()> {
    match how {
        How::AtOnce => fs::write(at, bytes),
        How::InTwo => {
            let (first, rest) = bytes.split_at(bytes.len() / 2);
            fs::write(at, first)?;
            OpenOptions::new().append(true).open(at)?.write_all(rest)
        }
        How::Renamed => {
            let name = at.file_name().unwrap_or_default().to_string_lossy();
            let temporary = at.with_file_name(format!(".{name}.Xy12Ab"));
            fs::write(&temporary, bytes)?;
            fs::rename(temporary, at)
        }
    }
}

fn check(case: &Case<'_>, all: &[Made]) -> Result<(), String> {
    case.set_up().map_err(|error| format!("set up: {error}"))?;
    let mut places = BTreeSet::new();
    // Two files of one name in one folder are one.
    let all: Vec<Made> = all.iter().filter(|made| places.insert((made.tag, made.name))).cloned().collect();
    for made in &all {
        case.make(made)?;
    }
    let start = Instant::now();
    loop {
        match case.compare(&all) {
            Err(_) if start.elapsed() < SETTLES_WITHIN => std::thread::sleep(Duration::from_millis(50)),
            other => return other,
        }
    }
}

#[test]
fn what_is_made_in_tags_becomes_tags_of_notes_or_new_notes_in_the_inbox() {
    let mounted = Mounted::of(&["lab", "home"], &[(".codex/workspace.yaml", "inbox: lab\n")], &MountOptions::default());
    let watchdog = Watchdog::start(&mounted.mnt());
    let count = std::cell::Cell::new(0);
    let mut runner = runner(16, super::number_from("CDX_MODEL_SEED").unwrap_or(1));
    let result = runner.run(&prop::collection::vec(made(), 1..12), |all| {
        watchdog.alive();
        count.set(count.get() + 1);
        let case = Case { mounted: &mounted, sequence: format!("s{}q", count.get()) };
        check(&case, &all).map_err(TestCaseError::fail)
    });
    if let Err(why) = result {
        panic!("{why}");
    }
    super::check(&mounted);
}
