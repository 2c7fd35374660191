//! The one function that decides who may do what. It is pure: what it needs to know stands in its arguments.

use super::{Principal, User, Via};
use crate::types::{NotebookId, Role, TokenLimit, TokenScope, UserId, WorkspaceId};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// To know that it is there: its name, its place in a list.
    See,
    /// Files, tags, queries, history, events.
    Read,
    /// To make, change, move, remove and restore files; tags, tasks, notebooks; to undo one's own changes.
    Write,
    /// Settings, members, plugins, removing notebooks, undoing what others did; of an account: its workspaces.
    Manage,
    /// Passwords, tokens, sessions and the end of an account: by the person, never by a program.
    Secure,
    /// What concerns the machine: mounts, paths, health in detail.
    Operate,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::See, Self::Read, Self::Write, Self::Manage, Self::Secure, Self::Operate];
}

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The server as a whole.
    Server,
    /// An account and what belongs to it.
    Account(UserId),
    /// A workspace, and what the principal's person is in it.
    Workspace {
        /// Which.
        id: WorkspaceId,
        /// Whether and as what the person is a member.
        role: Option<Role>,
    },
    /// A notebook, and what the principal's person is in its workspace.
    Notebook {
        /// Which.
        id: NotebookId,
        /// Where.
        workspace: WorkspaceId,
        /// Whether and as what the person is a member.
        role: Option<Role>,
    },
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It may be done.
    Allowed,
    /// For this principal it does not exist (404).
    Hidden,
    /// It may be seen, and this may not be done (403).
    Refused,
}

/// Whether `principal` may do `action` to `resource`. Every route, event, tool and mount asks it.
///
/// A token limited to a notebook may read its workspace, since what is read there is filtered by asking again for
/// each notebook; it may change nothing outside of the notebook.
#[must_use]
pub fn authorize(principal: &Principal, action: Action, resource: Resource) -> Verdict {
    let Principal::User(user) = principal else {
        return if (action, resource) == (Action::See, Resource::Server) { Verdict::Allowed } else { Verdict::Hidden };
    };
    match resource {
        Resource::Server => on_server(user, action),
        Resource::Account(id) if id != user.id => Verdict::Hidden,
        Resource::Account(_) => on_own_account(user, action),
        Resource::Workspace { id, role } => match user.limit() {
            TokenLimit::Workspace(limit) | TokenLimit::Notebook(limit, _) if limit != id => Verdict::Hidden,
            TokenLimit::Notebook(..) if !matches!(action, Action::See | Action::Read) => seen_by(role),
            _ => as_member(user, action, role),
        },
        Resource::Notebook { id, workspace, role } => match user.limit() {
            TokenLimit::Workspace(limit) if limit != workspace => Verdict::Hidden,
            TokenLimit::Notebook(limit, notebook) if (limit, notebook) != (workspace, id) => Verdict::Hidden,
            _ => as_member(user, action, role),
        },
    }
}

/// Not allowed, whatever the role is: what a member may see is refused, else it is hidden.
fn seen_by(role: Option<Role>) -> Verdict {
    if role.is_some() { Verdict::Refused } else { Verdict::Hidden }
}

fn on_server(user: &User, action: Action) -> Verdict {
    let is_owner = user.is_server_owner && user.limit() == TokenLimit::None && user.has(TokenScope::Admin);
    if action == Action::See || (is_owner && action != Action::Secure) { Verdict::Allowed } else { Verdict::Refused }
}

fn on_own_account(user: &User, action: Action) -> Verdict {
    let is_whole = user.limit() == TokenLimit::None;
    let may = match action {
        Action::See => true,
        Action::Read => is_whole && user.has(TokenScope::Read),
        Action::Write => is_whole && user.has(TokenScope::Write),
        Action::Manage => is_whole && user.has(TokenScope::Admin),
        Action::Secure => matches!(user.via, Via::Session(_)),
        Action::Operate => false,
    };
    if may { Verdict::Allowed } else { Verdict::Refused }
}

fn as_member(user: &User, action: Action, role: Option<Role>) -> Verdict {
    let Some(role) = role else { return Verdict::Hidden };
    let may = match action {
        Action::See | Action::Read => user.has(TokenScope::Read),
        Action::Write => role >= Role::Editor && user.has(TokenScope::Write),
        Action::Manage => role >= Role::Owner && user.has(TokenScope::Admin),
        Action::Secure => false,
        Action::Operate => on_server(user, action) == Verdict::Allowed,
    };
    if may { Verdict::Allowed } else { Verdict::Refused }
}

impl User {
    fn limit(&self) -> TokenLimit {
        match self.via {
            Via::Session(_) => TokenLimit::None,
            Via::Token { limit, .. } => limit,
        }
    }

    fn has(&self, needed: TokenScope) -> bool {
        match self.via {
            Via::Session(_) => true,
            Via::Token { scope, .. } => scope >= needed,
        }
    }
}
