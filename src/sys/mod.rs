//! Everything that touches the operating system: descriptors, durable files, locks, clock.
//! `std::fs` and `unsafe` are at home here and nowhere else. It knows nothing of notebooks, SQL or git.

mod caller;
mod change;
mod child;
mod clock;
mod dir;
mod durable;
mod error;
mod fault;
mod folder;
mod inotify;
mod lock;
mod memory;
pub mod paths;
mod plain;
mod priority;
mod random;
mod reading;
mod scratch;
mod socket;
mod stat;
mod sysfs;
mod temporary;
mod together;
mod users;

pub use caller::{ActingAs, Credentials, WithoutSetId, act_as, without_set_id};
pub use change::InPlace;
pub use child::{end_with_parent, terminate_at_parents_end};
pub use clock::{is_clock_steady, now};
pub use dir::{Dir, DirEntry};
pub use durable::{Replace, Staged};
pub use error::{IoContext, StoreError};
pub use fault::{FaultPoint, pass, reach};
pub use inotify::{FolderEvents, ReadOutcome, StoreEvent, StoreEventKind, WatchId};
pub use lock::{Attempt, FileLock, boot_id};
pub use memory::release_free_memory;
pub use priority::step_back;
pub use random::random_bytes;
pub use reading::OpenFile;
pub use scratch::ScratchFolder;
pub use socket::{connect_to, is_of_same_user, listen_privately};
pub use stat::{FileKind, StoreStat};
pub use sysfs::write_sysfs;
pub use temporary::maker_of_temporary;
pub use together::flush_together;
pub use users::{groups_of, login_of};
