//! The bytes of generated files.

use std::sync::Arc;

use super::inner::Inner;
use super::{Place, TextFile};

/// The signature that backup programs look for (bford.info/cachedir).
const CACHEDIR_TAG: &str = "\
Signature: 8a477f597d28d172789f06886806bc55
# Every entry of this folder is a second name of a note that a notebook shows too.
# This file tells programs that make backups to leave the folder out.
";

/// So that ripgrep and fd find each note once.
const IGNORE: &str = "/tags/\n/views/\n";

impl Inner {
    pub(super) fn text(&self, file: &TextFile) -> Arc<[u8]> {
        let text = match file {
            TextFile::Status => {
                let mut text = serde_json::to_string_pretty(&self.engine.status()).unwrap_or_default();
                text.push('\n');
                text
            }
            TextFile::LastError(uid) => self.errors.text(*uid),
            TextFile::CacheDirTag(_) => CACHEDIR_TAG.to_owned(),
            TextFile::Ignore => IGNORE.to_owned(),
            TextFile::MetadataNeverIndex => String::new(),
            TextFile::ViewError(view) => self
                .lookup(&Place::Views, view.as_ref(), super::Caller { uid: 0, gid: 0, pid: 0 })
                .and_then(|_| self.view(view))
                .ok()
                .and_then(|view| view.error)
                .map(|error| error.to_string())
                .unwrap_or_default(),
        };
        Arc::from(text.into_bytes())
    }
}
