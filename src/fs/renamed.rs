//! Tag folders that were renamed a moment ago: the kernel has moved its entry to the new name, with the number of the
//! old folder, and gives that up only after the rename was answered. Until then the old folder stands for the new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::core::Core;
use super::error::FsResult;
use super::node::{Node, What};
use super::tree::Place;
use crate::engine::catalog::TagPath;
use crate::sys::FileKind;
use crate::types::{NodeNumber, TagName};

/// The kernel is told at once; this is for a machine that is very busy.
const KEPT: Duration = Duration::from_secs(2);

/// How long a question waits for the index, as everywhere in tags.
const PATIENCE: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Default)]
pub struct Renamed {
    tags: Mutex<Vec<(TagName, TagName, Instant)>>,
    /// How many there are: nearly always none.
    count: AtomicUsize,
}

impl Renamed {
    /// A tag was renamed by its folder.
    fn add(&self, from: TagName, to: TagName) {
        let mut tags = self.tags.lock();
        tags.retain(|(_, _, at)| at.elapsed() < KEPT);
        tags.push((from, to, Instant::now()));
        self.count.store(tags.len(), Ordering::Release);
    }

    /// A tag of this name has been found again: its folder stands for itself.
    pub(super) fn found(&self, tag: &TagName) {
        if self.count.load(Ordering::Acquire) > 0 {
            let mut tags = self.tags.lock();
            tags.retain(|(from, _, _)| !tag.is_within(from) && !from.is_within(tag));
            self.count.store(tags.len(), Ordering::Release);
        }
    }

    /// What a tag is called by now; `None` if it was not renamed.
    fn follow(&self, tag: &TagName) -> Option<TagName> {
        let mut tags = self.tags.lock();
        tags.retain(|(_, _, at)| at.elapsed() < KEPT);
        self.count.store(tags.len(), Ordering::Release);
        let mut found = None;
        for (from, to, _) in tags.iter() {
            let rebased = found.as_ref().unwrap_or(tag).rebased(from, to);
            found = rebased.or(found);
        }
        found
    }
}

/// The tag whose folder is `name` in a place.
fn tag_at(place: &Place, name: &std::ffi::OsStr) -> Option<TagName> {
    match place {
        Place::Tags => TagName::new(name.to_str()?).ok(),
        Place::Tag(path) if path.operators.is_empty() => path.base.child(name.to_str()?).ok(),
        _ => None,
    }
}

impl Core {
    /// Takes note of a rename within the synthetic tree.
    pub(super) fn place_renamed(&self, from: (&Place, &std::ffi::OsStr), to: (&Place, &std::ffi::OsStr)) {
        if let (Some(from), Some(to)) = (tag_at(from.0, from.1), tag_at(to.0, to.1)) {
            self.renamed.add(from, to);
        }
    }

    /// What the kernel means by a number.
    ///
    /// # Errors
    /// ESTALE.
    pub(super) fn node(&self, number: NodeNumber) -> FsResult<Arc<Node>> {
        let node = self.nodes.get(number)?;
        if self.renamed.count.load(Ordering::Acquire) == 0 {
            return Ok(node);
        }
        let Some(Place::Tag(path)) = node.place() else { return Ok(node) };
        // A tag that is there (again) is meant itself.
        let is_there = || self.engine.barrier(PATIENCE).is_err() || self.engine.catalog().has_tag(&path.base);
        match self.renamed.follow(&path.base) {
            Some(base) if !is_there() => {
                let place = Place::Tag(TagPath { base, operators: path.operators.clone() });
                Ok(Arc::new(Node::new(number, FileKind::Directory, What::Place(place))))
            }
            _ => Ok(node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_followed_over_several_renames_and_so_are_those_below_it() {
        let tag = |name| TagName::new(name).unwrap();
        let renamed = Renamed::default();
        renamed.add(tag("a"), tag("b"));
        renamed.add(tag("b"), tag("x/c"));
        assert_eq!(renamed.follow(&tag("a")), Some(tag("x/c")));
        assert_eq!(renamed.follow(&tag("a/deep")), Some(tag("x/c/deep")));
        assert_eq!(renamed.follow(&tag("other")), None);
    }
}
