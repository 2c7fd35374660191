//! Access tokens: signed, short-lived, void when their session ends or their account's stamp changes.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::access::SecretKey;
use crate::sys::random_bytes;
use crate::types::{Instant, SessionId, UserId};

const ISSUER: &str = "codex";
const AUDIENCE: &str = "codex-api";

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// Id of the user.
    pub(super) sub: String,
    /// Different in every token.
    pub(super) jti: String,
    /// When it was made, in seconds.
    pub(super) iat: i64,
    /// Until when it is good, in seconds.
    pub(super) exp: i64,
    pub(super) iss: String,
    pub(super) aud: String,
    /// The account's security stamp.
    pub(super) stamp: String,
    /// Id of the session.
    pub(super) sid: i64,
}

impl Claims {
    /// Whose token it is.
    pub(super) fn user(&self) -> Option<UserId> {
        self.sub.parse().ok().map(UserId)
    }

    /// Of which session.
    pub(super) fn session(&self) -> SessionId {
        SessionId(self.sid)
    }
}

/// Signs and verifies.
pub(crate) struct AccessTokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    lifetime: Duration,
}

impl AccessTokens {
    /// With a key of their own, derived from the server's secret.
    pub(crate) fn new(secret: &SecretKey, lifetime: Duration) -> Self {
        super::hs256::install();
        let key = secret.derive("access tokens");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Who made a token verifies it: one clock.
        validation.leeway = 0;
        Self {
            signing: EncodingKey::from_secret(&key),
            verifying: DecodingKey::from_secret(&key),
            validation,
            lifetime,
        }
    }

    /// How long a token is good.
    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A token for a session.
    pub(crate) fn issue(&self, user: UserId, session: SessionId, stamp: &str, now: Instant) -> Option<String> {
        let claims = Claims {
            sub: user.to_string(),
            jti: crate::access::hex(&random_bytes::<12>()),
            iat: now.as_second(),
            exp: now.as_second() + i64::try_from(self.lifetime.as_secs()).ok()?,
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            stamp: stamp.to_owned(),
            sid: session.0,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing).ok()
    }

    /// What a token says, if it is ours and good now.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation).ok().map(|token| token.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(secret: &str, minutes: u64) -> AccessTokens {
        let home = tempfile::tempdir().unwrap();
        let secret = SecretKey::load(home.path(), Some(secret)).unwrap();
        AccessTokens::new(&secret, Duration::from_secs(60 * minutes))
    }

    const SECRET: &str = "q8Zt5Lw0cV7nH2xR4yB6mK9pD1sF3gJ5";

    fn forged(header: &str, claims: &str) -> String {
        let encode = |text: &str| base64url(text.as_bytes());
        format!("{}.{}.", encode(header), encode(claims))
    }

    fn base64url(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        bytes
            .chunks(3)
            .flat_map(|chunk| {
                let value =
                    chunk.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
                (0..=chunk.len()).map(move |at| char::from(DIGITS[(value >> (18 - 6 * at) & 63) as usize]))
            })
            .collect()
    }

    #[test]
    fn tokens_of_others_expired_edited_and_unsigned_ones_are_refused() {
        let ours = tokens(SECRET, 30);
        let now = Instant::now();
        let token = ours.issue(UserId(7), SessionId(3), "stamp", now).unwrap();
        let claims = ours.verify(&token).unwrap();
        assert_eq!((claims.user(), claims.session(), claims.stamp.as_str()), (Some(UserId(7)), SessionId(3), "stamp"));
        assert_ne!(token, ours.issue(UserId(7), SessionId(3), "stamp", now).unwrap());
        let expired = ours.issue(UserId(7), SessionId(3), "stamp", now - jiff::SignedDuration::from_mins(31)).unwrap();
        let other = tokens("r8Zt5Lw0cV7nH2xR4yB6mK9pD1sF3gJ5", 30).issue(UserId(7), SessionId(3), "s", now).unwrap();
        let body = format!(
            r#"{{"sub":"7","jti":"x","iat":1,"exp":{},"iss":"codex","aud":"codex-api","stamp":"stamp","sid":3}}"#,
            now.as_second() + 600
        );
        let (head, rest) = token.split_once('.').unwrap();
        let (_, sum) = rest.split_once('.').unwrap();
        let edited = format!("{head}.{}.{sum}", base64url(body.as_bytes()));
        let sign = |aud: &str, key: &[u8]| {
            let claims: serde_json::Value = serde_json::from_str(&body.replace("codex-api", aud)).unwrap();
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key)).unwrap()
        };
        let home = tempfile::tempdir().unwrap();
        let key = SecretKey::load(home.path(), Some(SECRET)).unwrap().derive("access tokens");
        assert!(ours.verify(&sign("codex-api", &key)).is_some());
        for bad in [
            expired,
            other,
            edited,
            sign("another", &key),
            sign("codex-api", SECRET.as_bytes()),
            forged(r#"{"alg":"none","typ":"JWT"}"#, &body),
            forged(r#"{"alg":"HS512","typ":"JWT"}"#, &body),
            forged(r#"{"alg":"RS256","typ":"JWT"}"#, &body),
            token[..token.len() - 2].to_owned(),
            "a.b.c".to_owned(),
            String::new(),
        ] {
            assert_eq!(ours.verify(&bad), None, "{bad}");
        }
    }
}
