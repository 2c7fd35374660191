//! Tags of a workspace or a notebook.

mod list;
mod rename;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::of_workspace, rename::in_workspace))
        .routes(routes!(list::of_notebook, rename::in_notebook))
}
