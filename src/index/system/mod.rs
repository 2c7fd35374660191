//! `codex_system.db`: users, workspaces, permissions, notebooks, agents, plugins, audit.

mod accounts;
mod adopt;
mod audit;
mod clock;
mod error;
mod logins;
mod members;
mod notebooks;
mod plugins;
mod roster;
mod salvage;
mod schema;
mod sessions;
mod slug;
mod tasks;
#[cfg(test)]
mod tests;
mod tokens;
mod workspaces;

pub use accounts::{Account, Credentials, Enrolment, NewAccount, ProfileChange};
pub use error::SystemError;
pub use logins::{Chance, LoginStanding};
pub use members::Member;
pub use notebooks::{NewNotebook, NotebookChange, NotebookRow};
pub use plugins::{PluginPlace, PluginRow};
pub use roster::{Roster, RosterKeeper, Shown, Standing, Workspace};
pub use salvage::SystemSalvage;
pub use schema::SystemDb;
pub use sessions::{Client, IDLE_SECONDS, Refreshed, Session};
pub use tasks::{NewTask, TaskChange, TaskFilter, TaskRow};
pub use tokens::{ApiToken, NewApiToken};
pub use workspaces::{NewWorkspace, WorkspaceChange, WorkspaceRow};
