//! GET `…/files/templates`, POST `…/files/from-template`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FileOut, Inside, inside};
use crate::api::error::{Answer, ApiError, Conflict, Full, Refusals};
use crate::api::extract::{Body, Checked, Faults, InNotebook, NotebookPath, Read, Write};
use crate::engine::edit::{NewNote, property_edits};
use crate::engine::templates::{Placeholders, Template, TemplateSource};
use crate::index::parse::{content_type, parse};
use crate::types::{NotePath, Properties};

/// What new files can be begun with.
#[derive(Serialize, ToSchema)]
#[schema(as = Templates)]
pub(crate) struct TemplatesOut {
    templates: Vec<TemplateOut>,
}

/// A template.
#[derive(Serialize, ToSchema)]
#[schema(as = Template)]
pub(crate) struct TemplateOut {
    #[schema(example = "builtin:experiment")]
    id: String,
    name: String,
    description: Option<String>,
    source: SourceName,
    /// What a file of it is called where nobody says.
    default_name: String,
    /// With its dot.
    file_extension: String,
}

/// Who brings it along.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SourceName {
    Builtin,
    Notebook,
}

impl From<Template> for TemplateOut {
    fn from(template: Template) -> Self {
        Self {
            id: template.id,
            name: template.name,
            description: template.description,
            source: match template.source {
                TemplateSource::Builtin => SourceName::Builtin,
                TemplateSource::Notebook => SourceName::Notebook,
            },
            default_name: template.default_name,
            file_extension: template.file_extension,
        }
    }
}

/// The templates for new files
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/templates",
    tag = "files",
    params(NotebookPath),
    responses((status = 200, description = "Codex's, then the notebook's", body = TemplatesOut), Refusals)
)]
pub(super) async fn list(at: InNotebook<Read>) -> Answer<Json<TemplatesOut>> {
    let templates = inside(&at, |inside| Ok(inside.engine.templates(inside.notebook)?)).await?;
    Ok(Json(TemplatesOut { templates: templates.into_iter().map(TemplateOut::from).collect() }))
}

/// A file to be begun with a template.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FromTemplate {
    #[schema(example = "builtin:experiment")]
    template_id: String,
    /// Its path, with or without the extension; one that is free is chosen without.
    #[schema(min_length = 1, max_length = 4096)]
    filename: Option<String>,
    /// Merged into its frontmatter; of other files into a sidecar.
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    properties: Option<Properties>,
}

impl Checked for FromTemplate {
    fn check(&self, faults: &mut Faults) {
        if let Some(name) = &self.filename {
            faults.text("filename", name, 1..=4096);
        }
    }
}

/// Makes a file of a template
///
/// `{{title}}`, `{{date}}`, `{{time}}`, `{{datetime}}`, `{{yyyy}}`, `{{mm}}`, `{{dd}}`, `{{hh}}` and `{{min}}` are
/// replaced; nothing else in a template means anything.
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks/{nb}/files/from-template",
    tag = "files",
    params(NotebookPath),
    request_body = FromTemplate,
    responses((status = 201, description = "The file", body = FileOut), Conflict, Full, Refusals)
)]
pub(super) async fn create(at: InNotebook<Write>, Body(wanted): Body<FromTemplate>) -> Answer<Response> {
    let made = inside(&at, move |inside| {
        let (template, text) = inside.engine.template(inside.notebook, &wanted.template_id)?;
        let properties = wanted.properties.unwrap_or_default();
        let now = Timestamp::now().to_zoned(inside.engine.settings().timezone.clone());
        let mut filled = Placeholders { title: String::new(), now };
        let path = match &wanted.filename {
            Some(name) => inside.new_path("filename", &with_extension(name, &template.file_extension))?,
            None => free_path(inside, &filled.fill(&template.default_name), &template.file_extension)?,
        };
        filled.title = title_of(&path, &properties);
        let text = filled.fill(&text);
        refuse_unreadable(&path, &text)?;
        let note = NewNote { bytes: text.as_bytes(), edits: &property_edits(&properties)? };
        inside.engine.create_note(inside.notebook, &path, note, inside.by)?;
        inside.show_at(&path)
    });
    Ok(made.await?.answer(StatusCode::CREATED))
}

fn with_extension(name: &str, extension: &str) -> String {
    if name.to_lowercase().ends_with(extension) { name.to_owned() } else { format!("{name}{extension}") }
}

/// `name.md`, else `name-2.md` and so on.
fn free_path(inside: &Inside<'_>, name: &str, extension: &str) -> Answer<NotePath> {
    const TRIED: u32 = 1000;
    for number in 1..=TRIED {
        let name = if number == 1 { format!("{name}{extension}") } else { format!("{name}-{number}{extension}") };
        let path = inside.new_path("filename", &name)?;
        if inside.notebook.dir.stat(&path).is_err_and(|error| error.is_not_found()) {
            return Ok(path);
        }
    }
    Err(ApiError::conflict("there are many files of this template's name already; give a `filename`"))
}

/// The title that is given, else the stem of the name.
fn title_of(path: &NotePath, properties: &Properties) -> String {
    if let Some(title) = properties.get("title").and_then(serde_json::Value::as_str) {
        return title.to_owned();
    }
    let name = path.name().to_string_lossy().into_owned();
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => name,
    }
}

/// What is put into a template's frontmatter may spoil it.
fn refuse_unreadable(path: &NotePath, text: &str) -> Answer<()> {
    let name = path.name().to_string_lossy();
    let parsed = parse(&name, content_type(&name, text.as_bytes()), text.as_bytes(), &[]);
    match parsed.problems.first() {
        Some(problem) => {
            let message = format!("the template's frontmatter cannot be read with this title: {}", problem.message);
            Err(ApiError::invalid("template_id", message))
        }
        None => Ok(()),
    }
}
