//! GET `/workspaces/{ws}/notebooks/{nb}/history`.

use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{InNotebook, NotebookPath, Page, PageParams, Query, Read};
use crate::api::v1::files::{CommitOut, HistoryOut, inside};
use crate::history::LogFilter;
use crate::index::query::TimeContext;
use crate::index::query::time::parse_date;
use crate::types::Instant;

/// Which commits.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogParams {
    /// Not before this: a moment (RFC 3339), a date, or a word such as `yesterday`.
    #[param(example = "2026-11-01")]
    since: Option<String>,
    /// Not after this; a date means its end.
    until: Option<String>,
    /// Of this author alone, by name.
    author: Option<String>,
}

/// The commits of a notebook, newest first
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/history",
    tag = "history",
    params(NotebookPath, LogParams, PageParams),
    responses((status = 200, description = "Newest first", body = HistoryOut), Refusals)
)]
pub(super) async fn list(
    at: InNotebook<Read>,
    Query(params): Query<LogParams>,
    page: Page,
) -> Answer<Json<HistoryOut>> {
    let history = inside(&at, move |inside| {
        let context = inside.engine.time_context();
        let of = |field, text: &Option<String>| text.as_deref().map(|text| interval(field, text, &context)).transpose();
        let filter = LogFilter {
            since: of("since", &params.since)?.map(|(first, _)| first),
            until: of("until", &params.until)?.map(|(_, last)| last),
            author: params.author,
        };
        let (skip, limit) = page.as_sizes();
        let commits = inside.notebook.history.log_where(&filter, skip, limit)?;
        Ok(commits.into_iter().map(CommitOut::from).collect())
    });
    Ok(Json(HistoryOut { history: history.await? }))
}

/// The first and the last moment of a date.
fn interval(field: &str, text: &str, context: &TimeContext) -> Answer<(Instant, Instant)> {
    let date = parse_date(text.trim());
    let date = date.ok_or_else(|| ApiError::invalid(field, "a date or a moment is expected, as 2026-11-21"))?;
    let (first, end) = date.resolve(context);
    let last = end.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(end);
    Ok((first, last.max(first)))
}
