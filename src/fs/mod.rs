//! What the workspace shows as a filesystem: the virtual tree ([`tree`]), the filesystem proper ([`Core`]), and the
//! kernel adapter on top of it. It knows nothing of SQL or git; it asks the engine.

mod adapter;
mod attr;
mod attributes;
mod caches;
mod core;
mod entries;
mod error;
mod folders;
mod handle;
mod hooks;
mod leases;
mod node;
mod open;
mod session;
mod table;
pub mod tree;
mod workers;

pub use core::{Context, Core, MountOptions};
pub use session::{MountError, MountedFs, abort, check_mountpoint, detach, is_stale, mount};
