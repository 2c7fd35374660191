//! Tags and properties of notes.

use std::collections::HashSet;
use std::sync::Arc;

use super::gesture::{part_way, with_gesture};
use super::place::{SidecarFile, Sources, Target, Written, apply};
use super::rewrite::{ATTEMPTS, Current, Outcome, keeps_changing, read};
use super::threads::on_threads;
use crate::engine::catalog::CatalogFile;
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::index::parse::edit::{EditError, MetaEdit};
use crate::index::parse::{ParsedNote, Sidecar, content_type, has_frontmatter, parse, sidecar_names};
use crate::sys::StoreStat;
use crate::types::{FileKey, NotePath, TagName};

/// From so many files on, several threads edit them.
const MANY: usize = 8;

/// A note's metadata as it stands in the store.
pub(super) struct Described {
    /// The note itself; `bytes` are empty where it has no frontmatter.
    pub(super) own: Current,
    pub(super) sidecars: Vec<SidecarFile>,
    /// Path and attributes of each sidecar.
    pub(super) places: Vec<(NotePath, StoreStat)>,
}

impl Described {
    /// A note with the sidecars that it has in the store.
    pub(super) fn of(notebook: &Notebook, path: &NotePath, own: Current) -> Result<Self, EngineError> {
        let mut described = Self { own, sidecars: Vec::new(), places: Vec::new() };
        for (place, kind) in sidecars_of(path) {
            let is_file = notebook.dir.stat(&place).is_ok_and(|stat| stat.is_file());
            if let (true, Some(current)) = (is_file, if is_file { read(&notebook.dir, &place)? } else { None }) {
                let name = name_of(&place)?.to_owned();
                described.sidecars.push(SidecarFile { name, kind, bytes: current.bytes });
                described.places.push((place, current.stat));
            }
        }
        Ok(described)
    }

    /// What it says with these bytes of its own.
    pub(super) fn parsed(&self, name: &str, own: &[u8]) -> ParsedNote {
        let sidecars: Vec<Sidecar<'_>> = self
            .sidecars
            .iter()
            .map(|sidecar| Sidecar { name: &sidecar.name, kind: sidecar.kind, bytes: &sidecar.bytes })
            .collect();
        parse(name, content_type(name, &own[..own.len().min(8192)]), own, &sidecars)
    }
}

impl Engine {
    /// Edits the metadata of notes: frontmatter or sidecar, only the lines concerned. The change is noted and
    /// durable when it returns. One gesture for all.
    ///
    /// # Errors
    /// The first note that cannot be edited; those that were edited before are named in the error.
    pub fn edit_metadata(&self, edits: &[(FileKey, Vec<MetaEdit>)], by: &Requester) -> Result<(), EngineError> {
        self.edit_metadata_of_each(edits, by).map(|_| ())
    }

    /// As [`Engine::edit_metadata`]; returns those that changed, as `notebook/path`.
    pub(in crate::engine) fn edit_metadata_of_each(
        &self,
        edits: &[(FileKey, Vec<MetaEdit>)],
        by: &Requester,
    ) -> Result<Vec<String>, EngineError> {
        self.check_writable()?;
        // A single edit belongs to whatever else its actor does at the time (`rm -r tags/x` is one gesture); a call that
        // edits several notes is one by itself.
        let by = if edits.len() > 1 { with_gesture(by) } else { by.clone() };
        let edit = |(file, edits): &(FileKey, Vec<MetaEdit>)| {
            let (notebook, entry) = self.file_of(*file)?;
            let is_changed = self.edit_metadata_at(&notebook, &entry.path, edits, &by)?;
            Ok(is_changed.then(|| format!("{}/{}", notebook.name(), entry.path)))
        };
        let is_each_once = edits.iter().map(|(file, _)| file).collect::<HashSet<_>>().len() == edits.len();
        let (changed, failure) = if is_each_once && edits.len() >= MANY {
            on_threads(edits, edit)
        } else {
            // In order, so that of two edits of one file the later is made last.
            let mut changed = Vec::new();
            let failure = edits.iter().find_map(|one| edit(one).map(|file| changed.push(file)).err());
            (changed, failure)
        };
        let changed: Vec<String> = changed.into_iter().flatten().collect();
        match failure {
            Some(error) => Err(part_way(error, &changed)),
            None => Ok(changed),
        }
    }

    /// Edits the metadata of the file at a path; whether anything changed.
    pub(super) fn edit_metadata_at(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        edits: &[MetaEdit],
        by: &Requester,
    ) -> Result<bool, EngineError> {
        let _lock = self.workbench.lock_file(notebook.number, path);
        let mut changed = false;
        for _ in 0..ATTEMPTS {
            let described = describe(notebook, path)?;
            let name = name_of(path)?;
            let sources = Sources { name, own: &described.own.bytes, sidecars: &described.sidecars };
            let written = apply(&sources, edits).map_err(|error| named_whole(error, notebook, path))?;
            let mut outcome = Outcome::Written;
            for file in &written {
                outcome = self.write_metadata(notebook, path, &described, file, by)?;
                if outcome == Outcome::Changed {
                    break;
                }
                changed = true;
            }
            if outcome == Outcome::Written {
                return Ok(changed);
            }
        }
        Err(keeps_changing(notebook, path))
    }

    /// Writes one of the files that describe a note.
    pub(super) fn write_metadata(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        described: &Described,
        written: &Written,
        by: &Requester,
    ) -> Result<Outcome, EngineError> {
        let (outcome, at) = match written.target {
            Target::Own => (self.replace(notebook, path, &described.own, &written.bytes, by)?, path.clone()),
            Target::Sidecar(at) => {
                let (place, stat) = &described.places[at];
                let current = Current { bytes: described.sidecars[at].bytes.clone(), stat: *stat };
                (self.replace(notebook, place, &current, &written.bytes, by)?, place.clone())
            }
            Target::New => {
                notebook.check_trusted()?;
                self.new_sidecar(notebook, path, &described.own.stat, &written.bytes)?
            }
        };
        if outcome == Outcome::Written {
            self.note_written(notebook, &at, by);
            if at != *path {
                self.note_written(notebook, path, by);
            }
        }
        Ok(outcome)
    }

    /// A file of the maps with its notebook.
    pub(in crate::engine) fn file_of(&self, file: FileKey) -> Result<(Arc<Notebook>, Arc<CatalogFile>), EngineError> {
        let gone = || EngineError::NotFound("the note is gone: it was removed since it was looked up".to_owned());
        let notebook = self.notebook(file.notebook).ok_or_else(gone)?;
        Ok((notebook, self.catalog().file(file).ok_or_else(gone)?))
    }
}

/// The parsers know a file by its name alone; who reads the message wants to open it.
pub(super) fn named_whole(error: EditError, notebook: &Notebook, path: &NotePath) -> EditError {
    match error {
        EditError::Unreadable(mut problem) => {
            let folder = path.parent();
            let separator = if folder.is_root() { "" } else { "/" };
            problem.file = format!("{}/{folder}{separator}{}", notebook.name(), problem.file);
            EditError::Unreadable(problem)
        }
        EditError::Misfit { .. } => error,
    }
}

/// What an edit would change, without writing: an error if it could not be made.
pub(super) fn would_change(notebook: &Notebook, path: &NotePath, edits: &[MetaEdit]) -> Result<bool, EngineError> {
    let described = describe(notebook, path)?;
    let sources = Sources { name: name_of(path)?, own: &described.own.bytes, sidecars: &described.sidecars };
    Ok(!apply(&sources, edits)?.is_empty())
}

impl Engine {
    /// Makes `.NAME.json` beside a note, readable by those who may read the note.
    fn new_sidecar(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        subject: &StoreStat,
        bytes: &[u8],
    ) -> Result<(Outcome, NotePath), EngineError> {
        let name = [b".", path.name().as_encoded_bytes(), b".json"].concat();
        let place = path.parent().join(name).map_err(|error| {
            EngineError::Invalid(format!("{path} cannot have a sidecar for its metadata: {error}; shorten its name"))
        })?;
        match notebook.make_file(&place, bytes) {
            Ok(_) => {
                notebook.dir.take_owner_and_mode(&place, subject)?;
                Ok((Outcome::Written, place))
            }
            Err(error) if error.errno() == libc::EEXIST => Ok((Outcome::Changed, place)),
            Err(error) => Err(self.failed(notebook, error)),
        }
    }
}

/// The name of a file that can have metadata.
pub(super) fn name_of(path: &NotePath) -> Result<&str, EngineError> {
    path.to_str()
        .map(|text| text.rsplit('/').next().unwrap_or(text))
        .ok_or_else(|| EngineError::Invalid(format!("the name of {path} is not UTF-8; rename it to give it metadata")))
}

/// Reads what describes a note.
pub(super) fn describe(notebook: &Notebook, path: &NotePath) -> Result<Described, EngineError> {
    let name = name_of(path)?;
    let missing = || EngineError::NotFound(format!("no file {} in the store", notebook.dir.shown(path).display()));
    let own = if has_frontmatter(name) {
        read(&notebook.dir, path)?.ok_or_else(missing)?
    } else {
        let stat =
            notebook.dir.stat(path).map_err(|error| if error.is_not_found() { missing() } else { error.into() })?;
        if !stat.is_file() {
            return Err(EngineError::Invalid(format!("{path} is no regular file")));
        }
        Current { bytes: Vec::new(), stat }
    };
    Described::of(notebook, path, own)
}

/// Where a file's sidecars may be, in the order of merging.
pub(super) fn sidecars_of(path: &NotePath) -> Vec<(NotePath, crate::index::parse::SidecarKind)> {
    let Some(name) = path.name().to_str() else { return Vec::new() };
    let folder = path.parent();
    sidecar_names(name).into_iter().filter_map(|(name, kind)| Some((folder.join(name).ok()?, kind))).collect()
}

/// The tags that a file and its sidecars give it, as they stand in the store.
pub(in crate::engine) fn tags_in_store(notebook: &Notebook, path: &NotePath) -> Result<Vec<TagName>, EngineError> {
    let described = describe(notebook, path)?;
    let parsed = described.parsed(name_of(path)?, &described.own.bytes);
    Ok(parsed.tags.into_iter().map(|(tag, _)| tag).collect())
}
