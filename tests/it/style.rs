//! The house rules that a compiler does not hold: which module knows which, which crate is named where, how long a
//! file may be. A failure names the line and the rule.

use std::path::{Path, PathBuf};

/// Each module with those that it may name, from the top down.
const MAY_KNOW: [(&str, &[&str]); 10] = [
    ("cli", &["api", "config", "fs", "engine", "index", "history", "access", "sys", "types"]),
    ("api", &["config", "engine", "index", "history", "access", "sys", "types"]),
    ("config", &["sys", "types"]),
    ("fs", &["engine", "index", "history", "access", "sys", "types"]),
    ("engine", &["index", "history", "access", "sys", "types"]),
    ("index", &["sys", "types"]),
    ("history", &["sys", "types"]),
    ("access", &["sys", "types"]),
    ("sys", &["types"]),
    ("types", &[]),
];

/// A path of a crate and the files (by prefix) that may name it.
const ONLY_IN: [(&str, &[&str]); 9] = [
    ("fuser", &["src/fs/adapter", "src/fs/session"]),
    ("rusqlite", &["src/index/"]),
    ("git2", &["src/history/"]),
    ("notify", &["src/engine/"]),
    ("std::fs", &["src/sys/"]),
    ("tokio", &["src/api/", "src/agent/"]),
    ("axum", &["src/api/"]),
    ("utoipa", &["src/api/"]),
    ("jsonwebtoken", &["src/api/auth/"]),
];

/// Parts that do no I/O and take no clock.
const PURE: [&str; 3] = ["src/types/", "src/index/parse/", "src/index/query/"];
const IMPURE: [&str; 6] = ["crate::sys", "std::fs", "std::net", "Timestamp::now", "SystemTime::now", "Instant::now"];

/// The one place outside of `sys` with `unsafe`: git2's own, which `sys` must not know.
const UNSAFE_TOO: &str = "src/history/isolation.rs";

const LONGEST_FILE: usize = 800;

struct Source {
    /// Relative to the project, with `/`.
    name: String,
    text: String,
}

impl Source {
    /// Lines with their numbers, without those of tests at the end of the file and without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.is_tests();
        let lines = self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        lines
            .enumerate()
            .filter(move |(_, line)| !tests && !line.trim_start().starts_with("//"))
            .map(|(index, line)| (index + 1, line.split(" // ").next().unwrap_or(line)))
    }

    /// Whether it holds the tests of the module beside it.
    fn is_tests(&self) -> bool {
        self.name.ends_with("tests.rs") || self.name.contains("/tests/")
    }

    fn module(&self) -> Option<&str> {
        let rest = self.name.strip_prefix("src/")?;
        rest.split_once('/').map(|(module, _)| module).or_else(|| rest.strip_suffix(".rs"))
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push(Source { name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!found.is_empty());
    found
}

fn hold(broken: &[String]) {
    assert!(broken.is_empty(), "rules of CONTRIBUTING.md that are broken:\n{}", broken.join("\n"));
}

/// Modules of this crate that a line names: `crate::a::…`, `use crate::{a::…, b::…}` on one line.
fn named_modules(line: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let is_other_crate = line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        let rest = &line[at + "crate::".len()..];
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        match rest.strip_prefix('{') {
            _ if is_other_crate => {}
            Some(group) => {
                let mut depth = 0;
                for part in group.split_inclusive([',', '{', '}']) {
                    if depth == 0 {
                        named.push(word(part.trim_start()));
                    }
                    depth += match part.chars().last() {
                        Some('{') => 1,
                        Some('}') => -1,
                        _ => 0,
                    };
                }
            }
            None => named.push(word(rest)),
        }
    }
    named.retain(|name| !name.is_empty());
    named
}

/// Whether a path or crate is named in a line, as a whole word.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let before = line[..at].chars().next_back();
        let after = &line[at + path.len()..];
        let starts = before.is_none_or(|c| !is_word(c) && c != '.' && c != '"' && c != '`');
        // A crate is used by a path (`fuser::…`) or imported as a whole (`use fuser;`).
        starts && !line[..at].ends_with("::") && (after.starts_with("::") || line.trim() == format!("use {path};"))
    })
}

#[test]
fn arrows_between_modules_only_point_down() {
    let mut broken = Vec::new();
    for source in sources("src") {
        let module = source.module().unwrap_or_default();
        if matches!(module, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| *name == module) else {
            broken.push(format!("{}: the module `{module}` has no place in the order; give it one", source.name));
            continue;
        };
        for (number, line) in source.code() {
            for named in named_modules(line) {
                let is_module = MAY_KNOW.iter().any(|(name, _)| *name == named);
                if is_module && named != module && !allowed.contains(&named.as_str()) {
                    broken.push(format!("{}:{number}: `{module}` must not know `{named}`", source.name));
                }
            }
        }
    }
    hold(&broken);
}

#[test]
fn crates_are_named_where_they_are_at_home_and_nowhere_else() {
    let mut broken = Vec::new();
    for source in sources("src") {
        for (path, homes) in &ONLY_IN {
            if homes.iter().any(|home| source.name.starts_with(home)) {
                continue;
            }
            let named = source.code().filter(|(_, line)| names(line, path));
            broken.extend(named.map(|(number, _)| format!("{}:{number}: `{path}` is for {homes:?}", source.name)));
        }
    }
    hold(&broken);
}

#[test]
fn unsafe_is_at_home_in_sys() {
    let mut broken = Vec::new();
    let is_at_home = |source: &Source| source.name.starts_with("src/sys/") || source.name == UNSAFE_TOO;
    for source in sources("src").iter().filter(|source| !is_at_home(source)) {
        let is_unsafe =
            |line: &str| line.contains("unsafe {") || line.contains("unsafe fn") || line.contains("unsafe impl");
        let lines = source.code().filter(|(_, line)| is_unsafe(line));
        broken.extend(lines.map(|(number, _)| format!("{}:{number}: `unsafe` is for src/sys", source.name)));
    }
    hold(&broken);
}

#[test]
fn parsers_queries_and_types_do_no_io_and_take_no_clock() {
    let mut broken = Vec::new();
    for source in sources("src").iter().filter(|source| PURE.iter().any(|pure| source.name.starts_with(pure))) {
        for (number, line) in source.code() {
            for impure in IMPURE.iter().filter(|impure| line.contains(*impure)) {
                broken.push(format!("{}:{number}: `{impure}` in a pure part", source.name));
            }
        }
    }
    hold(&broken);
}

#[test]
fn files_open_with_what_they_own_and_are_short_enough_to_read() {
    let mut broken = Vec::new();
    for source in sources("src").iter().chain(&sources("tests")) {
        if !source.text.starts_with("//!") && !source.is_tests() {
            broken.push(format!("{}: opens without `//!`", source.name));
        }
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            broken.push(format!("{}: {lines} lines, at most {LONGEST_FILE}", source.name));
        }
        // In two parts, or this line would find itself.
        for mark in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ign", "ore")] {
            if source.text.contains(mark) {
                broken.push(format!("{}: holds `{mark}`", source.name));
            }
        }
    }
    hold(&broken);
}

#[test]
fn every_test_file_is_part_of_the_one_binary() {
    let sources = sources("tests/it");
    let mut broken = Vec::new();
    for source in &sources {
        let path = source.name.trim_end_matches(".rs").trim_end_matches("/mod");
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        if source.name == "tests/it/main.rs" {
            continue;
        }
        let parents = if folder == "tests/it" {
            vec!["tests/it/main.rs".to_owned()]
        } else {
            vec![format!("{folder}/mod.rs"), format!("{folder}.rs")]
        };
        let declared = sources.iter().filter(|other| parents.contains(&other.name)).any(|parent| {
            parent.text.lines().any(|line| {
                let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
                line == format!("mod {name};")
            })
        });
        if !declared {
            broken.push(format!("{}: no `mod {name};` in {parents:?}, so its tests never run", source.name));
        }
    }
    hold(&broken);
}

#[test]
fn the_rules_find_what_breaks_them() {
    assert_eq!(named_modules("use crate::index::notebook::FileRow;"), ["index"]);
    assert_eq!(named_modules("use crate::{engine::{Engine, Change}, types::NotePath};"), ["engine", "types"]);
    assert_eq!(named_modules("let x = crate::fs::mount(other_crate::y);"), ["fs"]);
    assert!(names("let r: rusqlite::Result<()> = x;", "rusqlite"));
    assert!(names("use std::fs;", "std::fs") && names("std::fs::read(x)", "std::fs"));
    assert!(!names("rustix::fs::open(x)", "std::fs") && !names("//! about fuser and git2", "fuser"));
    assert!(!names("crate::notify::x", "notify"));
}
