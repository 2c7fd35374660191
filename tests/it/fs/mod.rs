//! The mount, through the kernel.

mod arrivals;
pub mod model;
mod names;
mod programs;
mod real;
mod suites;
mod tags;
mod user;
mod views;
