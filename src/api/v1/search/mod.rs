//! Search: ranked hits with excerpts, hits by tags, suggestions while somebody types.

mod hits;
mod line;
mod suggest;
mod tagged;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(line::in_workspace))
        .routes(routes!(line::in_notebook))
        .routes(routes!(tagged::in_workspace))
        .routes(routes!(tagged::in_notebook))
        .routes(routes!(suggest::suggest))
}
