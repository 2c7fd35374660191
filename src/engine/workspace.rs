//! workspace.yaml: settings, kept byte for byte but for the keys that change; and where a workspace is.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::EngineError;
use crate::sys::{Dir, FileLock, Replace, StoreError, boot_id, paths};
use crate::types::{NotePath, TagName};

/// The lock that whoever runs the engine of a workspace holds, in its `.codex`.
pub(super) const LOCK: &str = "engine.lock";

/// Who holds the lock, as written into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Its command line.
    pub command: String,
}

impl Holder {
    /// What this process writes into the lock.
    pub(super) fn ourselves() -> String {
        let command = std::env::args().collect::<Vec<_>>().join(" ");
        format!("pid {}\nboot {}\n{command}\n", std::process::id(), boot_id())
    }

    /// Of what a lock says.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.strip_prefix("pid ")?.parse().ok()?;
        Some(Self { pid, command: lines.nth(1).unwrap_or_default().to_owned() })
    }

    /// Of the lock of the workspace at `path`. The process may have ended since.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let lock = Dir::open(path.join(".codex")).ok()?.read(&note_path(LOCK), 1 << 16).ok()?.0;
        Self::read(&String::from_utf8_lossy(&lock))
    }
}

/// Settings of a workspace; unknown keys are kept in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Declared tags that need no notes.
    pub tags: Vec<crate::types::TagName>,
    /// The notebook that takes in new files without a place.
    pub inbox: Option<String>,
    /// More ignore patterns, as in .gitignore.
    pub ignore: Vec<String>,
    /// Time zone of dates without one.
    pub timezone: jiff::tz::TimeZone,
    /// First day of the week.
    pub week_starts: jiff::civil::Weekday,
    /// Whether renaming a note through the mount rewrites the links to it.
    pub rewrite_links: bool,
    /// Largest text file that the history records, in bytes (16 MiB).
    pub history_text_max: u64,
    /// Largest binary file that the history records, in bytes (1 MiB).
    pub history_binary_max: u64,
    /// How large the files of all notebooks may become through the API, in bytes; no bound without.
    pub quota_bytes: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tags: Vec::new(),
            inbox: None,
            ignore: Vec::new(),
            timezone: jiff::tz::TimeZone::UTC,
            week_starts: jiff::civil::Weekday::Monday,
            rewrite_links: false,
            history_text_max: 16 << 20,
            history_binary_max: 1 << 20,
            quota_bytes: None,
        }
    }
}

/// The file as it is written; keys that it does not name are not ours.
#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    tags: Vec<String>,
    inbox: Option<String>,
    ignore: Vec<String>,
    timezone: Option<String>,
    week_starts: Option<String>,
    rewrite_links: bool,
    history: History,
    quota_bytes: Option<Size>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct History {
    text_max: Option<Size>,
    binary_max: Option<Size>,
}

/// `16777216` or `16 MiB`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Size {
    Bytes(u64),
    Text(String),
}

/// The file's name in `.codex`.
pub(super) const FILE: &str = "workspace.yaml";

/// No sane settings are larger.
const FILE_MAX: u64 = 4 << 20;

impl Settings {
    /// Reads the text of a workspace.yaml.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn from_yaml(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        // A file of comments alone is no mapping but as good as an empty one.
        let file: Option<File> = serde_yaml::from_str(text).map_err(|error| format!("workspace.yaml: {error}"))?;
        let file = file.unwrap_or_default();
        let default = Self::default();
        let tags = file.tags.iter().map(|tag| TagName::new(tag).map_err(|error| format!("workspace.yaml: {error}")));
        Ok(Self {
            tags: tags.collect::<Result<_, _>>()?,
            inbox: file.inbox.filter(|name| !name.is_empty()),
            ignore: file.ignore,
            timezone: match file.timezone {
                Some(name) => jiff::tz::TimeZone::get(&name)
                    .map_err(|_| format!("workspace.yaml: `{name}` is no IANA time zone, as Europe/Berlin"))?,
                None => default.timezone,
            },
            week_starts: match file.week_starts {
                Some(name) => weekday(&name)?,
                None => default.week_starts,
            },
            rewrite_links: file.rewrite_links,
            history_text_max: size(file.history.text_max, default.history_text_max)?,
            history_binary_max: size(file.history.binary_max, default.history_binary_max)?,
            quota_bytes: file.quota_bytes.map(|quota| size(Some(quota), 0)).transpose()?,
        })
    }

    /// Reads the settings of a workspace; defaults where it has no file.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn read(codex: &Dir) -> Result<Self, String> {
        let path = NotePath::new(FILE).map_err(|error| error.to_string())?;
        match codex.read(&path, FILE_MAX) {
            Ok((bytes, _)) => {
                Self::from_yaml(&String::from_utf8(bytes).map_err(|_| "workspace.yaml: it is not UTF-8".to_owned())?)
            }
            Err(error) if error.is_not_found() => Ok(Self::default()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn weekday(name: &str) -> Result<jiff::civil::Weekday, String> {
    use jiff::civil::Weekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    let days = [
        ("monday", Monday),
        ("tuesday", Tuesday),
        ("wednesday", Wednesday),
        ("thursday", Thursday),
        ("friday", Friday),
        ("saturday", Saturday),
        ("sunday", Sunday),
    ];
    days.into_iter()
        .find_map(|(day, weekday)| day.eq_ignore_ascii_case(name.trim()).then_some(weekday))
        .ok_or_else(|| format!("workspace.yaml: week_starts: `{name}` is no weekday, as monday"))
}

fn size(size: Option<Size>, default: u64) -> Result<u64, String> {
    let text = match size {
        None => return Ok(default),
        Some(Size::Bytes(bytes)) => return Ok(bytes),
        Some(Size::Text(text)) => text,
    };
    let refuse = || format!("workspace.yaml: `{text}` is no size, as 16 MiB");
    let digits = text.trim().trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
    let unit = match text.trim()[digits.len()..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(refuse()),
    };
    digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(refuse)
}

/// The workspace that `start` is in: the innermost folder, from `start` outwards, with `.codex/workspace.yaml`.
/// (A notebook's own `.codex` has none.)
#[must_use]
pub fn find_workspace(start: &Path) -> Option<PathBuf> {
    let marker = NotePath::new(".codex/workspace.yaml").ok()?;
    let start = if start.is_absolute() { start.to_owned() } else { std::env::current_dir().ok()?.join(start) };
    start.ancestors().find(|folder| Dir::open(folder).is_ok_and(|dir| dir.stat(&marker).is_ok())).map(Path::to_owned)
}

/// Whether an engine has the workspace at `path`, one that is ending included.
#[must_use]
pub fn is_held(path: &Path) -> bool {
    Dir::open(path.join(".codex")).is_ok_and(|codex| FileLock::is_held(&codex, &note_path(LOCK)))
}

/// Who has the workspace at `path`; `None` where nobody has, or whoever has it has not said yet who it is.
#[must_use]
pub fn holder_of(path: &Path) -> Option<Holder> {
    Holder::of(path).filter(|_| is_held(path))
}

/// Whether the engine of the workspace at `path` was killed and cannot end: a thread of it waits in the kernel, for a
/// lock that is held by somebody who waits for an answer of the engine's mount. Aborting the mount frees both.
#[must_use]
pub fn is_dying(path: &Path) -> bool {
    let Some(Holder { pid, .. }) = holder_of(path) else { return false };
    let stat = paths::read_text(Path::new(&format!("/proc/{pid}/stat"))).unwrap_or_default();
    is_ending(&stat)
}

/// Whether a process's line in `proc_pid_stat(5)` says that it is ending: its first thread has ended (`Z`) or begun to
/// (`PF_EXITING`), waits for the others to be dumped after a crash (`PF_POSTCOREDUMP`), or was killed and does not come.
fn is_ending(stat: &str) -> bool {
    const ENDING: u64 = 0x4 | 0x8;
    const KILLED: u64 = 1 << (libc::SIGKILL - 1);
    // `pid (name) state ppid pgrp session tty tpgid flags …`, the pending signals 22 fields on; the name may hold anything.
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let has = |at: usize, bits: u64| {
        fields.get(at).and_then(|field| field.parse::<u64>().ok()).is_some_and(|field| field & bits != 0)
    };
    fields.first() == Some(&"Z") || has(6, ENDING) || has(28, KILLED)
}

/// Makes the folder at `path` (made if missing) a workspace. Every folder in it that is not hidden becomes a notebook
/// when it is opened; nothing in them is changed. A workspace that is one already stays as it is.
///
/// # Errors
/// The store's.
pub(super) fn init(path: &Path) -> Result<(), EngineError> {
    let root = match Dir::open(path) {
        Err(error) if error.is_not_found() => {
            let (parent, name) = Dir::open_parent(path)?;
            parent.open_or_make_dir(&name, 0o777)?
        }
        other => other?,
    };
    let codex = root.open_or_make_dir(&note_path(".codex"), 0o700)?;
    let text =
        b"# Settings of this workspace; see the documentation for all keys.\ntimezone: UTC\nweek_starts: monday\n";
    match codex.write_durably(&note_path(FILE), text, Replace::Never) {
        Ok(_) => Ok(()),
        Err(error) if error.errno() == libc::EEXIST => Ok(()),
        Err(error) => Err(StoreError::into(error)),
    }
}

/// A path that is known to be one.
pub(super) fn note_path(text: &'static str) -> NotePath {
    NotePath::new(text).expect("the constants of this crate are relative paths")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_missing_have_defaults_and_unknown_ones_do_no_harm() {
        for text in ["", "# nothing\n", "future: {a: 1}\n"] {
            assert_eq!(Settings::from_yaml(text), Ok(Settings::default()), "{text:?}");
        }
        let settings = Settings::from_yaml(
            "tags: [a/b]\ninbox: lab\ntimezone: Europe/Berlin\nweek_starts: Sunday\nhistory: {text_max: 2 MiB, binary_max: 5}\nquota_bytes: 10 GiB\n",
        )
        .unwrap();
        assert_eq!(settings.tags[0].as_str(), "a/b");
        assert_eq!(settings.inbox.as_deref(), Some("lab"));
        assert_eq!(settings.week_starts, jiff::civil::Weekday::Sunday);
        assert_eq!((settings.history_text_max, settings.history_binary_max), (2 << 20, 5));
        assert_eq!(settings.quota_bytes, Some(10 << 30));
    }

    #[test]
    fn a_process_that_ends_is_told_from_one_that_runs() {
        for (stat, expected) in [
            ("7 (cdx) S 1 7 7 0 -1 4194304 100", false),
            ("7 (a) Z (b) S 1 7 7 0 -1 4194304 100", false),
            ("7 (cdx) Z 1 7 7 0 -1 4194304 100", true),
            // A crash is being dumped, and a thread of it does not come.
            ("7 (cdx) I 1 7 7 0 -1 4194312 100", true),
            ("7 (cdx) D 1 7 7 0 -1 4194308 100", true),
            ("", false),
            ("7 (cdx) S 1 7 7 0 -1 4194560 1 0 0 0 1 0 0 0 20 0 17 0 3 1 5 18 9 9 1 1 1 0 0 4096 17475", false),
            ("7 (cdx) D 1 7 7 0 -1 4194560 1 0 0 0 1 0 0 0 20 0 17 0 3 1 5 18 9 9 1 1 1 256 0 4096 17475", true),
        ] {
            assert_eq!(is_ending(stat), expected, "{stat}");
        }
    }

    #[test]
    fn who_holds_a_workspace_is_read_as_it_was_written() {
        let holder = Holder::read(&Holder::ourselves()).unwrap();
        assert_eq!(holder.pid, std::process::id());
        assert!(!holder.command.is_empty());
        assert_eq!(Holder::read(""), None);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("timezone: Mars/Base", "no IANA time zone"),
            ("week_starts: someday", "no weekday"),
            ("history: {text_max: much}", "no size"),
            ("tags: ['..']", "is no tag"),
            ("tags: [", "workspace.yaml"),
        ] {
            let error = Settings::from_yaml(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_workspace_is_found_from_within_its_notebooks() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("ws");
        init(&root).unwrap();
        Dir::open(&root).unwrap().make_dirs(&NotePath::new("lab/.codex").unwrap()).unwrap();
        Dir::open(&root).unwrap().make_dirs(&NotePath::new("lab/runs").unwrap()).unwrap();
        assert_eq!(find_workspace(&root.join("lab/runs")), Some(root.clone()));
        assert_eq!(find_workspace(folder.path()), None);
        init(&root).unwrap();
    }
}
