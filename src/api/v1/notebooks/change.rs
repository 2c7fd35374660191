//! PATCH `/workspaces/{ws}/notebooks/{nb}`.

use axum::Json;
use serde::Deserialize;
use utoipa::ToSchema;

use super::NotebookOut;
use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, InNotebook, NotebookPath, Write};
use crate::index::system::{NotebookChange as Change, SystemDb};

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotebookChange {
    /// Its folder and its slug follow.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    #[schema(max_length = 1000)]
    description: Option<String>,
}

impl Checked for NotebookChange {
    fn check(&self, faults: &mut Faults) {
        if let Some(name) = &self.name {
            faults.text("name", name, 1..=100);
            if name.trim().is_empty() {
                faults.add("name", "a name is expected");
            }
        }
        if let Some(description) = &self.description {
            faults.text("description", description, 0..=1000);
        }
    }
}

/// Renames a notebook with its folder, or describes it
#[utoipa::path(
    patch,
    path = "/workspaces/{ws}/notebooks/{nb}",
    tag = "notebooks",
    params(NotebookPath),
    request_body = NotebookChange,
    responses((status = 200, description = "The notebook", body = NotebookOut), Conflict, Refusals)
)]
pub(super) async fn change(at: InNotebook<Write>, Body(change): Body<NotebookChange>) -> Answer<Json<NotebookOut>> {
    let (id, old) = (at.row.id, at.row.folder.clone());
    let changed = at
        .change_notebooks(move |engine, by, app| {
            // Another name with the same slug, or the name of the folder as it is, leaves the folder.
            let folder = change.name.as_ref().map(|name| match SystemDb::notebook_folder(name) {
                _ if *name == old => old.clone(),
                folder => folder,
            });
            if let Some(folder) = folder.as_ref().filter(|folder| **folder != old) {
                engine.rename_notebook(&old, folder, by)?;
            }
            let name = change.name.as_deref().zip(folder.as_deref());
            let change = Change { name, description: change.description.as_deref() };
            let row = app.system.lock().change_notebook(id, &change)?;
            Ok(NotebookOut::of(&row, engine))
        })
        .await?;
    Ok(Json(changed))
}
