//! The tree of tags: which exist, what they are called, who bears them. No lock of its own.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::file::CatalogFile;
use super::folder::{Folder, now_ns};
use super::names;
use crate::types::TagName;

/// How long a tag stays that was emptied through its own folder, so that `rm -r` ends well (mount.md §5).
pub(super) const LINGER: Duration = Duration::from_secs(60);

/// A tag that is there.
#[derive(Debug)]
struct TagNode {
    /// As first seen.
    tag: TagName,
    /// The notes that bear exactly it.
    folder: Arc<Folder>,
    /// Keys of the tags directly below it.
    children: BTreeSet<Box<str>>,
    declared: bool,
    /// It is there until then, even if it is empty.
    lingers_until: Option<Instant>,
}

impl TagNode {
    fn is_needed(&self, now: Instant) -> bool {
        self.declared
            || !self.children.is_empty()
            || self.lingers_until.is_some_and(|until| until > now)
            || !self.folder.is_empty()
    }
}

/// All tags.
#[derive(Debug)]
pub(super) struct TagTree {
    nodes: HashMap<Box<str>, TagNode>,
    top: BTreeSet<Box<str>>,
    top_changed_ns: i64,
    /// Keys of tags that stay though they may be empty, until when.
    lingering: Vec<(Instant, Box<str>)>,
}

impl Default for TagTree {
    fn default() -> Self {
        Self { nodes: HashMap::new(), top: BTreeSet::new(), top_changed_ns: now_ns(), lingering: Vec::new() }
    }
}

impl TagTree {
    /// The tag as first seen; it and those above it are there afterwards.
    pub(super) fn ensure(&mut self, tag: &TagName) -> TagName {
        if let Some(node) = self.nodes.get(tag.key()) {
            return node.tag.clone();
        }
        let (shown, segment) = match tag.parent() {
            None => (tag.clone(), None),
            Some(parent) => {
                let above = self.ensure(&parent);
                let segment = tag.segments().next_back().unwrap_or_default();
                (above.child(segment).unwrap_or_else(|_| tag.clone()), Some((parent, folded_segment(tag.key()))))
            }
        };
        match segment {
            None => {
                self.top.insert(tag.key().into());
                self.touch_top();
            }
            Some((parent, segment)) => {
                if let Some(node) = self.nodes.get_mut(parent.key()) {
                    node.children.insert(tag.key().into());
                    node.folder.reserve(segment, true);
                }
            }
        }
        let node = TagNode {
            tag: shown.clone(),
            folder: Arc::default(),
            children: BTreeSet::new(),
            declared: false,
            lingers_until: None,
        };
        self.nodes.insert(tag.key().into(), node);
        shown
    }

    /// The folder of a tag.
    pub(super) fn folder(&self, tag: &TagName) -> Option<&Arc<Folder>> {
        self.nodes.get(tag.key()).map(|node| &node.folder)
    }

    /// Whether notes bear a tag or one below it.
    pub(super) fn bears_notes(&self, tag: &TagName) -> bool {
        self.bears_notes_below(tag.key())
    }

    fn bears_notes_below(&self, key: &str) -> bool {
        let Some(node) = self.nodes.get(key) else { return false };
        !node.folder.is_empty() || node.children.iter().any(|child| self.bears_notes_below(child))
    }

    /// Puts a file into the folder of a tag.
    pub(super) fn insert(&mut self, tag: &TagName, file: Arc<CatalogFile>) {
        self.ensure(tag);
        if let Some(node) = self.nodes.get(tag.key()) {
            node.folder.insert(file);
        }
    }

    /// Takes a file out of the folder of a tag.
    pub(super) fn remove(&mut self, tag: &TagName, file: &CatalogFile) {
        if let Some(node) = self.nodes.get(tag.key()) {
            node.folder.remove(file);
            self.prune(tag);
        }
    }

    /// Drops a tag that nothing needs any more, and those above it of which the same becomes true.
    pub(super) fn prune(&mut self, tag: &TagName) {
        let now = Instant::now();
        let mut at = Some(tag.clone());
        while let Some(tag) = at {
            if self.nodes.get(tag.key()).is_none_or(|node| node.is_needed(now)) {
                return;
            }
            self.nodes.remove(tag.key());
            at = tag.parent();
            match at.as_ref().map(|parent| self.nodes.get_mut(parent.key())) {
                None => {
                    self.top.remove(tag.key());
                    self.touch_top();
                }
                Some(Some(parent)) => {
                    parent.children.remove(tag.key());
                    parent.folder.reserve(folded_segment(tag.key()), false);
                }
                Some(None) => return,
            }
        }
    }

    /// Which tags are declared.
    pub(super) fn set_declared(&mut self, tags: &[TagName]) {
        let declared: Vec<TagName> = self.nodes.values().filter(|node| node.declared).map(|n| n.tag.clone()).collect();
        for tag in tags {
            self.ensure(tag);
            if let Some(node) = self.nodes.get_mut(tag.key()) {
                node.declared = true;
            }
        }
        for tag in declared.iter().filter(|tag| !tags.contains(tag)) {
            if let Some(node) = self.nodes.get_mut(tag.key()) {
                node.declared = false;
            }
            self.prune(tag);
        }
    }

    pub(super) fn is_declared(&self, tag: &TagName) -> bool {
        self.nodes.get(tag.key()).is_some_and(|node| node.declared)
    }

    /// A tag and those above it stay for a while, even if they become empty.
    pub(super) fn linger(&mut self, tag: &TagName) {
        let until = Instant::now() + LINGER;
        let mut at = Some(tag.clone());
        while let Some(tag) = at {
            if let Some(node) = self.nodes.get_mut(tag.key()) {
                node.lingers_until = Some(until);
                self.lingering.retain(|(_, key)| **key != *tag.key());
                self.lingering.push((until, tag.key().into()));
            }
            at = tag.parent();
        }
    }

    /// A tag does not stay any longer if it is empty.
    pub(super) fn end_linger(&mut self, tag: &TagName) {
        if let Some(node) = self.nodes.get_mut(tag.key()) {
            node.lingers_until = None;
        }
        self.lingering.retain(|(_, key)| **key != *tag.key());
        self.prune(tag);
    }

    /// A tag is called otherwise: what stays of it and of those below it though it may be empty stays under its new
    /// name, as long as it would have.
    pub(super) fn rename_lingering(&mut self, from: &TagName, to: &TagName) {
        if from == to {
            return;
        }
        let shown = |(until, key): &(Instant, Box<str>)| {
            let tag = self.nodes.get(key)?.tag.clone();
            Some((*until, tag.rebased(from, to)?, tag))
        };
        let renamed: Vec<(Instant, TagName, TagName)> = self.lingering.iter().filter_map(shown).collect();
        for (until, new, old) in renamed {
            self.end_linger(&old);
            self.ensure(&new);
            if let Some(node) = self.nodes.get_mut(new.key()) {
                node.lingers_until = Some(until);
            }
            self.lingering.retain(|(_, key)| **key != *new.key());
            self.lingering.push((until, new.key().into()));
        }
    }

    /// When the next tag ends to linger.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.lingering.iter().map(|(until, _)| *until).min()
    }

    /// Drops the tags whose time is over by `now`.
    pub(super) fn expire(&mut self, now: Instant) {
        let (over, left) = std::mem::take(&mut self.lingering).into_iter().partition(|(until, _)| *until <= now);
        self.lingering = left;
        let over: Vec<(Instant, Box<str>)> = over;
        for (_, key) in over {
            if let Some(node) = self.nodes.get_mut(&key) {
                node.lingers_until = None;
                let tag = node.tag.clone();
                self.prune(&tag);
            }
        }
    }

    /// From now on the tag is shown as written here.
    pub(super) fn show_as(&mut self, tag: &TagName) {
        let parent = tag.parent().and_then(|parent| self.nodes.get(parent.key())).map(|node| node.tag.clone());
        let segment = tag.segments().next_back().unwrap_or_default();
        let shown = match parent {
            Some(parent) => parent.child(segment).unwrap_or_else(|_| tag.clone()),
            None => tag.clone(),
        };
        let Some(node) = self.nodes.get_mut(tag.key()) else { return };
        node.tag = shown;
        let children: Vec<TagName> =
            node.children.clone().iter().filter_map(|key| self.nodes.get(key).map(|child| child.tag.clone())).collect();
        for child in &children {
            self.show_as(child);
        }
    }

    pub(super) fn contains(&self, tag: &TagName) -> bool {
        self.nodes.contains_key(tag.key())
    }

    pub(super) fn shown(&self, tag: &TagName) -> Option<TagName> {
        self.nodes.get(tag.key()).map(|node| node.tag.clone())
    }

    pub(super) fn children(&self, tag: Option<&TagName>) -> Vec<TagName> {
        let keys = match tag {
            None => Some(&self.top),
            Some(tag) => self.nodes.get(tag.key()).map(|node| &node.children),
        };
        let keys = keys.into_iter().flatten();
        keys.filter_map(|key| self.nodes.get(key).map(|node| node.tag.clone())).collect()
    }

    /// All tags in order with how many notes bear exactly each.
    pub(super) fn counts(&self) -> Vec<(TagName, usize)> {
        let mut counts: Vec<_> = self.nodes.values().map(|node| (node.tag.clone(), node.folder.len())).collect();
        counts.sort();
        counts
    }

    pub(super) fn top_changed_ns(&self) -> i64 {
        self.top_changed_ns
    }

    fn touch_top(&mut self) {
        self.top_changed_ns = now_ns().max(self.top_changed_ns + 1);
    }
}

/// The last segment of a tag's key. Names in folders are folded the same way ([`names::folded`]).
fn folded_segment(key: &str) -> &str {
    debug_assert!(names::folded(OsStr::new(key)).as_deref() == Some(key));
    key.rsplit_once('/').map_or(key, |(_, segment)| segment)
}
