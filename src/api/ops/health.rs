//! GET `/`, `/health`, `/ready`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::ui;
use crate::access::{Action, Resource, Verdict, authorize};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::SignedInOrNot;
use crate::api::live::SocketFigures;
use crate::api::state::App;

/// Which program it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Root {
    name: &'static str,
    version: &'static str,
}

/// Which program it is; for a browser, the web UI
#[utoipa::path(
    get,
    path = "/",
    tag = "operations",
    security(()),
    responses((
        status = 200,
        description = "Name and version; the UI's page for whoever accepts HTML",
        content((Root = "application/json"), (String = "text/html"))
    ))
)]
pub(super) async fn root(headers: HeaderMap) -> Response {
    let mut response =
        if ui::is_for_browser(&headers) { ui::page(headers).await } else { Json(program()).into_response() };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

fn program() -> Root {
    Root { name: "codex", version: env!("CARGO_PKG_VERSION") }
}

/// Whether it lives; what follows the version is for the server's owner.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `healthy`, or `degraded` where something is in the way.
    status: &'static str,
    version: &'static str,
    /// Whether the system database answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    database: Option<bool>,
    /// Open workspaces whose changes are noticed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    watchers: Option<u64>,
    /// Mounts of open workspaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mounts: Option<u64>,
    /// Sockets that hear events.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    websocket: Option<SocketFigures>,
    /// Workspaces that are open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    workspaces: Option<u64>,
}

/// Whether it lives; details for the server's owner
#[utoipa::path(
    get,
    path = "/health",
    tag = "operations",
    security((), ("bearer" = []), ("cookie" = [])),
    responses((status = 200, description = "It lives", body = Health))
)]
pub(super) async fn health(State(app): State<Arc<App>>, SignedInOrNot(caller): SignedInOrNot) -> Json<Health> {
    let may = caller
        .is_some_and(|caller| authorize(&caller.principal(), Action::Operate, Resource::Server) == Verdict::Allowed);
    let database = app.roster().await.is_ok();
    let health = if may { details(&app, database).await } else { Health::default() };
    let status = if database { "healthy" } else { "degraded" };
    Json(Health { status, version: env!("CARGO_PKG_VERSION"), ..health })
}

async fn details(app: &Arc<App>, database: bool) -> Health {
    let workspaces = Arc::clone(&app.workspaces);
    let states = app.bridge.run(move || {
        let states = workspaces.all().into_iter().map(|open| open.engine().status()).collect::<Vec<_>>();
        Ok::<_, ApiError>(states)
    });
    let states = states.await.unwrap_or_default();
    let watching = states.iter().filter(|state| state["watcher"]["state"] == "watching").count();
    Health {
        database: Some(database),
        watchers: u64::try_from(watching).ok(),
        mounts: Some(states.iter().filter_map(|state| state["mounts"].as_u64()).sum()),
        websocket: Some(app.hub.figures()),
        workspaces: u64::try_from(states.len()).ok(),
        ..Health::default()
    }
}

/// Whether requests can be answered
#[utoipa::path(
    get,
    path = "/ready",
    tag = "operations",
    security(()),
    responses((status = 200, description = "It is ready", body = Root), Refusals)
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Answer<Json<Root>> {
    app.roster()
        .await
        .map_err(|error| ApiError::unavailable("the system database does not answer").because(&error.detail))?;
    Ok(Json(program()))
}
