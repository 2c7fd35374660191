//! A note as a whole: its text with and without frontmatter, and saving it for who has read it before.

use sha2::{Digest, Sha256};

use super::contents::check_place;
use super::metadata::{Described, describe, name_of, named_whole};
use super::place::{Sources, Target, Written, apply};
use super::rewrite::{ATTEMPTS, Current, LARGEST, Outcome, keeps_changing, read};
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::index::parse::edit::{MetaEdit, edit_frontmatter};
use crate::index::parse::{Frontmatter, ParsedNote, has_frontmatter, split};
use crate::types::{ContentHash, NotePath};

/// A note as it stands in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct NoteText {
    /// All of it.
    pub bytes: Vec<u8>,
    /// Where the text after the frontmatter begins, in bytes.
    pub body: usize,
    /// Of `bytes`.
    pub hash: ContentHash,
    /// What it says of itself, in frontmatter and sidecars.
    pub parsed: ParsedNote,
}

/// A note to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewNote<'a> {
    /// Its text.
    pub bytes: &'a [u8],
    /// What is put into its frontmatter, or into a sidecar.
    pub edits: &'a [MetaEdit],
}

/// What of a note is to change; all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Save {
    /// The whole text.
    pub raw: Option<Vec<u8>>,
    /// The text after the frontmatter, which stays.
    pub body: Option<Vec<u8>>,
    /// Of its properties.
    pub edits: Vec<MetaEdit>,
    /// Whether properties that no edit sets go.
    pub replaces_properties: bool,
}

impl Engine {
    /// Reads a note with its properties.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; the store's.
    pub fn read_note(&self, notebook: &Notebook, path: &NotePath) -> Result<NoteText, EngineError> {
        check_place(path)?;
        let current = read(&notebook.dir, path)?.ok_or_else(|| missing(notebook, path))?;
        let name = name_of(path)?;
        let described = Described::of(notebook, path, current)?;
        let parsed = described.parsed(name, &described.own.bytes);
        let bytes = described.own.bytes;
        Ok(NoteText { body: body_of(name, &bytes), hash: hash_of(&bytes), parsed, bytes })
    }

    /// Makes a note with properties, durably. Folders on the way are made.
    ///
    /// # Errors
    /// [`EngineError::Exists`]; an edit that does not fit; the store's. Then nothing is left of it.
    pub fn create_note(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        new: NewNote<'_>,
        by: &Requester,
    ) -> Result<(), EngineError> {
        let name = name_of(path)?;
        self.check_room(new.bytes.len() as u64)?;
        if new.edits.is_empty() {
            return self.create_file(notebook.number, path, new.bytes, by);
        }
        if has_frontmatter(name) {
            let bytes = edit_frontmatter(name, new.bytes, new.edits)?;
            return self.create_file(notebook.number, path, &bytes, by);
        }
        let by = super::with_gesture(by);
        self.create_file(notebook.number, path, new.bytes, &by)?;
        self.edit_metadata_at(notebook, path, new.edits, &by).map(drop).inspect_err(|_| {
            if let Err(error) = self.delete_file_alone(notebook, path, &by) {
                tracing::warn!(%error, %path, "a note whose properties do not fit was left behind");
            }
        })
    }

    /// Saves a note; with `expected`, only if its contents have one of these hashes. Whether anything changed.
    ///
    /// # Errors
    /// [`EngineError::Stale`] with the hash that it has, then nothing was written; an edit that does not fit; the store's.
    pub fn save_note(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        save: &Save,
        expected: Option<&[ContentHash]>,
        by: &Requester,
    ) -> Result<bool, EngineError> {
        self.check_writable()?;
        check_place(path)?;
        let by = super::with_gesture(by);
        let _lock = self.workbench.lock_file(notebook.number, path);
        let mut saving = Saving { notebook, path, save, expected, is_own_written: false };
        let mut changed = false;
        for _ in 0..ATTEMPTS {
            let described = saving.read()?;
            let mut outcome = Outcome::Written;
            for file in saving.plan(self, &described)? {
                outcome = self.write_metadata(notebook, path, &described, &file, &by)?;
                if outcome == Outcome::Changed {
                    break;
                }
                changed = true;
                saving.is_own_written |= file.target == Target::Own;
            }
            if outcome == Outcome::Written {
                return Ok(changed);
            }
        }
        Err(keeps_changing(notebook, path))
    }

    /// Refuses what would make the workspace larger than it may be.
    ///
    /// # Errors
    /// [`EngineError::Full`]; the index's.
    pub fn check_room(&self, more: u64) -> Result<(), EngineError> {
        match self.room()? {
            Some(room) if more > room => Err(EngineError::Full(format!(
                "the workspace has room for {room} bytes more (`quota_bytes` of its workspace.yaml)"
            ))),
            _ => Ok(()),
        }
    }

    /// How many bytes more the workspace may take; `None` without a quota.
    ///
    /// # Errors
    /// The index's.
    pub fn room(&self) -> Result<Option<u64>, EngineError> {
        let Some(quota) = self.settings().quota_bytes else { return Ok(None) };
        let sizes = self.notebooks().iter().map(|notebook| notebook.reader.bytes()).collect::<Result<Vec<u64>, _>>()?;
        Ok(Some(quota.saturating_sub(sizes.iter().sum())))
    }
}

/// A save under way.
struct Saving<'a> {
    notebook: &'a Notebook,
    path: &'a NotePath,
    save: &'a Save,
    expected: Option<&'a [ContentHash]>,
    /// What remains concerns sidecars.
    is_own_written: bool,
}

impl Saving<'_> {
    /// The note as it is, if it is as expected.
    fn read(&self) -> Result<Described, EngineError> {
        let Self { notebook, path, save, .. } = *self;
        let needs_contents = save.raw.is_some() || save.body.is_some() || self.expected.is_some();
        if !needs_contents {
            return describe(notebook, path);
        }
        let current = read(&notebook.dir, path)?.ok_or_else(|| missing(notebook, path))?;
        if let Some(expected) = self.expected.filter(|_| !self.is_own_written) {
            let hash = hash_of(&current.bytes);
            if !expected.contains(&hash) {
                return Err(EngineError::Stale { path: path.to_string(), current: hash });
            }
        }
        Described::of(notebook, path, current)
    }

    /// The files to be written, the note itself first.
    fn plan(&self, engine: &Engine, described: &Described) -> Result<Vec<Written>, EngineError> {
        let name = name_of(self.path)?;
        let Current { bytes: old, .. } = &described.own;
        let own = match (&self.save.raw, &self.save.body) {
            _ if self.is_own_written => old.clone(),
            (Some(raw), _) => raw.clone(),
            (None, Some(body)) => [&old[..body_of(name, old)], body].concat(),
            (None, None) => old.clone(),
        };
        let edits = if self.save.replaces_properties { self.replacing(name, described, &own) } else { Vec::new() };
        let edits: Vec<MetaEdit> = edits.into_iter().chain(self.save.edits.iter().cloned()).collect();
        let sources = Sources { name, own: &own, sidecars: &described.sidecars };
        let mut written = apply(&sources, &edits).map_err(|error| named_whole(error, self.notebook, self.path))?;
        if own != *old && !written.iter().any(|file| file.target == Target::Own) {
            written.push(Written { target: Target::Own, bytes: own });
        }
        written.sort_by_key(|file| file.target != Target::Own);
        let grows = |file: &Written| {
            let before = match file.target {
                Target::Own => old.len(),
                Target::Sidecar(at) => described.sidecars[at].bytes.len(),
                Target::New => 0,
            };
            file.bytes.len().saturating_sub(before) as u64
        };
        let more = written.iter().map(grows).sum();
        if more > 0 {
            engine.check_room(more)?;
        }
        if written.iter().any(|file| file.bytes.len() as u64 > LARGEST) {
            return Err(EngineError::Invalid(format!("{} would be larger than {} MiB", self.path, LARGEST >> 20)));
        }
        Ok(written)
    }

    /// Removals of the properties that are there and are not to be.
    fn replacing(&self, name: &str, described: &Described, own: &[u8]) -> Vec<MetaEdit> {
        let is_set = |key: &str| {
            self.save.edits.iter().any(|edit| match edit {
                MetaEdit::Set { key: set, .. } => set == key || set.split('.').next() == Some(key),
                _ => false,
            })
        };
        let there = described.parsed(name, own).properties;
        there.into_iter().filter(|(key, _)| !is_set(key)).map(|(key, _)| MetaEdit::Unset { key }).collect()
    }
}

/// Where the text after the frontmatter begins.
fn body_of(name: &str, bytes: &[u8]) -> usize {
    if !has_frontmatter(name) {
        return 0;
    }
    match split(bytes) {
        Frontmatter::Block { body, .. } | Frontmatter::None { body } => body,
        Frontmatter::TooLong => 0,
    }
}

/// SHA-256 of a file's bytes.
pub(super) fn hash_of(bytes: &[u8]) -> ContentHash {
    ContentHash(Sha256::digest(bytes).into())
}

fn missing(notebook: &Notebook, path: &NotePath) -> EngineError {
    EngineError::NotFound(format!("no file {path} in {}", notebook.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::edit::property_edits;
    use crate::engine::edit::scratch::{Workspace, ada, path};
    use crate::sys::Replace;

    const NOTE: &str = "---\n# kept\nstatus: todo\nowner: ada\n---\n\n# A\n";

    fn edits(json: &str) -> Vec<MetaEdit> {
        property_edits(&serde_json::from_str(json).unwrap()).unwrap()
    }

    /// What a note becomes by a save.
    fn check(file: &str, before: &str, save: &Save, expected: &str) {
        let w = Workspace::holding(&[(&format!("lab/{file}"), before)]);
        let lab = w.notebook("lab");
        let changed = w.engine.save_note(&lab, &path(file), save, None, &ada()).unwrap();
        assert_eq!(w.read(&format!("lab/{file}")).as_deref(), Some(expected));
        assert_eq!(changed, before != expected);
        w.assert_clean();
    }

    fn body(text: &str) -> Save {
        Save { body: Some(text.into()), ..Save::default() }
    }

    fn raw(text: &str) -> Save {
        Save { raw: Some(text.into()), ..Save::default() }
    }

    #[test]
    fn body_raw_and_properties_are_saved_each_for_itself_and_together() {
        let front = "---\n# kept\nstatus: todo\nowner: ada\n---\n";
        check("a.md", NOTE, &body("new\n"), &format!("{front}new\n"));
        check("a.md", NOTE, &body(""), front);
        check("a.md", NOTE, &raw("all new"), "all new");
        check("a.md", NOTE, &raw(""), "");
        check("a.md", NOTE, &Save::default(), NOTE);
        check("a.txt", "text", &body("new"), "new");
        let save = Save { edits: edits(r#"{"status": "done", "owner": null}"#), ..body("new\n") };
        check("a.md", NOTE, &save, "---\n# kept\nstatus: done\n---\nnew\n");
        let save = Save { edits: edits(r#"{"status": "done"}"#), ..raw("plain\n") };
        check("a.md", NOTE, &save, "---\nstatus: done\n---\nplain\n");
        let save = Save { edits: edits(r#"{"owner": "bohr"}"#), replaces_properties: true, ..Save::default() };
        check("a.md", NOTE, &save, "---\n# kept\nowner: bohr\n---\n\n# A\n");
        let tagged = "---\ntitle: T\ntags: [x]\nstatus: todo\n---\n";
        let save = Save { replaces_properties: true, ..Save::default() };
        check("a.md", tagged, &save, "---\ntitle: T\ntags: [x]\n---\n");
    }

    #[test]
    fn a_note_that_is_not_as_expected_is_left_alone() {
        let w = Workspace::holding(&[("lab/a.md", NOTE)]);
        let (lab, note) = (w.notebook("lab"), path("a.md"));
        let read = w.engine.read_note(&lab, &note).unwrap();
        assert_eq!((&read.bytes[read.body..], read.parsed.properties.len()), (&b"\n# A\n"[..], 2));
        let save = |text: &str, hash| w.engine.save_note(&lab, &note, &body(text), Some(&[hash]), &ada());
        assert!(save("one", read.hash).unwrap());
        let now = w.engine.read_note(&lab, &note).unwrap().hash;
        match save("two", read.hash) {
            Err(EngineError::Stale { current, .. }) => assert_eq!(current, now),
            other => panic!("{other:?}"),
        }
        assert!(w.read("lab/a.md").unwrap().ends_with("---\none"));
    }

    #[test]
    fn properties_of_a_file_without_frontmatter_go_to_its_sidecar_with_the_text() {
        let w = Workspace::holding(&[("lab/a.txt", "text")]);
        let lab = w.notebook("lab");
        let save = Save { edits: edits(r#"{"status": "done"}"#), ..body("new") };
        w.engine.save_note(&lab, &path("a.txt"), &save, None, &ada()).unwrap();
        assert_eq!(w.read("lab/a.txt").as_deref(), Some("new"));
        assert!(w.read("lab/.a.txt.json").unwrap().contains("\"done\""));
        let new = NewNote { bytes: b"x", edits: &edits(r#"{"status": "new"}"#) };
        w.engine.create_note(&lab, &path("b/c.txt"), new, &ada()).unwrap();
        assert!(w.read("lab/b/.c.txt.json").unwrap().contains("\"new\""));
        w.assert_clean();
    }

    #[test]
    fn what_a_quota_leaves_no_room_for_is_refused() {
        let w = Workspace::holding(&[("lab/a.md", "0123456789")]);
        let lab = w.notebook("lab");
        let settings = b"timezone: UTC\nquota_bytes: 20\n";
        w.engine.codex_dir().write_durably(&path("workspace.yaml"), settings, Replace::KeepAttributes).unwrap();
        w.engine.reload_settings().unwrap();
        assert_eq!(w.engine.room().unwrap(), Some(10));
        let save = |text: &str| w.engine.save_note(&lab, &path("a.md"), &raw(text), None, &ada());
        save("0123456789abcdefghij").unwrap();
        w.key("lab/a.md");
        assert!(matches!(save("0123456789abcdefghijk"), Err(EngineError::Full(_))));
        save("short").unwrap();
    }
}
