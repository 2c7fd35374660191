//! The mount, through the kernel.

mod real;
mod tags;
mod views;
