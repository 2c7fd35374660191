//! `log`, `diff`, `show`, `restore`: replies of [`crate::engine::past`].

use serde::Serialize;

use crate::engine::{Engine, EngineError, Requester};
use crate::history::CommitInfo;
use crate::types::CommitId;

/// Reply of `log`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LogReply {
    /// Newest first.
    commits: Vec<LogEntry>,
}

/// A commit, with the notebook that it belongs to.
#[derive(Clone, Debug, Serialize)]
struct LogEntry {
    notebook: String,
    #[serde(flatten)]
    commit: CommitInfo,
}

/// Reply of `diff`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DiffReply {
    diff: String,
}

/// Reply of `show`: the bytes as text where they are, else as base64.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ShowReply {
    file: String,
    commit: CommitId,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// Reply of `restore`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RestoreReply {
    /// Those that were written.
    files: Vec<String>,
}

impl Engine {
    pub(super) fn log_of(&self, file: Option<&str>, limit: usize) -> Result<LogReply, EngineError> {
        let commits = match file {
            None => self.log(None, limit)?,
            Some(file) => {
                let (notebook, path) = self.place_of(file)?;
                self.log(Some((&notebook, &path)), limit)?
            }
        };
        let commits = commits.into_iter().map(|(notebook, commit)| LogEntry { notebook, commit }).collect();
        Ok(LogReply { commits })
    }

    pub(super) fn diff_of(&self, file: &str, from: Option<&str>, to: Option<&str>) -> Result<DiffReply, EngineError> {
        let (notebook, path) = self.place_of(file)?;
        Ok(DiffReply { diff: self.diff(&notebook, &path, from, to)? })
    }

    pub(super) fn show_of(&self, file: &str, revision: Option<&str>) -> Result<ShowReply, EngineError> {
        let (notebook, path) = self.place_of(file)?;
        let past = self.show(&notebook, &path, revision)?;
        let (text, base64) = match std::str::from_utf8(&past.bytes) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(base64(&past.bytes))),
        };
        let file = format!("{}/{}", notebook.name(), past.path);
        Ok(ShowReply { file, commit: past.commit, text, base64 })
    }

    pub(super) fn restore_of(
        &self,
        file: &str,
        revision: Option<&str>,
        by: &Requester,
    ) -> Result<RestoreReply, EngineError> {
        let (notebook, path) = self.place_of(file)?;
        let restored = self.restore(&notebook, &path, revision, by)?;
        let name = notebook.name();
        Ok(RestoreReply { files: restored.iter().map(|path| format!("{name}/{path}")).collect() })
    }
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = group >> (18 - 6 * digit) & 63;
            text.push(if digit <= chunk.len() { char::from(DIGITS[index as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_rfc_4648_has_it() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe]), "//4=");
    }
}
