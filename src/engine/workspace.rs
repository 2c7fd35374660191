//! workspace.yaml: settings, kept byte for byte but for the keys that change.

/// Settings of a workspace; unknown keys are kept in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Declared tags that need no notes.
    pub tags: Vec<crate::types::TagName>,
    /// The notebook that takes in new files without a place.
    pub inbox: Option<String>,
    /// More ignore patterns, as in .gitignore.
    pub ignore: Vec<String>,
    /// Time zone of dates without one.
    pub timezone: jiff::tz::TimeZone,
    /// First day of the week.
    pub week_starts: jiff::civil::Weekday,
    /// Whether renaming a note through the mount rewrites the links to it.
    pub rewrite_links: bool,
    /// Largest text file that the history records, in bytes (16 MiB).
    pub history_text_max: u64,
    /// Largest binary file that the history records, in bytes (1 MiB).
    pub history_binary_max: u64,
}
