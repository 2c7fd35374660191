//! POST `/users/register`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{UserOut, check_email, check_password, check_username};
use crate::access::{hash_password, is_same_secret};
use crate::api::error::{Answer, ApiError, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, FromBrowser};
use crate::api::folders;
use crate::api::state::App;
use crate::index::system::{Enrolment, NewAccount, NewWorkspace, SystemError};

/// Somebody new.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// The login, and the author of changes.
    #[schema(min_length = 3, max_length = 50)]
    username: String,
    #[schema(format = "email", max_length = 254)]
    email: String,
    #[schema(format = Password, min_length = 8, max_length = 128)]
    password: String,
    /// The code that `cdx serve` printed; the first person of a server that others can reach needs it.
    setup_code: Option<String>,
}

impl Checked for Registration {
    fn check(&self, faults: &mut Faults) {
        check_username(faults, &self.username);
        check_email(faults, &self.email);
        check_password(faults, "password", &self.password);
    }
}

/// Registers somebody, with a first workspace named after them
///
/// The first person owns the server. The answer to a name or address that is taken is 409.
#[utoipa::path(
    post,
    path = "/users/register",
    tag = "users",
    security(()),
    request_body = Registration,
    responses((status = 201, description = "The account", body = UserOut), Conflict, Refusals)
)]
pub(super) async fn register(
    State(app): State<Arc<App>>,
    _: FromBrowser,
    Body(new): Body<Registration>,
) -> Answer<(StatusCode, Json<UserOut>)> {
    let may_be_first = may_be_first(&app, new.setup_code.as_deref());
    let is_first = app.with_system(|system| Ok(!system.has_people()?)).await?;
    refuse_early(&app, is_first, may_be_first)?;
    let password = new.password;
    let hash = app.bridge.hash(move || hash_password(&password)).await?;
    let (state, username, email) = (Arc::clone(&app), new.username, new.email);
    let account = app
        .bridge
        .run(move || -> Result<_, ApiError> {
            let folder = folders::make_default(&state.home, &username)?;
            let workspace = NewWorkspace { name: &username, path: folder.path() };
            let new = NewAccount { username: &username, email: Some(&email), hash: &hash, workspace: Some(workspace) };
            let is_open = state.config.registration_open;
            let by = Enrolment::Themselves { may_be_first, is_open, local: &state.local_user };
            let account = state.system.lock().create_account(&new, &by).map_err(|error| match error {
                SystemError::Refused(what) => ApiError::forbidden(what),
                other => other.into(),
            })?;
            folder.keep();
            Ok(account)
        })
        .await?;
    tracing::info!(user = account.id.0, first = is_first, "registered");
    Ok((StatusCode::CREATED, Json(UserOut::from(&account))))
}

/// On loopback alone whoever reaches the server is on this machine; a public address says that others do too.
pub(super) fn may_be_first(app: &App, given: Option<&str>) -> bool {
    let is_local = app.config.listen.ip().is_loopback() && app.config.public_url.is_none();
    let knows = match (&app.setup_code, given) {
        (Some(code), Some(given)) => is_same_secret(code.as_bytes(), given.trim().as_bytes()),
        _ => false,
    };
    is_local || knows
}

/// Before a password is hashed for nothing. Who is first is decided later, in the transaction.
fn refuse_early(app: &App, is_first: bool, may_be_first: bool) -> Answer<()> {
    if is_first && !may_be_first {
        return Err(ApiError::forbidden("the first account needs the setup code that `cdx serve` printed"));
    }
    if !is_first && !app.config.registration_open {
        return Err(ApiError::forbidden("registration is closed; ask the server's owner for an account"));
    }
    Ok(())
}
