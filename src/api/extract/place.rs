//! The workspace and the notebook of a path, looked up by id or slug, and allowed: what a handler takes to get at an
//! engine. Without the right to a place its engine cannot be had.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use utoipa::IntoParams;

use super::act::{Act, See};
use super::person::allow;
use super::shelf::Shelf;
use crate::access::{Resource, Verdict, authorize};
use crate::api::auth::{Caller, authenticate};
use crate::api::error::{Answer, ApiError};
use crate::api::live::Holder;
use crate::api::state::App;
use crate::api::workspaces::Open;
use crate::engine::{self, Engine, Requester};
use crate::index::system::{NotebookRow, Roster, Workspace};
use crate::types::{Actor, NotebookId, Role, WorkspaceId};

/// `{ws}` of a path, for its description.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct WorkspacePath {
    /// Id (all digits) or slug of a workspace.
    #[param(example = "lab")]
    ws: String,
}

/// `{ws}` and `{nb}` of a path, for their description.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct NotebookPath {
    /// Id (all digits) or slug of a workspace.
    #[param(example = "lab")]
    ws: String,
    /// Id (all digits) or slug of a notebook in it.
    #[param(example = "runs")]
    nb: String,
}

/// A workspace in which the caller may do `A`.
pub(crate) struct InWorkspace<A> {
    pub(crate) caller: Caller,
    pub(crate) workspace: Workspace,
    pub(crate) role: Role,
    app: Arc<App>,
    act: PhantomData<A>,
}

/// A notebook in which the caller may do `A`.
pub(crate) struct InNotebook<A> {
    pub(crate) caller: Caller,
    pub(crate) workspace: Workspace,
    pub(crate) row: NotebookRow,
    #[allow(dead_code, reason = "for the routes of agents")]
    pub(crate) role: Role,
    app: Arc<App>,
    act: PhantomData<A>,
}

impl<A: Act> FromRequestParts<Arc<App>> for InWorkspace<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let caller = authenticate(parts, app).await?;
        let named = param(parts, app, "ws").await?;
        Self::enter(caller, app, &named)
    }
}

impl<A: Act> FromRequestParts<Arc<App>> for InNotebook<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let mut caller = authenticate(parts, app).await?;
        let named = param(parts, app, "ws").await?;
        let (workspace, role) = find_workspace(&caller, &named)?;
        allow::<See>(
            &caller,
            Resource::Workspace { id: workspace.id, role: Some(role) },
            &format!("workspace `{named}`"),
        )?;
        let named = param(parts, app, "nb").await?;
        let missing = || ApiError::not_found(format!("no notebook `{named}`"));
        let found = find_notebook(&caller.roster, workspace.id, &named);
        let row = if let Some(row) = found {
            row
        } else {
            // It may have come behind our back, in a workspace that nobody has opened yet.
            app.open_and_register(&workspace).await?;
            caller.roster = app.roster().await?;
            find_notebook(&caller.roster, workspace.id, &named).ok_or_else(missing)?
        };
        let resource = Resource::Notebook { id: row.id, workspace: workspace.id, role: Some(role) };
        allow::<A>(&caller, resource, &format!("notebook `{named}`"))?;
        Ok(Self { caller, workspace, row, role, app: Arc::clone(app), act: PhantomData })
    }
}

impl<A: Act> InNotebook<A> {
    /// The notebook of an id, in whichever workspace it is, for routes that name no workspace.
    ///
    /// # Errors
    /// 401; 404 in the same words for what is not there and what is hidden; 403.
    pub(crate) async fn of_id(parts: &mut Parts, app: &Arc<App>, id: NotebookId) -> Answer<Self> {
        let caller = authenticate(parts, app).await?;
        let what = format!("notebook `{id}`");
        let missing = || ApiError::not_found(format!("no {what}"));
        let row = caller.roster.notebook(id).cloned().ok_or_else(missing)?;
        let (workspace, role) = find_workspace(&caller, &row.workspace.to_string()).map_err(|_| missing())?;
        allow::<See>(&caller, Resource::Workspace { id: workspace.id, role: Some(role) }, &what)?;
        allow::<A>(&caller, Resource::Notebook { id, workspace: workspace.id, role: Some(role) }, &what)?;
        Ok(Self { caller, workspace, row, role, app: Arc::clone(app), act: PhantomData })
    }
}

impl<A: Act> InWorkspace<A> {
    /// The workspace of an id or a slug, if the caller may do `A` there.
    ///
    /// # Errors
    /// 404, 403.
    pub(crate) fn enter(caller: Caller, app: &Arc<App>, named: &str) -> Answer<Self> {
        let (workspace, role) = find_workspace(&caller, named)?;
        let resource = Resource::Workspace { id: workspace.id, role: Some(role) };
        allow::<A>(&caller, resource, &format!("workspace `{named}`"))?;
        Ok(Self { caller, workspace, role, app: Arc::clone(app), act: PhantomData })
    }

    /// The workspace alive; opened if nobody has asked for it yet.
    ///
    /// # Errors
    /// 503 where another process has it.
    pub(crate) async fn open(&self) -> Answer<Open> {
        self.app.open(&self.workspace).await
    }

    /// Does something with the engine, on a thread that may wait.
    ///
    /// # Errors
    /// The work's.
    pub(crate) async fn with_engine<T, E>(
        &self,
        work: impl FnOnce(&Engine, &Requester) -> Result<T, E> + Send + 'static,
    ) -> Answer<T>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let open = self.open().await?;
        let by = requester(&self.caller);
        self.app.bridge.run(move || work(open.engine(), &by)).await
    }

    /// Changes notebooks and the register of them together, on a thread that may wait; nobody else does meanwhile.
    ///
    /// # Errors
    /// The work's.
    pub(crate) async fn change_notebooks<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, &Requester, &App) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let open = self.open().await?;
        let (by, app) = (requester(&self.caller), Arc::clone(&self.app));
        self.app
            .bridge
            .run(move || {
                let _changing = open.changing.lock();
                work(open.engine(), &by, &app)
            })
            .await
    }

    /// Does something with the notebooks that the caller may read, on a thread that may wait.
    ///
    /// # Errors
    /// The work's.
    pub(crate) async fn with_shelf<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, &Shelf) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let open = self.open().await?;
        // What was opened just now may have brought notebooks with it.
        let roster = self.app.roster().await?;
        let ids: Vec<NotebookId> = self.readable(&roster).iter().map(|row| row.id).collect();
        self.app.bridge.run(move || work(open.engine(), &Shelf::new(open.engine(), &roster, &ids))).await
    }

    /// Makes the register of notebooks equal to the folders, and reads it.
    ///
    /// # Errors
    /// As [`InWorkspace::open`]; the database's.
    pub(crate) async fn registered(&self) -> Answer<Arc<Roster>> {
        self.app.open_and_register(&self.workspace).await?;
        self.app.roster().await
    }

    /// The notebooks of a roster that the caller may read: what lists, counts, searches and events are made of.
    pub(crate) fn readable<'a>(&self, roster: &'a Roster) -> Vec<&'a NotebookRow> {
        readable(&self.caller, roster, self.workspace.id, self.role)
    }

    /// What asks and changes is done in the name of.
    pub(crate) fn requester(&self) -> Requester {
        requester(&self.caller)
    }

    /// Asks for more than `A`, where that depends on what the request is about.
    ///
    /// # Errors
    /// 403, 404.
    pub(crate) fn require<B: Act>(&self) -> Answer<()> {
        let resource = Resource::Workspace { id: self.workspace.id, role: Some(self.role) };
        allow::<B>(&self.caller, resource, &format!("workspace `{}`", self.workspace.slug))
    }

    /// Everything else.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }
}

impl<A: Act> InNotebook<A> {
    /// Does something with the engine, on a thread that may wait; for what concerns the notebook as a whole.
    ///
    /// # Errors
    /// The work's.
    pub(crate) async fn with_engine<T, E>(
        &self,
        work: impl FnOnce(&Engine, &Requester) -> Result<T, E> + Send + 'static,
    ) -> Answer<T>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let open = self.app.open(&self.workspace).await?;
        let by = requester(&self.caller);
        self.app.bridge.run(move || work(open.engine(), &by)).await
    }

    /// Changes notebooks and the register of them together, on a thread that may wait; nobody else does meanwhile.
    ///
    /// # Errors
    /// The work's.
    pub(crate) async fn change_notebooks<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, &Requester, &App) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let open = self.app.open(&self.workspace).await?;
        let (by, app) = (requester(&self.caller), Arc::clone(&self.app));
        self.app
            .bridge
            .run(move || {
                let _changing = open.changing.lock();
                work(open.engine(), &by, &app)
            })
            .await
    }

    /// Does something with this notebook as the only one, on a thread that may wait.
    ///
    /// # Errors
    /// The work's.
    pub(crate) async fn with_shelf<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, &Shelf) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let open = self.app.open(&self.workspace).await?;
        let (roster, id) = (Arc::clone(&self.caller.roster), self.row.id);
        self.app.bridge.run(move || work(open.engine(), &Shelf::new(open.engine(), &roster, &[id]))).await
    }

    /// What asks and changes is done in the name of.
    pub(crate) fn requester(&self) -> Requester {
        requester(&self.caller)
    }

    /// Asks once more whether the caller may do `A` here, for a request that takes long: whoever has been signed out or
    /// let go meanwhile does nothing more.
    ///
    /// # Errors
    /// 401, 403, 404.
    pub(crate) async fn ask_again(&self) -> Answer<()> {
        let holder = Holder::of(&self.caller);
        let caller = holder.caller(holder.ask(&self.app).await?);
        let what = format!("notebook `{}`", self.row.slug);
        let found = caller.roster.notebook(self.row.id).filter(|row| row.workspace == self.workspace.id);
        let row = found.ok_or_else(|| ApiError::not_found(format!("no {what}")))?;
        let role = caller.roster.role(self.workspace.id, caller.user.id);
        allow::<A>(&caller, Resource::Notebook { id: row.id, workspace: row.workspace, role }, &what)
    }

    /// Does something with the notebook, on a thread that may wait.
    ///
    /// # Errors
    /// The work's; 404 where its folder has gone.
    pub(crate) async fn with_notebook<T, E>(
        &self,
        work: impl FnOnce(&Engine, &Arc<engine::Notebook>, &Requester) -> Result<T, E> + Send + 'static,
    ) -> Answer<T>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let open = self.app.open(&self.workspace).await?;
        let by = requester(&self.caller);
        let folder = self.row.folder.clone();
        self.app
            .bridge
            .run(move || {
                let notebook = open.engine().notebook_named(&folder);
                let notebook = notebook
                    .ok_or_else(|| ApiError::not_found(format!("the folder of the notebook `{folder}` is gone")))?;
                work(open.engine(), &notebook, &by).map_err(Into::into)
            })
            .await
    }

    /// Everything else.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }
}

/// The workspaces that a caller may see, by name, with what they are there.
pub(crate) fn visible(caller: &Caller) -> Vec<(&Workspace, Role)> {
    let principal = caller.principal();
    let roles = caller.roster.workspaces_of(caller.user.id).into_iter().filter_map(|workspace| {
        let role = caller.roster.role(workspace.id, caller.user.id)?;
        let resource = Resource::Workspace { id: workspace.id, role: Some(role) };
        let may_see = authorize(&principal, crate::access::Action::See, resource) == Verdict::Allowed;
        may_see.then_some((workspace, role))
    });
    roles.collect()
}

impl App {
    /// How many files of a workspace the caller may read; `None` while it is not open.
    pub(crate) fn file_count(&self, caller: &Caller, workspace: WorkspaceId, role: Role) -> Option<u64> {
        let open = self.workspaces.glance(workspace)?;
        let engine = open.engine();
        let of = |row: &&NotebookRow| {
            let notebook = engine.notebook_named(&row.folder)?;
            u64::try_from(engine.catalog().file_count(notebook.number)).ok()
        };
        Some(readable(caller, &caller.roster, workspace, role).iter().filter_map(of).sum())
    }

    /// Closes a workspace (mounts, history, index), and does something before anybody can open it again. It waits.
    pub(crate) fn close_workspace<T>(&self, workspace: WorkspaceId, then: impl FnOnce() -> T) -> T {
        self.workspaces.close(workspace, then)
    }

    async fn open(&self, workspace: &Workspace) -> Answer<Open> {
        if let Some(open) = self.workspaces.opened(workspace.id) {
            return Ok(open);
        }
        let (workspaces, id, path) = (Arc::clone(&self.workspaces), workspace.id, workspace.path.clone());
        self.bridge.run(move || workspaces.open(id, &path)).await
    }

    async fn open_and_register(&self, workspace: &Workspace) -> Answer<()> {
        let open = self.open(workspace).await?;
        let (workspaces, id) = (Arc::clone(&self.workspaces), workspace.id);
        self.bridge.run(move || workspaces.register(id, &open)).await
    }
}

/// The author of what a caller changes.
fn requester(caller: &Caller) -> Requester {
    Requester { actor: Actor::User(caller.user.name.clone()), gesture: None }
}

/// The notebooks of a workspace that a caller may read, by name.
pub(crate) fn readable<'a>(
    caller: &Caller,
    roster: &'a Roster,
    workspace: WorkspaceId,
    role: Role,
) -> Vec<&'a NotebookRow> {
    let principal = caller.principal();
    let may_read = |notebook: &&NotebookRow| {
        let resource = Resource::Notebook { id: notebook.id, workspace, role: Some(role) };
        authorize(&principal, crate::access::Action::Read, resource) == Verdict::Allowed
    };
    roster.notebooks_of(workspace).filter(may_read).collect()
}

async fn param(parts: &mut Parts, app: &Arc<App>, name: &str) -> Answer<String> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    let params = params.map_err(|_| ApiError::malformed("the address is not UTF-8"))?;
    let found = params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    found.ok_or_else(|| ApiError::internal(format!("a route without `{{{name}}}` asks for it")))
}

/// A workspace that the caller is a member of, by id or slug; of two of one slug their own, then the older.
fn find_workspace(caller: &Caller, named: &str) -> Answer<(Workspace, Role)> {
    let (roster, user) = (&caller.roster, caller.user.id);
    let role = |id: WorkspaceId| roster.role(id, user);
    let mut candidates: Vec<WorkspaceId> = match id_of(named) {
        Some(id) => vec![WorkspaceId(id)],
        None => roster.workspaces_of_slug(named).to_vec(),
    };
    candidates.retain(|id| role(*id).is_some());
    candidates.sort_by_key(|id| (roster.workspace(*id).is_none_or(|workspace| workspace.owner != user), *id));
    let found = candidates.first().and_then(|id| Some((roster.workspace(*id)?.clone(), role(*id)?)));
    found.ok_or_else(|| ApiError::not_found(format!("no workspace `{named}`")))
}

fn find_notebook(roster: &Roster, workspace: WorkspaceId, named: &str) -> Option<NotebookRow> {
    let found = match id_of(named) {
        Some(id) => roster.notebook(NotebookId(id)).filter(|notebook| notebook.workspace == workspace),
        None => roster.notebook_of_slug(workspace, named),
    };
    found.cloned()
}

/// All digits are an id; one too large for any row is that of none.
fn id_of(named: &str) -> Option<i64> {
    let is_id = !named.is_empty() && named.bytes().all(|b| b.is_ascii_digit());
    is_id.then(|| named.parse().unwrap_or(i64::MAX))
}
