//! What is asked of the server itself: whether it lives, whether it is ready, what it can do.

mod docs;
mod health;
mod openapi;
mod ui;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::App;

pub(super) use openapi::describe;

/// Routes that stand in the description.
pub(super) fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(health::root)).routes(routes!(health::health)).routes(routes!(health::ready))
}

/// The web UI's pages and what they load.
pub(super) fn user_interface() -> Router<Arc<App>> {
    ui::PAGES
        .iter()
        .fold(Router::new(), |router, path| router.route(path, get(ui::page)))
        .route("/assets/{*path}", get(ui::asset))
        .route("/favicon.svg", get(ui::icon))
}

/// The description itself and the pages that show it.
pub(super) fn documentation(json: String) -> Router<Arc<App>> {
    let json = axum::body::Bytes::from(json);
    Router::new()
        .route("/openapi.json", get(async move || openapi::serve(json)))
        .route("/docs", get(docs::page))
        .route("/docs/viewer.js", get(docs::script))
        .route("/docs/viewer.css", get(docs::style))
}
