//! The mount, through the kernel.

mod arrivals;
mod leases;
pub mod model;
mod names;
mod programs;
mod real;
mod suites;
mod tags;
mod user;
mod views;
