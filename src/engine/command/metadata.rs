//! `tag add`, `tag rm`, `tag rename`, `set`, `unset`.

use serde::Serialize;

use crate::engine::edit::{GestureWords, set_property, tag_named, unset_property, with_gesture};
use crate::engine::{Engine, EngineError, Requester};
use crate::index::parse::edit::MetaEdit;
use crate::types::Value;

/// Reply of the commands that edit metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Edited {
    /// Those that changed.
    files: Vec<String>,
}

/// Reply of a tag rename.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Renamed {
    /// How many files were changed; in a dry run, would be.
    count: usize,
    /// Which: those that bear the tag or a tag below it, and `.cdx` whose queries name it.
    files: Vec<String>,
    /// Whether workspace.yaml declares it.
    declared: bool,
}

impl Engine {
    pub(super) fn tag_files(
        &self,
        tag: &str,
        files: &[String],
        add: bool,
        by: &Requester,
    ) -> Result<Edited, EngineError> {
        let tag = tag_named(tag)?;
        let summary = if add {
            format!("Tag {} with {tag}", names(files))
        } else {
            format!("Remove tag {tag} from {}", names(files))
        };
        let edit = if add { MetaEdit::AddTag(tag) } else { MetaEdit::RemoveTag(tag) };
        self.edit_files(files, &[edit], summary, by)
    }

    pub(super) fn set_properties(
        &self,
        file: &str,
        values: &[(String, Value)],
        by: &Requester,
    ) -> Result<Edited, EngineError> {
        let edits =
            values.iter().map(|(key, value)| set_property(key, value.clone())).collect::<Result<Vec<_>, _>>()?;
        let keys: Vec<&str> = values.iter().map(|(key, _)| key.trim()).collect();
        let summary = format!("Set {} in {file}", keys.join(", "));
        self.edit_files(&[file.to_owned()], &edits, summary, by)
    }

    pub(super) fn unset_properties(&self, file: &str, keys: &[String], by: &Requester) -> Result<Edited, EngineError> {
        let edits = keys.iter().map(|key| unset_property(key)).collect::<Result<Vec<_>, _>>()?;
        let summary = format!("Unset {} in {file}", keys.join(", "));
        self.edit_files(&[file.to_owned()], &edits, summary, by)
    }

    /// All files are looked up before the first is edited: a wrong name changes nothing.
    fn edit_files(
        &self,
        files: &[String],
        edits: &[MetaEdit],
        summary: String,
        by: &Requester,
    ) -> Result<Edited, EngineError> {
        let mut keys = Vec::new();
        for file in files {
            keys.push((self.key_of(file)?.2, edits.to_vec()));
        }
        let by = with_gesture(by);
        if let Some(gesture) = &by.gesture {
            self.describe_gesture(gesture, GestureWords { summary: Some(summary), undoes: Vec::new() });
        }
        let changed = self.edit_metadata_of_each(&keys, &by)?;
        Ok(Edited { files: changed })
    }

    pub(super) fn rename_tag_reply(
        &self,
        from: &str,
        to: &str,
        (merge, dry_run): (bool, bool),
        by: &Requester,
    ) -> Result<Renamed, EngineError> {
        let (from, to) = (tag_named(from)?, tag_named(to)?);
        let plan = self.plan_tag_rename(&from, &to, merge)?;
        let count = if dry_run { plan.files.len() } else { self.rename_tag(&from, &to, merge, by)? };
        Ok(Renamed { count, files: plan.files, declared: plan.declared })
    }
}

/// The first files, for the first line of a commit's message.
fn names(files: &[String]) -> String {
    const NAMED: usize = 3;
    let shown = files.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if files.len() > NAMED { format!("{shown} and {} more", files.len() - NAMED) } else { shown }
}
