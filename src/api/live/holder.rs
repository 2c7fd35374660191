//! Whoever holds a socket, and whether they are still let in: asked for each message, in memory as a rule.

use std::sync::Arc;

use crate::access::{Action, Principal, Resource, User, Verdict, Via, authorize};
use crate::api::auth::Caller;
use crate::api::error::{Answer, ApiError};
use crate::api::state::App;
use crate::index::system::{ApiToken, Roster, Shown, Standing};
use crate::types::{NotebookId, WorkspaceId};

/// A person with what they showed.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(super) user: User,
    pub(super) shown: Shown,
}

impl Holder {
    /// Whoever made a request.
    pub(crate) fn of(caller: &Caller) -> Self {
        Self { user: caller.user.clone(), shown: caller.shown }
    }

    /// Who there is now, if the holder is still let in: 401 if not.
    ///
    /// # Errors
    /// 401; the database's.
    pub(crate) async fn look(&self, app: &App) -> Answer<Arc<Roster>> {
        if let Some((roster, standing)) = app.roster.glance_at(self.shown) {
            return self.judge(roster, &standing);
        }
        // One at a time asks the database, and most of those who wait find the answer in memory then.
        let _asking = app.hub.asking.lock().await;
        if let Some((roster, standing)) = app.roster.glance_at(self.shown) {
            return self.judge(roster, &standing);
        }
        self.ask(app).await
    }

    /// The same, asking the database in any case: a session that nobody renewed ends without a change.
    ///
    /// # Errors
    /// 401; the database's.
    pub(crate) async fn ask(&self, app: &App) -> Answer<Arc<Roster>> {
        let (keeper, shown) = (Arc::clone(&app.roster), self.shown);
        let (roster, standing) = app.bridge.run(move || keeper.look_at(shown)).await?;
        self.judge(roster, &standing)
    }

    fn judge(&self, roster: Arc<Roster>, standing: &Standing) -> Answer<Arc<Roster>> {
        let is_good = match standing {
            Standing::Session(_, user) => *user == self.user.id,
            Standing::Token(token) => self.is_same_token(token) && token.is_good_at(jiff::Timestamp::now()),
            Standing::Unknown => false,
        };
        let is_active = roster.account(self.user.id).is_some_and(|account| account.is_active);
        if is_good && is_active { Ok(roster) } else { Err(ApiError::unauthorized("the session has ended")) }
    }

    /// One whose limits have changed is another.
    fn is_same_token(&self, token: &ApiToken) -> bool {
        let via = token.scope().map(|scope| Via::Token { id: token.id, scope, limit: token.limit });
        token.user == self.user.id && via == Some(self.user.via)
    }

    /// As a caller, to look places up.
    pub(crate) fn caller(&self, roster: Arc<Roster>) -> Caller {
        Caller { user: self.user.clone(), shown: self.shown, roster }
    }

    /// Whether they may read a notebook.
    pub(crate) fn may_read(&self, roster: &Roster, workspace: WorkspaceId, id: NotebookId) -> bool {
        let is_there = roster.notebook(id).is_some_and(|notebook| notebook.workspace == workspace);
        let role = roster.role(workspace, self.user.id);
        let resource = Resource::Notebook { id, workspace, role };
        is_there && authorize(&self.principal(), Action::Read, resource) == Verdict::Allowed
    }

    /// Whether they may see a workspace.
    pub(super) fn may_see(&self, roster: &Roster, id: WorkspaceId) -> bool {
        let resource = Resource::Workspace { id, role: roster.role(id, self.user.id) };
        authorize(&self.principal(), Action::See, resource) == Verdict::Allowed
    }

    fn principal(&self) -> Principal {
        Principal::User(self.user.clone())
    }
}
