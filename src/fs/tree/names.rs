//! Naming rules of the synthetic tree: temporary names, encoded queries, times, versions. Pure: no I/O, no clock.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::engine::catalog::names::{percent_decoded, split_extension};
use crate::types::{CommitId, Instant};

/// Whether a name is one of those that editors and copying programs give to files that they are still making
/// (mount.md §5): `.*  *~  #*#  4913  *.tmp  *.swp  sed??????  *___jb_*`.
#[must_use]
pub fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_bytes();
    let is_sed = |rest: &[u8]| rest.len() == 6 && rest.iter().all(u8::is_ascii_alphanumeric);
    name.starts_with(b".")
        || name.ends_with(b"~")
        || (name.len() > 1 && name.starts_with(b"#") && name.ends_with(b"#"))
        || name == b"4913"
        || name.ends_with(b".tmp")
        || name.ends_with(b".swp")
        || name.strip_prefix(b"sed").is_some_and(is_sed)
        || name.windows(6).any(|part| part == b"___jb_")
}

/// A search line as the name of a folder: `/` and `%` encoded.
#[must_use]
pub fn encoded_query(line: &str) -> String {
    line.replace('%', "%25").replace('/', "%2F")
}

/// The search line that a folder name stands for.
#[must_use]
pub fn decoded_query(name: &OsStr) -> Option<String> {
    String::from_utf8(percent_decoded(name.as_bytes())?).ok()
}

/// What `.codex/at/<time>` means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The newest commit at or before a moment.
    At(Instant),
    /// A commit, by the first digits of its id.
    Commit(String),
}

/// Reads a time: `2026-11-21` (its end), `2026-11-21T14:30[:05]` in the zone or with `Z`, `yesterday`, a commit's
/// first digits.
#[must_use]
pub fn parse_when(text: &str, zone: &TimeZone, now: Instant) -> Option<When> {
    let end_of = |date: Date| {
        let next = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp();
        next.checked_sub(jiff::Span::new().nanoseconds(1)).ok().map(When::At)
    };
    if text == "yesterday" {
        return end_of(now.to_zoned(zone.clone()).date().yesterday().ok()?);
    }
    if is_shaped(text, "dddd-dd-dd") {
        return end_of(text.parse().ok()?);
    }
    let (local, is_utc) = text.strip_suffix('Z').map_or((text, false), |local| (local, true));
    if is_shaped(local, "dddd-dd-ddTdd:dd") || is_shaped(local, "dddd-dd-ddTdd:dd:dd") {
        let time: DateTime = local.parse().ok()?;
        let zone = if is_utc { TimeZone::UTC } else { zone.clone() };
        return Some(When::At(time.to_zoned(zone).ok()?.timestamp()));
    }
    let is_commit = (4..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| When::Commit(text.to_ascii_lowercase()))
}

/// Whether a text looks like a pattern, where `d` is any digit.
fn is_shaped(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, like)| if like == b'd' { byte.is_ascii_digit() } else { byte == like })
}

/// The name of a version of a file: `20261121T143005Z_0123abcd.md`.
#[must_use]
pub fn version_name(time: Instant, commit: CommitId, path: &OsStr) -> OsString {
    let time = time.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut name = OsString::from(format!("{time}_{}", &commit.to_string()[..8]));
    let (_, extension) = split_extension(path.as_bytes());
    if name.len() + extension.len() <= 255 {
        name.push(OsStr::from_bytes(extension));
    }
    name
}

/// Whether a name looks like a version's.
#[must_use]
pub fn is_version_name(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    name.get(..16).is_some_and(|time| is_shaped(time, "ddddddddTddddddZ"))
        && name
            .get(16..25)
            .is_some_and(|hash| hash.starts_with('_') && hash[1..].bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names() {
        for name in [
            ".note.md.swp",
            ".#note.md",
            "note.md~",
            "#note.md#",
            "4913",
            "note.tmp",
            "x.swp",
            "sedAb12Cd",
            "note.md___jb_tmp___",
            ".goutputstream-ABC",
        ] {
            assert!(is_temporary(OsStr::new(name)), "{name}");
        }
        for name in ["note.md", "sed", "sediment", "sedAb12C", "49130", "#", "tmp", "a~b.md", "x.tmp.md"] {
            assert!(!is_temporary(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn queries_as_names() {
        for line in ["tag:gpu loss<0.1", "path:runs/**", "100%", "%2F"] {
            let name = encoded_query(line);
            assert!(!name.contains('/'));
            assert_eq!(decoded_query(OsStr::new(&name)).as_deref(), Some(line));
        }
        assert_eq!(decoded_query(OsStr::new("path:runs%2f**")).as_deref(), Some("path:runs/**"));
        assert_eq!(decoded_query(OsStr::new("100%")), None);
    }

    #[test]
    fn times() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-11-22T23:30:00Z".parse().unwrap();
        let moment = |text: &str| Some(When::At(text.parse().unwrap()));
        for (text, expected) in [
            ("2026-11-21", moment("2026-11-21T22:59:59.999999999Z")),
            ("2026-11-21T14:30", moment("2026-11-21T13:30:00Z")),
            ("2026-11-21T14:30:05", moment("2026-11-21T13:30:05Z")),
            ("2026-11-21T14:30Z", moment("2026-11-21T14:30:00Z")),
            ("yesterday", moment("2026-11-22T22:59:59.999999999Z")),
            ("0123abCD", Some(When::Commit("0123abcd".to_owned()))),
            ("20261121", Some(When::Commit("20261121".to_owned()))),
            ("2026-13-01", None),
            ("2026-11-21T25:00", None),
            ("abc", None),
            ("tomorrow", None),
        ] {
            assert_eq!(parse_when(text, &zone, now), expected, "{text}");
        }
    }

    #[test]
    fn names_of_versions() {
        let time = "2026-11-21T14:30:05.7Z".parse().unwrap();
        let commit = CommitId([0x0a; 20]);
        let name = version_name(time, commit, OsStr::new("a.tar.gz"));
        assert_eq!(name, "20261121T143005Z_0a0a0a0a.gz");
        assert!(is_version_name(&name) && is_version_name(&version_name(time, commit, OsStr::new("Makefile"))));
        assert!(!is_version_name(OsStr::new("a.md")) && !is_version_name(OsStr::new("20261121T143005Z.md")));
    }
}
