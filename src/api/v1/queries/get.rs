//! GET `/query`.

use serde::Deserialize;
use utoipa::IntoParams;

use super::ask::{Asked, ask};
use super::post::LIMIT_MAX;
use super::read::read_line;
use super::result::QueryOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{Chosen, ChosenWorkspace, Query, Read, count};
use crate::api::written::Written;

/// A search line, and the page of what it finds.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LineParams {
    /// A search line; without one, all files.
    #[param(example = "tag:experiment loss<0.1")]
    q: Option<String>,
    /// How many at most, instead of what the line says.
    #[param(minimum = 1, maximum = 10000, default = 100)]
    limit: Option<u64>,
    /// How many to leave out, instead of what the line says.
    #[param(minimum = 0)]
    #[serde(default, deserialize_with = "count")]
    offset: Option<u64>,
}

/// Runs a search line
#[utoipa::path(
    get,
    path = "/query",
    tag = "queries",
    params(ChosenWorkspace, LineParams),
    responses((status = 200, description = "What matches", body = QueryOut), Refusals)
)]
pub(super) async fn get(Chosen(at): Chosen<Read>, Query(params): Query<LineParams>) -> Answer<Written> {
    let mut query = read_line("q", params.q.as_deref().unwrap_or_default())?;
    query.limit = params.limit.or(query.limit);
    query.offset = params.offset.unwrap_or(query.offset);
    at.with_shelf(move |engine, shelf| {
        let result = ask(engine, shelf, Asked { query, limit_max: LIMIT_MAX, snippets: false })?;
        QueryOut::of(result, shelf, &engine.settings().timezone).written()
    })
    .await
}
