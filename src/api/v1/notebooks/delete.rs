//! DELETE `/workspaces/{ws}/notebooks/{nb}`.

use axum::http::StatusCode;

use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InNotebook, Manage, NotebookPath};

/// Moves a notebook to the workspace's trash, with its history
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}/notebooks/{nb}",
    tag = "notebooks",
    params(NotebookPath),
    responses((status = 204, description = "It is in the trash"), Refusals)
)]
pub(super) async fn delete(at: InNotebook<Manage>) -> Answer<StatusCode> {
    let (workspace, folder) = (at.workspace.id, at.row.folder.clone());
    at.change_notebooks(move |engine, by, app| {
        engine.remove_notebook(&folder, false, by)?;
        let left: Vec<String> = engine.notebooks().iter().map(|notebook| notebook.name().as_str().to_owned()).collect();
        Ok(app.system.lock().set_notebooks(workspace, &left)?)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
