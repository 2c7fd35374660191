//! The server's secret: where it comes from, and the keys that are derived from it. Whoever has it can sign in as
//! anyone, so a guessable one is refused.

use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::token::NewSecret;
use crate::sys::{StoreError, paths};

/// The file in the home that holds it, where no setting does.
const FILE: &str = "secret.key";

/// Fewer bytes than this can be searched.
const SHORTEST: usize = 32;

/// Parts of the values that guides and the original Codex propose, in lower case.
const PUBLIC: [&str; 7] = [
    "your-secret-key",
    "your_secret_key",
    "change-in-production",
    "change_in_production",
    "changeme",
    "change-me",
    "secret-key-change",
];

/// Why there is no secret to work with.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It could be guessed.
    #[error("the secret key from {origin} {problem}; remove it, and one is made in secret.key of the home")]
    Weak {
        /// Where it was found.
        origin: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Others on this machine can read it.
    #[error("{} can be read by others; `chmod 600` it, and if others used this machine, remove it: \
             everybody signs in anew then", .0.display())]
    Exposed(PathBuf),
    /// It cannot be read or made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The server's secret.
pub struct SecretKey(Vec<u8>);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl SecretKey {
    /// The configured one, else that of `secret.key` in `home`, which is made at the first start.
    ///
    /// # Errors
    /// If it is short, public or readable by others; the store's.
    pub fn load(home: &Path, configured: Option<&str>) -> Result<Self, SecretError> {
        if let Some(configured) = configured {
            return Self::checked(configured, "SECRET_KEY");
        }
        let path = home.join(FILE);
        let made = NewSecret::new(super::TokenKind::Refresh).shown;
        let (text, mode) = paths::read_or_make_private(&path, &made)?;
        if mode & 0o077 != 0 {
            return Err(SecretError::Exposed(path));
        }
        Self::checked(text.trim(), &path.display().to_string())
    }

    fn checked(text: &str, origin: &str) -> Result<Self, SecretError> {
        let weak = |problem| Err(SecretError::Weak { origin: origin.to_owned(), problem });
        let lower = text.to_ascii_lowercase();
        if PUBLIC.iter().any(|public| lower.contains(public)) {
            return weak("is one that everybody knows");
        }
        if text.len() < SHORTEST {
            return weak("is shorter than 32 bytes");
        }
        let mut different: Vec<u8> = text.bytes().collect();
        different.sort_unstable();
        different.dedup();
        if different.len() < 8 {
            return weak("repeats a few characters");
        }
        Ok(Self(text.as_bytes().to_vec()))
    }

    /// A key for one purpose alone: what one key gives away says nothing of another. HMAC-SHA-256 of the purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(b"codex key for ");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_public_and_dull_secrets_are_refused() {
        let home = tempfile::tempdir().unwrap();
        for (text, part) in [
            ("short", "shorter than 32"),
            ("your-secret-key-change-in-production", "everybody knows"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "repeats"),
        ] {
            let error = SecretKey::load(home.path(), Some(text)).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(SecretKey::load(home.path(), Some("q8Zt5Lw0cV7nH2xR4yB6mK9pD1sF3gJ5")).is_ok());
    }

    #[test]
    fn one_is_made_once_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let first = SecretKey::load(home.path(), None).unwrap();
        let again = SecretKey::load(home.path(), None).unwrap();
        assert_eq!(first.derive("jwt"), again.derive("jwt"));
        assert_ne!(first.derive("jwt"), first.derive("credentials"));
        let path = home.path().join(FILE);
        assert_eq!(paths::stat(&path).unwrap().perm & 0o777, 0o600);
        paths::set_mode(&path, 0o644).unwrap();
        assert!(matches!(SecretKey::load(home.path(), None), Err(SecretError::Exposed(_))));
    }
}
