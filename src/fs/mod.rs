//! What the workspace shows as a filesystem: the virtual tree, and the kernel adapter on top of it.

pub mod tree;
