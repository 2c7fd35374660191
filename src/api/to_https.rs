//! Who speaks http to the port of https is told where to go on: the first byte says which it is. It knows no route.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::state::{App, Web};

/// What every record of a TLS handshake begins with.
const HANDSHAKE: u8 = 0x16;

/// How long a client may take to say the first byte, and then the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest head that is read, in bytes.
const HEAD_MAX: usize = 8192;

/// Stands before the acceptor of TLS.
#[derive(Clone, Debug)]
pub(super) struct ToHttps(pub(super) Arc<App>);

impl<S: Send + 'static> Accept<TcpStream, S> for ToHttps {
    type Stream = TcpStream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(TcpStream, S)>> + Send>>;

    fn accept(&self, mut stream: TcpStream, service: S) -> Self::Future {
        let app = Arc::clone(&self.0);
        Box::pin(async move {
            let mut first = [0];
            timeout(PATIENCE, stream.peek(&mut first)).await??;
            if first[0] == HANDSHAKE {
                return Ok((stream, service));
            }
            let head = timeout(PATIENCE, head_of(&mut stream)).await??;
            stream.write_all(answer_to(&head, &app.web).as_bytes()).await?;
            stream.shutdown().await?;
            Err(io::Error::new(io::ErrorKind::InvalidData, "http on a port of https"))
        })
    }
}

async fn head_of(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while head.len() < HEAD_MAX && !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The same address by https, where it is one of ours; 400 else.
fn answer_to(head: &str, web: &Web) -> String {
    let close = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    match elsewhere(head, web) {
        Some(location) => format!("HTTP/1.1 308 Permanent Redirect\r\nLocation: {location}\r\n{close}"),
        None => format!("HTTP/1.1 400 Bad Request\r\n{close}"),
    }
}

fn elsewhere(head: &str, web: &Web) -> Option<String> {
    let mut lines = head.split("\r\n");
    let target = lines.next()?.split(' ').nth(1)?;
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !web.is_own_host(host) || !is_plain(host) || !target.starts_with('/') || !is_plain(target) {
        return None;
    }
    match web.public().filter(|public| public.is_https) {
        Some(public) => Some(format!("{}{target}", public.as_text())),
        None => Some(format!("https://{host}{target}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags};

    fn web(public: Option<&str>) -> Web {
        let home = tempfile::tempdir().unwrap();
        let flags = Flags { home: Some(home.path().to_owned()), ..Flags::default() };
        let variable = |name: &str| (name == "CODEX_PUBLIC_URL").then(|| public.map(str::to_owned)).flatten();
        Web::new(&Config::load(&flags, variable).unwrap().server().unwrap())
    }

    #[test]
    fn only_places_of_ours_are_named() {
        for (head, expected) in [
            ("GET /a?b HTTP/1.1\r\nhost: localhost:8443\r\n\r\n", Some("https://localhost:8443/a?b")),
            ("GET / HTTP/1.1\r\nA: b\r\nHost: 127.0.0.1\r\n\r\n", Some("https://127.0.0.1/")),
            ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", None),
            ("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
            ("GET /\u{7f} HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
            ("GET / HTTP/1.1\r\n\r\n", None),
            ("GET", None),
            ("", None),
        ] {
            assert_eq!(elsewhere(head, &web(None)).as_deref(), expected, "{head:?}");
        }
        let head = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let public = web(Some("https://notes.example.org"));
        assert_eq!(elsewhere(head, &public).as_deref(), Some("https://notes.example.org/a"));
        assert!(answer_to("", &public).starts_with("HTTP/1.1 400 "));
    }
}
