//! PATCH `/workspaces/{ws}/tags` and the same of a notebook.

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::error::{Answer, ApiError, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, InNotebook, InWorkspace, NotebookPath, Shelf, WorkspacePath, Write};
use crate::engine::edit::TagRenaming;
use crate::engine::{Engine, EngineError, Requester};
use crate::types::{NotebookNumber, TagName};

/// A tag to be renamed, with those below it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagRename {
    /// As it is.
    #[schema(min_length = 1)]
    from: String,
    /// As it will be.
    #[schema(min_length = 1)]
    to: String,
    /// Whether there may be such a tag already: the two become one.
    #[serde(default)]
    merge: bool,
    /// Only says what would change.
    #[serde(default)]
    dry_run: bool,
}

impl Checked for TagRename {
    fn check(&self, faults: &mut Faults) {
        for (field, name) in [("from", &self.from), ("to", &self.to)] {
            if let Err(error) = TagName::new(name) {
                faults.add(field, error.to_string());
            }
        }
    }
}

/// What was renamed, or would be.
#[derive(Serialize, ToSchema)]
#[schema(as = TagRenamed)]
pub(crate) struct TagRenamedOut {
    /// How many files.
    count: usize,
    /// Files that bear the tag or one below it, and `.cdx` whose queries name it.
    files: Vec<RenamedIn>,
    /// Whether the settings of the workspace declare it.
    declared: bool,
    dry_run: bool,
}

/// A file that is concerned.
#[derive(Serialize, ToSchema)]
struct RenamedIn {
    notebook_id: i64,
    path: String,
}

/// Renames a tag in a workspace
///
/// Where there is a tag of the new name, it is 409 unless `merge` is set.
#[utoipa::path(
    patch,
    path = "/workspaces/{ws}/tags",
    tag = "tags",
    params(WorkspacePath),
    request_body = TagRename,
    responses((status = 200, description = "What was renamed", body = TagRenamedOut), Conflict, Refusals)
)]
pub(super) async fn in_workspace(at: InWorkspace<Write>, Body(wanted): Body<TagRename>) -> Answer<Json<TagRenamedOut>> {
    let by = at.requester();
    Ok(Json(at.with_shelf(move |engine, shelf| rename((engine, shelf), &wanted, None, &by)).await?))
}

/// Renames a tag in a notebook, whose files alone are changed
#[utoipa::path(
    patch,
    path = "/workspaces/{ws}/notebooks/{nb}/tags",
    tag = "tags",
    params(NotebookPath),
    request_body = TagRename,
    responses((status = 200, description = "What was renamed", body = TagRenamedOut), Conflict, Refusals)
)]
pub(super) async fn in_notebook(at: InNotebook<Write>, Body(wanted): Body<TagRename>) -> Answer<Json<TagRenamedOut>> {
    let by = at.requester();
    let renamed = at.with_shelf(move |engine, shelf| {
        let within = shelf.numbers().first().copied();
        let within = within.ok_or_else(|| ApiError::not_found("the folder of the notebook is gone"))?;
        rename((engine, shelf), &wanted, Some(within), &by)
    });
    Ok(Json(renamed.await?))
}

fn rename(
    (engine, shelf): (&Engine, &Shelf),
    wanted: &TagRename,
    within: Option<NotebookNumber>,
    by: &Requester,
) -> Answer<TagRenamedOut> {
    let (from, to) = (TagName::new(&wanted.from)?, TagName::new(&wanted.to)?);
    let renaming = TagRenaming { from: &from, to: &to, merge: wanted.merge, within };
    let refuse = |error| refused(error, &to);
    let plan = engine.plan_tag_rename_within(renaming).map_err(refuse)?;
    let count =
        if wanted.dry_run { plan.files.len() } else { engine.rename_tag_within(renaming, by).map_err(refuse)? };
    let files = plan.files.iter().filter_map(|file| {
        let (folder, path) = file.split_once('/')?;
        Some(RenamedIn { notebook_id: shelf.of_folder(folder)?.row.id.0, path: path.to_owned() })
    });
    Ok(TagRenamedOut { count, files: files.collect(), declared: plan.declared, dry_run: wanted.dry_run })
}

/// The engine names the switch of the command line; here the way out is a field.
fn refused(error: EngineError, to: &TagName) -> ApiError {
    match error {
        EngineError::Exists(_) => {
            let detail = format!("there is a tag `{to}` already; with `merge: true` the two become one");
            ApiError::new(StatusCode::CONFLICT, "exists", detail)
        }
        other => other.into(),
    }
}
