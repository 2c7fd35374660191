//! Uploads and downloads of any size.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::json;

use super::client::{Ask, Reply};
use super::lab::Lab;
use crate::support::eventually;

const BOUNDARY: &str = "----cdx-test";

/// A form of these parts: name, file name, bytes.
fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

fn multipart() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

#[track_caller]
fn upload(lab: &Lab, parts: &[(&str, Option<&str>, &[u8])]) -> Reply {
    lab.api.send(&lab.ask("POST", "/files/upload").body(&multipart(), form(parts)))
}

/// Bytes that are no text and of which no two parts are the same.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect()
}

/// What uploads left in the notebook's `.codex/tmp`.
fn left_over(lab: &Lab) -> usize {
    std::fs::read_dir(lab.root.join(".codex/tmp")).map_or(0, Iterator::count)
}

#[test]
fn a_file_larger_than_any_body_comes_and_goes_byte_for_byte() {
    let lab = Lab::with(|config| config.body_max = 1 << 20);
    let bytes = noise(9 << 20);
    // The path may follow the file.
    let made = upload(&lab, &[("file", Some("C:\\x\\big.bin"), &bytes), ("path", None, b"data/")]).expect(201);
    assert_eq!((&made["path"], &made["size"]), (&json!("data/big.bin"), &json!(bytes.len())));
    assert!(std::fs::read(lab.root.join("data/big.bin")).unwrap() == bytes);
    let at = format!("/files/{}/content", made["id"]);
    let whole = lab.get(&at);
    assert!(whole.status == 200 && whole.body == bytes);
    assert_eq!(whole.header("etag"), made["etag"].as_str());
    let part = |range: &str| lab.api.send(&lab.ask("GET", &at).header("Range", range));
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=1000000-3999999", 1_000_000, 4_000_000),
        ("bytes=-5", bytes.len() - 5, bytes.len()),
    ] {
        let reply = part(range);
        assert!(reply.status == 206 && reply.body == bytes[from..to], "{range}");
        let said = format!("bytes {from}-{}/{}", to - 1, bytes.len());
        assert_eq!(reply.header("content-range"), Some(said.as_str()));
    }
    lab.get(&format!("/files/{}/text", made["id"])).expect(413);
    assert_eq!(left_over(&lab), 0);
}

#[test]
fn what_is_there_is_replaced_only_where_that_is_asked_for() {
    let lab = Lab::new();
    let first = upload(&lab, &[("file", Some("a.md"), b"one")]).expect(201);
    assert_eq!(upload(&lab, &[("file", Some("a.md"), b"two")]).expect(409)["error"], "exists");
    assert_eq!(lab.read("a.md").as_deref(), Some("one"));
    let second = upload(&lab, &[("file", Some("a.md"), b"two"), ("overwrite", None, b"true")]).expect(200);
    assert_eq!((&second["id"], lab.read("a.md").as_deref()), (&first["id"], Some("two")));
    let by_query = lab.ask("POST", "/files/upload?overwrite=true");
    lab.api.send(&by_query.body(&multipart(), form(&[("file", Some("a.md"), b"three")]))).expect(200);
    // A sidecar has no object of its own: what it describes is answered.
    let described = upload(&lab, &[("file", Some(".a.md.json"), b"{\"n\": 1}")]).expect(201);
    assert_eq!((&described["path"], &described["properties"]), (&json!("a.md"), &json!({"n": 1})));
    assert_eq!(left_over(&lab), 0);
}

#[test]
fn forms_that_do_not_fit_are_refused_and_leave_nothing() {
    let lab = Lab::new();
    let file = ("file", Some("a.md"), &b"x"[..]);
    for (parts, status, field) in [
        (vec![], 422, "file"),
        (vec![("path", None, &b"a.md"[..])], 422, "file"),
        (vec![("file", None, &b"x"[..])], 422, "path"),
        (vec![file, file], 422, "file"),
        (vec![file, ("mode", None, b"1")], 422, "mode"),
        (vec![file, ("overwrite", None, b"maybe")], 422, "overwrite"),
        (vec![file, ("overwrite", None, b"0")], 422, "overwrite"),
        (vec![file, ("path", None, b"../a.md")], 400, ""),
        (vec![file, ("path", None, b"/etc/a.md")], 400, ""),
        (vec![file, ("path", None, b"a\0b")], 400, ""),
        (vec![file, ("path", None, b".codex/notebook.db")], 400, ""),
        (vec![file, ("path", None, b"x/.git/config")], 400, ""),
        (vec![file, ("path", None, b"\xff")], 400, ""),
        (vec![file, ("path", None, &[b'x'; 300])], 400, ""),
        (vec![file, ("path", None, &[b'x'; 9000])], 422, "path"),
        (vec![file, ("path", None, b"node_modules/x")], 422, "path"),
    ] {
        let error = upload(&lab, &parts).expect(status);
        assert_eq!(error["fields"][0]["field"].as_str().unwrap_or_default(), field, "{error}");
        assert_eq!(left_over(&lab), 0, "{parts:?}");
    }
    let to = || lab.ask("POST", "/files/upload");
    lab.api.send(&to().body("application/json", "{}")).expect(415);
    lab.api.send(&to().body("multipart/form-data", "x")).expect(415);
    lab.api.send(&to().body(&multipart(), "no form")).expect(400);
    // Headers without end are not gathered.
    let endless = format!("--{BOUNDARY}\r\nX: {}", "x".repeat(12 << 20));
    lab.api.send(&to().body(&multipart(), endless)).expect(400);
    assert_eq!(lab.get("/files").expect(200)["pagination"]["total"], 0);
}

#[test]
fn an_upload_that_is_cut_in_the_middle_leaves_nothing() {
    let lab = Lab::new();
    let body = form(&[("path", None, b"cut.bin"), ("file", Some("cut.bin"), &noise(3 << 20))]);
    let head = format!(
        "POST {}/files/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        lab.at,
        lab.ada.token,
        multipart(),
        body.len()
    );
    let mut stream = TcpStream::connect(lab.api.server().address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..body.len() / 2]).unwrap();
    eventually(Duration::from_secs(10), "it has begun", || left_over(&lab) == 1);
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    eventually(Duration::from_secs(10), "it is gone", || left_over(&lab) == 0);
    assert!(lab.read("cut.bin").is_none());
    // A form whose length is that of the request, and that ends before its end.
    let short = lab.ask("POST", "/files/upload").body(&multipart(), &body[..body.len() / 2]);
    lab.api.send(&short).expect(400);
    assert!(lab.read("cut.bin").is_none() && left_over(&lab) == 0);
    assert_eq!(lab.get("/files").expect(200)["pagination"]["total"], 0);
}

/// Sends the first half of an upload of `name` by somebody; the rest is for later.
fn begin(lab: &Lab, token: &str, name: &str) -> (TcpStream, Vec<u8>) {
    let body = form(&[("file", Some(name), &noise(3 << 20))]);
    let head = format!(
        "POST {}/files/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
        lab.at,
        multipart(),
        body.len()
    );
    let mut stream = TcpStream::connect(lab.api.server().address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (first, rest) = body.split_at(body.len() / 2);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first).unwrap();
    eventually(Duration::from_secs(10), "it has begun", || left_over(lab) == 1);
    (stream, rest.to_vec())
}

/// The status that a connection answers with.
fn status_of(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).chars().skip("HTTP/1.1 ".len()).take(3).collect()
}

#[test]
fn who_lost_the_right_while_an_upload_arrived_places_nothing() {
    let lab = Lab::new();
    let bohr = lab.api.person("bohr");
    let members = "/api/v1/workspaces/lab/members";
    lab.api.call("POST", members, &lab.ada, &json!({"username": "bohr", "role": "editor"})).expect(201);
    let his = format!("{members}/{}", bohr.id);
    let role = |role: &str| lab.api.call("PATCH", &his, &lab.ada, &json!({"role": role})).expect(200);
    let upload = |name: &str, token: &str, meanwhile: &dyn Fn()| {
        let (mut stream, rest) = begin(&lab, token, name);
        meanwhile();
        stream.write_all(&rest).unwrap();
        let status = status_of(stream);
        assert_eq!(left_over(&lab), 0, "{name}");
        (status, lab.read(name).is_some())
    };
    let refused = |status: &str| (status.to_owned(), false);
    assert_eq!(upload("kept.bin", &bohr.token, &|| ()), ("201".to_owned(), true));
    assert_eq!(upload("viewer.bin", &bohr.token, &|| drop(role("viewer"))), refused("403"));
    role("editor");
    let out = || drop(lab.api.call("POST", "/api/v1/users/logout", &bohr, &json!({})).expect(204));
    assert_eq!(upload("out.bin", &bohr.token, &out), refused("401"));
    let again = lab.api.signed_in("bohr", bohr.id);
    let gone = || drop(lab.api.call("DELETE", &his, &lab.ada, &json!({})).expect(204));
    assert_eq!(upload("gone.bin", &again.token, &gone), refused("404"));
}

#[test]
fn an_upload_that_stalls_or_drips_is_ended_and_one_that_is_only_slow_is_not() {
    let lab = Lab::with(|config| config.body_patience = Duration::from_secs(2));
    let (stream, _) = begin(&lab, &lab.ada.token, "stalled.bin");
    assert_eq!(status_of(stream), "400");
    // A byte now and then is no upload.
    let (mut stream, rest) = begin(&lab, &lab.ada.token, "dripping.bin");
    let began = std::time::Instant::now();
    let mut dripped = 0;
    while left_over(&lab) == 1 && began.elapsed() < Duration::from_secs(15) {
        let _ = stream.write_all(&rest[dripped..=dripped]);
        dripped += 1;
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{dripped} bytes in {:?}", began.elapsed());
    assert!(lab.read("stalled.bin").is_none() && lab.read("dripping.bin").is_none() && left_over(&lab) == 0);
    // Slow, and always ahead of the least: longer than the patience, and well.
    let body = form(&[("file", Some("slow.bin"), &noise(20 << 10))]);
    let head = format!(
        "POST {}/files/upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
        lab.at,
        lab.ada.token,
        multipart(),
        body.len()
    );
    let mut stream = TcpStream::connect(lab.api.server().address()).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    for part in body.chunks(2 << 10) {
        stream.write_all(part).unwrap();
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(status_of(stream), "201");
}

#[test]
fn what_is_beyond_the_quota_is_refused_before_it_is_all_there() {
    let lab = Lab::new();
    let settings = lab.root.parent().unwrap().join(".codex/workspace.yaml");
    lab.make("a.md", &"x".repeat(1000));
    std::fs::write(&settings, "timezone: UTC\nquota_bytes: 2 MiB\n").unwrap();
    let bytes = noise(3 << 20);
    eventually(Duration::from_secs(10), "the quota is known", || {
        upload(&lab, &[("file", Some("big.bin"), &bytes), ("overwrite", None, b"true")]).status == 507
    });
    let error = upload(&lab, &[("file", Some("bigger.bin"), &bytes)]).expect(507);
    assert_eq!(error["error"], "insufficient_storage");
    assert!(lab.read("bigger.bin").is_none() && left_over(&lab) == 0);
    upload(&lab, &[("file", Some("small.bin"), &bytes[..1000]), ("overwrite", None, b"true")]);
}

#[test]
fn bytes_are_shown_in_a_sandbox_saved_by_name_and_asked_for_again() {
    let lab = Lab::new();
    let made = lab.make("p\u{e4}ge \"x\".html", "<script>alert(1)</script>");
    let at = format!("/files/{}/content", made["id"]);
    let shown = lab.get(&at);
    assert_eq!(shown.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.starts_with("sandbox;") && policy.contains("default-src 'none'") && !policy.contains("script"));
    assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
    let disposition = shown.header("content-disposition").unwrap();
    assert!(disposition.starts_with("inline; ") && disposition.ends_with("filename*=UTF-8''p%C3%A4ge%20%22x%22.html"));
    let saved = lab.get(&format!("{at}?download=1"));
    assert!(saved.header("content-disposition").unwrap().starts_with("attachment; "));
    let etag = shown.header("etag").unwrap();
    let again = |tag: &str| lab.api.send(&lab.ask("GET", &at).header("If-None-Match", tag));
    let kept = again(etag);
    assert_eq!((kept.status, kept.body.len(), kept.header("etag")), (304, 0, Some(etag)));
    assert_eq!(again(&format!("\"x\", W/{etag}")).status, 304);
    assert_eq!(again("\"x\"").status, 200);
    let part = |range: &str, version: &str| {
        lab.api.send(&lab.ask("GET", &at).header("Range", range).header("If-Range", version))
    };
    assert_eq!(part("bytes=0-3", etag).text(), "<scr");
    assert_eq!(part("bytes=0-3", "\"x\"").status, 200);
    for range in ["bytes=25-", "bytes=9999999999999999999999-", "bytes=-0"] {
        let beyond = lab.api.send(&lab.ask("GET", &at).header("Range", range));
        assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */25")), "{range}");
        assert_eq!(beyond.json()["error"], "range_not_satisfiable");
    }
    let head = lab.api.send(&lab.ask("HEAD", &at));
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("25"), 0));
}

/// A reader that takes its time holds up nobody.
#[test]
fn slow_readers_hold_no_threads() {
    let lab = Lab::new();
    let made = upload(&lab, &[("file", Some("big.bin"), &noise(12 << 20))]).expect(201);
    let request = format!(
        "GET {}/files/{}/content HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        lab.at, made["id"], lab.ada.token
    );
    let mut readers = Vec::new();
    for _ in 0..40 {
        let mut stream = TcpStream::connect(lab.api.server().address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut first = [0; 64];
        stream.read_exact(&mut first).unwrap();
        readers.push(stream);
    }
    let began = std::time::Instant::now();
    lab.get(&format!("/files/{}", made["id"])).expect(200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// A store on a disk of 8 MiB.
#[test]
fn a_disk_that_fills_during_an_upload_is_said_and_loses_nothing() {
    let disk = Disk::new("8m");
    let Some(disk) = disk else { return };
    let roots = vec![disk.path.clone()];
    let lab = Lab::with(|config| config.workspace_roots = roots);
    let body = json!({"name": "small", "path": disk.path.join("ws")});
    let made = lab.api.call("POST", "/api/v1/workspaces", &lab.ada, &body).expect(201);
    let at = format!("/api/v1/workspaces/{}/notebooks", made["id"]);
    lab.api.call("POST", &at, &lab.ada, &json!({"name": "runs"})).expect(201);
    let send = |name: &str, bytes: &[u8]| {
        let ask = Ask::new("POST", &format!("{at}/runs/files/upload")).bearer(&lab.ada.token);
        lab.api.send(&ask.body(&multipart(), form(&[("file", Some(name), bytes)])))
    };
    send("a.md", b"kept").expect(201);
    let error = send("big.bin", &noise(20 << 20)).expect(507);
    assert_eq!(error["error"], "insufficient_storage");
    let runs = disk.path.join("ws/runs");
    assert!(!runs.join("big.bin").exists());
    assert_eq!(std::fs::read(runs.join("a.md")).unwrap(), b"kept");
    assert_eq!(std::fs::read_dir(runs.join(".codex/tmp")).unwrap().count(), 0);
    send("b.md", b"there is room again").expect(201);
    lab.api.call("DELETE", &format!("/api/v1/workspaces/{}", made["id"]), &lab.ada, &json!({})).expect(204);
}

/// A small disk, as far as this machine permits one.
struct Disk {
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Disk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none"])
            .arg(&path)
            .output();
        mount.is_ok_and(|output| output.status.success()).then_some(Self { path, _folder: folder })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.path).output();
    }
}
