//! Figures for Prometheus, in its text format: requests by route and status, how long they took, what is open.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use dashmap::DashMap;

use super::state::App;

/// Upper bounds in seconds.
const BOUNDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

/// Requests of one route, method and status.
#[derive(Debug, Default)]
struct Series {
    /// Those up to each bound, not added up.
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// Figures since the start.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    requests: DashMap<(String, Method, u16), Series>,
}

impl Figures {
    /// Counts a request; `route` is a pattern, of which there are few.
    pub(super) fn count(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // Methods that callers invent are one.
        let method = if method.as_str().len() > 7 { Method::OPTIONS } else { method.clone() };
        let series = self.requests.entry((route.to_owned(), method, status.as_u16())).or_default();
        series.count.fetch_add(1, Ordering::Relaxed);
        series.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if let Some(at) = BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound) {
            series.buckets[at].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// All figures as text.
pub(super) fn text(app: &App) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write(&mut out, app);
    out
}

fn write(out: &mut String, app: &App) -> std::fmt::Result {
    writeln!(out, "# HELP codex_requests_seconds How long requests took.")?;
    writeln!(out, "# TYPE codex_requests_seconds histogram")?;
    for series in &app.figures.requests {
        let (route, method, status) = series.key();
        let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
        let mut sum = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&series.buckets) {
            sum += bucket.load(Ordering::Relaxed);
            writeln!(out, "codex_requests_seconds_bucket{{{labels},le=\"{bound}\"}} {sum}")?;
        }
        let count = series.count.load(Ordering::Relaxed);
        let seconds = Duration::from_micros(series.micros.load(Ordering::Relaxed)).as_secs_f64();
        writeln!(out, "codex_requests_seconds_bucket{{{labels},le=\"+Inf\"}} {count}")?;
        writeln!(out, "codex_requests_seconds_count{{{labels}}} {count}")?;
        writeln!(out, "codex_requests_seconds_sum{{{labels}}} {seconds}")?;
    }
    let open = app.workspaces.all();
    let notebooks: usize = open.iter().map(|open| open.engine().notebooks().len()).sum();
    let behind = open.iter().filter(|open| !open.engine().is_caught_up()).count();
    let sockets = app.hub.figures();
    let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    for (name, meaning, value) in [
        ("codex_sockets_open", "WebSockets that are open.", count(sockets.connections)),
        ("codex_workspaces_open", "Workspaces that are open.", open.len()),
        ("codex_notebooks_open", "Notebooks of open workspaces.", notebooks),
        ("codex_workspaces_behind", "Open workspaces whose index has something left to take in.", behind),
    ] {
        writeln!(out, "# HELP {name} {meaning}\n# TYPE {name} gauge\n{name} {value}")?;
    }
    for (name, meaning, value) in [
        ("codex_socket_messages_total", "Messages sent over WebSockets.", sockets.sent),
        ("codex_socket_resyncs_total", "Clients told to read everything anew.", sockets.resyncs),
        ("codex_sockets_cut_off_total", "Clients that took too long.", sockets.cut_off),
    ] {
        writeln!(out, "# HELP {name} {meaning}\n# TYPE {name} counter\n{name} {value}")?;
    }
    if let Some(bytes) = resident_bytes() {
        let name = "process_resident_memory_bytes";
        writeln!(out, "# HELP {name} Resident memory.\n# TYPE {name} gauge\n{name} {bytes}")?;
    }
    Ok(())
}

fn resident_bytes() -> Option<u64> {
    let statm = crate::sys::paths::read_text(std::path::Path::new("/proc/self/statm")).ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
