//! Bugs that were found once: each test is named after what went wrong.

mod model;
mod saves;
