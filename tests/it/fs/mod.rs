//! The mount, through the kernel.

mod leases;
pub mod model;
mod programs;
mod real;
mod suites;
mod tags;
mod user;
mod views;
