//! Links between notes: where each leads, kept right as files come, go and move.
//!
//! A target is looked for relative to the note's folder, then from the notebook's root, then by its name alone if
//! one file only bears it; each as written, then with the extensions that notes have. A target that begins with `/`
//! is looked for from the root only.

use rusqlite::{Connection, OptionalExtension};

use super::names;
use super::writer::{Linking, Touched};
use crate::index::parse::LinkKind;

/// What may be left out at the end of a target.
pub(crate) const NOTE_EXTENSIONS: [&str; 3] = [".md", ".markdown", ".cdx"];

/// Writes a note's links and where they lead. External addresses and places in the note itself are none.
fn write(connection: &Connection, from: i64, note: &Linking<'_>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO links (from_id, position, kind, target, heading, name, to_id)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let mut statement = connection.prepare_cached(sql)?;
    for (position, link) in (0_i64..).zip(note.links.iter().filter(|link| is_internal(&link.target))) {
        let name = names::number(&names::folded_name(&link.target));
        let to = destination(connection, &note.path, &link.target)?;
        statement.execute((from, position, kind_number(link.kind), &link.target, &link.heading, name, to))?;
    }
    Ok(())
}

/// Resolves again every link that the batch may have changed, and writes those of its notes.
pub(super) fn resolve(connection: &Connection, touched: &Touched<'_>) -> rusqlite::Result<()> {
    for name in &touched.names {
        for key in target_keys(name) {
            resolve_where(connection, "name = ?1", names::number(key))?;
        }
    }
    for source in &touched.sources {
        resolve_where(connection, "from_id = ?1", source)?;
    }
    for (id, note) in &touched.linking {
        write(connection, *id, note)?;
    }
    Ok(())
}

/// Whether the target is of this notebook: neither `https:…` or `mailto:…` nor empty nor a folder.
pub(crate) fn is_internal(target: &str) -> bool {
    let has_scheme = target.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    !(target.is_empty() || target.ends_with('/') || target.starts_with("//") || has_scheme)
}

fn kind_number(kind: LinkKind) -> i64 {
    match kind {
        LinkKind::Markdown => 0,
        LinkKind::Image => 1,
        LinkKind::Wiki => 2,
        LinkKind::Embed => 3,
    }
}

/// The last components that a target leading to a file of this folded name may have.
fn target_keys(name: &str) -> impl Iterator<Item = &str> {
    std::iter::once(name).chain(NOTE_EXTENSIONS.iter().filter_map(|extension| name.strip_suffix(extension)))
}

/// Where a target leads that stands, or might stand, in the note at `from`.
pub(super) fn lookup(connection: &Connection, from: &str, target: &str) -> rusqlite::Result<Option<i64>> {
    if !is_internal(target) {
        return Ok(None);
    }
    destination(connection, from, target)
}

struct Unresolved {
    from: i64,
    position: i64,
    from_path: String,
    target: String,
    to: Option<i64>,
}

fn resolve_where(connection: &Connection, condition: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT from_id, position, path, target, to_id FROM links JOIN file_metadata ON id = from_id WHERE {condition}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found: Vec<Unresolved> = statement
        .query_map([value], |row| {
            Ok(Unresolved {
                from: row.get(0)?,
                position: row.get(1)?,
                from_path: row.get(2)?,
                target: row.get(3)?,
                to: row.get(4)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    for link in found {
        let to = destination(connection, &link.from_path, &link.target)?;
        if to != link.to {
            connection
                .prepare_cached("UPDATE links SET to_id = ?3 WHERE from_id = ?1 AND position = ?2")?
                .execute((link.from, link.position, to))?;
        }
    }
    Ok(())
}

fn destination(connection: &Connection, from: &str, target: &str) -> rusqlite::Result<Option<i64>> {
    let (folder, _) = from.rsplit_once('/').unwrap_or_default();
    let from_root = target.strip_prefix('/');
    let relative = if from_root.is_some() { None } else { join(folder, target) };
    let absolute = join("", from_root.unwrap_or(target)).filter(|path| relative.as_ref() != Some(path));
    for path in relative.into_iter().chain(absolute) {
        if let Some(id) = file_at(connection, &path)? {
            return Ok(Some(id));
        }
    }
    if target.contains('/') { Ok(None) } else { file_named(connection, target) }
}

/// The path that `target` means in `folder`; `None` if it leads out of the notebook.
pub(crate) fn join(folder: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn file_at(connection: &Connection, path: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM file_metadata WHERE path = ?1")?;
    let mut find = |path: &str| statement.query_row([path], |row| row.get(0)).optional();
    if let Some(id) = find(path)? {
        return Ok(Some(id));
    }
    for extension in NOTE_EXTENSIONS {
        if let Some(id) = find(&format!("{path}{extension}"))? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// The one file of the name; among several, the one that bears it letter for letter.
fn file_named(connection: &Connection, target: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT id, path FROM file_names JOIN file_metadata ON id = file_id WHERE stem = ?1 LIMIT 64";
    let mut statement = connection.prepare_cached(sql)?;
    let folded = names::folded_name(target);
    for extension in std::iter::once("").chain(NOTE_EXTENSIONS) {
        let name = format!("{folded}{extension}");
        let mut found: Vec<(i64, String)> = statement
            .query_map([names::number(names::stem(&name))], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        found.retain(|(_, path)| names::folded_name(path) == name);
        if found.is_empty() {
            continue;
        }
        let exact = format!("{target}{extension}");
        let same: Vec<i64> =
            found.iter().filter(|(_, path)| path.rsplit('/').next() == Some(&*exact)).map(|(id, _)| *id).collect();
        return Ok(match (&same[..], &found[..]) {
            ([id], _) | ([], [(id, _)]) => Some(*id),
            _ => None,
        });
    }
    Ok(None)
}
