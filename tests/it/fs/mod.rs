//! The mount, through the kernel.

mod programs;
mod real;
mod suites;
mod tags;
mod user;
mod views;
