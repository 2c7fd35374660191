//! GET `/workspaces/{ws}/search/tags` and the same of a notebook.

use serde::Deserialize;
use utoipa::IntoParams;

use super::hits::{HitsOut, HitsPage, hits};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InNotebook, InWorkspace, NotebookPath, Query, Read, WorkspacePath};
use crate::api::written::Written;
use crate::index::query::{Expr, Query as Asking, Term};
use crate::types::TagName;

/// Tags, all of which are to be there.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TagsParams {
    /// With commas between; each stands for those below it too, `=tag` for exactly it.
    #[param(required, example = "experiment,gpu")]
    tags: Option<String>,
}

/// The files of a workspace that bear all of these tags, by path
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/search/tags",
    tag = "search",
    params(WorkspacePath, TagsParams, HitsPage),
    responses((status = 200, description = "Hits", body = HitsOut), Refusals)
)]
pub(super) async fn in_workspace(
    at: InWorkspace<Read>,
    Query(params): Query<TagsParams>,
    Query(page): Query<HitsPage>,
) -> Answer<Written> {
    let query = read(params)?;
    at.with_shelf(move |engine, shelf| hits(engine, shelf, query, page)).await
}

/// The files of a notebook that bear all of these tags, by path
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/search/tags",
    tag = "search",
    params(NotebookPath, TagsParams, HitsPage),
    responses((status = 200, description = "Hits", body = HitsOut), Refusals)
)]
pub(super) async fn in_notebook(
    at: InNotebook<Read>,
    Query(params): Query<TagsParams>,
    Query(page): Query<HitsPage>,
) -> Answer<Written> {
    let query = read(params)?;
    at.with_shelf(move |engine, shelf| hits(engine, shelf, query, page)).await
}

fn read(params: TagsParams) -> Answer<Asking> {
    let text = params.tags.unwrap_or_default();
    let terms: Vec<Expr> = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            let (exact, name) = name.strip_prefix('=').map_or((false, name), |name| (true, name));
            let tag = TagName::new(name).map_err(|error| ApiError::invalid("tags", error.to_string()))?;
            Ok(Expr::Term(Term::Tag { tag, exact }))
        })
        .collect::<Answer<_>>()?;
    if terms.is_empty() {
        return Err(ApiError::invalid("tags", "a tag is expected"));
    }
    Ok(Asking { filter: Expr::And(terms), ..Asking::default() })
}
