//! Who made a change.

use serde::{Deserialize, Serialize};

/// The author of a change, as the journal and the history record it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Actor {
    /// A person, by login or account name.
    User(String),
    /// An agent, by its name in the workspace.
    Agent(String),
    /// Somebody who changed the store behind Codex's back; the file's owner is not proof of who.
    Unknown,
    /// Codex itself (repairs, migrations).
    Codex,
}

impl Actor {
    /// The name that a history commit bears as its author: `ada`, `Agent tidy`, `unknown`, `Codex`.
    #[must_use]
    pub fn author_name(&self) -> String {
        match self {
            Self::User(name) => name.clone(),
            Self::Agent(name) => format!("Agent {name}"),
            Self::Unknown => "unknown".to_owned(),
            Self::Codex => "Codex".to_owned(),
        }
    }

    /// The inverse of [`Actor::author_name`].
    #[must_use]
    pub fn from_author_name(name: &str) -> Self {
        match name {
            "unknown" => Self::Unknown,
            "Codex" => Self::Codex,
            _ => name
                .strip_prefix("Agent ")
                .map_or_else(|| Self::User(name.to_owned()), |agent| Self::Agent(agent.to_owned())),
        }
    }
}
