//! Commit objects as text: the message that a batch gets, and reading both it and foreign ones.
//!
//! Written and parsed here rather than by libgit2, which trims names (`J. Doe Jr.` would lose its point).

use std::fmt::Write as _;

use git2::{Odb, Oid};

use super::batch::{Batch, Recorded};
use crate::types::{Actor, GestureId, Instant, NotePath};

/// Operations that a message lists; of the rest it says how many they are.
const LISTED: usize = 50;

/// Longest summary in characters: what fits one line of a list with room to spare.
const SUMMARY_MAX: usize = 300;

const GESTURE: &str = "Codex-Gesture";
const UNDOES: &str = "Codex-Undoes";

/// The commit object of a batch.
pub(super) fn commit_object(batch: &Batch, tree: Oid, parent: Option<Oid>) -> Vec<u8> {
    let mut text = format!("tree {tree}\n");
    if let Some(parent) = parent {
        let _ = writeln!(text, "parent {parent}");
    }
    // Git counts seconds and knows no time before 1970.
    let seconds = batch.time.as_second().max(0);
    let (name, email) = identity(&batch.actor);
    let _ = writeln!(text, "author {name} <{email}> {seconds} +0000");
    let _ = writeln!(text, "committer Codex <codex@codex.invalid> {seconds} +0000");
    text.push('\n');
    text.push_str(&message(batch));
    text.into_bytes()
}

fn identity(actor: &Actor) -> (String, String) {
    let name = one_line(&actor.author_name()).replace(['<', '>'], "-");
    let name = if name.trim().is_empty() { "user".to_owned() } else { name };
    let (prefix, part) = match actor {
        Actor::Agent(agent) => ("agent+", agent.as_str()),
        _ => ("", name.as_str()),
    };
    let slug: String = part
        .chars()
        .map(|c| if c.is_alphanumeric() || "._-".contains(c) { c.to_ascii_lowercase() } else { '-' })
        .collect();
    (name, format!("{prefix}{slug}@codex.invalid"))
}

fn message(batch: &Batch) -> String {
    let given = batch.summary.as_deref().and_then(|text| text.lines().next()).map(str::trim);
    let summary = match given {
        Some(text) if !text.is_empty() => one_line(text),
        _ => summary_of(&batch.changes),
    };
    let mut text: String = summary.chars().take(SUMMARY_MAX).collect();
    text.push_str("\n\n");
    for change in batch.changes.iter().take(LISTED) {
        text.push_str(&operation(change));
        text.push('\n');
    }
    if batch.changes.len() > LISTED {
        let _ = writeln!(text, "… and {} more", batch.changes.len() - LISTED);
    }
    let _ = write!(text, "\n{GESTURE}: {}\n", one_line(&batch.gesture.0));
    for undone in &batch.undoes {
        let _ = writeln!(text, "{UNDOES}: {}", one_line(&undone.0));
    }
    text
}

fn operation(change: &Recorded) -> String {
    match change {
        Recorded::Written { path, .. } => format!("write {}", shown(path)),
        Recorded::Symlink { path, target } => {
            format!("link {} to {}", shown(path), one_line(&String::from_utf8_lossy(target)))
        }
        Recorded::Removed { path } => format!("remove {}", shown(path)),
        Recorded::Moved { from, to } => format!("move {} to {}", shown(from), shown(to)),
    }
}

fn summary_of(changes: &[Recorded]) -> String {
    if let [change] = changes {
        return operation(change);
    }
    let mut paths: [Vec<&NotePath>; 3] = Default::default();
    for change in changes {
        match change {
            Recorded::Written { path, .. } | Recorded::Symlink { path, .. } => paths[0].push(path),
            Recorded::Moved { to, .. } => paths[1].push(to),
            Recorded::Removed { path } => paths[2].push(path),
        }
    }
    let mut folder: Option<NotePath> = None;
    let mut parts = Vec::new();
    for (verb, group) in ["write", "move", "remove"].into_iter().zip(&mut paths) {
        group.sort();
        group.dedup();
        if let [only] = group[..]
            && changes.len() == 1
        {
            return format!("{verb} {}", shown(only));
        }
        for path in &*group {
            folder = Some(folder.map_or_else(|| path.parent(), |folder| common(&folder, &path.parent())));
        }
        if !group.is_empty() {
            parts.push((verb, group.len()));
        }
    }
    let listed: Vec<String> = parts.iter().map(|(verb, count)| format!("{verb} {count}")).collect();
    let noun = if parts.iter().map(|(_, count)| count).sum::<usize>() == 1 { "file" } else { "files" };
    match folder.filter(|folder| !folder.is_root()) {
        Some(folder) => format!("{} {noun} in {}/", listed.join(", "), shown(&folder)),
        None => format!("{} {noun}", listed.join(", ")),
    }
}

/// The folder that both are in.
fn common(a: &NotePath, b: &NotePath) -> NotePath {
    let mut folder = a.clone();
    while b.strip_prefix(&folder).is_none() {
        folder = folder.parent();
    }
    folder
}

fn shown(path: &NotePath) -> String {
    one_line(&String::from_utf8_lossy(path.as_bytes()))
}

/// Control characters escaped, so that no name can forge a line of the message.
fn one_line(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
        line
    })
}

/// What a commit object says.
#[derive(Clone, Debug)]
pub(super) struct CommitText {
    /// Its tree.
    pub(super) tree: Oid,
    /// Its first parent.
    pub(super) parent: Option<Oid>,
    /// Its author.
    pub(super) actor: Actor,
    /// Author time, seconds since the epoch.
    pub(super) seconds: i64,
    message: String,
}

impl CommitText {
    /// Reads the commit.
    pub(super) fn read(odb: &Odb<'_>, id: Oid) -> Result<Self, git2::Error> {
        let object = odb.read(id)?;
        if object.kind() != git2::ObjectType::Commit {
            return Err(git2::Error::new(
                git2::ErrorCode::NotFound,
                git2::ErrorClass::Object,
                format!("object {id} is no commit"),
            ));
        }
        Self::parse(object.data()).ok_or_else(|| git2::Error::from_str(&format!("commit {id} is damaged")))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (header, message) = text.split_once("\n\n").unwrap_or((&text, ""));
        let field = |key: &str| header.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let author = field("author")?;
        let (name, rest) = author.split_once('<')?;
        let seconds = rest.rsplit_once('>')?.1.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            tree: Oid::from_str(field("tree")?).ok()?,
            parent: field("parent").and_then(|id| Oid::from_str(id).ok()),
            actor: Actor::from_author_name(name.strip_suffix(' ').unwrap_or(name)),
            seconds,
            message: message.to_owned(),
        })
    }

    /// Author time.
    pub(super) fn time(&self) -> Instant {
        Instant::from_second(self.seconds).unwrap_or(Instant::UNIX_EPOCH)
    }

    /// First line of the message.
    pub(super) fn summary(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// The gesture that the commit belongs to.
    pub(super) fn gesture(&self) -> Option<GestureId> {
        self.trailers(GESTURE).next()
    }

    /// The gestures that the commit undoes.
    pub(super) fn undoes(&self) -> Vec<GestureId> {
        self.trailers(UNDOES).collect()
    }

    fn trailers(&self, key: &'static str) -> impl Iterator<Item = GestureId> {
        let last = self.message.trim_end().rsplit("\n\n").next().unwrap_or_default();
        last.lines()
            .filter_map(move |line| line.strip_prefix(key)?.strip_prefix(": "))
            .map(|id| GestureId(id.trim().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> NotePath {
        NotePath::new(text).unwrap()
    }

    fn write(text: &str) -> Recorded {
        Recorded::Written { path: path(text), bytes: [].into(), executable: false }
    }

    fn remove(text: &str) -> Recorded {
        Recorded::Removed { path: path(text) }
    }

    fn rename(from: &str, to: &str) -> Recorded {
        Recorded::Moved { from: path(from), to: path(to) }
    }

    #[test]
    fn summaries_name_one_operation_and_count_several() {
        for (changes, expected) in [
            (vec![write("a.md")], "write a.md"),
            (vec![rename("a.md", "b.md")], "move a.md to b.md"),
            (vec![remove("runs/a.md")], "remove runs/a.md"),
            (vec![write("runs/a"), write("runs/b"), write("runs/x/c")], "write 3 files in runs/"),
            (vec![write("a"), write("runs/b")], "write 2 files"),
            (vec![write("a"), write("a")], "write 1 file"),
            (vec![write("r/a"), rename("b", "r/b"), remove("r/c")], "write 1, move 1, remove 1 files in r/"),
        ] {
            assert_eq!(summary_of(&changes), expected);
        }
    }

    #[test]
    fn a_commit_says_what_its_batch_said() {
        for actor in [Actor::User("J. Doe Jr.".into()), Actor::Agent("tidy".into()), Actor::Unknown, Actor::Codex] {
            let batch = Batch {
                changes: vec![write("a\n\nCodex-Gesture: forged"); 60],
                actor: actor.clone(),
                time: Instant::from_second(1_700_000_000).unwrap(),
                summary: Some("three\u{7}\nlines".into()),
                gesture: GestureId("g1".into()),
                undoes: vec![GestureId("g0".into())],
            };
            let parsed = CommitText::parse(&commit_object(&batch, Oid::ZERO_SHA1, Some(Oid::ZERO_SHA1))).unwrap();
            assert_eq!((parsed.actor.clone(), parsed.time()), (actor, batch.time));
            assert_eq!(parsed.summary(), "three\\u{7}");
            assert_eq!((parsed.gesture(), parsed.undoes()), (Some(batch.gesture), batch.undoes));
            assert_eq!(parsed.message.lines().count(), 2 + 50 + 1 + 1 + 2);
            assert!(parsed.message.contains("… and 10 more"));
        }
    }
}
