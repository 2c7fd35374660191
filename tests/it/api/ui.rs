//! The web UI, as browsers ask for it. `make web` has built it before these tests (`make test` sees to that).

use super::Api;
use super::client::{Ask, Reply};

const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

fn page(api: &Api, path: &str) -> Reply {
    api.send(&Ask::new("GET", path).header("Accept", HTML))
}

/// The addresses of scripts and styles that the page names.
fn assets(html: &str) -> Vec<String> {
    let parts = html.split('"').filter(|part| part.starts_with("/assets/"));
    parts.map(str::to_owned).collect()
}

#[test]
fn the_page_is_there_for_its_own_addresses_and_for_no_other() {
    let api = Api::start();
    let first = page(&api, "/");
    let text = first.text();
    assert!(!assets(&text).is_empty(), "`make web` builds the UI: {text}");
    for path in [
        "/sign-in",
        "/register",
        "/w/lab",
        "/w/lab/runs/a/deep%20note.md",
        "/w/lab/-/search",
        "/w/lab/-/settings/account",
    ] {
        let reply = api.send(&Ask::new("GET", path));
        assert_eq!((reply.status, reply.text() == text), (200, true), "{path}");
        assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-cache"), "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src")).unwrap();
        assert_eq!(scripts.trim(), "script-src 'self'");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    for path in [
        "/api/v1/nothing",
        "/w",
        "/nothing",
        "/assets/nothing.js",
        "/assets/../index.html",
        "/index.html",
        "/.gitignore",
    ] {
        let reply = page(&api, path);
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.json()["error"], "not_found", "{path}");
    }
    assert_eq!(api.send(&Ask::new("POST", "/w/lab")).status, 405);
}

/// Programs that ask `/` what is there get what they always got.
#[test]
fn programs_are_told_which_program_it_is() {
    let api = Api::start();
    for ask in [
        Ask::new("GET", "/"),
        Ask::new("GET", "/").header("Accept", "*/*"),
        Ask::new("GET", "/").header("Accept", "application/json"),
    ] {
        let reply = api.send(&ask);
        assert_eq!(reply.expect(200)["name"], "codex");
        assert!(reply.header("vary").unwrap().contains("accept"));
    }
}

#[test]
fn what_the_page_loads_is_kept_for_ever_and_compressed() {
    let api = Api::start();
    let html = page(&api, "/").text();
    for path in assets(&html) {
        let plain = api.send(&Ask::new("GET", &path));
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
        let kind = if path.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
        assert_eq!(plain.header("content-type"), Some(kind), "{path}");
        assert_eq!(plain.header("content-encoding"), None);
        assert!(plain.header("vary").unwrap().contains("accept-encoding"));
        let zipped = api.send(&Ask::new("GET", &path).header("Accept-Encoding", "gzip, br"));
        if plain.body.len() > 1024 {
            assert_eq!(zipped.header("content-encoding"), Some("gzip"), "{path}");
            assert!(zipped.body.starts_with(&[0x1f, 0x8b]) && zipped.body.len() < plain.body.len(), "{path}");
            assert_ne!(zipped.header("etag"), plain.header("etag"), "two representations have two names");
        }
        let etag = plain.header("etag").unwrap().to_owned();
        let again = api.send(&Ask::new("GET", &path).header("If-None-Match", etag.clone()));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(etag.as_str()));
    }
    assert_eq!(api.send(&Ask::new("GET", "/favicon.svg")).header("content-type"), Some("image/svg+xml"));
}

#[test]
fn the_page_is_asked_for_again_by_its_etag() {
    let api = Api::start();
    let first = page(&api, "/w/lab");
    let etag = first.header("etag").expect("an ETag").to_owned();
    let again = api.send(&Ask::new("GET", "/w/other").header("Accept", HTML).header("If-None-Match", etag));
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn who_comes_first_is_told_what_registering_takes() {
    let api = Api::start();
    let registering = || api.send(&Ask::new("GET", "/api/v1/users/register")).expect(200);
    assert_eq!(registering(), serde_json::json!({"is_open": true, "is_first": true, "needs_code": false}));
    api.account("ada");
    assert_eq!(registering()["is_first"], false);
    let closed = Api::start_with(|config| config.registration_open = false);
    closed.account("ada");
    let state = closed.send(&Ask::new("GET", "/api/v1/users/register")).expect(200);
    assert_eq!(state, serde_json::json!({"is_open": false, "is_first": false, "needs_code": false}));
}
