//! Passwords as they are kept: Argon2id PHC strings. The original Codex's PBKDF2-SHA-256 `hexsalt$hexhash` is accepted
//! and said to be old, so that it is replaced at the next sign-in. All of it is slow by design, so callers bound how
//! many run at once and keep it off threads that others wait for.

use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;

use super::token::is_same_secret;
use crate::sys::random_bytes;

/// Memory in KiB, passes and lanes: OWASP's first choice for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Rounds of the original.
const ORIGINAL_ROUNDS: u32 = 100_000;

/// The hash of no password: verified where there is no account, so that its absence takes as long as its presence.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What a password is to what is kept of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Another one.
    No,
    /// The same.
    Yes,
    /// The same, kept in a way that is weaker than ours: keep it anew.
    YesButOld,
}

/// No hash could be made.
#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(String);

/// What is to be kept of a password.
///
/// # Errors
/// If there is no memory for it.
pub fn hash_password(password: &str) -> Result<String, HashError> {
    use argon2::password_hash::PasswordHasher;
    let hash = ours().hash_password_with_salt(password.as_bytes(), &random_bytes::<16>());
    hash.map(|hash| hash.to_string()).map_err(|error| HashError(error.to_string()))
}

/// Whether it is the password that `kept` was made of. What is neither form matches no password.
#[must_use]
pub fn verify_password(kept: &str, password: &str) -> Match {
    if let Some((salt, hash)) = original(kept) {
        let mut found = vec![0; hash.len()];
        pbkdf2_hmac::<Sha256>(password.as_bytes(), &salt, ORIGINAL_ROUNDS, &mut found);
        return if is_same_secret(&found, &hash) { Match::YesButOld } else { Match::No };
    }
    let Ok(parsed) = PasswordHash::new(kept) else { return Match::No };
    if parsed.algorithm.as_str() != "argon2id" || ours().verify_password(password.as_bytes(), &parsed).is_err() {
        return Match::No;
    }
    let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    let is_ours = Params::try_from(&parsed).is_ok_and(|params| costs(&params) >= COST);
    if is_ours { Match::Yes } else { Match::YesButOld }
}

/// Takes as long as verifying a password that is kept as ours are.
pub fn verify_nobody(password: &str) {
    let _ = std::hint::black_box(verify_password(NOBODY, password));
}

fn ours() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).expect("the costs are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Salt and hash of the original's `hexsalt$hexhash`.
fn original(kept: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, hash) = kept.split_once('$')?;
    Some((unhex(salt)?, unhex(hash).filter(|hash| hash.len() == 32)?))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's `hashlib.pbkdf2_hmac("sha256", b"correct horse", bytes.fromhex(salt), 100_000)`.
    const ORIGINAL: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff$ecddcf926b7fd539916fae70101cb3bf82b8a024d6a0f5aa64a712156aff971e";

    #[test]
    fn what_is_kept_matches_its_password_alone() {
        let kept = hash_password("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, hash_password("correct horse").unwrap());
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 1, 1, None).unwrap());
        let weak = {
            use argon2::password_hash::PasswordHasher;
            weak.hash_password_with_salt(b"correct horse", &[7; 16]).unwrap().to_string()
        };
        for (kept, password, expected) in [
            (kept.as_str(), "correct horse", Match::Yes),
            (&kept, "wrong horse", Match::No),
            (&weak, "correct horse", Match::YesButOld),
            (ORIGINAL, "correct horse", Match::YesButOld),
            (ORIGINAL, "wrong horse", Match::No),
            ("", "", Match::No),
            ("$", "", Match::No),
            ("00$", "", Match::No),
            ("$2y$10$abcdefghijklmnopqrstuv", "x", Match::No),
            (NOBODY, "", Match::No),
        ] {
            assert_eq!(verify_password(kept, password), expected, "{kept} {password}");
        }
    }

    #[test]
    fn the_hash_of_nobody_is_verified_like_one_of_ours() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        let params = Params::try_from(&parsed).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), COST);
    }
}
