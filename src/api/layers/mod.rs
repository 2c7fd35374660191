//! What is done for every request before and after its route.

mod gate;
mod headers;
pub(super) mod record;
mod rest;
mod slash;

pub(super) use gate::{ClientAddress, gate};
pub(super) use headers::add_headers;
pub(super) use rest::read_rest;
pub(super) use slash::trim_slash;
