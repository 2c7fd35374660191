//! The mount, through the kernel.

mod real;
