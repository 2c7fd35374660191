//! Who may do what: principals, the one function that decides, passwords, tokens and the server's secret.
//! It knows nothing of HTTP, SQL or notes, so that the API, mounts and agents ask the same rules.

mod authorize;
mod password;
mod principal;
mod secret;
mod token;

#[cfg(test)]
mod tests;

pub use authorize::{Action, Resource, Verdict, authorize};
pub use password::{HashError, Match, hash_password, verify_nobody, verify_password};
pub use principal::{Principal, User, Via};
pub use secret::{SecretError, SecretKey};
pub use token::{Digest, NewSecret, TokenKind, hex, is_same_secret};

pub use crate::types::{Role, TokenLimit, TokenScope};
