//! wrk (Debian's package), told by a script what to send, and what it says of the answers.

use std::fmt::Write as _;
use std::process::Command;

use super::http::Request;
use super::served::Served;
use crate::support::{Outcome, process};

/// What a load came to.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub per_second: f64,
    pub p99_ms: f64,
    /// The server's, a request.
    pub cpu_ms: f64,
}

impl Load {
    /// What stands beside the rate.
    pub fn words(&self) -> String {
        format!("p99 {:.2} ms, {:.3} ms of processor", self.p99_ms, self.cpu_ms)
    }
}

/// Sends the requests in turn over so many connections. An answer that is not 2xx fails it.
pub fn run(served: &Served, requests: &[Request], connections: usize, seconds: u64) -> Outcome<Load> {
    let script = served.home.join(format!("load-{}.lua", requests.first().map_or(0, |request| request.path.len())));
    std::fs::write(&script, lua(requests, &served.token)?)?;
    let mut command = Command::new("wrk");
    command.args(["--threads", "1", "--latency", "--timeout", "30s"]);
    command.args(["--connections", &connections.to_string(), "--duration", &format!("{seconds}s"), "--script"]);
    command.arg(&script).arg(format!("http://{}", served.address));
    let before = served.cpu_seconds()?;
    let said = process::output(&mut command)?;
    let cpu = served.cpu_seconds()? - before;
    read(&said, cpu).ok_or_else(|| format!("wrk: {said}").into())
}

/// The script. Requests are made before the clock starts.
fn lua(requests: &[Request], token: &str) -> Outcome<String> {
    let mut script = format!("wrk.headers[\"Authorization\"] = \"Bearer {token}\"\n");
    script.push_str("wrk.headers[\"Content-Type\"] = \"application/json\"\nlocal calls = {\n");
    for Request { method, path, body } in requests {
        let body = body.as_ref().map_or_else(|| "nil".to_owned(), |body| format!("[==[{body}]==]"));
        writeln!(script, "  {{\"{method}\", [==[{path}]==], {body}}},")?;
    }
    script.push_str(
        "}
local made, last = {}, 0
function init(args)
  for number, call in ipairs(calls) do made[number] = wrk.format(call[1], call[2], nil, call[3]) end
end
function request()
  last = last % #made + 1
  return made[last]
end
",
    );
    Ok(script)
}

/// `None` where something failed, or where it says what this does not know.
fn read(said: &str, cpu_seconds: f64) -> Option<Load> {
    if said.contains("Non-2xx") || said.contains("Socket errors") {
        return None;
    }
    let after = |mark: &str| said.lines().find_map(|line| line.trim().strip_prefix(mark)).map(str::trim);
    let requests: f64 = said.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok())?;
    let per_second = after("Requests/sec:")?.parse().ok()?;
    (requests > 0.0).then_some(Load {
        per_second,
        p99_ms: millis(after("99%")?)?,
        cpu_ms: cpu_seconds * 1e3 / requests,
    })
}

/// `1.02ms`, `830.00us`, `1.10s`.
fn millis(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(char::is_alphabetic);
    let factor = match &text[digits.len()..] {
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 6e4,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * factor)
}
