//! Which files describe which, and what a sidecar says.

use super::{Frontmatter, METADATA_MAX, Problem, Sidecar, SidecarKind, split, values, xml};
use crate::types::Properties;

/// Suffix, kind, and whether the name begins with a dot; later ones win where both say something.
const FORMS: [(&str, SidecarKind, bool); 9] = [
    (".json", SidecarKind::Json, false),
    (".json", SidecarKind::Json, true),
    (".yaml", SidecarKind::Yaml, false),
    (".yml", SidecarKind::Yaml, false),
    (".yaml", SidecarKind::Yaml, true),
    (".xml", SidecarKind::Xml, false),
    (".xml", SidecarKind::Xml, true),
    (".md", SidecarKind::Markdown, false),
    (".md", SidecarKind::Markdown, true),
];

/// The names that a sidecar of the file `name` may bear, in the order of merging, with their kinds.
#[must_use]
pub fn sidecar_names(name: &str) -> Vec<(String, SidecarKind)> {
    FORMS
        .iter()
        .map(|(suffix, kind, hidden)| (format!("{}{name}{suffix}", if *hidden { "." } else { "" }), *kind))
        .collect()
}

/// The names of the files that `name` would describe if they exist beside it (`a.png` for `.a.png.json`).
///
/// They are shorter than `name`, so following them from sidecar to subject ends.
#[must_use]
pub fn sidecar_subjects(name: &str) -> Vec<String> {
    let mut subjects = Vec::new();
    for (suffix, _, hidden) in FORMS {
        let Some(subject) = name.strip_suffix(suffix) else { continue };
        let subject = if hidden { subject.strip_prefix('.') } else { Some(subject) };
        if let Some(subject) = subject.filter(|subject| !subject.is_empty() && *subject != ".") {
            // Of `.a.png.json`, the file `a.png` is the likelier subject than `.a.png`.
            if hidden { subjects.insert(0, subject.to_owned()) } else { subjects.push(subject.to_owned()) }
        }
    }
    subjects
}

/// What a sidecar says: its keys, and the text of a Markdown one.
#[derive(Debug, Default)]
pub(super) struct SidecarContents {
    pub(super) properties: Properties,
    pub(super) text: String,
}

/// Reads a sidecar.
pub(super) fn read(sidecar: &Sidecar<'_>) -> Result<SidecarContents, Problem> {
    if sidecar.kind == SidecarKind::Markdown {
        return read_markdown(sidecar);
    }
    if sidecar.bytes.len() > METADATA_MAX {
        return Err(values::too_long(sidecar.name));
    }
    let text = utf8(sidecar.name, sidecar.bytes, 0)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let properties = match sidecar.kind {
        SidecarKind::Json => values::json_object(sidecar.name, text)?,
        SidecarKind::Yaml => values::yaml_mapping(sidecar.name, text, 0)?,
        SidecarKind::Xml | SidecarKind::Markdown => xml::read(sidecar.name, text)?,
    };
    Ok(SidecarContents { properties, text: String::new() })
}

fn read_markdown(sidecar: &Sidecar<'_>) -> Result<SidecarContents, Problem> {
    let (properties, body) = match split(sidecar.bytes) {
        Frontmatter::None { body } => (Properties::new(), body),
        Frontmatter::TooLong => return Err(values::too_long(sidecar.name)),
        Frontmatter::Block { inner, body, .. } => {
            let text = utf8(sidecar.name, &sidecar.bytes[inner], 1)?;
            (values::yaml_mapping(sidecar.name, text, 1)?, body)
        }
    };
    let end = sidecar.bytes.len().min(body + METADATA_MAX);
    Ok(SidecarContents { properties, text: String::from_utf8_lossy(&sidecar.bytes[body..end]).into_owned() })
}

/// The bytes as text, or where they are none. `line` counts the file's lines before them.
pub(super) fn utf8<'a>(file: &str, bytes: &'a [u8], line: usize) -> Result<&'a str, Problem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let message = "the metadata is not UTF-8; save the file as UTF-8".to_owned();
        let problem = Problem::after(file, &bytes[..error.valid_up_to()], message);
        Problem { line: line + problem.line, ..problem }
    })
}
