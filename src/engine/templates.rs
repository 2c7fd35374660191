//! What new files can be begun with: built in, and those in a notebook's `.templates`. Placeholders are replaced by
//! what they stand for, and nothing else in a template means anything.

use jiff::Zoned;

use super::{Engine, EngineError, Notebook};
use crate::types::NotePath;

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// `builtin:note`, `notebook:meeting.md`.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who brings it along.
    pub source: TemplateSource,
    /// What a file of it is called where nobody says; it may have placeholders.
    pub default_name: String,
    /// Of a file of it, with its dot.
    pub file_extension: String,
}

/// Who brings a template along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TemplateSource {
    /// Codex.
    Builtin,
    /// The notebook.
    Notebook,
}

/// What placeholders stand for.
#[derive(Clone, Debug)]
pub struct Placeholders {
    /// The new file's title.
    pub title: String,
    /// Now, in the workspace's zone.
    pub now: Zoned,
}

/// A template that Codex brings along.
struct Builtin {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    default_name: &'static str,
    text: &'static str,
}

/// The title is a heading and no key, so that it cannot spoil the frontmatter whatever it has in it.
const BUILTIN: [Builtin; 5] = [
    Builtin {
        name: "note",
        title: "Note",
        description: "A title and nothing else",
        default_name: "note",
        text: "---\ncreated: {{date}}\n---\n\n# {{title}}\n\n",
    },
    Builtin {
        name: "journal",
        title: "Journal entry",
        description: "What happened today",
        default_name: "{{date}}",
        text: "---\ntype: journal\ndate: {{date}}\ntags: [journal]\n---\n\n# {{title}}\n\n## Done\n\n\n## Next\n\n",
    },
    Builtin {
        name: "experiment",
        title: "Experiment",
        description: "Question, setup, observations, result",
        default_name: "{{date}}-experiment",
        text: "---\ntype: experiment\ndate: {{date}}\nstatus: planned\ntags: [experiment]\n---\n\n# {{title}}\n\n\
               ## Question\n\n\n## Setup\n\n\n## Observations\n\n\n## Result\n\n",
    },
    Builtin {
        name: "meeting",
        title: "Meeting",
        description: "Who was there, what was said, what follows",
        default_name: "{{date}}-meeting",
        text: "---\ntype: meeting\ndate: {{date}}\nattendees: []\ntags: [meeting]\n---\n\n# {{title}}\n\n## Agenda\n\n\n\
               ## Notes\n\n\n## Actions\n\n",
    },
    Builtin {
        name: "view",
        title: "View",
        description: "A query that is kept, shown as a table",
        default_name: "view",
        text: "---\ntype: view\nview_type: table\ntitle: Newest first\nquery:\n  sort: -modified\n  limit: 50\nconfig:\n  \
               columns: [{id: title}, {id: modified}]\n---\n",
    },
];

/// Where a notebook keeps its own.
const FOLDER: &str = ".templates";

/// Larger files are no templates, in bytes.
const LARGEST: u64 = 1 << 20;

impl Engine {
    /// The templates for new files in a notebook, Codex's first, then the notebook's by name.
    ///
    /// # Errors
    /// The store's.
    pub fn templates(&self, notebook: &Notebook) -> Result<Vec<Template>, EngineError> {
        let mut templates: Vec<Template> = BUILTIN.iter().map(Builtin::describe).collect();
        let entries = match notebook.dir.list(&folder()) {
            Ok(entries) => entries,
            Err(error) if matches!(error.errno(), libc::ENOENT | libc::ENOTDIR | libc::ELOOP) => return Ok(templates),
            Err(error) => return Err(error.into()),
        };
        let mut names: Vec<String> = entries.into_iter().filter_map(|entry| entry.name.into_string().ok()).collect();
        names.sort();
        let is_template = |name: &String| {
            let path = folder().join(name);
            !name.starts_with('.')
                && path
                    .is_ok_and(|path| notebook.dir.stat(&path).is_ok_and(|stat| stat.is_file() && stat.size <= LARGEST))
        };
        templates.extend(names.into_iter().filter(is_template).map(|name| {
            let (stem, extension) = split_name(&name);
            Template {
                id: format!("notebook:{name}"),
                name: stem.to_owned(),
                description: None,
                source: TemplateSource::Notebook,
                default_name: stem.to_owned(),
                file_extension: extension.to_owned(),
            }
        }));
        Ok(templates)
    }

    /// A template and its text, with its placeholders.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; the store's.
    pub fn template(&self, notebook: &Notebook, id: &str) -> Result<(Template, String), EngineError> {
        let missing = || EngineError::NotFound(format!("no template `{id}`"));
        let found = self.templates(notebook)?.into_iter().find(|template| template.id == id).ok_or_else(missing)?;
        let text =
            match id.split_once(':') {
                Some(("builtin", name)) => {
                    BUILTIN.iter().find(|builtin| builtin.name == name).map(|builtin| builtin.text.to_owned())
                }
                Some((_, name)) => {
                    let path = folder().join(name).map_err(|_| missing())?;
                    let (bytes, _) = notebook.dir.read(&path, LARGEST)?;
                    Some(String::from_utf8(bytes).map_err(|_| {
                        EngineError::Invalid(format!("the template `{id}` is no text; save it as UTF-8"))
                    })?)
                }
                None => None,
            };
        Ok((found, text.ok_or_else(missing)?))
    }
}

impl Builtin {
    fn describe(&self) -> Template {
        Template {
            id: format!("builtin:{}", self.name),
            name: self.title.to_owned(),
            description: Some(self.description.to_owned()),
            source: TemplateSource::Builtin,
            default_name: self.default_name.to_owned(),
            file_extension: if self.name == "view" { ".cdx" } else { ".md" }.to_owned(),
        }
    }
}

impl Placeholders {
    /// The text with `{{title}}`, `{{date}}`, `{{time}}`, `{{datetime}}`, `{{yyyy}}`, `{{mm}}`, `{{dd}}`, `{{hh}}` and
    /// `{{min}}` replaced. What else stands in braces stays; what is put in is not looked at again.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(open) = rest.find("{{") {
            let (before, from) = rest.split_at(open);
            text.push_str(before);
            let inner = from[2..].find("}}").map(|close| &from[2..2 + close]);
            let known = inner.and_then(|name| Some((name, self.value(name.trim())?)));
            text.push_str(known.as_ref().map_or("{{", |(_, value)| value));
            rest = &from[known.map_or(2, |(name, _)| name.len() + 4)..];
        }
        text.push_str(rest);
        text
    }

    fn value(&self, name: &str) -> Option<String> {
        let format = match name {
            "title" => return Some(self.title.clone()),
            "date" => "%Y-%m-%d",
            "time" => "%H:%M",
            "datetime" => "%Y-%m-%dT%H:%M:%S%:z",
            "yyyy" => "%Y",
            "mm" => "%m",
            "dd" => "%d",
            "hh" => "%H",
            "min" => "%M",
            _ => return None,
        };
        Some(self.now.strftime(format).to_string())
    }
}

/// Stem and extension of a name; one that begins with its only dot is all stem.
fn split_name(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, ""),
    }
}

fn folder() -> NotePath {
    NotePath::new(FOLDER).expect("a plain name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::edit::scratch::Workspace;
    use crate::index::parse::parse;
    use crate::index::query::parse_view;

    fn placeholders() -> Placeholders {
        let now = "2026-11-03T04:05:06+01:00[Europe/Berlin]".parse().unwrap();
        Placeholders { title: "A: \"b\" {{date}}".to_owned(), now }
    }

    #[test]
    fn placeholders_are_replaced_once_and_nothing_else_is() {
        for (template, expected) in [
            ("{{date}} {{ time }} {{yyyy}}/{{mm}}/{{dd}} {{hh}}{{min}}", "2026-11-03 04:05 2026/11/03 0405"),
            ("{{datetime}}", "2026-11-03T04:05:06+01:00"),
            ("# {{title}}", "# A: \"b\" {{date}}"),
            ("{{unknown}} {{ {{date}} }} {{% if %}} ${x} {{", "{{unknown}} {{ 2026-11-03 }} {{% if %}} ${x} {{"),
            ("", ""),
        ] {
            assert_eq!(placeholders().fill(template), expected, "{template}");
        }
    }

    #[test]
    fn built_in_templates_read_as_what_they_are() {
        let w = Workspace::new();
        let lab = w.notebook("lab");
        for template in w.engine.templates(&lab).unwrap() {
            let (_, text) = w.engine.template(&lab, &template.id).unwrap();
            let text = placeholders().fill(&text);
            let name = format!("x{}", template.file_extension);
            let parsed = parse(&name, "text/markdown", text.as_bytes(), &[]);
            assert_eq!(parsed.problems, [], "{}", template.id);
            if template.file_extension == ".cdx" {
                parse_view(text.as_bytes(), &w.engine.time_context()).unwrap();
            } else {
                assert_eq!(parsed.title, "A: \"b\" {{date}}");
            }
        }
    }

    #[test]
    fn a_notebook_brings_its_own() {
        let w = Workspace::holding(&[("lab/.templates/run.md", "# {{title}}\n"), ("lab/.templates/.hidden", "")]);
        let lab = w.notebook("lab");
        let ids: Vec<String> = w.engine.templates(&lab).unwrap().into_iter().map(|template| template.id).collect();
        assert_eq!(ids.last().map(String::as_str), Some("notebook:run.md"));
        assert_eq!(w.engine.template(&lab, "notebook:run.md").unwrap().1, "# {{title}}\n");
        for id in ["notebook:../plan.md", "notebook:.hidden", "builtin:x", "x"] {
            assert!(matches!(w.engine.template(&lab, id), Err(EngineError::NotFound(_))), "{id}");
        }
    }
}
