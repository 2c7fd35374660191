//! From a file's bytes to what the index holds of it, and byte-exact edits of metadata.
//! Pure: no I/O, no clock.

mod content;
pub mod edit;
mod embedded;
mod frontmatter;
mod markdown;
mod note;
mod read;
mod sidecar;
mod spans;
mod tags;
mod values;
mod xml;

#[cfg(test)]
mod tests;

pub use content::{content_type, is_binary};
pub(crate) use markdown::percent_decoded;

pub use frontmatter::{Frontmatter, METADATA_MAX, has_frontmatter, split};
pub use note::{LinkKind, ParsedLink, ParsedNote, Problem, Sidecar, SidecarKind, TagOrigin};
pub use read::{parse, text_of};
pub use sidecar::{sidecar_names, sidecar_subjects};
pub use tags::tags_in;
