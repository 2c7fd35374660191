//! What a lookup costs within the daemon: the same calls, in this process, without the kernel between.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use cdx::engine::catalog::TagPath;
use cdx::engine::{Engine, EngineOptions};
use cdx::fs::tree::{Caller, KernelCaches, Place, Tree};
use cdx::types::{Actor, NodeNumber, TagName};

use crate::support::Outcome;
use crate::support::corpus::sized_name;
use crate::support::row::{Row, Rows};
use crate::support::time::{Times, timed};

/// A mount without a kernel.
#[derive(Debug)]
struct NoKernel;

impl KernelCaches for NoKernel {
    fn drop_entry(&self, _place: &Place, _name: &OsStr) {}
    fn drop_attributes(&self, _node: NodeNumber) {}
    fn drop_contents(&self, _node: NodeNumber) {}
}

/// Names of members, looked up one at a time in tags of every size.
pub fn lookups(store: &Path, label: &str, sizes: &[usize], rows: &mut Rows) -> Outcome<()> {
    let options = EngineOptions {
        actor: Actor::User("bench".into()),
        watch: false,
        serve: false,
        wait_for_scan: true,
        read_only: false,
    };
    let engine = Engine::open(store, options)?;
    let caches: Arc<dyn KernelCaches> = Arc::new(NoKernel);
    let tree = Tree::new(Arc::clone(&engine), caches, false);
    let mut medians = Vec::new();
    for size in sizes {
        let times = members(&tree, *size)?;
        medians.push((*size, times.us(0.5)));
        let row = Row::new(format!("lookup of one name in a tag of {size}, in the daemon, among {label}"));
        let note = format!("p95; median {:.2}, p99 {:.2}", times.us(0.5), times.us(0.99));
        rows.push(row.ours(times.us(0.95), "µs").at_most(20.0).note(note));
    }
    drop(tree);
    engine.close();
    if let (Some((small, few)), Some((large, many))) = (medians.first(), medians.last()) {
        let row = Row::new(format!("lookup in a tag of {large} to one of {small}, median, among {label}"));
        rows.push(
            row.ours(*many, "µs").peer("the small one", *few, "µs").ratio_at_most(2.0).note("independent of the size"),
        );
    }
    Ok(())
}

fn members(tree: &Tree, size: usize) -> Outcome<Times> {
    let tag = Place::Tag(TagPath::plain(TagName::new(&format!("s{size}"))?));
    let caller = Caller { uid: 0, gid: 0, pid: std::process::id() };
    let mut times = Times::default();
    for round in 0..20_000_usize {
        let name = sized_name(size, round * 7919 % size);
        let (found, time) = timed(|| tree.lookup(&tag, OsStr::new(&name), caller));
        found.map_err(|refused| format!("{name} is not found: {}", refused.reason))?;
        times.add(time);
    }
    Ok(times)
}
