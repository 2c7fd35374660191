//! The notes that sequences write, and a reader of their metadata that is not Codex's.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use serde_yaml::Value;

use super::op::{Column, Tag};

/// What was read is not parsed again: after every operation the model asks for all metadata many times.
const READ_MAX: usize = 1_000;
thread_local! {
    static READ: RefCell<HashMap<(bool, Vec<u8>), Meta>> = RefCell::default();
}

/// How a note is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Frontmatter with a flow list and a comment.
    Flow,
    /// Frontmatter with a block list.
    Block,
    /// Frontmatter with tags separated by commas.
    Line,
    /// Frontmatter with CRLF.
    Crlf,
    /// Text alone.
    Bare,
    /// A JSON sidecar.
    Sidecar,
}

/// What a note says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// How it is written.
    pub form: Form,
    /// Its tags.
    pub tags: &'static [Tag],
    /// Its status: none, one, or several in a list.
    pub status: &'static [Column],
    /// Whether the view shows it.
    pub card: bool,
    /// Tells its text from others.
    pub text: u8,
}

impl Contents {
    /// The bytes, for a sequence.
    pub fn render(&self, sequence: &str) -> Vec<u8> {
        let tags: Vec<String> = self.tags.iter().map(|tag| format!("{sequence}{tag}")).collect();
        let body = format!("Text {} of {sequence}.\nSecond line.\n", self.text);
        match self.form {
            Form::Bare => body.into_bytes(),
            Form::Sidecar => self.json(sequence, &tags).into_bytes(),
            Form::Crlf => self.page(sequence, &tags, &body).replace('\n', "\r\n").into_bytes(),
            Form::Flow | Form::Block | Form::Line => self.page(sequence, &tags, &body).into_bytes(),
        }
    }

    fn page(&self, sequence: &str, tags: &[String], body: &str) -> String {
        let mut page = format!("---\ntitle: '{sequence}: {}'  # a title\n", self.text);
        if self.card {
            page += &format!("board: {sequence}\n");
        }
        match (self.form, tags) {
            (_, []) if self.text % 2 == 0 => {}
            (Form::Block, tags) if !tags.is_empty() => {
                page += "tags:\n";
                tags.iter().for_each(|tag| page += &format!("  - {tag}\n"));
            }
            (Form::Line, tags) if !tags.is_empty() => page += &format!("tags: {}\n", tags.join(", ")),
            _ => page += &format!("tags: [{}]  # kept\n", tags.join(", ")),
        }
        match self.status {
            [] => {}
            [one] => page += &format!("status: {one}\n"),
            several => page += &format!("status: [{}]\n", several.join(", ")),
        }
        page + "# about loss\nloss: 0.50\n---\n\n" + body
    }

    fn json(&self, sequence: &str, tags: &[String]) -> String {
        let mut map = serde_json::Map::new();
        map.insert("scale".to_owned(), 1.5.into());
        if self.card {
            map.insert("board".to_owned(), sequence.into());
        }
        if !tags.is_empty() {
            map.insert("tags".to_owned(), tags.to_vec().into());
        }
        match self.status {
            [] => {}
            [one] => drop(map.insert("status".to_owned(), (*one).into())),
            several => drop(map.insert("status".to_owned(), several.to_vec().into())),
        }
        serde_json::to_string_pretty(&map).expect("a map of strings") + "\n"
    }
}

/// What a file says of itself or of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Tags, lower case.
    pub tags: BTreeSet<String>,
    /// Values of `status`.
    pub status: BTreeSet<String>,
    /// Whether `status` is a list.
    pub is_list: bool,
    /// The value of `board`.
    pub board: Option<String>,
}

impl Meta {
    /// Whether two say the same, however it is written.
    pub fn agrees(&self, other: &Self) -> bool {
        (&self.tags, &self.status, &self.board) == (&other.tags, &other.status, &other.board)
    }

    /// Reads a file by the kind that its name gives it.
    pub fn read(name: &str, bytes: &[u8]) -> Self {
        if ![".md", ".cdx", ".json"].iter().any(|extension| name.ends_with(extension)) {
            return Self::default();
        }
        let is_json = name.ends_with(".json");
        READ.with_borrow_mut(|read| {
            if read.len() > READ_MAX {
                read.clear();
            }
            read.entry((is_json, bytes.to_vec())).or_insert_with(|| Self::parse(is_json, bytes)).clone()
        })
    }

    fn parse(is_json: bool, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let block = if is_json { Some(text.as_ref()) } else { split(&text).map(|(block, _)| block) };
        let value = block.and_then(|block| serde_yaml::from_str::<Value>(block).ok());
        value.map(|value| Self::of(&value)).unwrap_or_default()
    }

    fn of(value: &Value) -> Self {
        let list = |key: &str| -> Vec<String> {
            match value.get(key) {
                Some(Value::Sequence(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                Some(Value::String(text)) if key == "tags" => {
                    text.split([',', ' ']).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
                }
                Some(Value::String(text)) => vec![text.clone()],
                _ => Vec::new(),
            }
        };
        Self {
            tags: list("tags").iter().map(|tag| tag.to_lowercase()).collect(),
            status: list("status").into_iter().collect(),
            is_list: matches!(value.get("status"), Some(Value::Sequence(_))),
            board: value.get("board").and_then(Value::as_str).map(str::to_owned),
        }
    }
}

/// Frontmatter without its fences, and what follows it.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next()?;
    if first.trim_end_matches(['\r', '\n']) != "---" {
        return None;
    }
    let mut at = first.len();
    for line in lines {
        if line.trim_end_matches(['\r', '\n']) == "---" {
            return Some((&text[first.len()..at], &text[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

/// Whether an edit of a file's tags and status left everything else as it was: every other line and byte.
///
/// # Errors
/// What else changed.
pub fn faithful(name: &str, old: &[u8], new: &[u8]) -> Result<(), String> {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    if name.ends_with(".json") {
        return faithful_json(&old, &new);
    }
    let Some((block, body)) = split(&new) else {
        return if old == new { Ok(()) } else { Err("the frontmatter is gone".to_owned()) };
    };
    let Some((old_block, old_body)) = split(&old) else {
        let kept = body == old || body.strip_prefix('\n') == Some(&old) || body.strip_prefix("\r\n") == Some(&old);
        return if kept && others(block).is_empty() { Ok(()) } else { Err("more than a block at the top".to_owned()) };
    };
    if body != old_body {
        return Err("the body changed".to_owned());
    }
    if others(block) != others(old_block) {
        return Err(format!("other lines changed: {:?} to {:?}", others(old_block), others(block)));
    }
    let has = |block: &str, text: &str| block.lines().any(|line| line.contains(text));
    if has(old_block, "# kept") && has(block, "tags:") && !has(block, "# kept") {
        return Err("the comment beside the tags is gone".to_owned());
    }
    Ok(())
}

/// The lines of a block, with their ends, that are not of `tags` or `status`.
fn others(block: &str) -> Vec<&str> {
    let mut is_ours = false;
    let mut lines = Vec::new();
    for line in block.split_inclusive('\n') {
        is_ours = line.starts_with("tags:") || line.starts_with("status:") || (is_ours && line.starts_with([' ', '-']));
        if !is_ours {
            lines.push(line);
        }
    }
    lines
}

fn faithful_json(old: &str, new: &str) -> Result<(), String> {
    let read = |text: &str| -> Result<serde_json::Map<String, serde_json::Value>, String> {
        let text = if text.is_empty() { "{}" } else { text };
        serde_json::from_str(text).map_err(|error| format!("no JSON object: {error}"))
    };
    let (mut old, mut new) = (read(old)?, read(new)?);
    for key in ["tags", "status"] {
        old.remove(key);
        new.remove(key);
    }
    if old == new { Ok(()) } else { Err(format!("other keys changed: {old:?} to {new:?}")) }
}
