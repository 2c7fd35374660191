//! mount.md §4: what was acknowledged is seen by every later look, through any mount, in tags, views and search.
//!
//! Eight writers each change a note of their own; four readers look for its states and hold what they see against what
//! was acknowledged before the look and what had been begun after it. `CDX_READ_CHECKS` and `CDX_READ_SEED` lengthen
//! and repeat it.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cdx::engine::{AppliedChange, Command, MountHooks, Requester};
use cdx::fs::MountOptions;
use cdx::types::{Actor, NotePath, NotebookNumber, StoreKey, TagName};

use crate::support::random::{Random, seed, setting};
use crate::support::{Mounted, errno, eventually, ls, note, read, write};

const WRITERS: usize = 8;
const READERS: u64 = 4;

/// What a writer's note is, or will be once the operation in flight is done.
#[derive(Clone, Copy, Debug)]
struct State {
    is_there: bool,
    /// Stands in a property and, as a word, in the text.
    generation: u64,
    /// Stands in the tag.
    tag: u64,
}

/// A writer's note: its states in order, how many operations have been begun, how many acknowledged.
#[derive(Debug)]
struct Register {
    id: usize,
    states: Mutex<Vec<State>>,
    begun: AtomicUsize,
    acknowledged: AtomicUsize,
}

impl Register {
    fn name(&self) -> String {
        format!("rw{}.md", self.id)
    }

    fn text(&self, state: State) -> String {
        let (id, State { generation, tag, .. }) = (self.id, state);
        note(&format!("tags: [rw{id}/t{tag}]\nowner: {id}\ngen: {generation}"), &format!("word{id}x{generation}"))
    }
}

/// Where a reader looks for a state.
#[derive(Clone, Copy, Debug)]
enum Probe {
    Groups,
    Search,
    By,
    Query,
    TagList,
    TagStat,
}

const PROBES: [Probe; 6] = [Probe::Groups, Probe::Search, Probe::By, Probe::Query, Probe::TagList, Probe::TagStat];

impl Probe {
    fn value(self, state: State) -> u64 {
        match self {
            Self::Groups | Self::Search | Self::By | Self::Query => state.generation,
            Self::TagList | Self::TagStat => state.tag,
        }
    }
}

struct Checker {
    mounted: Mounted,
    mounts: [PathBuf; 2],
    registers: Vec<Register>,
    checks: AtomicU64,
    /// Looks that could have had one outcome only.
    exact: AtomicU64,
    stale: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

#[test]
fn every_look_shows_what_was_acknowledged_before_it() {
    let (seed, wanted) = (seed("CDX_READ_SEED"), setting("CDX_READ_CHECKS", 3_000));
    println!("read your writes: seed {seed}, {wanted} checks");
    let began = Instant::now();
    let views: Vec<(String, String)> = (0..WRITERS)
        .map(|id| {
            let view =
                format!("---\ntype: view\nview_type: list\nquery:\n  where: 'owner:{id}'\n  group_by: gen\n---\n");
            (format!("v{id}.cdx"), view)
        })
        .collect();
    let files: Vec<(&str, &str)> = views.iter().map(|(name, view)| (&**name, &**view)).collect();
    let mut mounted = Mounted::with(&files);
    let mounts = [mounted.mnt(), mounted.mount_again(&MountOptions::default())];
    let registers = (0..WRITERS).map(|id| {
        let first = State { is_there: false, generation: 0, tag: 0 };
        Register { id, states: Mutex::new(vec![first]), begun: AtomicUsize::new(0), acknowledged: AtomicUsize::new(0) }
    });
    let checker = Checker {
        mounted,
        mounts,
        registers: registers.collect(),
        checks: AtomicU64::new(0),
        exact: AtomicU64::new(0),
        stale: Mutex::default(),
        is_over: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        for register in &checker.registers {
            scope.spawn(|| checker.write(register, Random::of(seed.wrapping_add(register.id as u64))));
        }
        let readers: Vec<_> = (0..READERS)
            .map(|id| {
                let checker = &checker;
                scope.spawn(move || checker.read(Random::of(seed.wrapping_add(1_000 + id)), wanted))
            })
            .collect();
        let outcomes: Vec<_> = readers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        checker.is_over.store(true, Ordering::SeqCst);
        assert!(outcomes.into_iter().all(|outcome| outcome.is_ok()), "a reader failed, seed {seed}");
    });
    let stale = checker.stale.into_inner().unwrap();
    println!(
        "read your writes: {} checks, {} of them with one possible outcome, {} stale, seed {seed}, {:.0} s",
        checker.checks.load(Ordering::SeqCst),
        checker.exact.load(Ordering::SeqCst),
        stale.len(),
        began.elapsed().as_secs_f64()
    );
    assert!(stale.is_empty(), "seed {seed}: {stale:#?}");
}

impl Checker {
    fn write(&self, register: &Register, mut random: Random) {
        while !self.is_over.load(Ordering::SeqCst) {
            let old = *register.states.lock().unwrap().last().unwrap();
            let mount = &self.mounts[random.index(2)];
            let retags = old.is_there && random.below(3) == 0;
            let new = if retags {
                State { tag: old.tag + 1, ..old }
            } else {
                State { generation: old.generation + 1, is_there: !old.is_there || random.below(6) > 0, ..old }
            };
            if retags {
                // Declaring the tag is no change of the note.
                std::fs::create_dir_all(mount.join(format!("tags/rw{}/t{}", register.id, new.tag))).unwrap();
            }
            let number = {
                let mut states = register.states.lock().unwrap();
                states.push(new);
                states.len() - 1
            };
            register.begun.store(number, Ordering::SeqCst);
            change(register, mount, (old, new), &mut random);
            register.acknowledged.store(number, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(random.below(12)));
        }
    }

    fn read(&self, mut random: Random, wanted: u64) {
        while self.checks.fetch_add(1, Ordering::SeqCst) < wanted {
            let register = &self.registers[random.index(WRITERS)];
            let probe = PROBES[random.index(PROBES.len())];
            let acknowledged = register.acknowledged.load(Ordering::SeqCst);
            let past = acknowledged.saturating_sub(usize::from(random.below(3) == 0));
            let value = probe.value(register.states.lock().unwrap()[past]);
            let seen = self.look(probe, register, value, &mut random);
            let begun = register.begun.load(Ordering::SeqCst);
            let possible: Vec<State> = register.states.lock().unwrap()[acknowledged..=begun].to_vec();
            let shows = |state: &State| state.is_there && probe.value(*state) == value;
            let must = begun == acknowledged && possible.iter().all(shows);
            let may = possible.iter().any(shows);
            if must || !may {
                self.exact.fetch_add(1, Ordering::SeqCst);
            }
            if (must && !seen) || (!may && seen) {
                let line = format!(
                    "{probe:?} of {value} of rw{} was {}seen, where only {possible:?} was possible",
                    register.id,
                    if seen { "" } else { "not " }
                );
                self.stale.lock().unwrap().push(line);
            }
        }
        self.checks.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether the note is seen where a value would show it.
    fn look(&self, probe: Probe, register: &Register, value: u64, random: &mut Random) -> bool {
        let (id, name) = (register.id, register.name());
        let mount = &self.mounts[random.index(2)];
        let at = |path: String| mount.join(path);
        let lists = |path: String| match std::fs::read_dir(at(path)) {
            Ok(entries) => entries.map_while(Result::ok).any(|entry| *entry.file_name() == *name),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => panic!("{probe:?}: {error}"),
        };
        match probe {
            Probe::Groups => ls(at(format!("views/v{id}.cdx"))).contains(&value.to_string()),
            Probe::Search => lists(format!(".codex/search/word{id}x{value}")),
            Probe::By => lists(format!(".codex/by/gen/{value}")),
            Probe::TagList => lists(format!("tags/rw{id}/t{value}")),
            Probe::TagStat => at(format!("tags/rw{id}/t{value}/{name}")).symlink_metadata().is_ok(),
            Probe::Query => {
                let line = format!("owner:{id} gen:{value}");
                let command = Command::Query { line, view: None, limit: None, offset: None, snippets: false };
                let by = Requester { actor: Actor::User("reader".to_owned()), gesture: None };
                self.mounted.engine().perform(&command, &by).unwrap()["total"] == 1
            }
        }
    }
}

/// Makes a note what it is to be.
fn change(register: &Register, mount: &std::path::Path, (old, new): (State, State), random: &mut Random) {
    let path = mount.join("lab").join(register.name());
    if !new.is_there {
        std::fs::remove_file(&path).unwrap();
    } else if new.tag != old.tag {
        let tag = |tag: u64| mount.join(format!("tags/rw{}/t{tag}/{}", register.id, register.name()));
        let (from, to) = (tag(old.tag), tag(new.tag));
        if let Err(error) = std::fs::rename(&from, &to) {
            let there = |path: &std::path::Path| path.symlink_metadata().map(|it| it.len());
            let looks = (there(&from), there(to.parent().unwrap()), there(&path));
            panic!("{} to {}: {error}; then {looks:?} {:?}", from.display(), to.display(), read(&path));
        }
    } else if random.below(2) == 0 {
        let temporary = path.with_extension("md.tmp");
        write(&temporary, register.text(new));
        std::fs::rename(&temporary, &path).unwrap();
    } else {
        write(&path, register.text(new));
    }
}

#[test]
fn a_reader_waits_five_seconds_for_an_index_that_is_held_up_and_then_hears_why() {
    let m = Mounted::with(&[("a.md", &note("tags: [x]", "text"))]);
    assert_eq!(ls(m.at("tags/x")), ["a.md"]);
    let holder = rusqlite::Connection::open(m.store_lab(".codex/notebook.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    write(m.lab("a.md"), note("tags: [y]", "text"));
    let began = Instant::now();
    let refused = errno(std::fs::read_dir(m.at("tags/y")));
    let waited = began.elapsed();
    assert_eq!(refused, libc::EAGAIN);
    assert!(waited > Duration::from_secs(4) && waited < Duration::from_secs(8), "{waited:?}");
    assert!(m.last_error().contains("the index is behind"), "{}", m.last_error());
    let by = Requester { actor: Actor::User("reader".to_owned()), gesture: None };
    let tags = Command::Tags { tag: Some("y".to_owned()) };
    let error = m.engine().perform(&tags, &by).unwrap_err().to_string();
    assert!(error.contains("index"), "{error}");
    // Writers and readers of the real tree wait for nothing.
    let began = Instant::now();
    write(m.lab("b.md"), note("tags: [y]", "more"));
    assert!(read(m.lab("a.md")).contains("[y]") && began.elapsed() < Duration::from_secs(1));
    holder.execute_batch("COMMIT").unwrap();
    eventually(Duration::from_secs(10), "the index takes in what waited", || {
        std::fs::read_dir(m.at("tags/y")).is_ok_and(|entries| entries.count() == 2)
    });
}

/// A mount beside the one under test, which keeps whoever is the first to note a file from going on.
#[derive(Debug, Default)]
struct Held {
    noted: AtomicUsize,
    is_let_go: AtomicBool,
}

impl MountHooks for Held {
    fn look_again(&self) {}

    fn is_open(&self, _: StoreKey) -> bool {
        false
    }

    fn noted(&self, _: NotebookNumber, paths: &[&NotePath]) {
        if paths.iter().any(|path| path.as_bytes() == b"held.md") && self.noted.fetch_add(1, Ordering::SeqCst) == 0 {
            while !self.is_let_go.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn store_changed(&self, _: NotebookNumber, _: &NotePath) {}

    fn applied(&self, _: &[AppliedChange]) {}

    fn forget_all(&self) {}

    fn set_watching(&self, _: bool) {}
}

/// A reader's look at files that are open had taken the change for its own to tell, and not told it yet, when the file was
/// closed: the close told nothing, and a tag was renamed in all notes but the one that had just been written.
#[test]
fn what_is_closed_is_noted_although_a_reader_is_about_to_note_it() {
    let lab = Mounted::with(&[("other.md", &note("tags: [old]", "other"))]);
    let mut file = std::fs::File::create(lab.lab("held.md")).unwrap();
    lab.settle();
    let held = Arc::new(Held::default());
    let hooks: Arc<dyn MountHooks> = Arc::clone(&held) as _;
    lab.engine().register_mount(&hooks);
    file.write_all(note("tags: [old]", "held").as_bytes()).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| lab.engine().is_caught_up());
        let reads = || held.noted.load(Ordering::SeqCst);
        eventually(Duration::from_secs(5), "the reader looks", || reads() == 1);
        drop(file);
        let noted = reads();
        held.is_let_go.store(true, Ordering::SeqCst);
        reader.join().unwrap();
        assert!(noted > 1, "the close told nothing");
    });
    let (from, to) = (TagName::new("old").unwrap(), TagName::new("new").unwrap());
    let by = Requester { actor: Actor::Codex, gesture: None };
    lab.engine().rename_tag(&from, &to, false, &by).unwrap();
    assert_eq!(ls(lab.at("tags/new")), ["held.md", "other.md"]);
}
