//! POST `/workspaces/{ws}/notebooks`.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::NotebookOut;
use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, InWorkspace, WorkspacePath, Write};
use crate::api::state::App;
use crate::engine::{Engine, Requester};
use crate::index::system::{NewNotebook as Registered, NotebookRow, SystemDb};
use crate::types::WorkspaceId;

/// A notebook to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNotebook {
    /// What it is called; its folder is named by the slug of it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// A folder of the workspace that is there already, to be taken as it is.
    adopt: Option<String>,
}

impl Checked for NewNotebook {
    fn check(&self, faults: &mut Faults) {
        faults.text("name", &self.name, 1..=100);
        if self.name.trim().is_empty() {
            faults.add("name", "a name is expected");
        }
        if let Some(description) = &self.description {
            faults.text("description", description, 0..=1000);
        }
    }
}

/// Makes a notebook, or takes a folder that is there as one
///
/// Where it fails nothing is left behind, and nothing is deleted.
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks",
    tag = "notebooks",
    params(WorkspacePath),
    request_body = NewNotebook,
    responses((status = 201, description = "The notebook", body = NotebookOut), Conflict, Refusals)
)]
pub(super) async fn create(
    at: InWorkspace<Write>,
    Body(new): Body<NewNotebook>,
) -> Answer<(StatusCode, Json<NotebookOut>)> {
    let id = at.workspace.id;
    let made = at
        .change_notebooks(move |engine, by, app| {
            let row = make(engine, by, app, (id, &new))?;
            Ok(NotebookOut::of(&row, engine))
        })
        .await?;
    Ok((StatusCode::CREATED, Json(made)))
}

fn make(
    engine: &Engine,
    by: &Requester,
    app: &App,
    (workspace, new): (WorkspaceId, &NewNotebook),
) -> Answer<NotebookRow> {
    let folder = new.adopt.clone().unwrap_or_else(|| SystemDb::notebook_folder(&new.name));
    if new.adopt.is_some() {
        engine.adopt_notebook(&folder, by)?;
    } else {
        engine.create_notebook(&folder, by)?;
    }
    let registered = Registered { name: &new.name, folder: &folder, description: new.description.as_deref() };
    let row = app.system.lock().add_notebook(workspace, &registered);
    Ok(row.inspect_err(|_| {
        // A folder that was there before is none of ours to remove.
        if new.adopt.is_none()
            && let Err(error) = engine.remove_notebook(&folder, true, by)
        {
            tracing::warn!(%error, folder, "a notebook that could not be registered was left behind");
        }
    })?)
}
