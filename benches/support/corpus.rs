//! Notes to measure with: the shared corpora with their right answers, and folders of notes of an exact size.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Outcome, process};

/// A corpus of `make_corpus.py`.
#[derive(Debug)]
pub struct Corpus {
    path: PathBuf,
    manifest: Value,
}

impl Corpus {
    pub(super) fn open(path: PathBuf, manifest: &Path) -> Outcome<Self> {
        Ok(Self { path, manifest: serde_json::from_slice(&fs::read(manifest)?)? })
    }

    /// Copies its notes into a folder.
    pub fn copy_into(&self, folder: &Path) -> Outcome<()> {
        process::run(Command::new("cp").args(["-r", "--reflink=auto"]).arg(self.path.join(".")).arg(folder))
    }

    /// Bytes of all its notes.
    pub fn bytes(&self) -> f64 {
        self.manifest["bytes"].as_f64().unwrap_or(0.0)
    }

    /// Its tags, the most frequent first.
    pub fn tags(&self) -> Vec<String> {
        let pairs = self.manifest["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
        pairs.iter().filter_map(|pair| pair[0].as_str().map(str::to_owned)).collect()
    }

    /// Tags with values of `status`, the most frequent first: in how many notes both are.
    pub fn tags_with_status(&self) -> Vec<(String, String, u64)> {
        let pairs = self.manifest["tag_and_status"].as_object();
        let apart = |(pair, count): (&String, &Value)| {
            let (tag, status) = pair.strip_prefix("tag=")?.split_once("&status=")?;
            Some((tag.to_owned(), status.to_owned(), count.as_u64()?))
        };
        pairs.into_iter().flatten().filter_map(apart).collect()
    }

    /// Paths of some of its Markdown notes.
    pub fn sample_paths(&self) -> Vec<String> {
        let paths = self.manifest["sample_paths"].as_array().map(Vec::as_slice).unwrap_or_default();
        paths.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect()
    }

    /// In how many notes each word of the bodies occurs, the rarest first.
    pub fn words(&self) -> Outcome<Vec<(String, usize)>> {
        let mut counts: HashMap<String, usize> = HashMap::new();
        count_words(&self.path, &mut counts)?;
        let mut words: Vec<(String, usize)> = counts.into_iter().collect();
        words.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        Ok(words)
    }
}

fn count_words(folder: &Path, counts: &mut HashMap<String, usize>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            count_words(&path, counts)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path)?;
            // Words of letters alone; the frontmatter's and file names are left out.
            let body = text.splitn(3, "---\n").nth(2).unwrap_or_default();
            let mut words: Vec<&str> = body.split(|c: char| c.is_whitespace() || ".,".contains(c)).collect();
            words.retain(|word| word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase()));
            words.sort_unstable();
            words.dedup();
            for word in words {
                match counts.get_mut(word) {
                    Some(count) => *count += 1,
                    None => _ = counts.insert(word.to_owned(), 1),
                }
            }
        }
    }
    Ok(())
}

/// Writes a folder `s<SIZE>` of so many notes, all tagged `s<SIZE>` and each with one of `more_tags` other tags.
pub fn write_sized(notebook: &Path, size: usize, more_tags: usize) -> Outcome<PathBuf> {
    let folder = notebook.join(format!("s{size}"));
    fs::create_dir_all(&folder)?;
    for number in 0..size {
        let other = if more_tags == 0 { String::new() } else { format!(", more/t{:04}", number % more_tags) };
        let note = sized_note(size, number, &other, "on");
        fs::write(folder.join(sized_name(size, number)), note)?;
    }
    Ok(folder)
}

/// What a note of such a folder is called; no two folders share a name.
pub fn sized_name(size: usize, number: usize) -> String {
    format!("note-{size}-{number:06}.md")
}

/// What such a note says: about a kilobyte; `more` are further tags, with a comma before each.
pub fn sized_note(size: usize, number: usize, more: &str, state: &str) -> String {
    const WORDS: [&str; 16] = [
        "sample", "buffer", "gel", "protein", "control", "plasmid", "incubate", "pellet", "strain", "medium", "laser",
        "phase", "ladder", "primer", "enzyme", "digest",
    ];
    let mut note =
        format!("---\ntags: [s{size}{more}]\nstate: {state}\nnumber: {number}\n---\n\n# Note {number} of {size}\n\n");
    let mut seed = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    while note.len() < 1000 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let word = WORDS.get(usize::try_from(seed % 16).unwrap_or(0)).copied().unwrap_or_default();
        note.push_str(word);
        note.push(if seed.is_multiple_of(11) { '\n' } else { ' ' });
    }
    note.push('\n');
    note
}
