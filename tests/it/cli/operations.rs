//! `cdx serve` as whoever runs it sees it: https and what goes with it, its log, its end.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::{Value, json};

use super::Bench;
use super::serve::with_password;
use crate::api::client::{Ask, Reply};
use crate::support::eventually;
use crate::support::serving::Serving;

const PASSWORD: &str = "correct horse battery";

/// A certificate of this machine, signed by itself, and its key.
fn certificate(bench: &Bench) -> (PathBuf, PathBuf) {
    let (certificate, key) = (bench.path("certificate.pem"), bench.path("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (certificate, key)
}

fn curl(arguments: &[&str]) -> Output {
    Command::new("curl").args(["-sS", "-i", "--max-time", "20"]).args(arguments).output().expect("curl")
}

#[test]
fn with_a_certificate_the_server_speaks_https_alone() {
    let bench = Bench::lab();
    with_password(bench.program(&["user", "add", "ada"]), PASSWORD);
    let (certificate, key) = certificate(&bench);
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let settings = [("CODEX_TLS_CERTIFICATE", certificate), ("CODEX_TLS_KEY", key)];
    let serving = Serving::start_with(&bench, &[], &settings);
    let url = serving.url().to_owned();
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let at = |path: &str| format!("{url}{path}");
    let ask = |arguments: &[&str]| {
        let done = curl(&[&["--cacert", certificate, "-H", "Content-Type: application/json"], arguments].concat());
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    let body = json!({"username": "ada", "password": PASSWORD}).to_string();
    // Both versions that browsers speak; the later one has no Host header.
    for (version, begins) in [("--http1.1", "HTTP/1.1 200"), ("--http2", "HTTP/2 200")] {
        let answer = ask(&[version, "-d", &body, &at("/api/v1/users/token")]);
        assert!(answer.starts_with(begins), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
        let cookies: Vec<&str> = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).collect();
        assert_eq!(cookies.len(), 2, "{answer}");
        for cookie in &cookies {
            assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"), "{cookie}");
        }
        let cookie = format!("Cookie: {}", cookies[0].split(';').next().unwrap());
        // A page of ours changes something by its cookie, a page of others does not.
        for (origin, status) in [(url.as_str(), " 200"), ("https://evil.example", " 403")] {
            let origin = format!("Origin: {origin}");
            let theme = at("/api/v1/users/me/theme");
            let change = ["-X", "PATCH", "-H", &cookie, "-H", &origin, "-d", "{\"theme\": \"cream\"}", &theme];
            let answer = ask(&[&[version], change.as_slice()].concat());
            assert!(answer.lines().next().unwrap().contains(status), "{origin}: {answer}");
        }
    }
    // Whom nobody vouches for is not believed, old protocols are not spoken, and neither is http.
    assert_eq!(curl(&[&at("/health")]).status.code(), Some(60));
    assert_eq!(curl(&["--cacert", certificate, "--tls-max", "1.1", &at("/health")]).status.code(), Some(35));
    let plain = curl(&[&at("/health?a=b").replace("https:", "http:")]);
    let plain = String::from_utf8_lossy(&plain.stdout).into_owned();
    assert!(plain.starts_with("HTTP/1.1 308"), "{plain}");
    assert!(plain.to_ascii_lowercase().contains(&format!("location: {}", at("/health?a=b"))), "{plain}");
    serving.end();
}

/// The rest of its body was left unread, and curl told of the stream that was reset rather than of the answer.
#[test]
fn what_is_refused_by_its_headers_is_answered_while_its_body_still_comes() {
    let bench = Bench::lab();
    let (certificate, key) = certificate(&bench);
    let settings = [("CODEX_TLS_CERTIFICATE", certificate.to_str().unwrap()), ("CODEX_TLS_KEY", key.to_str().unwrap())];
    let serving = Serving::start_with(&bench, &[], &settings);
    let url = format!("{}/api/v1/users/me", serving.url());
    for (name, bytes) in [("small.json", 30), ("larger.json", 60_000)] {
        bench.write(name, &format!("{{\"fullname\": \"{}\"}}", "a".repeat(bytes)));
        let body = format!("@{}", bench.path(name).display());
        for version in ["--http1.1", "--http2"].repeat(20) {
            let ca = ["--cacert", certificate.to_str().unwrap(), version];
            let done =
                curl(&[&ca[..], &["-X", "PATCH", "-H", "Content-Type: application/json", "-d", &body, &url]].concat());
            let answer = String::from_utf8_lossy(&done.stdout);
            assert!(done.status.success() && answer.contains(" 401"), "{version} {name}: {done:?}");
        }
    }
    serving.end();
}

#[test]
fn a_certificate_that_cannot_be_used_is_said_at_the_start() {
    let bench = Bench::lab();
    let (certificate, _) = certificate(&bench);
    bench.write("other.pem", "no key");
    let started = bench
        .program(&["serve", "--listen", "127.0.0.1:0"])
        .env("CODEX_TLS_CERTIFICATE", &certificate)
        .env("CODEX_TLS_KEY", bench.path("other.pem"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&started.stderr);
    assert!(!started.status.success() && started.stdout.is_empty(), "{started:?}");
    assert!(said.contains("certificate.pem"), "{said}");
}

#[test]
fn behind_a_proxy_that_speaks_https_http_is_sent_on() {
    let bench = Bench::lab();
    with_password(bench.program(&["user", "add", "ada"]), PASSWORD);
    let public = ("CODEX_PUBLIC_URL", "https://notes.example.org");
    let serving = Serving::start_with(&bench, &[], &[public, ("CODEX_TRUSTED_PROXIES", "127.0.0.1")]);
    let to = serving.address();
    let ask = |path: &str, came_by: &str| {
        Ask::new("GET", path).header("Host", "notes.example.org").header("X-Forwarded-Proto", came_by).send(to)
    };
    let sent_on = ask("/docs?a=b", "http");
    assert_eq!(
        (sent_on.status, sent_on.header("location")),
        (308, Some("https://notes.example.org/docs?a=b")),
        "{sent_on:?}"
    );
    let served = ask("/docs", "https");
    assert_eq!((served.status, served.header("strict-transport-security")), (200, Some("max-age=31536000")));
    // What looks whether the server lives speaks http.
    assert_eq!(ask("/health", "http").status, 200);
    let body = json!({"username": "ada", "password": PASSWORD});
    let sign_in = Ask::new("POST", "/api/v1/users/token").header("X-Forwarded-Proto", "https").json(&body).send(to);
    sign_in.expect(200);
    let cookies = sign_in.headers.iter().filter(|(name, _)| name == "set-cookie");
    assert_eq!(cookies.filter(|(_, value)| value.contains("; Secure")).count(), 2);
    serving.end();
    // A client that no proxy stands before does not say by what it came.
    let serving = Serving::start_with(&bench, &[], &[public]);
    let served = Ask::new("GET", "/docs").header("X-Forwarded-Proto", "http").send(serving.address());
    assert_eq!(served.status, 200);
}

/// Requests of every kind that carries a secret, with the id `abc-1`; the secrets.
fn handle_secrets(bench: &Bench, serving: &Serving) -> Vec<String> {
    let to = serving.address();
    let send = |ask: Ask| -> Reply { ask.header("X-Request-ID", "abc-1").send(to) };
    let sign_in = |password: &str| {
        let body = json!({"username": "ada", "password": password});
        send(Ask::new("POST", "/api/v1/users/token").json(&body))
    };
    sign_in("wrong-but-close-to-it").expect(401);
    let tokens = sign_in(PASSWORD).expect(200);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (access, refresh) = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
    let next = Ask::new("POST", "/api/v1/users/token/refresh").json(&json!({"refresh_token": refresh}));
    let next = text(&send(next).expect(200)["refresh_token"]);
    let new = json!({"name": "ci", "scopes": ["read"]});
    let made = send(Ask::new("POST", "/api/v1/users/me/tokens").bearer(&access).json(&new)).expect(201);
    let personal = text(&made["token"]);
    send(Ask::new("GET", "/api/v1/workspaces").bearer(&personal)).expect(200);
    send(Ask::new("GET", "/api/v1/workspaces").header("Cookie", format!("access_token={access}"))).expect(200);
    let ticket = send(Ask::new("POST", "/api/v1/ws/ticket").bearer(&access)).expect(201);
    let ticket = text(&ticket["ticket"]);
    send(Ask::new("GET", &format!("/api/v1/ws?ticket={ticket}")));
    let change = json!({"current_password": PASSWORD, "new_password": "another good password"});
    send(Ask::new("POST", "/api/v1/users/me/password").bearer(&access).json(&change)).expect(200);
    let key = bench.read("home/secret.key").trim().to_owned();
    let password = |text: &str| text.to_owned();
    vec![
        password("wrong-but-close-to-it"),
        password(PASSWORD),
        password("another good password"),
        access,
        refresh,
        next,
        personal,
        ticket,
        key,
    ]
}

#[test]
fn log_lines_bear_the_id_of_their_request_and_no_secret() {
    for format in ["json", "text"] {
        let bench = Bench::lab();
        with_password(bench.program(&["user", "add", "ada"]), PASSWORD);
        let settings = [("LOG_FORMAT", format), ("LOG_LEVEL", "trace")];
        let serving = Serving::start_with(&bench, &[], &settings);
        let secrets = handle_secrets(&bench, &serving);
        let log = serving.end();
        for secret in secrets {
            assert!(secret.len() > 8 && !log.contains(&secret), "{format}: `{secret}` stands in the log");
        }
        let answered: Vec<&str> = log.lines().filter(|line| line.contains("answered")).collect();
        assert!(answered.len() >= 8, "{log}");
        if format == "text" {
            assert!(answered.iter().all(|line| line.contains("id=abc-1")), "{answered:#?}");
            continue;
        }
        for line in log.lines() {
            let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(record["timestamp"].is_string() && record["level"].is_string(), "{line}");
            if record["message"] == "answered" {
                assert_eq!(record["span"]["id"], "abc-1", "{line}");
                assert!(record["status"].is_u64() && record["took_ms"].is_f64(), "{line}");
                assert!(record["span"]["route"].is_string() && record["span"]["method"].is_string(), "{line}");
            }
        }
    }
}

#[test]
fn a_server_that_is_told_to_end_records_what_was_written_and_unmounts() {
    let bench = Bench::lab();
    with_password(bench.program(&["user", "add", "ada"]), PASSWORD);
    let token = bench.cdx(&["token", "new", "ada", "--name", "ci", "--scope", "write"]).done().trim().to_owned();
    std::fs::create_dir(bench.path("mnt")).unwrap();
    let mount = format!("ws={}", bench.path("mnt").display());
    let serving = Serving::start(&bench, &["--mount", &mount]);
    let files = "/api/v1/workspaces/ws/notebooks/lab/files";
    let new = json!({"path": "by-api.md", "content": "written at the last moment\n"});
    let made = Ask::new("POST", files).bearer(&token).json(&new);
    eventually(Duration::from_secs(10), "the notebook is known", || made.clone().send(serving.address()).status == 201);
    std::fs::write(bench.path("mnt/lab/by-mount.md"), "so was this\n").unwrap();
    // At once, long before the history's quiet moment.
    serving.end();
    assert!(!bench.path("mnt/lab").exists(), "the mount is gone");
    let log = bench.cdx(&["log", "-w", "ws"]).done();
    for (name, text) in [("by-api.md", "written at the last moment\n"), ("by-mount.md", "so was this\n")] {
        assert!(log.contains(name), "{log}");
        let kept = Command::new("git")
            .args(["--git-dir"])
            .arg(bench.path("ws/lab/.codex/history.git"))
            .args(["show", &format!("HEAD:{name}")])
            .output()
            .expect("git");
        assert_eq!(String::from_utf8_lossy(&kept.stdout), text, "{kept:?}");
    }
}
