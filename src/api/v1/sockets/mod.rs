//! Sockets: opened, and the tickets to open them with. What happens on them is [`crate::api::live`]'s.

mod all;
mod notebook;
mod opening;
mod ticket;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::state::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(all::all)).routes(routes!(notebook::notebook)).routes(routes!(ticket::ticket))
}
