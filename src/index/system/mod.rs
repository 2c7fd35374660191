//! `codex_system.db`: users, workspaces, permissions, notebooks, agents, plugins, audit.

mod adopt;
mod salvage;
mod schema;
mod workspaces;

#[cfg(test)]
mod tests;

pub use salvage::SystemSalvage;
pub use schema::SystemDb;
pub use workspaces::WorkspaceRow;
