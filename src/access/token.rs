//! Secrets that are handed out once and kept as digests: personal access tokens, refresh tokens, setup codes.

use sha2::{Digest as _, Sha256};

use crate::sys::random_bytes;

/// What a secret is for; its prefix says so to whoever finds it in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A personal access token, as the original Codex writes them.
    Personal,
    /// A refresh token.
    Refresh,
}

impl TokenKind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "cdx_",
            Self::Refresh => "cdxr_",
        }
    }
}

/// SHA-256 of a secret. A secret has 256 random bits, so that nothing slower is needed to keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// A secret that was just made: shown once, kept as its digest.
pub struct NewSecret {
    /// What its owner gets: prefix, 64 hex digits, and 8 more that tell a mistyped or invented one without a look-up.
    pub shown: String,
    /// What is kept.
    pub digest: Digest,
}

impl NewSecret {
    /// Makes one from the kernel's generator.
    #[must_use]
    pub fn new(kind: TokenKind) -> Self {
        let body = hex(&random_bytes::<32>());
        let shown = format!("{}{body}{}", kind.prefix(), checksum(kind, &body));
        let digest = digest_of(&shown);
        Self { shown, digest }
    }
}

impl std::fmt::Debug for NewSecret {
    /// Without the secret: it must not reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSecret").finish_non_exhaustive()
    }
}

impl TokenKind {
    /// The digest that a secret of this kind is kept as; `None` for what never was one.
    #[must_use]
    pub fn digest(self, shown: &str) -> Option<Digest> {
        let (body, sum) = shown.strip_prefix(self.prefix())?.split_at_checked(64)?;
        (checksum(self, body) == sum).then(|| digest_of(shown))
    }

    /// Whether a bearer looks like one of this kind at all.
    #[must_use]
    pub fn claims(self, shown: &str) -> bool {
        shown.starts_with(self.prefix())
    }
}

/// Compares in a time that does not tell how much is equal.
#[must_use]
pub fn is_same_secret(a: &[u8], b: &[u8]) -> bool {
    // Digests of both: neither their lengths nor their common beginning can be measured.
    let (a, b) = (Sha256::digest(a), Sha256::digest(b));
    a.iter().zip(b.iter()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

fn checksum(kind: TokenKind, body: &str) -> String {
    hex(&Sha256::digest(format!("{}{body}", kind.prefix()))[..4])
}

fn digest_of(shown: &str) -> Digest {
    Digest(Sha256::digest(shown).into())
}

/// Lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_known_again_and_nothing_else() {
        let token = NewSecret::new(TokenKind::Personal);
        assert_eq!(TokenKind::Personal.digest(&token.shown), Some(token.digest));
        assert_ne!(token.digest, NewSecret::new(TokenKind::Personal).digest);
        assert_eq!(TokenKind::Refresh.digest(&token.shown), None);
        let mut mistyped = token.shown.clone();
        mistyped.replace_range(10..11, if &mistyped[10..11] == "0" { "1" } else { "0" });
        for bad in [mistyped.as_str(), "cdx_", "", "cdx_é", &token.shown[..40]] {
            assert_eq!(TokenKind::Personal.digest(bad), None, "{bad}");
        }
        assert!(!format!("{token:?}").contains(&token.shown[4..20]));
    }

    #[test]
    fn secrets_compare_by_value() {
        assert!(is_same_secret(b"abc", b"abc"));
        assert!(!is_same_secret(b"abc", b"abd") && !is_same_secret(b"abc", b"ab"));
    }
}
