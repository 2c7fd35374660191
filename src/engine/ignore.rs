//! What is neither indexed nor recorded: built-in names, `.gitignore`, `.codexignore`, the workspace's `ignore`.
//! Matched component by component, outermost first, never by substring.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use dashmap::DashMap;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::sys::Dir;
use crate::types::NotePath;

/// Names that are ignored wherever they stand.
const NAMES: [&[u8]; 5] = [b".codex", b".git", b"node_modules", b"__pycache__", b".DS_Store"];

/// Files that hold rules; a later one overrides an earlier one.
pub(super) const RULE_FILES: [&str; 2] = [".gitignore", ".codexignore"];

/// Folders whose rules are remembered; beyond, all are read again.
const REMEMBERED: usize = 50_000;

/// The rules of one notebook, read as they are needed.
#[derive(Debug)]
pub(super) struct IgnoreRules {
    dir: Dir,
    folders: DashMap<NotePath, FolderRules>,
    workspace: parking_lot::RwLock<Arc<Gitignore>>,
}

/// What holds for the entries of a folder.
#[derive(Clone, Debug)]
struct FolderRules {
    /// The folder itself is ignored, hence all in it.
    ignored: bool,
    /// Rule files from the notebook's root down to the folder.
    chain: Arc<[Arc<Gitignore>]>,
}

impl IgnoreRules {
    /// Rules of the notebook at `dir`, with the workspace's own patterns.
    pub(super) fn new(dir: Dir, patterns: &[String]) -> Self {
        let rules =
            Self { dir, folders: DashMap::new(), workspace: parking_lot::RwLock::new(Arc::new(Gitignore::empty())) };
        rules.set_workspace(patterns);
        rules
    }

    /// Takes the workspace's own patterns.
    pub(super) fn set_workspace(&self, patterns: &[String]) {
        let mut builder = GitignoreBuilder::new("");
        for pattern in patterns {
            if let Err(error) = builder.add_line(None, pattern) {
                tracing::warn!(%pattern, %error, "workspace.yaml: a pattern of `ignore` is malformed and has no effect");
            }
        }
        *self.workspace.write() = Arc::new(builder.build().unwrap_or_else(|_| Gitignore::empty()));
        self.forget();
    }

    /// A rule file changed: all are read again as they are needed.
    pub(super) fn forget(&self) {
        self.folders.clear();
    }

    /// Whether it is ignored, or in a folder that is.
    pub(super) fn is_ignored(&self, path: &NotePath, is_dir: bool) -> bool {
        if path.is_root() {
            return false;
        }
        if is_ignored_name(path.name(), is_dir) {
            return true;
        }
        let folder = self.folder(&path.parent());
        folder.ignored || matches(&folder.chain, path, is_dir)
    }

    fn folder(&self, path: &NotePath) -> FolderRules {
        if let Some(rules) = self.folders.get(path) {
            return rules.clone();
        }
        if self.folders.len() > REMEMBERED {
            self.folders.clear();
        }
        let rules = if path.is_root() {
            self.with_own(path, Arc::from([Arc::clone(&self.workspace.read())]))
        } else {
            let above = self.folder(&path.parent());
            if above.ignored || is_ignored_name(path.name(), true) || matches(&above.chain, path, true) {
                FolderRules { ignored: true, chain: Arc::from([]) }
            } else {
                self.with_own(path, above.chain)
            }
        };
        self.folders.insert(path.clone(), rules.clone());
        rules
    }

    fn with_own(&self, folder: &NotePath, above: Arc<[Arc<Gitignore>]>) -> FolderRules {
        let own = self.read_rules(folder);
        let chain = match own {
            Some(own) => above.iter().cloned().chain([Arc::new(own)]).collect(),
            None => above,
        };
        FolderRules { ignored: false, chain }
    }

    fn read_rules(&self, folder: &NotePath) -> Option<Gitignore> {
        let mut builder = GitignoreBuilder::new(if folder.is_root() { "".as_ref() } else { folder.as_path() });
        let mut found = false;
        for name in RULE_FILES {
            let Ok(path) = folder.join(name) else { continue };
            let Ok((bytes, _)) = self.dir.read(&path, 1 << 20) else { continue };
            found = true;
            for line in String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').lines() {
                // As git does: a line that is no pattern has no effect.
                let _ = builder.add_line(None, line);
            }
        }
        found.then(|| builder.build().ok()).flatten()
    }
}

/// The innermost file that says anything decides.
fn matches(chain: &[Arc<Gitignore>], path: &NotePath, is_dir: bool) -> bool {
    for rules in chain.iter().rev().filter(|rules| !rules.is_empty()) {
        let found = rules.matched(path.as_path(), is_dir);
        if !found.is_none() {
            return found.is_ignore();
        }
    }
    false
}

/// Whether a name is ignored wherever it stands.
pub(super) fn is_ignored_name(name: &OsStr, is_dir: bool) -> bool {
    let name = name.as_bytes();
    NAMES.contains(&name) || (!is_dir && is_temporary(name))
}

/// Temporary names of editors, of the tools that save through a second file, and of Codex itself (mount.md §5).
/// Other hidden names are not among them: sidecars and `.metadata` are hidden files too.
fn is_temporary(name: &[u8]) -> bool {
    let starts = |prefix: &str| name.starts_with(prefix.as_bytes());
    let ends = |suffix: &str| name.len() > suffix.len() && name.ends_with(suffix.as_bytes());
    let is_vim_swap =
        starts(".") && name.len() > 5 && matches!(&name[name.len() - 4..], [b'.', b's', b'w', b'a'..=b'z']);
    ends("~")
        || ends(".tmp")
        || ends(".swp")
        || is_vim_swap
        || name == b"4913"
        || (starts("#") && ends("#"))
        || (starts("sed") && name.len() == 9 && name[3..].iter().all(u8::is_ascii_alphanumeric))
        || (ends("___jb_tmp___") || ends("___jb_old___") || ends("___jb_bak___"))
        || [".#", ".goutputstream-", ".~lock.", ".sb-", ".fuse_hidden", ".nfs0"].iter().any(|prefix| starts(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Replace;

    fn path(text: &str) -> NotePath {
        NotePath::new(text).unwrap()
    }

    #[test]
    fn names_are_matched_by_component() {
        let folder = tempfile::tempdir().unwrap();
        let rules = IgnoreRules::new(Dir::open(folder.path()).unwrap(), &[]);
        for (text, ignored) in [
            ("a.md", false),
            (".codex/notebook.db", true),
            ("x/.git/config", true),
            ("gitignore.md", false),
            ("node_modules_notes.md", false),
            ("a/node_modules/b/c.js", true),
            ("a.md~", true),
            (".a.md.swp", true),
            (".a.md.swo", true),
            (".plot.png.json", false),
            (".metadata", false),
            ("#a.md#", true),
            ("sedAb12Cd", true),
            ("sediment", false),
            (".codex-12-3.tmp", true),
        ] {
            assert_eq!(rules.is_ignored(&path(text), false), ignored, "{text}");
        }
        assert!(!rules.is_ignored(&path("old~"), true), "a folder is no editor's temporary file");
    }

    #[test]
    fn rule_files_hold_below_their_folder_and_the_innermost_decides() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        dir.make_dirs(&path("a/b")).unwrap();
        dir.write_durably(&path(".gitignore"), b"*.log\n/build/\n", Replace::Never).unwrap();
        dir.write_durably(&path("a/.codexignore"), b"!keep.log\ndraft*\n", Replace::Never).unwrap();
        let rules = IgnoreRules::new(dir, &["*.bak".to_owned()]);
        for (text, ignored) in [
            ("x.log", true),
            ("a/x.log", true),
            ("a/keep.log", false),
            ("a/b/keep.log", false),
            ("keep.log", true),
            ("a/b/draft1.md", true),
            ("draft1.md", false),
            ("build/keep.md", true),
            ("a/build/keep.md", false),
            ("a/b/x.bak", true),
        ] {
            assert_eq!(rules.is_ignored(&path(text), false), ignored, "{text}");
        }
    }
}
