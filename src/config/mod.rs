//! Merged, validated settings of the program: flags, then environment, then `$CODEX_HOME/config.toml`, then defaults.
//! It knows nothing of workspaces; their settings are workspace.yaml's.

mod server;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::sys::{StoreError, paths};

pub use server::{Network, Origin as ServerOrigin, ServerConfig};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(&'static str),
    /// A line of config.toml.
    File(PathBuf),
    /// Nobody said otherwise.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One setting, as `cdx config` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its key in config.toml.
    pub key: &'static str,
    /// Its value; a secret is not shown.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
    /// What it is for.
    pub meaning: &'static str,
}

/// What the flags say.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--home`.
    pub home: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `-w`.
    pub workspace: Option<String>,
}

/// Settings of the program.
#[derive(Clone, Debug)]
pub struct Config {
    /// `CODEX_HOME`: the system database, and the default place of workspaces.
    pub home: PathBuf,
    /// Address that `cdx serve` listens on.
    pub listen: String,
    /// Key that sessions and secrets are signed with; `None`: `secret.key` of the home.
    pub secret_key: Option<String>,
    /// The workspace of commands that are called outside of any.
    pub workspace: Option<String>,
    /// The author of changes.
    pub user: String,
    /// What is logged, as `tracing`'s filters say it.
    pub log: String,
    /// All of them with their origins, in order.
    pub settings: Vec<Setting>,
    /// What to tell the user: unknown keys.
    pub warnings: Vec<String>,
}

/// config.toml cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no TOML.
    #[error("{} is no TOML: {message}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What the parser says, with line and column.
        message: String,
    },
    /// A value is of another type than the key wants.
    #[error("{}: `{key}` must be {expected}", path.display())]
    Type {
        /// Which file.
        path: PathBuf,
        /// Which key.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A value means nothing.
    #[error("`{key}` = `{value}` from {origin}: {reason}")]
    Value {
        /// Which key.
        key: &'static str,
        /// What was given.
        value: String,
        /// Where.
        origin: Origin,
        /// What is expected.
        reason: &'static str,
    },
}

/// A key: in config.toml, in the environment, and what it is for.
struct Key {
    name: &'static str,
    variable: &'static str,
    kind: Kind,
    meaning: &'static str,
}

/// What config.toml holds at a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    /// A list of texts, or one text with commas.
    List,
}

const fn key(name: &'static str, variable: &'static str, kind: Kind, meaning: &'static str) -> Key {
    Key { name, variable, kind, meaning }
}

const HOME: Key = key("home", "CODEX_HOME", Kind::Text, "system database, default place of workspaces");
const KEYS: [Key; 21] = [
    key("access_minutes", "CODEX_ACCESS_MINUTES", Kind::Number, "how long an access token is good (30)"),
    key("allowed_hosts", "CODEX_ALLOWED_HOSTS", Kind::List, "more names that requests may be addressed to"),
    key("body_max_mib", "CODEX_BODY_MAX_MIB", Kind::Number, "largest request that is no upload, in MiB (16)"),
    key("body_seconds", "CODEX_BODY_SECONDS", Kind::Number, "how long a request's body may bring nothing (60)"),
    key("cors_origins", "CODEX_CORS_ORIGINS", Kind::List, "other origins whose pages may call the API"),
    key("listen", "CODEX_LISTEN", Kind::Text, "address of `cdx serve`"),
    key("log", "CODEX_LOG", Kind::Text, "what is logged: error, warn, info, debug, cdx::engine=debug; or LOG_LEVEL"),
    key("log_format", "LOG_FORMAT", Kind::Text, "json or text"),
    key("metrics_listen", "CODEX_METRICS_LISTEN", Kind::Text, "address of Prometheus figures; without: none"),
    key("mount_roots", "CODEX_MOUNT_ROOTS", Kind::List, "where the API may mount; without: mnt in home"),
    key("public_url", "CODEX_PUBLIC_URL", Kind::Text, "how browsers reach the server, behind a proxy"),
    key("registration", "CODEX_REGISTRATION", Kind::Text, "open or closed, once there is an account"),
    key(
        "requests_per_second",
        "CODEX_REQUESTS_PER_SECOND",
        Kind::Number,
        "of one person or address (200); 0: no bound",
    ),
    key("secret_key", "SECRET_KEY", Kind::Text, "signs sessions; without: secret.key in home"),
    key("tls_certificate", "CODEX_TLS_CERTIFICATE", Kind::Text, "certificate chain, PEM; with tls_key it speaks https"),
    key("tls_key", "CODEX_TLS_KEY", Kind::Text, "key of the certificate, PEM"),
    key("trusted_proxies", "CODEX_TRUSTED_PROXIES", Kind::List, "proxies whose X-Forwarded-For counts"),
    key("user", "CODEX_USER", Kind::Text, "author of your changes"),
    key("workspace", "CODEX_WORKSPACE", Kind::Text, "workspace of commands called outside of any"),
    key(
        "workspace_idle_minutes",
        "CODEX_WORKSPACE_IDLE_MINUTES",
        Kind::Number,
        "a workspace that nobody uses is closed after so long (15)",
    ),
    key("workspace_roots", "CODEX_WORKSPACE_ROOTS", Kind::List, "where the API may make workspaces at a given path"),
];

impl Config {
    /// Merges flags, environment and `config.toml` of the home.
    ///
    /// # Errors
    /// If config.toml is there and cannot be read, or a value means nothing.
    pub fn load(flags: &Flags, environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
        let (home, home_origin) = home(flags, &variable);
        let path = home.join("config.toml");
        let file = read_table(&path)?;
        let warnings = unknown_keys(&file, &path);
        let mut settings = vec![Setting {
            key: HOME.name,
            value: Some(home.display().to_string()),
            origin: home_origin,
            meaning: HOME.meaning,
        }];
        for key in &KEYS {
            let (value, origin) = value_of(key, flags, &variable, &file, &path)?;
            settings.push(Setting { key: key.name, value, origin, meaning: key.meaning });
        }
        let value = |name: &str| settings.iter().find(|s| s.key == name).and_then(|s| s.value.clone());
        let config = Self {
            home,
            listen: value("listen").unwrap_or_default(),
            secret_key: value("secret_key"),
            workspace: value("workspace"),
            user: value("user").unwrap_or_default(),
            log: value("log").unwrap_or_default(),
            warnings,
            settings: settings.into_iter().map(hide_secret).collect(),
        };
        config.validate()?;
        config.server()?;
        config.logs_json()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |key: &'static str, value: &str, reason| {
            let origin = self.settings.iter().find(|s| s.key == key).map_or(Origin::Default, |s| s.origin.clone());
            Err(ConfigError::Value { key, value: value.to_owned(), origin, reason })
        };
        if self.listen.parse::<std::net::SocketAddr>().is_err() && !self.listen.starts_with("localhost:") {
            return refuse("listen", &self.listen, "an address and a port are expected, as in 127.0.0.1:8765");
        }
        if self.user.contains(['<', '>', '\n', '\0']) {
            return refuse("user", &self.user, "a name without `<`, `>` and line breaks is expected");
        }
        if self.log.parse::<tracing_subscriber::EnvFilter>().is_err() {
            return refuse("log", &self.log, "a level (error, warn, info, debug, trace) or target=level is expected");
        }
        Ok(())
    }
}

fn hide_secret(mut setting: Setting) -> Setting {
    if setting.key == "secret_key" && setting.value.is_some() {
        setting.value = Some("(set, not shown)".to_owned());
    }
    setting
}

fn home(flags: &Flags, variable: &impl Fn(&str) -> Option<String>) -> (PathBuf, Origin) {
    if let Some(home) = &flags.home {
        return (home.clone(), Origin::Flag("--home"));
    }
    if let Some(home) = variable(HOME.variable) {
        return (home.into(), Origin::Environment(HOME.variable));
    }
    if let Some(data) = variable("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        return (data.join("codex"), Origin::Environment("XDG_DATA_HOME"));
    }
    let user = variable("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    (user.join(".local/share/codex"), Origin::Default)
}

fn value_of(
    key: &Key,
    flags: &Flags,
    variable: &impl Fn(&str) -> Option<String>,
    file: &toml::Table,
    path: &Path,
) -> Result<(Option<String>, Origin), ConfigError> {
    let flag = match key.name {
        "listen" => flags.listen.clone().map(|value| (value, "--listen")),
        "workspace" => flags.workspace.clone().map(|value| (value, "--workspace")),
        _ => None,
    };
    if let Some((value, name)) = flag {
        return Ok((Some(value), Origin::Flag(name)));
    }
    if let Some(value) = variable(key.variable) {
        return Ok((Some(value), Origin::Environment(key.variable)));
    }
    match file.get(key.name) {
        Some(value) => match written(key.kind, value) {
            Some(value) => Ok((Some(value), Origin::File(path.to_owned()))),
            None => Err(ConfigError::Type {
                path: path.to_owned(),
                key: key.name.to_owned(),
                expected: key.kind.expected(),
            }),
        },
        // The original's name, where nothing of ours says more.
        None if key.name == "log" => match variable("LOG_LEVEL") {
            Some(level) => Ok((Some(level.to_ascii_lowercase()), Origin::Environment("LOG_LEVEL"))),
            None => Ok((default_of(key.name), Origin::Default)),
        },
        None => Ok((default_of(key.name), Origin::Default)),
    }
}

/// A value of config.toml as text; `None` where it is of another kind.
fn written(kind: Kind, value: &toml::Value) -> Option<String> {
    match (kind, value) {
        (Kind::Text | Kind::List, toml::Value::String(text)) => Some(text.clone()),
        (Kind::Number, toml::Value::Integer(number)) => Some(number.to_string()),
        (Kind::List, toml::Value::Array(parts)) => {
            let parts: Option<Vec<&str>> = parts.iter().map(toml::Value::as_str).collect();
            parts.map(|parts| parts.join(","))
        }
        _ => None,
    }
}

impl Kind {
    fn expected(self) -> &'static str {
        match self {
            Self::Text => "text in quotes",
            Self::Number => "a whole number",
            Self::List => "a list of texts in quotes",
        }
    }
}

fn default_of(name: &str) -> Option<String> {
    match name {
        "listen" => Some("127.0.0.1:8765".to_owned()),
        "log" => Some("warn".to_owned()),
        "user" => {
            let uid = rustix::process::getuid().as_raw();
            Some(crate::sys::login_of(uid).unwrap_or_else(|| format!("uid-{uid}")))
        }
        _ => None,
    }
}

fn read_table(path: &Path) -> Result<toml::Table, ConfigError> {
    match paths::read_text(path) {
        Ok(text) => text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        }),
        Err(error) if error.is_not_found() => Ok(toml::Table::new()),
        Err(error) => Err(error.into()),
    }
}

fn unknown_keys(file: &toml::Table, path: &Path) -> Vec<String> {
    let known = |key: &str| KEYS.iter().any(|k| k.name == key);
    file.keys()
        .filter(|key| !known(key))
        .map(|key| {
            let hint = if key == HOME.name {
                format!("; the home cannot be set inside itself, use {}", HOME.variable)
            } else {
                nearest(key, KEYS.iter().map(|k| k.name)).map_or_else(String::new, |k| format!("; did you mean `{k}`?"))
            };
            format!("{}: unknown key `{key}` is ignored{hint}", path.display())
        })
        .collect()
}

/// The candidate that is fewest edits away from what was written, if it is near enough to be meant.
#[must_use]
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edits_between(written, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, in characters.
fn edits_between(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Dir, Replace};
    use crate::types::NotePath;

    fn load(toml: &str, variables: &[(&str, &str)], flags: &Flags) -> Result<Config, ConfigError> {
        let home = tempfile::tempdir().unwrap();
        let dir = Dir::open(home.path()).unwrap();
        dir.write_durably(&NotePath::new("config.toml").unwrap(), toml.as_bytes(), Replace::Never).unwrap();
        let flags = Flags { home: Some(home.path().to_owned()), ..flags.clone() };
        Config::load(&flags, |name| variables.iter().find(|v| v.0 == name).map(|v| v.1.to_owned()))
    }

    #[test]
    fn flags_beat_environment_beats_file_beats_default() {
        let file = "listen = \"127.0.0.1:1\"";
        let variable = [("CODEX_LISTEN", "127.0.0.1:2")];
        let flag = Flags { listen: Some("127.0.0.1:3".to_owned()), ..Flags::default() };
        let listen = |c: Config| c.listen;
        assert_eq!(listen(load("", &[], &Flags::default()).unwrap()), "127.0.0.1:8765");
        assert_eq!(listen(load(file, &[], &Flags::default()).unwrap()), "127.0.0.1:1");
        assert_eq!(listen(load(file, &variable, &Flags::default()).unwrap()), "127.0.0.1:2");
        assert_eq!(listen(load(file, &variable, &flag).unwrap()), "127.0.0.1:3");
    }

    #[test]
    fn an_unknown_key_is_named_with_the_one_that_is_meant() {
        let config = load("lisen = \"127.0.0.1:1\"\ncolour = 1\nhome = \"/x\"", &[], &Flags::default()).unwrap();
        for end in ["`lisen` is ignored; did you mean `listen`?", "key `colour` is ignored", "use CODEX_HOME"] {
            assert!(config.warnings.iter().any(|warning| warning.ends_with(end)), "{:?}", config.warnings);
        }
    }

    #[test]
    fn bad_values_say_where_they_stand() {
        for (toml, expected) in [
            ("listen = 8765", "`listen` must be text in quotes"),
            ("listen = \"here\"", "an address and a port"),
            ("user = \"a <b>\"", "a name without"),
            ("log = ", "is no TOML"),
        ] {
            let message = load(toml, &[], &Flags::default()).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("config.toml"), "{message}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = load("secret_key = \"hunter2\"", &[], &Flags::default()).unwrap();
        assert_eq!(config.secret_key.as_deref(), Some("hunter2"));
        assert!(config.settings.iter().all(|s| s.value.as_deref() != Some("hunter2")));
    }
}
