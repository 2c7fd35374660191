//! Changes of notes that Codex makes itself: metadata, contents, tags. Atomic, durable, journalled.
//! It knows nothing of who asked: mount, command line or web.

mod contents;
mod files;
mod folders;
mod gesture;
mod in_place;
mod metadata;
mod note;
mod place;
mod property;
mod receive;
mod relink;
mod rewrite;
#[cfg(test)]
pub(super) mod scratch;
mod tags;
#[cfg(test)]
mod tests;
mod threads;
mod trash;
mod workbench;

pub(super) use files::stat_of;
pub use gesture::new_gesture;
pub(super) use gesture::with_gesture;
pub(super) use in_place::{JOURNAL_PREFIX, SET_ASIDE_PREFIX, recover_in_place_edits, tmp};
pub(super) use metadata::tags_in_store;
pub use note::{NewNote, NoteText, Save};
pub use property::property_edits;
pub(super) use property::{set_property, tag_named, unset_property};
pub use receive::Arrived;
pub(super) use receive::clear_uploads;
pub use tags::{TagRename, TagRenaming};
pub(super) use threads::on_threads;
pub(super) use trash::{find as find_in_trash, list as list_trash, put_back as put_back_from_trash};
pub(super) use workbench::Workbench;
pub use workbench::{GestureWords, WriteGuard};
