//! What every request has to work with.

use std::net::IpAddr;
use std::sync::Arc;

use dashmap::DashMap;
use parking_lot::Mutex;

use super::auth::{AccessTokens, Attempts};
use super::bridge::Bridge;
use super::error::Answer;
use super::limits::Limits;
use super::live::Hub;
use super::metrics::Figures;
use super::workspaces::Workspaces;
use crate::config::{ServerConfig, ServerOrigin};
use crate::index::system::{Roster, RosterKeeper, SystemDb};
use crate::types::{Instant, TokenId};

/// What every request has to work with; shared by all.
pub(crate) struct App {
    pub(crate) config: ServerConfig,
    /// The home: where workspaces are made without a path.
    pub(crate) home: std::path::PathBuf,
    /// The account that stands for whoever runs the server, for the first person to take over from.
    pub(crate) local_user: String,
    /// For writing, and for reading what the roster does not hold; locked on threads of the bridge alone.
    pub(crate) system: Arc<Mutex<SystemDb>>,
    pub(crate) roster: Arc<RosterKeeper>,
    pub(crate) bridge: Bridge,
    pub(crate) tokens: AccessTokens,
    pub(crate) token_uses: TokenUses,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) limits: Limits,
    pub(crate) web: Web,
    pub(crate) figures: Figures,
    /// The first person needs it to register, where others than this machine's users can reach the server.
    pub(crate) setup_code: Option<String>,
    /// Events and the sockets that hear them.
    pub(crate) hub: Arc<Hub>,
    /// Engines; routes reach one by an extractor that has asked whether they may.
    pub(super) workspaces: Arc<Workspaces>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("home", &self.home).finish_non_exhaustive()
    }
}

impl App {
    /// Who there is and where each is let in, now.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn roster(&self) -> Answer<Arc<Roster>> {
        if let Some(roster) = self.roster.glance() {
            return Ok(roster);
        }
        let keeper = Arc::clone(&self.roster);
        self.bridge.run(move || keeper.read()).await
    }

    /// Does something with the system database.
    ///
    /// # Errors
    /// The work's.
    pub(crate) async fn with_system<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SystemDb) -> Result<T, crate::index::system::SystemError> + Send + 'static,
    ) -> Answer<T> {
        let system = Arc::clone(&self.system);
        self.bridge.run(move || work(&system.lock())).await
    }
}

/// The names that the server goes by.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    hosts: Vec<String>,
    /// Any address may stand in a Host header: the server listens on all, and an address cannot be rebound by DNS.
    any_address: bool,
    public: Option<ServerOrigin>,
    has_tls: bool,
    cors: Vec<String>,
}

impl Web {
    /// Of the configuration, and of the address that it listens on in fact.
    pub(super) fn new(config: &ServerConfig) -> Self {
        let mut hosts = config.allowed_hosts.clone();
        hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        let ip = config.listen.ip();
        hosts.push(if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() });
        if let Some(public) = &config.public_url {
            hosts.push(without_port(&public.host).to_owned());
        }
        Self {
            hosts,
            any_address: ip.is_unspecified(),
            public: config.public_url.clone(),
            has_tls: config.tls.is_some(),
            cors: config.cors_origins.clone(),
        }
    }

    /// Whether a Host header names this server.
    pub(crate) fn is_own_host(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        self.hosts.contains(&name) || (self.any_address && name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
    }

    /// Whether a page of this origin is ours, or of an origin that the configuration trusts as ours.
    pub(crate) fn is_own_origin(&self, origin: &str, host: Option<&str>) -> bool {
        let Some(parsed) = ServerOrigin::parse(origin) else { return false };
        if self.cors.contains(&parsed.as_text()) || self.public.as_ref() == Some(&parsed) {
            return true;
        }
        // Behind a proxy that ends TLS the scheme is the proxy's; the public URL says so.
        let is_own_scheme = parsed.is_https == self.has_tls;
        host.is_some_and(|host| is_own_scheme && host.eq_ignore_ascii_case(&parsed.host))
    }

    /// Whether browsers reach it by https.
    pub(crate) fn is_secure(&self) -> bool {
        self.has_tls || self.public.as_ref().is_some_and(|public| public.is_https)
    }

    /// The https address that browsers are to use, where it is known.
    pub(crate) fn public(&self) -> Option<&ServerOrigin> {
        self.public.as_ref()
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => {
            // An IPv6 address has colons of its own, and stands in brackets where a port follows.
            if name.contains(':') && !name.ends_with(']') { host } else { name }
        }
        _ => host,
    }
}

/// When the use of a token was noted last.
#[derive(Debug, Default)]
pub(crate) struct TokenUses(DashMap<TokenId, i64>);

impl TokenUses {
    const EVERY_SECONDS: i64 = 3600;

    /// Whether it is time to note it again; then that counts as done.
    pub(crate) fn is_due(&self, token: TokenId, now: Instant) -> bool {
        let now = now.as_second();
        let mut last = self.0.entry(token).or_insert(i64::MIN);
        let is_due = now.saturating_sub(*last) >= Self::EVERY_SECONDS;
        if is_due {
            *last = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(listen: &str, public: Option<&str>) -> Web {
        Web {
            hosts: vec!["localhost".into(), "127.0.0.1".into(), "notes.example.org".into()],
            any_address: listen.starts_with("0.0.0.0"),
            public: public.and_then(ServerOrigin::parse),
            has_tls: false,
            cors: vec!["http://localhost:5173".into()],
        }
    }

    #[test]
    fn hosts_and_origins() {
        let local = web("127.0.0.1:8765", None);
        for (host, expected) in [
            ("127.0.0.1:8765", true),
            ("LOCALHOST", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example:8765", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(local.is_own_host(host), expected, "{host}");
        }
        assert!(web("0.0.0.0:1", None).is_own_host("10.0.0.1:1") && web("0.0.0.0:1", None).is_own_host("[fe80::1]:1"));
        assert!(!web("0.0.0.0:1", None).is_own_host("evil.example:1"));
        for (origin, host, expected) in [
            ("http://127.0.0.1:8765", "127.0.0.1:8765", true),
            ("http://127.0.0.1:9999", "127.0.0.1:8765", false),
            ("https://127.0.0.1:8765", "127.0.0.1:8765", false),
            ("http://localhost:5173", "127.0.0.1:8765", true),
            ("null", "127.0.0.1:8765", false),
            ("https://notes.example.org", "127.0.0.1:8765", false),
        ] {
            assert_eq!(local.is_own_origin(origin, Some(host)), expected, "{origin} {host}");
        }
        let proxied = web("127.0.0.1:8765", Some("https://notes.example.org"));
        assert!(proxied.is_own_origin("https://notes.example.org", Some("127.0.0.1:8765")) && proxied.is_secure());
    }

    #[test]
    fn a_use_is_noted_once_an_hour() {
        let uses = TokenUses::default();
        let at = |seconds| Instant::from_second(seconds).unwrap();
        let due: Vec<bool> = [0, 1, 3599, 3600, 3601].map(|s| uses.is_due(TokenId(1), at(s))).into();
        assert_eq!(due, [true, false, false, true, false]);
    }
}
