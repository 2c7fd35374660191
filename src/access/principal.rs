//! Who asks. Agents will be one more kind: their owner's rights, cut by their scope.

use crate::types::{SessionId, TokenId, TokenLimit, TokenScope, UserId};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Somebody who said nothing of who they are.
    Nobody,
    /// A person whose account is active, or a program on that person's behalf.
    User(User),
}

/// A person whose account is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Whose account.
    pub id: UserId,
    /// Its name: the author of changes.
    pub name: String,
    /// Whether the server is this person's: mounts, health in detail.
    pub is_server_owner: bool,
    /// How they showed who they are.
    pub via: Via,
}

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By signing in.
    Session(SessionId),
    /// By a personal access token: a program.
    Token {
        /// Which.
        id: TokenId,
        /// How much of the person's rights it has.
        scope: TokenScope,
        /// Where.
        limit: TokenLimit,
    },
}

impl Principal {
    /// The person, unless it is nobody.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::Nobody => None,
            Self::User(user) => Some(user),
        }
    }
}
