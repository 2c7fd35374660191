//! The workspace that `?workspace_id=` names, looked up and allowed as one of a path.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use super::act::Act;
use super::place::InWorkspace;
use super::query::parse;
use crate::api::auth::authenticate;
use crate::api::error::{Answer, ApiError};
use crate::api::state::App;

/// A workspace in which the caller may do `A`, chosen by `?workspace_id=`.
pub(crate) struct Chosen<A>(pub(crate) InWorkspace<A>);

/// `?workspace_id=`, for its description and its reading.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChosenWorkspace {
    /// Id (all digits) or slug of a workspace.
    #[param(required, example = "lab")]
    workspace_id: Option<String>,
}

impl<A: Act> FromRequestParts<Arc<App>> for Chosen<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let caller = authenticate(parts, app).await?;
        let params: ChosenWorkspace = parse(parts.uri.query().unwrap_or_default())?;
        let named = params.workspace_id.filter(|named| !named.is_empty());
        let named =
            named.ok_or_else(|| ApiError::invalid("workspace_id", "the id or slug of a workspace is expected"))?;
        InWorkspace::enter(caller, app, &named).map(Self)
    }
}
