//! POST `/workspaces/{ws}/undo`.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, InWorkspace, Manage, Shelf, WorkspacePath, Write};
use crate::engine::past::Undone;
use crate::types::GestureId;

/// Gestures taken back at once at most.
const MOST: u32 = 100;

/// What is to be taken back: one's own last, or one in particular.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undo {
    /// So many of the last.
    #[schema(minimum = 1, maximum = 100)]
    n: Option<u32>,
    /// One, by its id.
    gesture: Option<String>,
    /// Also what others did; for owners.
    #[serde(default)]
    anyone: bool,
}

impl Checked for Undo {
    fn check(&self, faults: &mut Faults) {
        match (self.n, &self.gesture) {
            (Some(n), None) if !(1..=MOST).contains(&n) => {
                faults.add("n", format!("a number from 1 to {MOST} is expected"));
            }
            (Some(_), None) => {}
            (None, Some(gesture)) => faults.text("gesture", gesture, 1..=200),
            (None, None) => faults.add("n", "either n or a gesture is expected"),
            (Some(_), Some(_)) => faults.add("gesture", "either n or a gesture is expected, not both"),
        }
    }
}

/// What was taken back, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = UndoResult)]
pub(crate) struct UndoOut {
    undone: Vec<UndoneOut>,
}

/// A gesture that was taken back.
#[derive(Serialize, ToSchema)]
#[schema(as = Undone)]
struct UndoneOut {
    gesture: String,
    message: String,
    #[schema(format = DateTime)]
    date: String,
    files: Vec<UndoneFile>,
}

/// A file that was written or removed.
#[derive(Serialize, ToSchema)]
struct UndoneFile {
    notebook_id: i64,
    path: String,
}

/// Takes back what was done, as new changes
///
/// Later edits of the same files are kept (merged three ways); where they cannot be, nothing is changed: 409.
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/undo",
    tag = "history",
    params(WorkspacePath),
    request_body = Undo,
    responses((status = 200, description = "What was taken back", body = UndoOut), Conflict, Refusals)
)]
pub(super) async fn undo(at: InWorkspace<Write>, Body(wanted): Body<Undo>) -> Answer<Json<UndoOut>> {
    if wanted.anyone {
        at.require::<Manage>()?;
    }
    let by = at.requester();
    let done = at.with_shelf(move |engine, shelf| {
        let reply = match wanted.gesture {
            Some(gesture) => engine.undo_one(&GestureId(gesture), wanted.anyone, &by)?,
            None => engine.undo(usize::try_from(wanted.n.unwrap_or(1)).unwrap_or(1), wanted.anyone, &by)?,
        };
        Ok(UndoOut { undone: reply.undone.into_iter().map(|undone| out(undone, shelf)).collect() })
    });
    Ok(Json(done.await?))
}

fn out(undone: Undone, shelf: &Shelf) -> UndoneOut {
    let files = undone.files.iter().filter_map(|file| {
        let (folder, path) = file.split_once('/')?;
        Some(UndoneFile { notebook_id: shelf.of_folder(folder)?.row.id.0, path: path.to_owned() })
    });
    UndoneOut {
        files: files.collect(),
        gesture: undone.gesture.0,
        message: undone.summary,
        date: undone.time.to_string(),
    }
}
