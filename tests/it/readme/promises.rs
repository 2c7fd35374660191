//! That every promise of README.md is quoted by a test, and that every quotation is from README.md.

use std::path::{Path, PathBuf};

/// Parts of README.md that promise something, by heading.
const PROMISING: [&str; 6] =
    ["Codex", "What the mount shows", "Your own workspace", "The server", "What is kept, and what is not", "Limits"];

/// Beginnings of what promises nothing: definitions, heads of tables, what leads over.
const NO_PROMISES: [&str; 6] = [
    "A laboratory journal that is a filesystem.",
    "A *workspace* is a directory of *notebooks*;",
    "| path | what it is |",
    "| you do | it means |",
    "|---|",
    "Files are the truth.",
];

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Rows of tables, commands, and sentences of bullets and paragraphs.
fn promises(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut is_promising, mut is_code, mut block) = (false, false, String::new());
    for line in readme.lines().chain([""]) {
        let heading = line.strip_prefix('#').filter(|_| !is_code).map(|line| line.trim_start_matches('#').trim());
        let is_row = line.starts_with('|') || is_code;
        if line.trim().is_empty() || line.starts_with("- ") || line.starts_with("```") || is_row || heading.is_some() {
            found.extend(sentences(&one_line(&block)));
            block.clear();
        }
        is_code ^= line.starts_with("```");
        if let Some(heading) = heading {
            is_promising = PROMISING.contains(&heading);
        } else if is_promising && is_row && !line.starts_with("```") {
            found.push(one_line(line));
        } else if is_promising && !line.starts_with("```") {
            block = format!("{block} {}", line.trim_start_matches("- "));
        }
    }
    found.retain(|text| !NO_PROMISES.iter().any(|none| text.starts_with(none)));
    found
}

fn sentences(text: &str) -> Vec<String> {
    let ends = text.match_indices(". ").map(|(at, _)| at + 1).chain([text.len()]);
    let mut from = 0;
    let cut = ends.map(|end| {
        let sentence = text[from..end].trim().to_owned();
        from = end;
        sentence
    });
    cut.filter(|sentence| !sentence.is_empty()).collect()
}

/// The quotations in a file, each on one line.
fn quotations(source: &str) -> Vec<String> {
    let mark = concat!("README", ": \"");
    let mut found = Vec::new();
    let mut text = String::new();
    for line in source.lines().map(str::trim).chain([""]) {
        if let Some(comment) = line.strip_prefix("///") {
            text = format!("{text} {comment}");
            continue;
        }
        let comment = one_line(&std::mem::take(&mut text));
        let parts = comment.split(mark).skip(1);
        found.extend(parts.filter_map(|part| Some(part.split_once('"')?.0.to_owned())));
    }
    found
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let rust = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    rust.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

#[test]
fn every_promise_is_quoted_by_a_test_and_every_quotation_is_a_promise() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let whole = one_line(&readme);
    let promises = promises(&readme);
    assert!(promises.len() > 30, "{promises:#?}");
    let files = ["src", "tests"].iter().flat_map(|folder| sources(&root.join(folder)));
    let quoted: Vec<(PathBuf, String)> = files
        .flat_map(|path| {
            let quotations = quotations(&std::fs::read_to_string(&path).unwrap());
            quotations.into_iter().map(move |quotation| (path.clone(), quotation))
        })
        .collect();
    let mut wrong: Vec<String> = Vec::new();
    for (path, quotation) in &quoted {
        if !whole.contains(quotation.as_str()) {
            wrong.push(format!("{} quotes what README.md does not say: {quotation}", path.display()));
        }
    }
    for promise in &promises {
        let is_held = quoted.iter().any(|(_, quotation)| quotation.len() > 3 && promise.contains(quotation.as_str()));
        let is_whole = quoted.iter().any(|(_, quotation)| quotation.contains(promise.as_str()));
        if !is_held && !is_whole {
            wrong.push(format!("no test quotes: {promise}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn promises_and_quotations_are_found() {
    let text = "# Codex\n\nOne is\nso. Two.\n\n| a | b |\n|---|---|\n| c | d |\n\n## Other\n\nNot this.\n\n## Limits\n\n- x\n  y.\n";
    assert_eq!(promises(text), ["One is so.", "Two.", "| a | b |", "| c | d |", "x y."]);
    let source = concat!("/// README", ": \"One is\n    /// so.\" README", ": \"c | d\"\n#[test]\n");
    assert_eq!(quotations(source), ["One is so.", "c | d"]);
}
