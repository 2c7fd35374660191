//! POST `/query`.

use serde::Deserialize;
use serde_json::Value;

use super::ask::{Asked, ask};
use super::read::read_body;
use super::result::QueryOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{Body, Checked, Chosen, ChosenWorkspace, Read};
use crate::api::written::Written;

/// Files of a page at most (query.md §3).
pub(super) const LIMIT_MAX: u64 = 10_000;

/// Any JSON: what it does not know, a query says in its warnings.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct QueryBody(Value);

impl Checked for QueryBody {}

/// Runs a query
///
/// The body is what a `.cdx` says under `query`, or `{"q": "search line"}`. Unknown keys are named in `warnings`.
#[utoipa::path(
    post,
    path = "/query",
    tag = "queries",
    params(ChosenWorkspace),
    request_body(content = Object, description = "A query", example = json!({"q": "tag:experiment loss<0.1"})),
    responses((status = 200, description = "What matches", body = QueryOut), Refusals)
)]
pub(super) async fn post(Chosen(at): Chosen<Read>, Body(body): Body<QueryBody>) -> Answer<Written> {
    at.with_shelf(move |engine, shelf| {
        let time = engine.time_context();
        let query = read_body(&body.0, &time)?;
        let result = ask(engine, shelf, Asked { query, limit_max: LIMIT_MAX, snippets: false })?;
        QueryOut::of(result, shelf, &time.zone).written()
    })
    .await
}
