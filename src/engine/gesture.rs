//! Ids that nothing else bears.

use std::hash::{BuildHasher, Hasher};

use crate::types::GestureId;

/// A new gesture's id.
#[must_use]
pub fn new_gesture() -> GestureId {
    GestureId(random_hex()[..16].to_owned())
}

/// 32 hex digits. The standard library seeds its hashers from the system's random numbers.
pub(super) fn random_hex() -> String {
    let half = || std::hash::RandomState::new().build_hasher().finish();
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_i128(jiff::Timestamp::now().as_nanosecond());
    hasher.write_u32(std::process::id());
    format!("{:016x}{:016x}", hasher.finish(), half() ^ hasher.finish().rotate_left(17))
}
