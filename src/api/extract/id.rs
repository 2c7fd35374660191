//! `{id}` of a path.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::api::error::{Answer, ApiError};
use crate::api::state::App;

/// The row id at the end of a path: its parameter `{id}`, or the last one. What is no number is the id of nothing.
pub(crate) struct Id(pub(crate) i64);

impl FromRequestParts<Arc<App>> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| ApiError::malformed("the address is not UTF-8"))?;
        let named = params.iter().find(|(key, _)| *key == "id").or_else(|| params.iter().last());
        let text = named.map(|(_, value)| value.to_owned()).unwrap_or_default();
        let id = text.parse().ok().filter(|id| *id > 0);
        id.map(Self).ok_or_else(|| ApiError::not_found(format!("there is no `{text}`")))
    }
}
