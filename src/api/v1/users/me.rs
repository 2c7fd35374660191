//! GET, PATCH `/users/me`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{UserOut, check_email, check_username};
use crate::api::error::{Answer, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, OwnAccount, Secure, See};
use crate::api::state::App;
use crate::index::system::ProfileChange;

/// Who is signed in
#[utoipa::path(
    get,
    path = "/users/me",
    tag = "users",
    responses((status = 200, description = "The account", body = UserOut), Refusals)
)]
pub(super) async fn show(me: OwnAccount<See>) -> Answer<Json<UserOut>> {
    Ok(Json(UserOut::from(me.caller.account()?)))
}

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
    #[schema(format = "email", max_length = 254)]
    email: Option<String>,
    #[schema(max_length = 100)]
    theme_setting: Option<String>,
}

impl Checked for Profile {
    fn check(&self, faults: &mut Faults) {
        if let Some(name) = &self.username {
            check_username(faults, name);
        }
        if let Some(email) = &self.email {
            check_email(faults, email);
        }
        if let Some(theme) = &self.theme_setting {
            faults.text("theme_setting", theme, 0..=100);
        }
    }
}

/// Changes one's name, address or theme
#[utoipa::path(
    patch,
    path = "/users/me",
    tag = "users",
    request_body = Profile,
    responses((status = 200, description = "The account", body = UserOut), Conflict, Refusals)
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    me: OwnAccount<Secure>,
    Body(profile): Body<Profile>,
) -> Answer<Json<UserOut>> {
    let user = me.caller.user.id;
    let account = app
        .with_system(move |system| {
            let change = ProfileChange {
                username: profile.username.as_deref(),
                email: profile.email.as_deref(),
                theme: profile.theme_setting.as_deref(),
            };
            system.change_profile(user, &change)
        })
        .await?;
    Ok(Json(UserOut::from(&account)))
}
