//! GET `/workspaces/{ws}/search` and the same of a notebook.

use serde::Deserialize;
use utoipa::IntoParams;

use super::hits::{HitsOut, HitsPage, hits};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InNotebook, InWorkspace, NotebookPath, Query, Read, WorkspacePath};
use crate::api::v1::queries::read_line;
use crate::api::written::Written;
use crate::index::query::Query as Asking;

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// A search line: words, phrases, and terms such as `tag:a` and `loss<0.1`.
    #[param(required, example = "\"learning rate\" tag:experiment")]
    q: Option<String>,
}

/// Searches a workspace
///
/// Words are ranked by how well they fit; a line without words is in the order of paths.
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/search",
    tag = "search",
    params(WorkspacePath, SearchParams, HitsPage),
    responses((status = 200, description = "Hits", body = HitsOut), Refusals)
)]
pub(super) async fn in_workspace(
    at: InWorkspace<Read>,
    Query(params): Query<SearchParams>,
    Query(page): Query<HitsPage>,
) -> Answer<Written> {
    let query = read(params)?;
    at.with_shelf(move |engine, shelf| hits(engine, shelf, query, page)).await
}

/// Searches a notebook
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/search",
    tag = "search",
    params(NotebookPath, SearchParams, HitsPage),
    responses((status = 200, description = "Hits", body = HitsOut), Refusals)
)]
pub(super) async fn in_notebook(
    at: InNotebook<Read>,
    Query(params): Query<SearchParams>,
    Query(page): Query<HitsPage>,
) -> Answer<Written> {
    let query = read(params)?;
    at.with_shelf(move |engine, shelf| hits(engine, shelf, query, page)).await
}

fn read(params: SearchParams) -> Answer<Asking> {
    let line = params.q.filter(|line| !line.trim().is_empty());
    let line = line.ok_or_else(|| ApiError::invalid("q", "a search line is expected"))?;
    read_line("q", &line)
}
