//! Newtypes for every id.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Number of a notebook within its workspace, never reused; part of every inode number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotebookNumber(pub u16);

/// Row id of a file in its notebook's index (`file_metadata.id`, AUTOINCREMENT).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub i64);

/// A file of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileKey {
    /// The notebook that holds it.
    pub notebook: NotebookNumber,
    /// Its row there.
    pub id: FileId,
}

/// Sequence number of a change in the workspace's journal; 0 is "before the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seq(pub u64);

/// What one actor changed in one go: the unit of undo, the trailer `Codex-Gesture` of its commits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GestureId(pub String);

/// An inode number that Codex shows.
///
/// Real files: notebook (12 bits) | epoch (18) | counter (32), bits 61..0; synthetic ones have bit 62 set.
/// Bit 63 is never set, since some programs hold inode numbers in signed integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeNumber(pub u64);

impl NodeNumber {
    /// The mount root.
    pub const ROOT: Self = Self(1);
    /// Set in the number of every synthetic directory and file.
    pub const SYNTHETIC_BIT: u64 = 1 << 62;

    /// The number of a real file or directory.
    #[must_use]
    pub fn real(notebook: NotebookNumber, epoch: u32, counter: u32) -> Self {
        Self(u64::from(notebook.0 & 0xfff) << 50 | u64::from(epoch & 0x3_ffff) << 32 | u64::from(counter))
    }

    /// Whether it names something that exists in no store.
    #[must_use]
    pub fn is_synthetic(self) -> bool {
        self == Self::ROOT || self.0 & Self::SYNTHETIC_BIT != 0
    }
}

/// What identifies a file in the store, as long as it lives there. The birth time tells apart
/// two files of one inode number (ext4 hands a freed number out again within seconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey {
    /// `st_dev`.
    pub dev: u64,
    /// `st_ino`.
    pub ino: u64,
    /// Birth time in nanoseconds, 0 where the store's filesystem records none.
    pub btime_ns: i64,
}

/// SHA-256 of a file's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(pub [u8; 32]);

/// A commit of a history repository (SHA-1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId(pub [u8; 20]);

/// Lower-case hex digits of `bytes`, 32 at most. In one piece: a list of a thousand files shows a thousand of them.
fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    f.write_str(std::str::from_utf8(&text[..2 * bytes.len()]).unwrap_or_default())
}

/// Bytes of lower- or upper-case hex digits; `None` if it is not exactly `N` bytes of hex.
fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

macro_rules! hex_id {
    ($name:ident, $len:literal) => {
        impl $name {
            /// Reads it from its hex digits; `None` if it is not as many as it has.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                unhex::<$len>(text).map(Self)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}
hex_id!(ContentHash, 32);
hex_id!(CommitId, 20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_numbers_of_two_notebooks_or_epochs_never_meet() {
        let a = NodeNumber::real(NotebookNumber(1), 1, u32::MAX);
        let b = NodeNumber::real(NotebookNumber(1), 2, 0);
        let c = NodeNumber::real(NotebookNumber(2), 0, 0);
        assert!(a < b && b < c && !c.is_synthetic());
    }

    #[test]
    fn hex_round_trips_and_refuses_other_lengths() {
        let id = CommitId([0xab; 20]);
        assert_eq!(CommitId::from_hex(&id.to_string()), Some(id));
        assert_eq!(CommitId::from_hex("ab"), None);
    }
}
