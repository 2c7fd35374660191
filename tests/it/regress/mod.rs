//! Bugs that were found once: each test is named after what went wrong.

mod attribution;
mod model;
mod saves;
