//! Tags of the whole workspace: renamed, declared, declared no more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::gesture::{new_gesture, part_way, with_gesture};
use super::metadata::would_change;
use super::rewrite::{read, refused};
use super::threads::on_threads;
use super::workbench::GestureWords;
use crate::engine::catalog::TagPath;
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::index::parse::SidecarKind;
use crate::index::parse::edit::{MetaEdit, edit_sidecar, rename_tag_in_view};
use crate::sys::{Dir, Replace};
use crate::types::{NotePath, NotebookNumber, TagName};

/// How long a rename waits for the index, so that no note that bears the tag is missed.
const BARRIER: Duration = Duration::from_secs(10);

/// What renaming a tag changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagRename {
    /// Notes that bear it or a tag below it and `.cdx` whose queries name it, as `notebook/path`.
    pub files: Vec<String>,
    /// Whether workspace.yaml declares it.
    pub declared: bool,
}

/// A tag to be renamed, with those below it.
#[derive(Clone, Copy, Debug)]
pub struct TagRenaming<'a> {
    /// As it is.
    pub from: &'a TagName,
    /// As it will be.
    pub to: &'a TagName,
    /// Whether `to` may be there already.
    pub merge: bool,
    /// In one notebook alone; `None`: in the whole workspace, and where it declares the tag.
    pub within: Option<NotebookNumber>,
}

impl TagRenaming<'_> {
    fn is_about(&self, notebook: NotebookNumber) -> bool {
        self.within.is_none_or(|within| within == notebook)
    }
}

/// A file that a rename concerns.
struct Concerned {
    notebook: Arc<Notebook>,
    path: NotePath,
    /// Its metadata bears the tag.
    bears: bool,
    /// Its query names the tag.
    names: bool,
}

impl Engine {
    /// Renames a tag and those below it in every note, sidecar and `.cdx`: one gesture.
    ///
    /// # Errors
    /// [`EngineError::Exists`] if `to` is there and `merge` is false; [`EngineError::NotFound`] if `from` is not.
    /// A note that cannot be edited is named before anything is written.
    pub fn rename_tag(&self, from: &TagName, to: &TagName, merge: bool, by: &Requester) -> Result<usize, EngineError> {
        self.rename_tag_within(TagRenaming { from, to, merge, within: None }, by)
    }

    /// As [`Engine::rename_tag`], where it is to be done.
    ///
    /// # Errors
    /// As there.
    pub fn rename_tag_within(&self, renaming: TagRenaming<'_>, by: &Requester) -> Result<usize, EngineError> {
        self.check_writable()?;
        let TagRenaming { from, to, within, .. } = renaming;
        let concerned = self.concerned(renaming)?;
        let edits = [rename(from, to)];
        for file in concerned.iter().filter(|file| file.bears) {
            would_change(&file.notebook, &file.path, &edits)
                .map_err(|error| EngineError::Conflict(format!("{}/{}: {error}", file.notebook.name(), file.path)))?;
        }
        let gesture = by.gesture.clone().unwrap_or_else(new_gesture);
        let by = Requester { actor: by.actor.clone(), gesture: Some(gesture.clone()) };
        let summary = Some(format!("Rename tag {from} to {to}"));
        self.describe_gesture(&gesture, GestureWords { summary, ..GestureWords::default() });
        let done = self.rename_in_all(&concerned, (from, to), &by)?;
        if within.is_some() {
            return Ok(done);
        }
        if self.declares_within(from) {
            self.edit_workspace_tags(&rename(from, to))?;
        }
        self.catalog().rename_emptied(from, to);
        Ok(done)
    }

    fn rename_in_all(
        &self,
        files: &[Concerned],
        (from, to): (&TagName, &TagName),
        by: &Requester,
    ) -> Result<usize, EngineError> {
        let (done, failure) = on_threads(files, |file| match self.rename_in(file, from, to, by) {
            Ok(true) => Ok(Some(format!("{}/{}", file.notebook.name(), file.path))),
            // Edited or removed meanwhile by somebody else.
            Ok(false) | Err(EngineError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        });
        let done: Vec<String> = done.into_iter().flatten().collect();
        failure.map_or(Ok(done.len()), |error| Err(part_way(error, &done)))
    }

    /// What [`Engine::rename_tag`] would change, without writing.
    ///
    /// # Errors
    /// As there.
    pub fn plan_tag_rename(&self, from: &TagName, to: &TagName, merge: bool) -> Result<TagRename, EngineError> {
        self.plan_tag_rename_within(TagRenaming { from, to, merge, within: None })
    }

    /// What [`Engine::rename_tag_within`] would change, without writing.
    ///
    /// # Errors
    /// As there.
    pub fn plan_tag_rename_within(&self, renaming: TagRenaming<'_>) -> Result<TagRename, EngineError> {
        let concerned = self.concerned(renaming)?;
        let shown = |file: &Concerned| format!("{}/{}", file.notebook.name(), file.path);
        let declared = renaming.within.is_none() && self.declares_within(renaming.from);
        Ok(TagRename { files: concerned.iter().map(shown).collect(), declared })
    }

    fn rename_in(&self, file: &Concerned, from: &TagName, to: &TagName, by: &Requester) -> Result<bool, EngineError> {
        let mut changed = false;
        if file.bears {
            changed |= self.edit_metadata_at(&file.notebook, &file.path, &[rename(from, to)], by)?;
        }
        if file.names {
            let name = file.path.to_str().unwrap_or_default();
            self.change_contents(&file.notebook, &file.path, by, |current| {
                Ok(rename_tag_in_view(name, &current.bytes, from, to)?)
            })?;
            changed = true;
        }
        Ok(changed)
    }

    /// The files that a rename concerns, by notebook and path, once it is known to be allowed.
    fn concerned(&self, renaming: TagRenaming<'_>) -> Result<Vec<Concerned>, EngineError> {
        self.barrier(BARRIER)?;
        let TagRenaming { from, to, merge, .. } = renaming;
        let catalog = self.catalog();
        if !self.has_tag_where(renaming, from) {
            return Err(EngineError::NotFound(format!("no tag `{from}`")));
        }
        if from != to && to.is_within(from) {
            return Err(EngineError::Invalid(format!("`{to}` is below `{from}`; a tag cannot be moved into itself")));
        }
        if from != to && !merge && self.has_tag_where(renaming, to) {
            return Err(EngineError::Exists(format!("there is a tag `{to}` already; with --merge the two become one")));
        }
        let mut found: BTreeMap<(NotebookNumber, NotePath), Concerned> = BTreeMap::new();
        for (tag, _) in catalog.tag_counts().into_iter().filter(|(tag, _)| tag.is_within(from)) {
            for member in catalog.tag_folder(&TagPath { base: tag, operators: Vec::new() }).members().iter() {
                let Ok((notebook, file)) = self.file_of(member.file) else { continue };
                if !renaming.is_about(notebook.number) {
                    continue;
                }
                let path = file.path.clone();
                found.entry((notebook.number, path.clone())).or_insert(Concerned {
                    notebook,
                    path,
                    bears: true,
                    names: false,
                });
            }
        }
        for (notebook, path) in self.views_naming(renaming)? {
            found.entry((notebook.number, path.clone())).and_modify(|file| file.names = true).or_insert(Concerned {
                notebook,
                path,
                bears: false,
                names: true,
            });
        }
        Ok(found.into_values().collect())
    }

    /// The `.cdx` whose queries a rename changes; one that cannot be read is left for its author to mend.
    fn views_naming(&self, renaming: TagRenaming<'_>) -> Result<Vec<(Arc<Notebook>, NotePath)>, EngineError> {
        let TagRenaming { from, to, .. } = renaming;
        let mut views = Vec::new();
        for notebook in self.notebooks().into_iter().filter(|notebook| renaming.is_about(notebook.number)) {
            for path in notebook.reader.stats()?.into_iter().map(|row| row.path) {
                let name = match path.to_str() {
                    Some(name) if name.to_ascii_lowercase().ends_with(".cdx") => name,
                    _ => continue,
                };
                let Ok(Some(current)) = read(&notebook.dir, &path) else { continue };
                if rename_tag_in_view(name, &current.bytes, from, to).is_ok_and(|bytes| bytes != current.bytes) {
                    views.push((Arc::clone(&notebook), path));
                }
            }
        }
        Ok(views)
    }

    /// Whether there is a tag where the renaming is to be done.
    fn has_tag_where(&self, renaming: TagRenaming<'_>, tag: &TagName) -> bool {
        let catalog = self.catalog();
        match renaming.within {
            None => catalog.has_tag(tag),
            Some(notebook) => catalog.tag_counts_in(&[notebook]).iter().any(|(borne, _)| borne.is_within(tag)),
        }
    }

    fn declares_within(&self, tag: &TagName) -> bool {
        self.settings().tags.iter().any(|declared| declared.is_within(tag))
    }

    /// Declares a tag that has no notes yet, in workspace.yaml.
    ///
    /// # Errors
    /// [`EngineError::Exists`]; workspace.yaml cannot be written.
    pub fn declare_tag(&self, tag: &TagName, by: &Requester) -> Result<(), EngineError> {
        let _ = with_gesture(by);
        self.check_writable()?;
        if self.catalog().has_tag(tag) {
            return Err(EngineError::Exists(format!("there is a tag `{tag}` already")));
        }
        self.edit_workspace_tags(&MetaEdit::AddTag(tag.clone()))
    }

    /// Removes a tag that has no notes and no children.
    ///
    /// # Errors
    /// [`EngineError::NotEmpty`], [`EngineError::NotFound`].
    pub fn undeclare_tag(&self, tag: &TagName, by: &Requester) -> Result<(), EngineError> {
        let _ = by;
        self.check_writable()?;
        let catalog = self.catalog();
        if !catalog.has_tag(tag) {
            return Err(EngineError::NotFound(format!("no tag `{tag}`")));
        }
        if !catalog.children(Some(tag)).is_empty() {
            return Err(EngineError::NotEmpty(format!("`{tag}` has tags below it; remove those first")));
        }
        let notes = catalog.tag_folder(&TagPath { base: tag.clone(), operators: Vec::new() }).members().len();
        if notes > 0 {
            return Err(EngineError::NotEmpty(format!("{notes} notes bear `{tag}`; remove it from them first")));
        }
        if self.settings().tags.contains(tag) {
            self.edit_workspace_tags(&MetaEdit::RemoveTag(tag.clone()))?;
        }
        catalog.drop_emptied(tag);
        Ok(())
    }

    /// Edits the list `tags` of workspace.yaml, whose lines are otherwise kept.
    fn edit_workspace_tags(&self, edit: &MetaEdit) -> Result<(), EngineError> {
        const NAME: &str = "workspace.yaml";
        let path = NotePath::new(NAME).expect("a plain name");
        let codex = Dir::open(self.codex_path())?;
        {
            let _lock = self.workbench.lock_file(NotebookNumber(0), &path);
            let bytes = read(&codex, &path)?.map(|current| current.bytes).unwrap_or_default();
            let edited = edit_sidecar(NAME, SidecarKind::Yaml, &bytes, std::slice::from_ref(edit))?;
            if edited != bytes {
                codex.write_durably(&path, &edited, Replace::KeepAttributes).map_err(refused)?;
            }
        }
        self.reload_settings()
    }
}

fn rename(from: &TagName, to: &TagName) -> MetaEdit {
    MetaEdit::RenameTag { from: from.clone(), to: to.clone() }
}
