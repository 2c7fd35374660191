//! GET `/users/register`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::register::may_be_first;
use crate::api::error::{Answer, Refusals};
use crate::api::state::App;

/// Who can register just now.
#[derive(Serialize, ToSchema)]
#[schema(as = Registering)]
pub(crate) struct RegisteringOut {
    /// Whether anybody can.
    is_open: bool,
    /// Whether there is nobody yet: who registers owns the server.
    is_first: bool,
    /// Whether that takes the code that `cdx serve` printed.
    needs_code: bool,
}

/// Whether one can register, and whether somebody has
#[utoipa::path(
    get,
    path = "/users/register",
    tag = "users",
    security(()),
    responses((status = 200, description = "What registering takes", body = RegisteringOut), Refusals)
)]
pub(super) async fn registering(State(app): State<Arc<App>>) -> Answer<Json<RegisteringOut>> {
    let is_first = app.with_system(|system| Ok(!system.has_people()?)).await?;
    Ok(Json(RegisteringOut {
        is_open: is_first || app.config.registration_open,
        is_first,
        needs_code: is_first && !may_be_first(&app, None),
    }))
}
