//! POST `/workspaces/{ws}/notebooks/{nb}/deleted/restore`.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::error::{Answer, Conflict, Full, Refusals};
use crate::api::extract::{Body, Checked, InNotebook, NotebookPath, Write};
use crate::api::v1::files::{FileOut, below_root, inside};

/// What is to be there again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletedRestore {
    /// A file or folder that was removed.
    path: String,
    /// A commit that has it; the newest that has it without.
    commit: Option<String>,
}

impl Checked for DeletedRestore {}

/// What is there again.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoredFiles {
    files: Vec<FileOut>,
}

/// Brings back what was removed, as a new change
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks/{nb}/deleted/restore",
    tag = "history",
    params(NotebookPath),
    request_body = DeletedRestore,
    responses((status = 200, description = "The files that were written", body = RestoredFiles), Conflict, Full, Refusals)
)]
pub(super) async fn restore_deleted(
    at: InNotebook<Write>,
    Body(wanted): Body<DeletedRestore>,
) -> Answer<Json<RestoredFiles>> {
    let restored = inside(&at, move |inside| {
        let path = below_root(&wanted.path)?;
        let written = inside.engine.restore(inside.notebook, &path, wanted.commit.as_deref(), inside.by)?;
        inside.catch_up()?;
        // Sidecars and what describes folders have no object of their own.
        let rows = written.iter().map(|path| inside.notebook.reader.by_path(path)).collect::<Result<Vec<_>, _>>()?;
        Ok(rows.into_iter().flatten().map(|row| inside.shown(row)).collect())
    });
    Ok(Json(RestoredFiles { files: restored.await? }))
}
