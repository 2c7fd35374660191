//! What of this machine keeps Codex from working well, each finding with the command that mends it.
//! It knows no open workspace.
