//! PATCH `/users/me/theme`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::UserOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{Body, OwnAccount, Write};
use crate::api::state::App;
use crate::api::v1::workspaces::Theme;
use crate::index::system::ProfileChange;

/// Chooses the UI's theme
#[utoipa::path(
    patch,
    path = "/users/me/theme",
    tag = "users",
    request_body = Theme,
    responses((status = 200, description = "The account", body = UserOut), Refusals)
)]
pub(super) async fn set_theme(
    State(app): State<Arc<App>>,
    me: OwnAccount<Write>,
    Body(chosen): Body<Theme>,
) -> Answer<Json<UserOut>> {
    let user = me.caller.user.id;
    let account = app
        .with_system(move |system| {
            system.change_profile(user, &ProfileChange { theme: Some(&chosen.theme), ..ProfileChange::default() })
        })
        .await?;
    Ok(Json(UserOut::from(&account)))
}
