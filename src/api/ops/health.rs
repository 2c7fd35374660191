//! GET `/`, `/health`, `/ready`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Action, Resource, Verdict, authorize};
use crate::api::error::{Answer, ApiError};
use crate::api::extract::SignedInOrNot;
use crate::api::state::App;

/// Which program it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Root {
    name: &'static str,
    version: &'static str,
}

/// Which program it is
#[utoipa::path(
    get,
    path = "/",
    tag = "operations",
    security(()),
    responses((status = 200, description = "Name and version", body = Root))
)]
pub(super) async fn root() -> Json<Root> {
    Json(Root { name: "codex", version: env!("CARGO_PKG_VERSION") })
}

/// Whether it lives; more for the server's owner.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `healthy`, or `degraded` where something is in the way.
    status: &'static str,
    version: &'static str,
    #[serde(flatten)]
    #[schema(inline)]
    details: Option<Details>,
}

/// For the server's owner.
#[derive(Serialize, ToSchema)]
pub(crate) struct Details {
    /// Whether the system database answers.
    database: bool,
    /// Workspaces whose changes are noticed, of those that are open.
    watchers: String,
    /// Mounts of open workspaces.
    mounts: u64,
    /// Workspaces that are open.
    workspaces: u64,
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
    let details = if may { Some(details(&app, database).await) } else { None };
    let status = if database { "healthy" } else { "degraded" };
    Json(Health { status, version: env!("CARGO_PKG_VERSION"), details })
}

async fn details(app: &Arc<App>, database: bool) -> Details {
    let workspaces = Arc::clone(&app.workspaces);
    let states = app.bridge.run(move || {
        let states = workspaces.all().into_iter().map(|open| open.engine.status()).collect::<Vec<_>>();
        Ok::<_, ApiError>(states)
    });
    let states = states.await.unwrap_or_default();
    let watching = states.iter().filter(|state| state["watcher"]["state"] == "watching").count();
    Details {
        database,
        watchers: format!("{watching}/{}", states.len()),
        mounts: states.iter().filter_map(|state| state["mounts"].as_u64()).sum(),
        workspaces: states.len() as u64,
    }
}

/// Whether requests can be answered
#[utoipa::path(
    get,
    path = "/ready",
    tag = "operations",
    security(()),
    responses((status = 200, description = "It is ready", body = Root), (status = 503, description = "Not yet"))
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Answer<Json<Root>> {
    app.roster()
        .await
        .map_err(|error| ApiError::unavailable("the system database does not answer").because(error.detail))?;
    Ok(root().await)
}
