//! Sequences of operations on which a mount and the model once disagreed (see `fs/model.rs`).
