//! A row of the table: what was measured, what a peer did in the same run, what was promised.

use serde::{Deserialize, Serialize};

/// The rows of a group, in the order of the table.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Rows(pub Vec<Row>);

impl Rows {
    /// Adds one.
    pub fn push(&mut self, row: Row) {
        self.0.push(row);
    }
}

/// A number and what it counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// The number.
    pub value: f64,
    /// `ms`, `× native`, `MiB`, …
    pub unit: String,
}

impl Figure {
    /// A number of a unit.
    pub fn new(value: f64, unit: &str) -> Self {
        Self { value, unit: unit.to_owned() }
    }

    /// As the table shows it: three digits that count.
    pub fn shown(&self) -> String {
        let number = number(self.value);
        if self.unit.is_empty() { number } else { format!("{number} {}", self.unit) }
    }
}

fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.01 || size == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// One row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// What was measured; `remarks.toml` names it so.
    pub name: String,
    /// Ours.
    pub ours: Option<Figure>,
    /// Who else was measured.
    pub peer_name: Option<String>,
    /// Theirs.
    pub peer: Option<Figure>,
    /// Ours divided by theirs.
    pub ratio: Option<f64>,
    /// Ours with everything on one core; no target.
    pub one_core: Option<Figure>,
    /// What was promised, in words.
    pub target: String,
    /// Whether it holds; `None` where nothing was promised or measured.
    pub met: Option<bool>,
    /// What else is to be known.
    pub note: String,
}

impl Row {
    /// A row that has nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ours: None,
            peer_name: None,
            peer: None,
            ratio: None,
            one_core: None,
            target: String::new(),
            met: None,
            note: String::new(),
        }
    }

    /// Our figure.
    #[must_use]
    pub fn ours(mut self, value: f64, unit: &str) -> Self {
        self.ours = Some(Figure::new(value, unit));
        self
    }

    /// The peer's figure of the same run; lower is better in both.
    #[must_use]
    pub fn peer(mut self, name: &str, value: f64, unit: &str) -> Self {
        self.ratio = self.ours.as_ref().filter(|_| value > 0.0).map(|ours| ours.value / value);
        self.peer_name = Some(name.to_owned());
        self.peer = Some(Figure::new(value, unit));
        self
    }

    /// Our figure with everything on one core.
    #[must_use]
    pub fn one_core(mut self, value: Option<f64>) -> Self {
        let unit = self.ours.as_ref().map_or_else(String::new, |ours| ours.unit.clone());
        self.one_core = value.map(|value| Figure { value, unit });
        self
    }

    /// Our figure is to be at most this.
    #[must_use]
    pub fn at_most(mut self, most: f64) -> Self {
        let unit = self.ours.as_ref().map_or("", |ours| ours.unit.as_str());
        self.target = format!("≤ {}", Figure::new(most, unit).shown());
        self.met = self.ours.as_ref().map(|ours| ours.value <= most);
        self
    }

    /// Our figure is to be at least this.
    #[must_use]
    pub fn at_least(mut self, least: f64) -> Self {
        let unit = self.ours.as_ref().map_or("", |ours| ours.unit.as_str());
        self.target = format!("≥ {}", Figure::new(least, unit).shown());
        self.met = self.ours.as_ref().map(|ours| ours.value >= least);
        self
    }

    /// The ratio to the peer is to be at most this.
    #[must_use]
    pub fn ratio_at_most(mut self, most: f64) -> Self {
        self.target = format!("ratio ≤ {}", number(most));
        self.met = self.ratio.map(|ratio| ratio <= most);
        self
    }

    /// Something that holds or does not.
    #[must_use]
    pub fn holds(mut self, promise: &str, holds: bool) -> Self {
        promise.clone_into(&mut self.target);
        self.met = Some(holds);
        self
    }

    /// What else is to be known.
    #[must_use]
    pub fn note(mut self, note: impl AsRef<str>) -> Self {
        if !self.note.is_empty() && !note.as_ref().is_empty() {
            self.note.push_str("; ");
        }
        self.note.push_str(note.as_ref());
        self
    }

    /// It could not be measured.
    #[must_use]
    pub fn failed(self, reason: &str) -> Self {
        let reason = reason.trim().lines().collect::<Vec<_>>().join(" ");
        self.note(format!("not measured: {reason}"))
    }
}
