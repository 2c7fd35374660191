//! What edit of a note makes it a member of a folder, or no member any more. Nothing here writes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::facts::edited;
use super::inner::Inner;
use super::values::{element_shown_as, typed};
use super::{Answer, Place, Refused};
use crate::engine::catalog::CatalogFile;
use crate::engine::views::{GroupFolder, ResultSource, ViewFolder};
use crate::index::notebook::FileRow;
use crate::index::parse::edit::MetaEdit;
use crate::index::query::ast::Group;
use crate::index::query::eval::{group_values, matches, property_elements};
use crate::index::query::{OnRemove, Scope};
use crate::types::{TagName, Value};

const NO_WRITE_PRODUCES_IT: &str =
    "no edit of a note produces this group (a folder or a date); move the file or change the date instead";

impl Inner {
    /// Whether new notes can be made in a place.
    pub(super) fn takes_new_notes(&self, place: &Place) -> Answer<()> {
        match place {
            Place::Tag(path) if path.operators.is_empty() => Ok(()),
            Place::Tag(_) => Err(Refused::meaningless(
                "notes of an intersection can be read and saved, not added or removed: use the folders of its tags",
            )),
            Place::Group(view, group) => {
                let (view, _) = self.group(view, group)?;
                let query = view.view.as_ref().and_then(|view| view.query.group.as_ref());
                match query {
                    Some(Group::Folder | Group::Date { .. }) => Err(Refused::meaningless(NO_WRITE_PRODUCES_IT)),
                    _ => Ok(()),
                }
            }
            Place::ByValue(..) => Ok(()),
            Place::View(_) => Err(Refused::meaningless(
                "what a view shows follows from its query: edit the note, or put it into a group of the view",
            )),
            Place::Root => {
                Err(Refused::meaningless("files live in notebooks: make it in one, or make a notebook with mkdir"))
            }
            Place::Tags => Err(Refused::meaningless("files go into the folder of a tag: mkdir makes one")),
            Place::Views => Err(Refused::meaningless("a view is a .cdx file in a notebook: make it there")),
            Place::Codex | Place::ByRoot | Place::By(_) | Place::SearchRoot | Place::AtRoot | Place::History(None) => {
                Err(Refused::meaningless("this folder is generated; nothing can be put into it"))
            }
            Place::Search(_) | Place::Recent | Place::Untagged => Err(Refused::read_only(
                "what a search finds cannot be added to or removed from; the notes can be written",
            )),
            Place::At(_) | Place::Past { .. } | Place::History(Some(_)) => {
                Err(Refused::read_only("the past is only read: copy out of it what you want back"))
            }
        }
    }

    /// The edits that make a note a member.
    ///
    /// # Errors
    /// EPERM, EROFS where none does.
    pub(super) fn additions(&self, place: &Place, file: &CatalogFile) -> Answer<Vec<MetaEdit>> {
        self.takes_new_notes(place)?;
        match place {
            Place::Tag(path) => Ok(vec![MetaEdit::AddTag(path.base.clone())]),
            Place::Group(view, group) => {
                let (view, group) = self.group(view, group)?;
                let by = group_of(&view)?;
                let row = self.row(file)?;
                let edits = self.group_edits(&by, &row, None, &group)?;
                self.check_membership(&view, &row, &edits, (&by, &group))?;
                Ok(edits)
            }
            Place::ByValue(key, value) => {
                let group = self.by_value(key, value)?;
                self.group_edits(&Group::Property(key.clone()), &self.row(file)?, None, &group)
            }
            _ => Err(Refused::meaningless("nothing can be put into this folder")),
        }
    }

    /// The edits that take a note out of a folder, as `rm` does.
    ///
    /// # Errors
    /// EPERM, EROFS where nothing does.
    pub(super) fn removals(&self, place: &Place) -> Answer<Vec<MetaEdit>> {
        match place {
            Place::Tag(path) if path.operators.is_empty() => Ok(vec![MetaEdit::RemoveTag(path.base.clone())]),
            Place::View(view) | Place::Group(view, _) => {
                let view = self.view(view)?;
                let rule = view.view.as_ref().map(|view| &view.on_remove);
                match rule {
                    Some(OnRemove::Untag(tag)) => Ok(vec![MetaEdit::RemoveTag(tag.clone())]),
                    Some(OnRemove::Unset(key)) => Ok(vec![MetaEdit::Unset { key: key.clone() }]),
                    Some(OnRemove::Set(key, value)) => {
                        Ok(vec![MetaEdit::Set { key: key.clone(), value: value.clone() }])
                    }
                    Some(OnRemove::Deny) | None => Err(Refused::meaningless(
                        "what a view shows follows from its query: edit the note, or give the view an `on_remove`",
                    )),
                }
            }
            Place::ByValue(..) => Err(Refused::meaningless("move the note to another value, or to _none")),
            _ => {
                self.takes_new_notes(place)?;
                Err(Refused::meaningless("nothing can be removed from this folder"))
            }
        }
    }

    /// The edits that move a note from one folder to another.
    ///
    /// # Errors
    /// EPERM, EROFS where none do.
    pub(super) fn transfers(&self, from: &Place, to: &Place, file: &CatalogFile) -> Answer<Vec<MetaEdit>> {
        match (from, to) {
            (Place::Group(view, old), Place::Group(other, new)) if view == other => {
                let (view, old) = self.group(view, old)?;
                let new = view.group(new).ok_or_else(Refused::not_found)?;
                self.group_edits(&group_of(&view)?, &self.row(file)?, Some(&old), &new)
            }
            (Place::ByValue(key, old), Place::ByValue(other, new)) if key == other => {
                let (old, new) = (self.by_value(key, old)?, self.by_value(key, new)?);
                self.group_edits(&Group::Property(key.clone()), &self.row(file)?, Some(&old), &new)
            }
            _ => {
                let mut edits = self.removals(from)?;
                edits.extend(self.additions(to, file)?);
                Ok(edits)
            }
        }
    }

    /// The edits that put a note into a group, and out of another.
    fn group_edits(
        &self,
        by: &Group,
        row: &FileRow,
        from: Option<&GroupFolder>,
        to: &GroupFolder,
    ) -> Answer<Vec<MetaEdit>> {
        match by {
            Group::Property(key) => Ok(self.value_edits(key, row, from, to)),
            Group::Type => Ok(vec![match &to.value {
                None => MetaEdit::Unset { key: "type".to_owned() },
                Some(value) => MetaEdit::Set { key: "type".to_owned(), value: Value::from(value.as_str()) },
            }]),
            Group::Tag => {
                let tag =
                    |value: &String| TagName::new(value).map_err(|error| Refused::new(libc::EINVAL, error.to_string()));
                let mut edits = Vec::new();
                if let Some(old) = from.and_then(|group| group.value.as_ref()) {
                    edits.push(MetaEdit::RemoveTag(tag(old)?));
                }
                if let Some(new) = &to.value {
                    edits.push(MetaEdit::AddTag(tag(new)?));
                }
                Ok(edits)
            }
            Group::Folder | Group::Date { .. } => Err(Refused::meaningless(NO_WRITE_PRODUCES_IT)),
        }
    }

    fn value_edits(&self, key: &str, row: &FileRow, from: Option<&GroupFolder>, to: &GroupFolder) -> Vec<MetaEdit> {
        let key = key.to_owned();
        let properties = row.properties.read();
        let own = property_elements(&properties, &key);
        let Some(text) = &to.value else { return vec![MetaEdit::Unset { key }] };
        let value = self.value_of_group(&key, text, to, &own);
        if own.is_empty() {
            return vec![MetaEdit::Set { key, value }];
        }
        let old = from.and_then(|group| group.value.as_deref());
        let out = old.and_then(|old| element_shown_as(&own, old)).cloned();
        vec![MetaEdit::ReplaceValue { key, out, into: Some(value) }]
    }

    /// A group's value with the type that its notes, else this note, give it.
    fn value_of_group(&self, key: &str, text: &str, group: &GroupFolder, own: &[&Value]) -> Value {
        let member = group.folder.members().first().and_then(|member| self.catalog().file(member.file));
        let row = member.and_then(|file| self.row(&file).ok());
        let properties = row.map(|row| row.properties.read()).unwrap_or_default();
        let known = property_elements(&properties, key);
        match element_shown_as(&known, text) {
            Some(value) => value.clone(),
            None => typed(text, own),
        }
    }

    /// Refuses edits after which the view would still not show the note in the group.
    fn check_membership(
        &self,
        view: &ViewFolder,
        row: &FileRow,
        edits: &[MetaEdit],
        (by, group): (&Group, &GroupFolder),
    ) -> Answer<()> {
        let definition = view.view.as_ref().ok_or_else(Refused::not_found)?;
        let in_scope = match &definition.query.scope {
            Scope::Default => row.number == view.file.notebook,
            Scope::All => true,
            Scope::Named(names) => names.iter().any(|name| *name == row.notebook || name.parse() == Ok(row.number.0)),
        };
        let time = ResultSource::time(&*self.engine);
        let facts = edited(&self.facts(row)?, edits);
        let is_member = in_scope
            && matches(&definition.query.filter, &facts, &time)
            && group_values(&facts, by, &time).contains(&group.value);
        if is_member {
            return Ok(());
        }
        Err(Refused::meaningless(format!(
            "{}/{} would still be no member of the view: its query asks for more than this group",
            row.notebook, row.path
        )))
    }

    /// All that the index knows of a note.
    pub(super) fn row(&self, file: &CatalogFile) -> Answer<FileRow> {
        let notebook = self.notebook(file.key.notebook)?;
        let row = notebook.reader.by_id(file.key.id).map_err(crate::engine::EngineError::from)?;
        let mut row = row.ok_or_else(Refused::not_found)?;
        // A reader knows its notebook's rows, not what the notebook is called or numbered here.
        (row.notebook, row.number) = (notebook.name().as_str().to_owned(), notebook.number);
        Ok(row)
    }
}

fn group_of(view: &ViewFolder) -> Answer<Group> {
    let group = view.view.as_ref().and_then(|view| view.query.group.clone());
    group.ok_or_else(Refused::not_found)
}

/// Whether a note may be put into a folder under a name: its own, or its qualified one.
pub(super) fn check_name(file: &CatalogFile, name: &OsStr, also: Option<&OsStr>) -> Answer<()> {
    if name == file.name() || name == file.qualified_name() || also == Some(name) {
        return Ok(());
    }
    Err(Refused::meaningless(format!(
        "an entry bears the note's own name `{}`; rename the note in its notebook to call it `{}`",
        file.name().display(),
        OsStr::from_bytes(name.as_bytes()).display()
    )))
}
