//! Queries over a workspace.

mod ask;
mod get;
mod post;
mod read;
mod result;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::App;

pub(super) use ask::{Asked, ask};
pub(super) use read::read_line;
pub(super) use result::file_of;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(post::post, get::get))
}
