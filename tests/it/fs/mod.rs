//! The mount, through the kernel.

mod arrivals;
mod leases;
pub mod model;
mod names;
mod programs;
mod read_your_writes;
mod real;
mod stress;
mod suites;
mod tags;
mod user;
mod views;
