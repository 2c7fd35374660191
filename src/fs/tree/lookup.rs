//! What a name in a place stands for. Nothing here changes anything.

use std::ffi::OsStr;

use super::inner::Inner;
use super::names::decoded_query;
use super::{Answer, Caller, Found, Place, Refused, TextFile};
use crate::engine::catalog::{TagPath, names};
use crate::engine::views::Selection;
use crate::types::TagName;

impl Inner {
    pub(super) fn lookup(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<Found> {
        if let Some(scratch) = self.scratches.find(place, name) {
            return Ok(Found::Scratch(scratch));
        }
        if let Some(file) = self.saves.find(place, name) {
            // The name may be that of a tag by now.
            if let Place::Tag(path) = place {
                self.caught_up()?;
                if let Some(below) = self.child_tag(path, name) {
                    return Ok(Found::Dir(Place::Tag(below)));
                }
            }
            return Ok(Found::Note(file));
        }
        match place {
            Place::Root => self.lookup_root(name),
            Place::Codex => lookup_codex(name, caller),
            Place::Tags => self.lookup_tags(name),
            Place::Tag(path) => self.lookup_tag(path, name),
            Place::Views => self.lookup_views(name),
            Place::View(view) => self.lookup_view(view, name),
            Place::Group(..) | Place::Search(_) | Place::ByValue(..) | Place::Recent | Place::Untagged => {
                self.caught_up()?;
                Ok(Found::Note(self.note_at(place, name)?.key))
            }
            Place::SearchRoot => self.lookup_search(name),
            Place::ByRoot => {
                let key = names::named_value(name).flatten().ok_or_else(Refused::not_found)?;
                if key.is_empty() { Err(Refused::not_found()) } else { Ok(Found::Dir(Place::By(key))) }
            }
            Place::By(key) => {
                self.caught_up()?;
                self.by_value(key, name)?;
                Ok(Found::Dir(Place::ByValue(key.clone(), name.to_owned())))
            }
            Place::AtRoot => self.lookup_at_root(name),
            Place::At(time) => self.lookup_at(time, name),
            Place::Past { time, notebook, commit, path } => self.lookup_past(time, *notebook, *commit, path, name),
            Place::History(None) => self.lookup_history_root(name),
            Place::History(Some((notebook, path))) => self.lookup_history(*notebook, path, name),
        }
    }

    fn lookup_root(&self, name: &OsStr) -> Answer<Found> {
        let found = match name.to_str().ok_or_else(Refused::not_found)? {
            "tags" => Found::Dir(Place::Tags),
            "views" => Found::Dir(Place::Views),
            ".codex" => Found::Dir(Place::Codex),
            ".ignore" => Found::Text(TextFile::Ignore),
            ".metadata_never_index" => Found::Text(TextFile::MetadataNeverIndex),
            name => match self.engine.notebook_named(name) {
                Some(notebook) => Found::Notebook(notebook.number),
                None => return Err(self.broken_notebook(name)),
            },
        };
        Ok(found)
    }

    /// A folder that is there and cannot be shown is no missing one: who copies the mount elsewhere, and removes there
    /// what is not here, is to stop.
    fn broken_notebook(&self, name: &str) -> Refused {
        let broken = self.engine.broken_notebooks().into_iter().find(|(broken, _)| broken == name);
        broken.map_or_else(Refused::not_found, |(_, reason)| Refused::new(libc::EIO, reason))
    }

    fn lookup_tags(&self, name: &OsStr) -> Answer<Found> {
        self.caught_up()?;
        if let Some(tag) = segment(name).and_then(|segment| TagName::new(segment).ok())
            && self.catalog().has_tag(&tag)
        {
            return Ok(Found::Dir(Place::Tag(TagPath::plain(tag))));
        }
        cache_dir_tag(Place::Tags, name)
    }

    fn lookup_tag(&self, path: &TagPath, name: &OsStr) -> Answer<Found> {
        self.caught_up()?;
        if let Some(below) = self.child_tag(path, name) {
            return Ok(Found::Dir(Place::Tag(below)));
        }
        if let Some(file) = self.catalog().tag_folder(path).find(name) {
            return Ok(Found::Note(file.key));
        }
        let below = self.operator(path, name).ok_or_else(Refused::not_found)?;
        Ok(Found::Dir(Place::Tag(below)))
    }

    /// The folder of a child tag; after an operator, of that operator's tag.
    pub(super) fn child_tag(&self, path: &TagPath, name: &OsStr) -> Option<TagPath> {
        let child = path.last().child(segment(name)?).ok().filter(|tag| self.catalog().has_tag(tag))?;
        let mut below = path.clone();
        match below.operators.last_mut() {
            Some((_, last)) => *last = child,
            None => below.base = child,
        }
        Some(below)
    }

    /// `+b`, `-b`.
    fn operator(&self, path: &TagPath, name: &OsStr) -> Option<TagPath> {
        let name = segment(name)?;
        let (is_in, name) = match name.split_at_checked(1)? {
            ("+", rest) => (true, rest),
            ("-", rest) => (false, rest),
            _ => return None,
        };
        let tag = TagName::new(segment(OsStr::new(name))?).ok().filter(|tag| self.catalog().has_tag(tag))?;
        let mut below = path.clone();
        below.operators.push((is_in, tag));
        Some(below)
    }

    fn lookup_views(&self, name: &OsStr) -> Answer<Found> {
        self.caught_up()?;
        match name.to_str() {
            Some(text) if self.catalog().view_files().find(name).is_some() => {
                Ok(Found::Dir(Place::View(text.to_owned())))
            }
            _ => cache_dir_tag(Place::Views, name),
        }
    }

    fn lookup_view(&self, name: &str, entry: &OsStr) -> Answer<Found> {
        self.caught_up()?;
        let view = self.view(name)?;
        if view.error.is_some() && entry == ERROR_FILE {
            return Ok(Found::Text(TextFile::ViewError(name.to_owned())));
        }
        if view.group(entry).is_some() {
            return Ok(Found::Dir(Place::Group(name.to_owned(), entry.to_owned())));
        }
        Ok(Found::Note(view.members.find(entry).ok_or_else(Refused::not_found)?.key))
    }

    fn lookup_search(&self, name: &OsStr) -> Answer<Found> {
        let line = decoded_query(name).ok_or_else(|| {
            Refused::new(libc::ENOENT, "the query does not parse: write `%` as `%25` and `/` as `%2F`, in UTF-8")
        })?;
        self.caught_up()?;
        self.select(&Selection::Line(line.clone()))?;
        Ok(Found::Dir(Place::Search(line)))
    }
}

/// Shown in the folder of a view whose definition cannot be used.
pub(super) const ERROR_FILE: &str = "ERROR.txt";

/// A name that may be a tag's segment: [`TagName`] drops spaces around it, so there must be none.
pub(super) fn segment(name: &OsStr) -> Option<&str> {
    name.to_str().filter(|text| text.trim() == *text && !text.contains('/'))
}

fn cache_dir_tag(place: Place, name: &OsStr) -> Answer<Found> {
    if name == "CACHEDIR.TAG" {
        return Ok(Found::Text(TextFile::CacheDirTag(Box::new(place))));
    }
    Err(Refused::not_found())
}

fn lookup_codex(name: &OsStr, caller: Caller) -> Answer<Found> {
    Ok(match name.to_str().ok_or_else(Refused::not_found)? {
        "search" => Found::Dir(Place::SearchRoot),
        "by" => Found::Dir(Place::ByRoot),
        "at" => Found::Dir(Place::AtRoot),
        "history" => Found::Dir(Place::History(None)),
        "recent" => Found::Dir(Place::Recent),
        "untagged" => Found::Dir(Place::Untagged),
        "status.json" => Found::Text(TextFile::Status),
        "last-error" => Found::Text(TextFile::LastError(caller.uid)),
        _ => return Err(Refused::not_found()),
    })
}
