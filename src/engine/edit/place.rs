//! Where each edit of a note's metadata goes: its frontmatter, a sidecar that is there, or a new one. Pure.

use crate::index::parse::edit::{EditError, MetaEdit, edit_frontmatter, edit_sidecar, new_sidecar};
use crate::index::parse::{SidecarKind, has_frontmatter};

/// A sidecar that is there.
#[derive(Clone, Debug)]
pub(super) struct SidecarFile {
    /// Its file name.
    pub(super) name: String,
    /// What it is.
    pub(super) kind: SidecarKind,
    /// Its contents.
    pub(super) bytes: Vec<u8>,
}

/// What describes a note: its own bytes (empty and unused where it has no frontmatter) and its sidecars, in the
/// order of merging.
#[derive(Clone, Debug)]
pub(super) struct Sources<'a> {
    pub(super) name: &'a str,
    pub(super) own: &'a [u8],
    pub(super) sidecars: &'a [SidecarFile],
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Which.
    pub(super) target: Target,
    /// Its new contents, different from what they were.
    pub(super) bytes: Vec<u8>,
}

/// Where metadata stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// In the note's own frontmatter.
    Own,
    /// In the sidecar of this place in [`Sources::sidecars`].
    Sidecar(usize),
    /// In a sidecar that is not there yet, `.NAME.json`.
    New,
}

/// The contents after the edits of every file that they change.
pub(super) fn apply(sources: &Sources<'_>, edits: &[MetaEdit]) -> Result<Vec<Written>, EditError> {
    let mut planned: Vec<(Target, Vec<MetaEdit>)> = Vec::new();
    for edit in edits {
        for target in targets(sources, edit) {
            match planned.iter_mut().find(|(known, _)| *known == target) {
                Some((_, list)) => list.push(edit.clone()),
                None => planned.push((target, vec![edit.clone()])),
            }
        }
    }
    let mut written = Vec::new();
    for (target, edits) in planned {
        let bytes = edited(sources, target, &edits)?;
        if current(sources, target) != Some(&*bytes) {
            written.push(Written { target, bytes });
        }
    }
    Ok(written)
}

/// Where one edit goes. Later sources win, so that a key is edited in the last one that has it; a tag or key that
/// goes away goes from all of them, or an earlier source would show through.
fn targets(sources: &Sources<'_>, edit: &MetaEdit) -> Vec<Target> {
    match edit {
        MetaEdit::RemoveTag(_) | MetaEdit::RenameTag { .. } | MetaEdit::Unset { .. } => holding(sources, edit),
        MetaEdit::AddTag(tag) => {
            let there = holding(sources, &MetaEdit::RemoveTag(tag.clone()));
            if there.is_empty() { vec![usual(sources)] } else { Vec::new() }
        }
        MetaEdit::Set { key, .. } | MetaEdit::ReplaceValue { key, into: Some(_), .. } => {
            vec![supplier(sources, key).unwrap_or_else(|| usual(sources))]
        }
        MetaEdit::ReplaceValue { key, into: None, .. } => supplier(sources, key).into_iter().collect(),
    }
}

/// The source whose value of a key counts. A nested key belongs to the source of its outermost one, since whole
/// values replace each other.
fn supplier(sources: &Sources<'_>, key: &str) -> Option<Target> {
    let last = |key: &str| holding(sources, &MetaEdit::Unset { key: key.to_owned() }).pop();
    last(key).or_else(|| key.split_once('.').and_then(|(outer, _)| last(outer)))
}

/// The sources that an edit which takes something away would change, in the order of merging.
fn holding(sources: &Sources<'_>, edit: &MetaEdit) -> Vec<Target> {
    let own = has_frontmatter(sources.name).then_some(Target::Own);
    own.into_iter()
        .chain((0..sources.sidecars.len()).map(Target::Sidecar))
        .filter(|target| {
            // A source that cannot be read supplies nothing.
            edited(sources, *target, std::slice::from_ref(edit))
                .is_ok_and(|bytes| current(sources, *target) != Some(&*bytes))
        })
        .collect()
}

/// Where new metadata goes.
fn usual(sources: &Sources<'_>) -> Target {
    if has_frontmatter(sources.name) {
        return Target::Own;
    }
    let preference = [SidecarKind::Json, SidecarKind::Yaml, SidecarKind::Markdown, SidecarKind::Xml];
    preference
        .iter()
        .find_map(|kind| sources.sidecars.iter().position(|sidecar| sidecar.kind == *kind))
        .map_or(Target::New, Target::Sidecar)
}

fn current<'a>(sources: &'a Sources<'_>, target: Target) -> Option<&'a [u8]> {
    match target {
        Target::Own => Some(sources.own),
        Target::Sidecar(at) => sources.sidecars.get(at).map(|sidecar| &*sidecar.bytes),
        Target::New => None,
    }
}

fn edited(sources: &Sources<'_>, target: Target, edits: &[MetaEdit]) -> Result<Vec<u8>, EditError> {
    match target {
        Target::Own => edit_frontmatter(sources.name, sources.own, edits),
        Target::Sidecar(at) => {
            let sidecar = &sources.sidecars[at];
            edit_sidecar(&sidecar.name, sidecar.kind, &sidecar.bytes, edits)
        }
        Target::New => new_sidecar(edits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TagName;

    fn tag(text: &str) -> TagName {
        TagName::new(text).unwrap()
    }

    fn set(key: &str, value: &str) -> MetaEdit {
        MetaEdit::Set { key: key.to_owned(), value: value.into() }
    }

    /// Which targets the edits go to: `own`, a sidecar's name, or `new`; with what the file then contains.
    fn check(
        name: &str,
        own: &str,
        sidecars: &[(&str, SidecarKind, &str)],
        edits: &[MetaEdit],
        expected: &[(&str, &str)],
    ) {
        let sidecars: Vec<_> = sidecars
            .iter()
            .map(|(name, kind, text)| SidecarFile {
                name: (*name).to_owned(),
                kind: *kind,
                bytes: text.as_bytes().to_vec(),
            })
            .collect();
        let sources = Sources { name, own: own.as_bytes(), sidecars: &sidecars };
        let found: Vec<(String, String)> = apply(&sources, edits)
            .unwrap()
            .into_iter()
            .map(|written| {
                let target = match written.target {
                    Target::Own => "own".to_owned(),
                    Target::Sidecar(at) => sidecars[at].name.clone(),
                    Target::New => "new".to_owned(),
                };
                (target, String::from_utf8(written.bytes).unwrap())
            })
            .collect();
        assert_eq!(found.len(), expected.len(), "{name} {edits:?}: {found:?}");
        for ((target, text), (wanted, part)) in found.iter().zip(expected) {
            assert_eq!(target, wanted);
            assert!(text.contains(part), "{text:?} should contain {part:?}");
        }
    }

    const JSON: &str = "{\n  \"tags\": [\"gpu\"],\n  \"status\": \"done\"\n}\n";

    #[test]
    fn new_metadata_goes_to_frontmatter_else_the_sidecar_that_exists_else_a_new_one() {
        check("a.md", "text\n", &[], &[MetaEdit::AddTag(tag("gpu"))], &[("own", "gpu")]);
        check("a.png", "", &[], &[MetaEdit::AddTag(tag("gpu"))], &[("new", "\"gpu\"")]);
        let yaml = ("a.png.yaml", SidecarKind::Yaml, "status: done\n");
        check("a.png", "", &[yaml], &[MetaEdit::AddTag(tag("gpu"))], &[("a.png.yaml", "gpu")]);
        let xml = ("a.png.xml", SidecarKind::Xml, "<m><status>done</status></m>");
        check("a.png", "", &[yaml, xml], &[set("loss", "low")], &[("a.png.yaml", "loss")]);
    }

    #[test]
    fn a_key_goes_to_the_source_that_supplies_its_value() {
        let json = (".a.md.json", SidecarKind::Json, JSON);
        let own = "---\nstatus: todo\nother: 1\n---\n";
        check("a.md", own, &[json], &[set("status", "new")], &[(".a.md.json", "\"new\"")]);
        check("a.md", own, &[json], &[set("other", "2")], &[("own", "other:")]);
        check("a.md", own, &[json], &[set("fresh", "2")], &[("own", "fresh:")]);
    }

    #[test]
    fn what_goes_away_goes_from_every_source_and_what_is_there_is_not_added_twice() {
        let json = (".a.md.json", SidecarKind::Json, JSON);
        let own = "---\ntags: [gpu, x]\nstatus: todo\n---\n";
        check("a.md", own, &[json], &[MetaEdit::RemoveTag(tag("gpu"))], &[("own", "x"), (".a.md.json", "status")]);
        check(
            "a.md",
            own,
            &[json],
            &[MetaEdit::Unset { key: "status".into() }],
            &[("own", "x"), (".a.md.json", "gpu")],
        );
        check("a.md", "", &[json], &[MetaEdit::AddTag(tag("GPU"))], &[]);
        check("a.png", "", &[], &[MetaEdit::RemoveTag(tag("gpu"))], &[]);
    }
}
