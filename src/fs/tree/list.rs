//! The entries of places, when they last changed, and who may change them.

use std::collections::BTreeSet;
use std::ffi::OsString;

use super::inner::Inner;
use super::lookup::ERROR_FILE;
use super::{Answer, Caller, Found, Listed, Place, Refused, TextFile};
use crate::engine::catalog::{TagPath, names, now_ns};
use crate::engine::views::Selection;
use crate::types::TagName;

impl Inner {
    pub(super) fn list(&self, place: &Place, caller: Caller) -> Answer<Vec<Listed>> {
        let mut entries = match place {
            Place::Root => self.list_root(),
            Place::Codex => list_codex(caller),
            Place::Tags => {
                self.caught_up()?;
                self.list_tags(None)
            }
            Place::Tag(path) => self.list_tag(path)?,
            Place::Views => {
                self.caught_up()?;
                self.list_views()
            }
            Place::View(name) => self.list_view(name)?,
            Place::Group(..) | Place::Search(_) | Place::ByValue(..) | Place::Recent | Place::Untagged => {
                self.caught_up()?;
                self.list_notes(place)?
            }
            // Any query and any time is a folder: there is no end of them.
            Place::SearchRoot | Place::AtRoot => Vec::new(),
            Place::ByRoot => self.list_properties()?,
            Place::By(key) => self.list_values(key)?,
            Place::At(time) => self.list_at(time)?,
            Place::Past { time, notebook, commit, path } => self.list_past(time, *notebook, *commit, path)?,
            Place::History(None) => self.list_history_root(),
            Place::History(Some((notebook, path))) => self.list_history(*notebook, path)?,
        };
        let held = self.scratches.list(place);
        if !held.is_empty() {
            entries.retain(|entry| held.iter().all(|(name, _)| *name != entry.name));
            entries.extend(held.into_iter().map(|(name, scratch)| Listed { name, found: Found::Scratch(scratch) }));
        }
        for (name, file) in self.saves.list(place) {
            // It may be there under another name, since its own has become ambiguous.
            let is_there =
                |entry: &Listed| entry.name == name || matches!(entry.found, Found::Note(key) if key == file);
            if !entries.iter().any(is_there) {
                entries.push(listed(name, Found::Note(file)));
            }
        }
        Ok(entries)
    }

    fn list_root(&self) -> Vec<Listed> {
        let mut entries: Vec<Listed> = self
            .engine
            .notebooks()
            .iter()
            .map(|notebook| listed(notebook.name().as_str(), Found::Notebook(notebook.number)))
            .collect();
        entries.extend(self.engine.broken_notebooks().into_iter().map(|(name, _)| listed(name, Found::Broken)));
        entries.push(listed("tags", Found::Dir(Place::Tags)));
        entries.push(listed("views", Found::Dir(Place::Views)));
        entries
    }

    fn list_tags(&self, below: Option<&TagName>) -> Vec<Listed> {
        let entry = |tag: TagName| {
            let name = tag.segments().next_back().unwrap_or_default().to_owned();
            listed(name, Found::Dir(Place::Tag(TagPath::plain(tag))))
        };
        self.catalog().children(below).into_iter().map(entry).collect()
    }

    fn list_tag(&self, path: &TagPath) -> Answer<Vec<Listed>> {
        self.caught_up()?;
        self.check_tag(path)?;
        // Intersections are never listed, nor what hangs below them: the tree stays finite.
        let mut entries = if path.operators.is_empty() { self.list_tags(Some(&path.base)) } else { Vec::new() };
        entries.extend(self.list_notes(&Place::Tag(path.clone()))?);
        Ok(entries)
    }

    fn check_tag(&self, path: &TagPath) -> Answer<()> {
        let is_there = |tag: &TagName| self.catalog().has_tag(tag);
        if is_there(&path.base) && path.operators.iter().all(|(_, tag)| is_there(tag)) {
            return Ok(());
        }
        Err(Refused::not_found())
    }

    fn list_notes(&self, place: &Place) -> Answer<Vec<Listed>> {
        let Some(folder) = self.notes(place)? else { return Ok(Vec::new()) };
        let members = folder.members();
        Ok(members.iter().map(|member| listed(&member.name, Found::Note(member.file))).collect())
    }

    fn list_views(&self) -> Vec<Listed> {
        let members = self.catalog().view_files().members();
        let view = |name: &OsString| Some(Found::Dir(Place::View(name.to_str()?.to_owned())));
        members.iter().filter_map(|member| Some(listed(&member.name, view(&member.name)?))).collect()
    }

    fn list_view(&self, name: &str) -> Answer<Vec<Listed>> {
        self.caught_up()?;
        let view = self.view(name)?;
        let mut entries = Vec::new();
        for group in view.groups.iter().flat_map(|groups| groups.iter()) {
            entries.push(listed(&group.name, Found::Dir(Place::Group(name.to_owned(), group.name.clone()))));
        }
        let members = view.members.members();
        entries.extend(members.iter().map(|member| listed(&member.name, Found::Note(member.file))));
        if view.error.is_some() {
            entries.retain(|entry| entry.name != ERROR_FILE);
            entries.push(listed(ERROR_FILE, Found::Text(TextFile::ViewError(name.to_owned()))));
        }
        Ok(entries)
    }

    fn list_properties(&self) -> Answer<Vec<Listed>> {
        self.caught_up()?;
        let mut keys = BTreeSet::new();
        for notebook in self.engine.notebooks() {
            let found = notebook.reader.property_keys().map_err(crate::engine::EngineError::from)?;
            keys.extend(found.into_iter().map(|(key, _)| key));
        }
        Ok(keys.into_iter().map(|key| listed(names::value_name(Some(&key)), Found::Dir(Place::By(key)))).collect())
    }

    fn list_values(&self, key: &str) -> Answer<Vec<Listed>> {
        self.caught_up()?;
        let groups = self.select(&Selection::Having(key.to_owned()))?.groups;
        let entry = |name: &OsString| listed(name, Found::Dir(Place::ByValue(key.to_owned(), name.clone())));
        Ok(groups.iter().map(|group| entry(&group.name)).collect())
    }

    // ---- attributes ----

    pub(super) fn changed_ns(&self, place: &Place) -> Answer<i64> {
        let changed = match place {
            Place::Root | Place::Codex | Place::SearchRoot | Place::AtRoot | Place::ByRoot | Place::History(None) => {
                self.root_changed_ns()
            }
            Place::Tags => {
                self.caught_up()?;
                self.catalog().tags_changed_ns()
            }
            Place::Tag(path) => {
                self.caught_up()?;
                self.check_tag(path)?;
                self.catalog().tag_folder(path).changed_ns()
            }
            Place::Views => {
                self.caught_up()?;
                self.catalog().view_files().changed_ns()
            }
            Place::View(name) => {
                self.caught_up()?;
                self.view(name)?.changed_ns
            }
            Place::By(key) => {
                self.caught_up()?;
                self.select(&Selection::Having(key.clone()))?.groups_changed_ns
            }
            Place::Group(..) | Place::Search(_) | Place::ByValue(..) | Place::Recent | Place::Untagged => {
                self.caught_up()?;
                self.notes(place)?.map_or(0, |folder| folder.changed_ns())
            }
            Place::At(_) => self.root_changed_ns(),
            Place::Past { notebook, commit, .. } => self.commit_ns(*notebook, *commit)?,
            Place::History(Some((notebook, path))) => self.history_changed_ns(*notebook, path)?,
        };
        Ok(changed.max(self.scratches.changed_ns(place)))
    }

    /// When a notebook last came, went or was renamed, as far as this mount knows.
    fn root_changed_ns(&self) -> i64 {
        let notebooks = self.engine.notebooks();
        let now: Vec<_> =
            notebooks.iter().map(|notebook| (notebook.number, notebook.name().as_str().to_owned())).collect();
        let mut root = self.root.lock();
        if root.1 == 0 || root.0 != now {
            *root = (now, now_ns().max(root.1 + 1));
        }
        root.1
    }

    pub(super) fn permissions(&self, place: &Place) -> u16 {
        let can_change = match place {
            Place::Root | Place::Tags | Place::Tag(_) | Place::View(_) | Place::Group(..) | Place::ByValue(..) => {
                !self.read_only
            }
            Place::Views
            | Place::Codex
            | Place::SearchRoot
            | Place::Search(_)
            | Place::ByRoot
            | Place::By(_)
            | Place::AtRoot
            | Place::At(_)
            | Place::Past { .. }
            | Place::History(_)
            | Place::Recent
            | Place::Untagged => false,
        };
        if can_change { 0o755 } else { 0o555 }
    }
}

pub(super) fn listed(name: impl Into<OsString>, found: Found) -> Listed {
    Listed { name: name.into(), found }
}

fn list_codex(caller: Caller) -> Vec<Listed> {
    let dir = |name: &str, place| listed(name, Found::Dir(place));
    vec![
        dir("search", Place::SearchRoot),
        dir("by", Place::ByRoot),
        dir("at", Place::AtRoot),
        dir("history", Place::History(None)),
        dir("recent", Place::Recent),
        dir("untagged", Place::Untagged),
        listed("status.json", Found::Text(TextFile::Status)),
        listed("last-error", Found::Text(TextFile::LastError(caller.uid))),
    ]
}
