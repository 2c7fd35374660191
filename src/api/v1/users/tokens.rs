//! GET, POST, DELETE `/users/me/tokens[/{id}]`: personal access tokens.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{NewSecret, TokenKind};
use crate::api::auth::Caller;
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{Body, Checked, Faults, Id, OwnAccount, Secure};
use crate::api::state::App;
use crate::index::system::{ApiToken, NewApiToken};
use crate::types::{Instant, NotebookId, TokenId, TokenLimit, TokenScope, WorkspaceId};

/// What a token may.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
    /// Also what owners of workspaces do; never passwords, tokens and sessions.
    Admin,
}

impl From<Scope> for TokenScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Admin => Self::Admin,
        }
    }
}

impl From<TokenScope> for Scope {
    fn from(scope: TokenScope) -> Self {
        match scope {
            TokenScope::Read => Self::Read,
            TokenScope::Write => Self::Write,
            TokenScope::Admin => Self::Admin,
        }
    }
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// Good there alone.
    workspace_id: Option<i64>,
    /// Good there alone.
    notebook_id: Option<i64>,
    /// Good until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
}

impl Checked for NewToken {
    fn check(&self, faults: &mut Faults) {
        faults.text("name", &self.name, 1..=100);
        if self.scopes.is_empty() {
            faults.add("scopes", "at least one of read, write, admin is expected");
        }
        if self.expires_at.is_some_and(|at| at <= Instant::now()) {
            faults.add("expires_at", "a time to come is expected");
        }
    }
}

/// A personal access token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenOut {
    id: i64,
    name: String,
    scopes: Vec<Scope>,
    workspace_id: Option<i64>,
    notebook_id: Option<i64>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// To the hour.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

/// A token that was just made: the one time that it is shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    /// Sent as `Authorization: Bearer cdx_…`.
    token: String,
    #[serde(flatten)]
    rest: TokenOut,
}

impl From<ApiToken> for TokenOut {
    fn from(token: ApiToken) -> Self {
        let (workspace_id, notebook_id) = match token.limit {
            TokenLimit::None => (None, None),
            TokenLimit::Workspace(workspace) => (Some(workspace.0), None),
            TokenLimit::Notebook(workspace, notebook) => (Some(workspace.0), Some(notebook.0)),
        };
        Self {
            id: token.id.0,
            name: token.name,
            scopes: token.scopes.into_iter().map(Scope::from).collect(),
            workspace_id,
            notebook_id,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// One's personal access tokens
#[utoipa::path(
    get,
    path = "/users/me/tokens",
    tag = "users",
    responses((status = 200, description = "Those that were not revoked", body = Vec<TokenOut>), Refusals)
)]
pub(super) async fn list(State(app): State<Arc<App>>, me: OwnAccount<Secure>) -> Answer<Json<Vec<TokenOut>>> {
    let user = me.caller.user.id;
    let tokens = app.with_system(move |system| system.tokens(user)).await?;
    Ok(Json(tokens.into_iter().map(TokenOut::from).collect()))
}

/// Makes a personal access token
///
/// It is shown in this answer alone; the server keeps a digest of it.
#[utoipa::path(
    post,
    path = "/users/me/tokens",
    tag = "users",
    request_body = NewToken,
    responses((status = 201, description = "The token", body = MadeToken), Refusals)
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    me: OwnAccount<Secure>,
    Body(new): Body<NewToken>,
) -> Answer<(StatusCode, Json<MadeToken>)> {
    let limit = limit_of(&me.caller, &new)?;
    let user = me.caller.user.id;
    let secret = NewSecret::new(TokenKind::Personal);
    let digest = secret.digest;
    let token = app
        .with_system(move |system| {
            let mut scopes: Vec<TokenScope> = new.scopes.into_iter().map(TokenScope::from).collect();
            scopes.sort_unstable();
            scopes.dedup();
            let new = NewApiToken { user, name: &new.name, scopes: &scopes, limit, expires_at: new.expires_at };
            system.add_token(&new, &digest.0)
        })
        .await?;
    tracing::info!(user = user.0, token = token.id.0, "token made");
    Ok((StatusCode::CREATED, Json(MadeToken { token: secret.shown, rest: token.into() })))
}

/// Revokes a personal access token
#[utoipa::path(
    delete,
    path = "/users/me/tokens/{id}",
    tag = "users",
    params(("id" = i64, Path, description = "Its id")),
    responses((status = 204, description = "It is good no more"), Refusals)
)]
pub(super) async fn revoke(State(app): State<Arc<App>>, me: OwnAccount<Secure>, Id(id): Id) -> Answer<StatusCode> {
    let user = me.caller.user.id;
    app.with_system(move |system| system.revoke_token(user, TokenId(id), Instant::now())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A place that the caller does not see is none.
fn limit_of(caller: &Caller, new: &NewToken) -> Answer<TokenLimit> {
    let (roster, user) = (&caller.roster, caller.user.id);
    if let Some(id) = new.notebook_id.map(NotebookId) {
        let notebook = roster.notebook(id).filter(|notebook| roster.role(notebook.workspace, user).is_some());
        let notebook = notebook.ok_or_else(|| ApiError::invalid("notebook_id", format!("no notebook {id}")))?;
        if new.workspace_id.is_some_and(|workspace| workspace != notebook.workspace.0) {
            return Err(ApiError::invalid("workspace_id", "the notebook is in another workspace"));
        }
        return Ok(TokenLimit::Notebook(notebook.workspace, id));
    }
    match new.workspace_id.map(WorkspaceId) {
        None => Ok(TokenLimit::None),
        Some(id) if roster.role(id, user).is_some() => Ok(TokenLimit::Workspace(id)),
        Some(id) => Err(ApiError::invalid("workspace_id", format!("no workspace {id}"))),
    }
}
