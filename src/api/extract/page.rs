//! Pages of long lists.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{count, parse};
use crate::api::error::{Answer, ApiError};
use crate::api::state::App;

/// Where a page begins and how long it is, at most 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) skip: u64,
    pub(crate) limit: u64,
}

/// Of a page, for its description and its reading.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// How many to leave out.
    #[serde(default, deserialize_with = "count")]
    #[param(minimum = 0, default = 0)]
    skip: Option<u64>,
    /// How many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
}

const LIMIT: u64 = 100;
const LIMIT_MAX: u64 = 1000;

impl FromRequestParts<Arc<App>> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Answer<Self> {
        let params: PageParams = parse(parts.uri.query().unwrap_or_default())?;
        let limit = params.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(ApiError::invalid("limit", format!("a number from 1 to {LIMIT_MAX} is expected")));
        }
        Ok(Self { skip: params.skip.unwrap_or(0), limit })
    }
}

/// Which page of how many rows it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Pagination {
    /// How many were left out.
    pub(crate) skip: u64,
    /// How many at most.
    pub(crate) limit: u64,
    /// How many there are.
    pub(crate) total: u64,
    /// Whether another page follows.
    pub(crate) has_more: bool,
}

impl Page {
    /// What is shown where nobody asks for a page.
    pub(crate) const FIRST: Self = Self { skip: 0, limit: LIMIT };

    /// Both as sizes of lists.
    pub(crate) fn as_sizes(self) -> (usize, usize) {
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        (size(self.skip), size(self.limit))
    }

    /// What is said of a page of `total` rows.
    #[must_use]
    pub(crate) fn of(self, total: u64) -> Pagination {
        Pagination { skip: self.skip, limit: self.limit, total, has_more: self.skip.saturating_add(self.limit) < total }
    }
}
