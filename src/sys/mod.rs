//! Everything that touches the operating system: descriptors, durable files, locks, clock.
//! `std::fs` and `unsafe` are at home here and nowhere else. It knows nothing of notebooks, SQL or git.

mod caller;
mod change;
mod dir;
mod durable;
mod error;
mod folder;
mod inotify;
mod lock;
pub mod paths;
mod plain;
mod stat;
mod sysfs;
mod users;

pub use caller::{ActingAs, Credentials, WithoutSetId, act_as, without_set_id};
pub use change::InPlace;
pub use dir::{Dir, DirEntry};
pub use durable::Replace;
pub use error::{IoContext, StoreError};
pub use inotify::{FolderEvents, ReadOutcome, StoreEvent, StoreEventKind, WatchId};
pub use lock::{Attempt, FileLock, boot_id};
pub use stat::{FileKind, StoreStat};
pub use sysfs::write_sysfs;
pub use users::{groups_of, login_of};
