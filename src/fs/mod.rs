//! What the workspace shows as a filesystem.
