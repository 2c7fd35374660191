//! Accounts: registering, signing in and out, one's own profile, password, tokens and sessions.

mod delete;
mod logout;
mod me;
mod password;
mod refresh;
mod register;
mod registering;
mod sessions;
mod theme;
mod token;
mod tokens;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::extract::Faults;
use crate::api::state::App;
use crate::index::system::Account;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(register::register, registering::registering))
        .routes(routes!(token::token))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(me::show, me::change, delete::delete))
        .routes(routes!(theme::set_theme))
        .routes(routes!(password::set_password))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(sessions::list, sessions::end_others))
        .routes(routes!(sessions::end))
}

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserOut {
    id: i64,
    username: String,
    email: Option<String>,
    is_active: bool,
    /// Whether the server is this person's.
    is_server_owner: bool,
    theme_setting: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&Account> for UserOut {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.0,
            username: account.username.clone(),
            email: account.email.clone(),
            is_active: account.is_active,
            is_server_owner: account.is_server_owner,
            theme_setting: account.theme.clone(),
            created_at: account.created_at.clone(),
            updated_at: account.updated_at.clone(),
        }
    }
}

/// A name is the author of commits and a login: no spaces at its ends, nothing that reads as another kind of author.
fn check_username(faults: &mut Faults, name: &str) {
    faults.text("username", name, 3..=50);
    let reserved = ["unknown", "codex"].iter().any(|reserved| name.eq_ignore_ascii_case(reserved));
    if name.contains(['<', '>', '@', '/', '\\', '\n', '\t']) || name.trim() != name {
        faults.add("username", "a name without `<`, `>`, `@`, slashes and spaces at its ends is expected");
    } else if reserved || name.to_ascii_lowercase().starts_with("agent ") {
        faults.add("username", "the name is reserved");
    }
}

fn check_email(faults: &mut Faults, email: &str) {
    let is_address =
        email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    let is_plain = !email.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ','));
    if !is_address || !is_plain || email.len() > 254 {
        faults.add("email", "an email address is expected");
    }
}

fn check_password(faults: &mut Faults, field: &str, password: &str) {
    if !(8..=128).contains(&password.chars().count()) {
        faults.add(field, "8 to 128 characters are expected");
    }
}
