//! Files of a notebook.

mod object;

pub(crate) use object::{FileOut, reference};
