//! GET `/workspaces/{ws}/gestures`.

use std::sync::Arc;

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ChangeOut;
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InWorkspace, Query, Read, Shelf, WorkspacePath};
use crate::engine::past::Gesture;

/// Gestures, unless the caller says how many.
const LIMIT: usize = 50;

/// Gestures at most.
const LIMIT_MAX: usize = 1000;

/// How many.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GestureParams {
    /// How many at most.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<usize>,
}

/// What was done, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = Gestures)]
pub(crate) struct GesturesOut {
    gestures: Vec<GestureOut>,
}

/// What one person or agent changed in one go.
#[derive(Serialize, ToSchema)]
#[schema(as = Gesture)]
struct GestureOut {
    /// For `undo`.
    id: String,
    author: String,
    #[schema(format = DateTime)]
    date: String,
    message: String,
    changes: Vec<ChangeOut>,
}

/// What can be taken back, newest first
///
/// What was taken back, and what took back, is left out; so is what is not recorded yet (see `flush`).
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/gestures",
    tag = "history",
    params(WorkspacePath, GestureParams),
    responses((status = 200, description = "Newest first", body = GesturesOut), Refusals)
)]
pub(super) async fn list(at: InWorkspace<Read>, Query(params): Query<GestureParams>) -> Answer<Json<GesturesOut>> {
    let limit = params.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("a number from 1 to {LIMIT_MAX} is expected")));
    }
    let listed = at.with_shelf(move |engine, shelf| {
        let notebooks: Vec<_> = shelf.all().iter().map(|one| Arc::clone(&one.notebook)).collect();
        let gestures = engine.gestures(&notebooks, limit)?;
        Ok(GesturesOut { gestures: gestures.into_iter().filter_map(|gesture| out(gesture, shelf)).collect() })
    });
    Ok(Json(listed.await?))
}

fn out(gesture: Gesture, shelf: &Shelf) -> Option<GestureOut> {
    let (_, newest) = gesture.commits.first()?;
    let (author, date, message) = (newest.actor.author_name(), newest.time.to_string(), newest.summary.clone());
    let changes = gesture.commits.iter().flat_map(|(notebook, commit)| {
        let id = shelf.of_number(notebook.number).map(|one| one.row.id);
        commit.changes.iter().filter_map(move |(kind, path)| Some(ChangeOut::of(id?, *kind, path)))
    });
    Some(GestureOut { changes: changes.collect(), id: gesture.id.0, author, date, message })
}
