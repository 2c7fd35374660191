//! The mount, through the kernel.

mod model;
mod programs;
mod real;
mod suites;
mod tags;
mod views;
