//! The tree on real workspaces, without a mount.

mod lab;
mod past;
mod reading;
mod saving;
mod tagging;
mod viewing;
