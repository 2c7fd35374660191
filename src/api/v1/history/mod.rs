//! The history of a notebook as a whole: its commits, what it was at a time, what was removed.

mod at_time;
mod deleted;
mod list;
mod restore_deleted;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(at_time::at_time))
        .routes(routes!(deleted::deleted))
        .routes(routes!(restore_deleted::restore_deleted))
}
