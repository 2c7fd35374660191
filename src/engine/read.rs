//! From a file of the store to what the index is told of it.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sha2::{Digest, Sha256};

use super::Notebook;
use super::look::{SidecarFile, Wanted};
use crate::index::notebook::FileRecord;
use crate::index::parse::{self, ParsedNote, Problem, Sidecar};
use crate::sys::{IoContext, StoreError, StoreStat};
use crate::types::{ContentHash, NotePath};

/// So much of a file is parsed, in bytes; what is behind it is not found by full text search.
pub(in crate::engine) const PARSED_MAX: u64 = 4 << 20;

/// Larger files have no hash in the index: reading them whole on every change costs more than it tells.
pub(in crate::engine) const HASHED_MAX: u64 = 64 << 20;

/// Reads and parses a file that the index should have a row of.
///
/// The attributes are those of the open file before it is read: where it changes meanwhile, they differ from what
/// the next look finds, and it is read again.
///
/// # Errors
/// The file is gone, or the store fails. A file that may not be read is no error: its row says so.
pub(super) fn read_record(notebook: &Notebook, path: &NotePath, wanted: &Wanted) -> Result<FileRecord, StoreError> {
    let name = path.name().to_string_lossy();
    let _mark = notebook.starts.mark(notebook.name().as_str(), path);
    let contents = match notebook.starts.skips(notebook.name().as_str(), path, &wanted.stat) {
        Some(reason) => Err(reason),
        None => Ok(read_file(notebook, path)),
    };
    let (head, hash, stat, unreadable) = match contents {
        Err(reason) => (Vec::new(), None, wanted.stat, Some(reason)),
        Ok(Ok((head, hash, stat))) => (head, hash, stat, None),
        Ok(Err(error)) if matches!(error.errno(), libc::EACCES | libc::EPERM) => {
            (Vec::new(), None, wanted.stat, Some(error.to_string()))
        }
        Ok(Err(error)) => return Err(error),
    };
    let content_type = parse::content_type(&name, &head[..head.len().min(8192)]);
    let texts = read_sidecars(notebook, &wanted.sidecars);
    let sidecars: Vec<Sidecar<'_>> = wanted
        .sidecars
        .iter()
        .zip(&texts)
        .filter_map(|(file, bytes)| Some(Sidecar { name: &file.name, kind: file.kind, bytes: bytes.as_deref()? }))
        .collect();
    let mut parsed = parse_safely(&name, content_type, &head, &sidecars);
    if let Some(message) = unreadable {
        parsed.problems.push(Problem { file: name.into_owned(), line: 1, column: 1, message });
    }
    // An XML sidecar is read but is the last resort for writing; the first of another kind is where new keys go.
    let target = wanted.sidecars.iter().find(|sidecar| sidecar.kind != parse::SidecarKind::Xml);
    Ok(FileRecord {
        path: path.clone(),
        store: stat.key,
        node: notebook.nodes.number_unasked(stat.key),
        size: stat.size,
        mtime_ns: stat.mtime_ns,
        ctime_ns: stat.ctime_ns,
        birth_ns: if stat.key.btime_ns == 0 { stat.mtime_ns } else { stat.key.btime_ns },
        sidecar_mark: wanted.mark,
        hash,
        content_type,
        sidecar_path: target.or(wanted.sidecars.first()).map(|sidecar| sidecar.path.clone()),
        parsed,
        revive: None,
    })
}

type Contents = (Vec<u8>, Option<ContentHash>, StoreStat);

/// The head of a file for parsing, the hash of all of it, and the attributes that both belong to.
fn read_file(notebook: &Notebook, path: &NotePath) -> Result<Contents, StoreError> {
    let shown = notebook.dir.shown(path);
    let mut file = notebook.dir.open_file(path)?;
    let stat = StoreStat::of(&file).context("read attributes of", &shown)?;
    let mut head = Vec::with_capacity(usize::try_from(stat.size.min(PARSED_MAX)).unwrap_or(0) + 1);
    file.by_ref().take(PARSED_MAX).read_to_end(&mut head).context("read", &shown)?;
    if stat.size > HASHED_MAX {
        return Ok((head, None, stat));
    }
    let mut hasher = Sha256::new();
    hasher.update(&head);
    if head.len() as u64 == PARSED_MAX {
        let mut chunk = vec![0; 256 << 10];
        loop {
            match file.read(&mut chunk).context("read", &shown)? {
                0 => break,
                n => hasher.update(&chunk[..n]),
            }
        }
    }
    Ok((head, Some(ContentHash(hasher.finalize().into())), stat))
}

/// `None` for one that is gone or cannot be read: its own change is noticed on its own.
fn read_sidecars(notebook: &Notebook, sidecars: &[SidecarFile]) -> Vec<Option<Vec<u8>>> {
    sidecars.iter().map(|file| notebook.dir.read(&file.path, PARSED_MAX).ok().map(|(bytes, _)| bytes)).collect()
}

/// A note that the parsers stumble over must not stop the index: it is indexed by its name, and says so.
fn parse_safely(name: &str, content_type: &str, bytes: &[u8], sidecars: &[Sidecar<'_>]) -> ParsedNote {
    catch_unwind(AssertUnwindSafe(|| parse::parse(name, content_type, bytes, sidecars))).unwrap_or_else(|_| {
        tracing::error!(name, "a parser panicked");
        ParsedNote {
            title: name.to_owned(),
            problems: vec![Problem {
                file: name.to_owned(),
                line: 1,
                column: 1,
                message: "it could not be parsed; this is a fault of cdx, please report it with the file".to_owned(),
            }],
            ..ParsedNote::default()
        }
    })
}
