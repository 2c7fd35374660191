//! `tags/a/+b/-c`: folders that are worked out from the folders of tags, and kept until one of those changes.

use std::collections::HashMap;
use std::sync::Arc;

use super::folder::Folder;
use super::tags::TagTree;
use crate::types::TagName;

/// `tags/a/+b/-c`: a tag, and operators.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagPath {
    /// Notes that bear exactly this tag …
    pub base: TagName,
    /// … and each of these (`true`) or not it (`false`), exactly.
    pub operators: Vec<(bool, TagName)>,
}

impl TagPath {
    /// The folder of a tag, without operators.
    #[must_use]
    pub fn plain(base: TagName) -> Self {
        Self { base, operators: Vec::new() }
    }

    /// The tag that further plain components extend.
    #[must_use]
    pub fn last(&self) -> &TagName {
        self.operators.last().map_or(&self.base, |(_, tag)| tag)
    }
}

/// More than this are not kept.
const KEPT: usize = 64;

/// Folders worked out lately, with the generations of what they were worked out from.
#[derive(Debug, Default)]
pub(super) struct OperatorFolders {
    folders: HashMap<TagPath, (Vec<u64>, Arc<Folder>)>,
}

impl OperatorFolders {
    pub(super) fn folder(&mut self, path: &TagPath, tags: &TagTree) -> Arc<Folder> {
        let parts: Vec<Option<&Arc<Folder>>> = std::iter::once(&path.base)
            .chain(path.operators.iter().map(|(_, tag)| tag))
            .map(|tag| tags.folder(tag))
            .collect();
        let generations: Vec<u64> = parts.iter().map(|part| part.map_or(0, |folder| folder.generation())).collect();
        if let Some((of, folder)) = self.folders.get(path)
            && *of == generations
        {
            return Arc::clone(folder);
        }
        let folder = Arc::new(work_out(path, &parts));
        for child in tags.children(Some(path.last())) {
            let segment = child.key().rsplit('/').next().unwrap_or_default();
            folder.reserve(segment, true);
        }
        if let Some(newest) = parts.iter().flatten().map(|part| part.changed_ns()).max() {
            folder.set_changed_ns(newest);
        }
        if self.folders.len() >= KEPT {
            self.folders.clear();
        }
        self.folders.insert(path.clone(), (generations, Arc::clone(&folder)));
        folder
    }
}

/// Starts from the smallest folder that every member must be in.
fn work_out(path: &TagPath, parts: &[Option<&Arc<Folder>>]) -> Folder {
    let required = parts.iter().zip(std::iter::once(true).chain(path.operators.iter().map(|(is_in, _)| *is_in)));
    let Some(required) = required.filter(|(_, is_in)| *is_in).map(|(part, _)| *part).collect::<Option<Vec<_>>>() else {
        return Folder::default();
    };
    let smallest = required.into_iter().min_by_key(|folder| folder.len());
    let files = smallest.map(|folder| folder.files()).unwrap_or_default();
    Folder::new(files.into_iter().filter(|file| {
        file.has_tag(&path.base) && path.operators.iter().all(|(is_in, tag)| file.has_tag(tag) == *is_in)
    }))
}
