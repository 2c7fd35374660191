//! Whether files, index and history say the same, and mending where they do not.
//! It knows nothing of the command line that prints what it finds.
