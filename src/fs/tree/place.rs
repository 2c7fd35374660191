//! What there is in the synthetic tree: places, files, entries. Pure values.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use crate::engine::catalog::{TagPath, names};
use crate::sys::Dir;
use crate::types::{CommitId, FileKey, NodeNumber, NotePath, NotebookNumber};

/// Who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Process (thread group as the kernel tells it).
    pub pid: u32,
}

/// A synthetic directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The mount root.
    Root,
    /// `tags`
    Tags,
    /// `tags/…`
    Tag(TagPath),
    /// `views`
    Views,
    /// `views/NAME`, by its name there.
    View(String),
    /// `views/NAME/GROUP`, by both names.
    Group(String, OsString),
    /// `.codex`
    Codex,
    /// `.codex/search`
    SearchRoot,
    /// `.codex/search/QUERY`, decoded.
    Search(String),
    /// `.codex/by`
    ByRoot,
    /// `.codex/by/PROPERTY`
    By(String),
    /// `.codex/by/PROPERTY/VALUE`, the value's folder name.
    ByValue(String, OsString),
    /// `.codex/at`
    AtRoot,
    /// `.codex/at/TIME`, as written.
    At(String),
    /// A folder of a notebook as it was in a commit.
    Past {
        /// `TIME`, as written.
        time: String,
        /// Which notebook.
        notebook: NotebookNumber,
        /// The commit.
        commit: CommitId,
        /// Which folder.
        path: NotePath,
    },
    /// `.codex/history`, or a folder below it (`None`: not in a notebook yet); a file's path is a folder of versions.
    History(Option<(NotebookNumber, NotePath)>),
    /// `.codex/recent`
    Recent,
    /// `.codex/untagged`
    Untagged,
}

/// Generated files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextFile {
    /// `.codex/status.json`
    Status,
    /// `.codex/last-error` of a user.
    LastError(u32),
    /// `CACHEDIR.TAG` of `tags` or `views`.
    CacheDirTag(Box<Place>),
    /// `.ignore` of the root.
    Ignore,
    /// `.metadata_never_index` of the root.
    MetadataNeverIndex,
    /// `ERROR.txt` of a view, by the view's name.
    ViewError(String),
}

/// What a name in a synthetic directory stands for.
#[derive(Clone, Debug)]
pub enum Found {
    /// A synthetic directory.
    Dir(Place),
    /// A notebook's root.
    Notebook(NotebookNumber),
    /// The name of a notebook that cannot be opened: listed, never looked up.
    Broken,
    /// A note: a hard link to it.
    Note(FileKey),
    /// A file that is being made in this folder: held in a notebook's `.codex/tmp`.
    Scratch(Scratch),
    /// A generated file.
    Text(TextFile),
    /// A recorded version.
    PastFile(PastFile),
    /// A recorded symbolic link, or the echo of `ln -s`: what it says.
    Symlink(Vec<u8>),
}

/// A recorded version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PastFile {
    /// Which notebook's history.
    pub notebook: NotebookNumber,
    /// The blob.
    pub blob: CommitId,
    /// When it was recorded, nanoseconds since the epoch.
    pub time_ns: i64,
    /// Mode 0555 rather than 0444.
    pub executable: bool,
}

/// A file that is being made in a synthetic folder.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// Names it in later calls.
    pub id: u64,
    /// The notebook in whose `.codex/tmp` it is.
    pub notebook: NotebookNumber,
    /// That folder.
    pub dir: Arc<Dir>,
    /// Its name there.
    pub name: OsString,
}

/// An entry of a listing.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub name: OsString,
    /// What it stands for.
    pub found: Found,
}

/// What `create` in a synthetic folder means.
#[derive(Debug)]
pub enum Created {
    /// A new scratch file, empty, to be opened.
    Scratch(Scratch),
    /// A save that unlinks first: the note, to be opened and truncated.
    Note(FileKey),
}

/// The kernel's caches, as the tree asks to have them dropped. Every call only queues.
pub trait KernelCaches: Send + Sync + std::fmt::Debug {
    /// Drops the entry `name` of a directory, given by place.
    fn drop_entry(&self, place: &Place, name: &OsStr);
    /// Drops the attributes of a node.
    fn drop_attributes(&self, node: NodeNumber);
    /// Drops attributes and pages of a node.
    fn drop_contents(&self, node: NodeNumber);
}

impl Place {
    /// The folder of a tag without operators.
    pub(super) fn tag(&self) -> Option<&crate::types::TagName> {
        match self {
            Self::Tag(path) if path.operators.is_empty() => Some(&path.base),
            _ => None,
        }
    }

    /// Its path below the mount's root, for messages.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Tags => "tags".to_owned(),
            Self::Tag(path) => {
                let operator =
                    |(is_in, tag): &(bool, crate::types::TagName)| format!("/{}{tag}", if *is_in { '+' } else { '-' });
                format!("tags/{}{}", path.base, path.operators.iter().map(operator).collect::<String>())
            }
            Self::Views => "views".to_owned(),
            Self::View(view) => format!("views/{view}"),
            Self::Group(view, group) => format!("views/{view}/{}", group.display()),
            Self::Codex => ".codex".to_owned(),
            Self::SearchRoot => ".codex/search".to_owned(),
            Self::Search(line) => format!(".codex/search/{}", super::names::encoded_query(line)),
            Self::ByRoot => ".codex/by".to_owned(),
            Self::By(key) => format!(".codex/by/{}", names::value_name(Some(key)).display()),
            Self::ByValue(key, value) => {
                format!(".codex/by/{}/{}", names::value_name(Some(key)).display(), value.display())
            }
            Self::AtRoot => ".codex/at".to_owned(),
            Self::At(time) => format!(".codex/at/{time}"),
            Self::Past { time, path, .. } => format!(".codex/at/{time}/…/{path}"),
            Self::History(None) => ".codex/history".to_owned(),
            Self::History(Some((_, path))) => format!(".codex/history/…/{path}"),
            Self::Recent => ".codex/recent".to_owned(),
            Self::Untagged => ".codex/untagged".to_owned(),
        }
    }

    /// The path of an entry below the mount's root, for messages.
    pub(super) fn shown_entry(&self, name: &OsStr) -> String {
        match self {
            Self::Root => name.display().to_string(),
            _ => format!("{}/{}", self.shown(), name.display()),
        }
    }
}
