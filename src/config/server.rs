//! Settings of `cdx serve`: each checked when it is read, so that a mistake is said at the start and not by a request.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::{Config, ConfigError};

/// Settings of the server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How browsers reach it, where that is not `listen`: scheme and host, without a path.
    pub public_url: Option<Origin>,
    /// Names that a Host header may bear beside those of `listen` and `public_url`, in lower case.
    pub allowed_hosts: Vec<String>,
    /// Other origins whose pages may call the API, exactly as browsers send them.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<Network>,
    /// Whether people may register themselves once there is one.
    pub registration_open: bool,
    /// How long an access token is good.
    pub access_lifetime: Duration,
    /// Where Prometheus finds its figures; none are served without.
    pub metrics_listen: Option<SocketAddr>,
    /// Directories below which the API may make a workspace at a path of the caller's choice.
    pub workspace_roots: Vec<PathBuf>,
    /// Directories below which the API may mount.
    pub mount_roots: Vec<PathBuf>,
    /// Certificate chain and key, PEM; without them it speaks HTTP.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Requests per second of one person or address, on average; 0 is without bound.
    pub requests_per_second: u32,
    /// A workspace that nobody has asked for in so long, and that is not mounted, is closed until somebody asks again.
    pub workspace_idle: Duration,
    /// The largest body that is read into memory, in bytes.
    pub body_max: usize,
    /// How long a body that is read into memory may take to arrive, and an upload may bring nothing.
    pub body_patience: Duration,
}

/// A scheme and host, as in `https://notes.example.org:8443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Whether it is https.
    pub is_https: bool,
    /// Host, with the port where it is not the scheme's own; in lower case.
    pub host: String,
}

impl Origin {
    /// Takes `http://host[:port]`, with or without a slash at its end.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim_end_matches('/').to_ascii_lowercase();
        let (scheme, host) = url.split_once("://")?;
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        let is_https = match scheme {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        (!host.is_empty() && host.chars().all(is_host)).then(|| Self { is_https, host: host.to_owned() })
    }

    /// As browsers send it.
    #[must_use]
    pub fn as_text(&self) -> String {
        format!("{}://{}", if self.is_https { "https" } else { "http" }, self.host)
    }
}

/// Addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Takes `10.0.0.0/8` or one address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = if bits.is_empty() { most } else { bits.parse().ok()? };
        (bits <= most).then_some(Self { address, bits })
    }

    /// Whether an address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u32| {
            let shift = width - self.bits;
            shift == 128 || a >> shift == b >> shift
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(u32::from(a).into(), u32::from(b).into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.into(), b.into(), 128),
            _ => false,
        }
    }
}

impl Config {
    /// The settings of the server.
    ///
    /// # Errors
    /// The first that means nothing.
    pub fn server(&self) -> Result<ServerConfig, ConfigError> {
        let tls = match (self.path("tls_certificate"), self.path("tls_key")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(_), None) => return Err(self.refuse("tls_certificate", "tls_key is needed with it")),
            (None, Some(_)) => return Err(self.refuse("tls_key", "tls_certificate is needed with it")),
        };
        let mut mount_roots = self.paths("mount_roots");
        if mount_roots.is_empty() {
            mount_roots.push(self.home.join("mnt"));
        }
        Ok(ServerConfig {
            listen: self.address("listen")?.ok_or_else(|| self.refuse("listen", ADDRESS))?,
            public_url: self.parsed(
                "public_url",
                Origin::parse,
                "an address as https://notes.example.org is expected",
            )?,
            allowed_hosts: self.list("allowed_hosts").into_iter().map(|host| host.to_ascii_lowercase()).collect(),
            cors_origins: self.each("cors_origins", |origin| Origin::parse(origin).map(|origin| origin.as_text()))?,
            trusted_proxies: self.each("trusted_proxies", Network::parse)?,
            registration_open: match self.text("registration") {
                Some("open") | None => true,
                Some("closed") => false,
                Some(_) => return Err(self.refuse("registration", "open or closed is expected")),
            },
            access_lifetime: Duration::from_secs(60 * self.number("access_minutes", 30, 1..=24 * 60)?),
            metrics_listen: self.address("metrics_listen")?,
            workspace_roots: self.paths("workspace_roots"),
            mount_roots,
            tls,
            requests_per_second: u32::try_from(self.number("requests_per_second", 200, 0..=1_000_000)?).unwrap_or(0),
            workspace_idle: Duration::from_secs(60 * self.number("workspace_idle_minutes", 15, 1..=60 * 24 * 7)?),
            body_max: usize::try_from(self.number("body_max_mib", 16, 1..=1024)?).unwrap_or(16) << 20,
            body_patience: Duration::from_secs(self.number("body_seconds", 60, 1..=3600)?),
        })
    }

    /// Whether log lines are JSON.
    ///
    /// # Errors
    /// For anything but json and text.
    pub fn logs_json(&self) -> Result<bool, ConfigError> {
        match self.text("log_format") {
            None | Some("text") => Ok(false),
            Some("json") => Ok(true),
            Some(_) => Err(self.refuse("log_format", "json or text is expected")),
        }
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|setting| setting.key == key).and_then(|setting| setting.value.as_deref())
    }

    fn list(&self, key: &str) -> Vec<String> {
        let parts = self.text(key).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    fn paths(&self, key: &str) -> Vec<PathBuf> {
        self.list(key).into_iter().map(PathBuf::from).collect()
    }

    fn parsed<T>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Option<T>,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        self.text(key).map(|text| parse(text).ok_or_else(|| self.refuse(key, expected))).transpose()
    }

    fn each<T>(&self, key: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, ConfigError> {
        let parts = self.list(key);
        let reason = if key == "cors_origins" {
            "origins as https://notes.example.org are expected, with commas between"
        } else {
            "addresses or networks as 10.0.0.0/8 are expected, with commas between"
        };
        parts.iter().map(|part| parse(part).ok_or_else(|| self.refuse(key, reason))).collect()
    }

    fn address(&self, key: &'static str) -> Result<Option<SocketAddr>, ConfigError> {
        let parse = |text: &str| text.replace("localhost:", "127.0.0.1:").parse().ok();
        self.parsed(key, parse, ADDRESS)
    }

    fn number(
        &self,
        key: &'static str,
        default: u64,
        within: std::ops::RangeInclusive<u64>,
    ) -> Result<u64, ConfigError> {
        let Some(text) = self.text(key) else { return Ok(default) };
        text.parse().ok().filter(|number| within.contains(number)).ok_or_else(|| match key {
            "access_minutes" => self.refuse(key, "minutes from 1 to 1440 are expected"),
            "body_seconds" => self.refuse(key, "seconds from 1 to 3600 are expected"),
            "body_max_mib" => self.refuse(key, "MiB from 1 to 1024 are expected"),
            _ => self.refuse(key, "a number from 0 to 1000000 is expected"),
        })
    }

    fn refuse(&self, key: &'static str, reason: &'static str) -> ConfigError {
        let found = self.settings.iter().find(|setting| setting.key == key);
        ConfigError::Value {
            key,
            value: found.and_then(|setting| setting.value.clone()).unwrap_or_default(),
            origin: found.map_or(super::Origin::Default, |setting| setting.origin.clone()),
            reason,
        }
    }
}

const ADDRESS: &str = "an address and a port are expected, as in 127.0.0.1:8765";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.2.3.4", true),
            ("10.0.0.0/8", "11.2.3.4", false),
            ("10.1.1.1", "10.1.1.1", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("::/0", "fe80::1", true),
            ("fe80::/10", "fe80::1", true),
            ("fe80::/10", "2001::1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
        ] {
            assert_eq!(
                Network::parse(network).unwrap().contains(address.parse().unwrap()),
                expected,
                "{network} {address}"
            );
        }
        for bad in ["10.0.0.0/33", "x", "10.0.0/8", ""] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn origins() {
        for (url, expected) in [
            ("https://Notes.example.org/", Some("https://notes.example.org")),
            ("http://localhost:5173", Some("http://localhost:5173")),
            ("ftp://x", None),
            ("https://x/path", None),
            ("https://", None),
            ("*", None),
        ] {
            assert_eq!(Origin::parse(url).map(|origin| origin.as_text()).as_deref(), expected, "{url}");
        }
    }
}
