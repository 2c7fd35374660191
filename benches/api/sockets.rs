//! A thousand subscribers that hear of one change: sockets of this process, all watched by one thread, which has nothing
//! else to do.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use super::http::Request;
use super::requests;
use super::served::Served;
use crate::support::Outcome;
use crate::support::lab::Lab;
use crate::support::row::{Row, Rows};
use crate::support::time::Times;

const SUBSCRIBERS: usize = 1000;

/// How long all of them may take to hear of a change.
const PATIENCE: Duration = Duration::from_secs(20);

/// One that listens.
struct Subscriber {
    stream: TcpStream,
    /// What came since it last heard what it waited for.
    heard: Vec<u8>,
}

/// Measures how long after a change was sent each subscriber has it.
pub fn run(lab: &Lab, served: &Served, rows: &mut Rows) -> Outcome<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    let mut subscribers = (0..SUBSCRIBERS).map(|_| subscribe(served)).collect::<Outcome<Vec<_>>>()?;
    let changes = lab.pick(3, 20);
    let mut times = Times::default();
    for (number, file) in requests::files(served)?.iter().take(changes).enumerate() {
        let path =
            file.send(served.address, &served.token)?["path"].as_str().ok_or("a file without a path")?.to_owned();
        let change = Request::with("PUT", &file.path, &json!({"properties": {"heard": number}}));
        for time in one_change(served, &mut subscribers, &change, &path)? {
            times.add(time);
        }
    }
    let row = Row::new("WebSocket: 1,000 subscribers hear of one change, p99").ours(times.ms(0.99), "ms");
    let note = format!(
        "from before the edit is sent; median {:.1}, longest {:.1} ms; {changes} changes",
        times.ms(0.5),
        times.ms(1.0)
    );
    rows.push(row.at_most(200.0).note(note));
    Ok(())
}

fn subscribe(served: &Served) -> Outcome<Subscriber> {
    let mut stream = TcpStream::connect(served.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "GET /api/v1/ws?workspace_id=bench HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        served.address, served.token
    );
    stream.write_all(head.as_bytes())?;
    let mut subscriber = Subscriber { stream, heard: Vec::new() };
    let mut bytes = [0; 4096];
    while !contains(&subscriber.heard, b"\"connected\"") {
        let count = subscriber.stream.read(&mut bytes)?;
        subscriber.heard.extend_from_slice(&bytes[..count]);
        let refused = !subscriber.heard.starts_with(b"HTTP/1.1 101");
        if count == 0 || (subscriber.heard.len() > 12 && refused) {
            return Err(format!("no socket: {}", String::from_utf8_lossy(&subscriber.heard)).into());
        }
    }
    subscriber.heard.clear();
    subscriber.stream.set_nonblocking(true)?;
    Ok(subscriber)
}

/// Sends the change, and tells when each subscriber had the file's path.
fn one_change(served: &Served, subscribers: &mut [Subscriber], change: &Request, path: &str) -> Outcome<Vec<Duration>> {
    let began = Instant::now();
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| change.send(served.address, &served.token).map_err(|error| error.to_string()));
        let times = hear(subscribers, path, began)?;
        sent.join().map_err(|_| "the thread of the change died")??;
        Ok(times)
    })
}

fn hear(subscribers: &mut [Subscriber], path: &str, began: Instant) -> Outcome<Vec<Duration>> {
    let marks = [format!("\"path\":\"{path}\""), "\"file_change\"".to_owned()];
    let mut times: Vec<Duration> = Vec::new();
    let mut waiting: Vec<usize> = (0..subscribers.len()).collect();
    while !waiting.is_empty() {
        if began.elapsed() > PATIENCE {
            return Err(format!("{} subscribers have not heard of it", waiting.len()).into());
        }
        let readable = readable(subscribers, &waiting)?;
        for at in readable {
            subscribers[at].take_in()?;
            if marks.iter().all(|mark| contains(&subscribers[at].heard, mark.as_bytes())) {
                times.push(began.elapsed());
                subscribers[at].heard.clear();
                waiting.retain(|other| *other != at);
            }
        }
    }
    Ok(times)
}

/// Which of them have something to be read.
fn readable(subscribers: &[Subscriber], waiting: &[usize]) -> Outcome<Vec<usize>> {
    let mut fds: Vec<PollFd<'_>> =
        waiting.iter().map(|at| PollFd::new(&subscribers[*at].stream, PollFlags::IN)).collect();
    poll(&mut fds, Some(&Timespec { tv_sec: 1, tv_nsec: 0 }))?;
    let ready = fds.iter().zip(waiting).filter(|(fd, _)| !fd.revents().is_empty());
    Ok(ready.map(|(_, at)| *at).collect())
}

impl Subscriber {
    fn take_in(&mut self) -> Outcome<()> {
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err("a subscriber was cut off".into()),
                Ok(count) => self.heard.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
