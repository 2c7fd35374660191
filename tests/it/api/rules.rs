//! What holds for every route: errors, headers, hosts, origins, bodies, slashes.

use serde_json::json;

use super::client::{Ask, raw};
use super::{Api, PASSWORD};

#[test]
fn every_answer_has_its_headers_and_every_error_its_body() {
    let api = Api::start();
    for (ask, status, word) in [
        (Ask::new("GET", "/api/v1/nothing"), 404, "not_found"),
        (Ask::new("GET", "/api/v1/users/me"), 401, "unauthorized"),
        (Ask::new("PUT", "/api/v1/users/me"), 405, "method_not_allowed"),
        (Ask::new("GET", "/api/v1/users/me").bearer("cdx_x"), 401, "unauthorized"),
        (Ask::new("GET", "/api/v1/users/me").header("Authorization", "Basic YTpi"), 401, "unauthorized"),
    ] {
        let reply = api.send(&ask.header("X-Request-ID", "abc-1"));
        let error = reply.expect(status);
        assert_eq!((&error["error"], &error["request_id"]), (&json!(word), &json!("abc-1")), "{error}");
        assert!(error["timestamp"].as_str().unwrap().ends_with('Z') && error["detail"].is_string());
        for (name, value) in [
            ("x-request-id", "abc-1"),
            ("x-api-version", "1"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{name}");
        }
        assert!(reply.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
        assert_eq!(reply.header("access-control-allow-origin"), None);
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401);
    }
    // An id that could forge a line of the log is not taken.
    let reply = api.send(&Ask::new("GET", "/health").header("X-Request-ID", "a b"));
    assert_eq!(reply.header("x-request-id").unwrap().len(), 32);
}

#[test]
fn routes_answer_with_and_without_a_slash() {
    let api = Api::start();
    let ada = api.person("ada");
    for path in ["/api/v1/workspaces", "/api/v1/workspaces/", "/api/v1/users/me/", "/health/", "/"] {
        assert_eq!(api.get(path, &ada).status, 200, "{path}");
    }
    let body = json!({"username": "ada", "password": PASSWORD});
    api.send(&Ask::new("POST", "/api/v1/users/token/").json(&body)).expect(200);
}

#[test]
fn a_host_of_another_name_is_refused() {
    let api = Api::start();
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", ""] {
        let reply = api.send(&Ask::new("GET", "/health").header("Host", host));
        assert_eq!(reply.status, 400, "{host}");
    }
    api.send(&Ask::new("GET", "/health").header("Host", "localhost:1")).expect(200);
    let two = b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(api.server().address(), two).unwrap().status, 400);
    let of_uri = b"GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(api.server().address(), of_uri).unwrap().status, 400);
}

#[test]
fn cookies_change_nothing_for_pages_of_others() {
    let api = Api::start();
    api.account("ada");
    let signed_in = api.sign_in("ada", PASSWORD);
    let cookie = format!("access_token={}", signed_in.cookie("access_token").unwrap());
    let own = format!("http://{}", api.server().address());
    let theme = |headers: &[(&str, &str)]| {
        let ask = Ask::new("PATCH", "/api/v1/users/me/theme").header("Cookie", cookie.clone());
        let ask = headers.iter().fold(ask, |ask, (name, value)| ask.header(name, *value));
        api.send(&ask.json(&json!({"theme": "cream"}))).status
    };
    for (headers, status) in [
        (vec![("Origin", own.as_str())], 200),
        (vec![("Sec-Fetch-Site", "same-origin")], 200),
        (vec![("Origin", own.as_str()), ("Sec-Fetch-Site", "same-origin")], 200),
        (vec![("Origin", "https://evil.example")], 403),
        (vec![("Origin", "null")], 403),
        (vec![("Sec-Fetch-Site", "cross-site")], 403),
        (vec![("Sec-Fetch-Site", "same-site")], 403),
        (vec![], 403),
    ] {
        assert_eq!(theme(&headers), status, "{headers:?}");
    }
    // Reading needs no proof; the header wins over the cookie, good or not.
    let read = Ask::new("GET", "/api/v1/users/me").header("Cookie", cookie.clone());
    api.send(&read).expect(200);
    api.send(&read.bearer("nonsense")).expect(401);
    // A form that a page of another origin posts signs nobody in or out.
    let form = Ask::new("POST", "/api/v1/users/token").header("Origin", "https://evil.example");
    api.send(&form.body("application/x-www-form-urlencoded", format!("username=ada&password={PASSWORD}"))).expect(403);
    let out =
        Ask::new("POST", "/api/v1/users/logout").header("Cookie", cookie).header("Origin", "https://evil.example");
    api.send(&out).expect(403);
}

#[test]
fn only_listed_origins_may_read_answers() {
    let api = Api::start_with(|config| config.cors_origins = vec!["http://localhost:5173".to_owned()]);
    let ask = |origin: &str| {
        let preflight = Ask::new("OPTIONS", "/api/v1/users/me").header("Origin", origin);
        api.send(&preflight.header("Access-Control-Request-Method", "PATCH"))
    };
    let allowed = ask("http://localhost:5173");
    assert_eq!(allowed.header("access-control-allow-origin"), Some("http://localhost:5173"));
    assert_eq!(allowed.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(ask("http://evil.example").header("access-control-allow-origin"), None);
}

#[test]
fn bodies_that_cannot_be_read_are_refused_for_what_they_are() {
    let api = Api::start_with(|config| config.body_max = 1 << 20);
    let ada = api.person("ada");
    let post = |ask: Ask| api.send(&ask.bearer(&ada.token)).status;
    let to = || Ask::new("POST", "/api/v1/workspaces");
    let json = "application/json";
    for (ask, status) in [
        (to().body(json, "{"), 400),
        (to().body(json, "[".repeat(100_000)), 422),
        (to().body(json, format!("{{\"name\": {}", "[".repeat(100_000))), 422),
        (to().body(json, "{\"name\": \"\\ud800\"}"), 400),
        (to().body(json, &b"{\"name\": \"\xff\"}"[..]), 400),
        (to().body(json, "[]"), 422),
        (to().body(json, "{\"name\": {}}"), 422),
        (to().body(json, "{\"nmae\": \"x\"}"), 422),
        (to().body(json, ""), 400),
        (to().body("text/plain", "{\"name\": \"x\"}"), 415),
        (to().body(json, format!("{{\"name\": \"{}\"}}", "x".repeat(2 << 20))), 413),
        (to().header("Content-Length", "1000000000000").body(json, "{"), 413),
        (
            to().header("Transfer-Encoding", "chunked")
                .body(json, format!("200000\r\n{}\r\n0\r\n\r\n", "x".repeat(0x20_0000))),
            413,
        ),
    ] {
        let shown = format!("{ask:?}").chars().take(120).collect::<String>();
        assert_eq!(post(ask), status, "{shown}");
    }
}

/// What the description excludes is refused, though Rust would take it: lists for types with fields, numbers that its
/// whole numbers do not reach, flags beyond 1.
#[test]
fn what_the_description_excludes_is_refused_by_its_name() {
    let lab = super::lab::Lab::new();
    let made = lab.make("a.md", "x");
    let (at, id) = (lab.at.clone(), made["id"].clone());
    let past_all = "9223372036854775808";
    for (path, field) in [
        (format!("{at}/files?skip={past_all}"), "skip"),
        (format!("{at}/deleted?skip={past_all}"), "skip"),
        (format!("{at}/history?skip={past_all}"), "skip"),
        (format!("{at}/files/{id}/history?skip={past_all}"), "skip"),
        (format!("{at}/search?q=x&offset={past_all}"), "offset"),
        (format!("/api/v1/query?workspace_id=lab&offset={past_all}"), "offset"),
        (format!("/api/v1/ws?since={past_all}"), "since"),
        (format!("{at}/files/{id}/content?download=2"), "download"),
    ] {
        let refused = lab.api.get(&path, &lab.ada).expect(422);
        assert_eq!(refused["fields"][0]["field"], field, "{path}: {refused}");
    }
    lab.get(&format!("/files?skip={}", i64::MAX)).expect(200);
    for (method, path) in [("PATCH", at.as_str()), ("POST", "/api/v1/workspaces"), ("PUT", &format!("{at}/files/{id}"))]
    {
        lab.api.call(method, path, &lab.ada, &json!([null, null])).expect(422);
    }
    lab.api.call("POST", "/api/v1/workspaces", &lab.ada, &json!(["by its place", null])).expect(422);
    // A body that may be left out may be null, and clients that send every field leave out by null.
    lab.api.call("POST", "/api/v1/users/token/refresh", &lab.ada, &json!(null)).expect(401);
    let named = json!({"name": null, "description": "said"});
    assert_eq!(lab.api.call("PATCH", &at, &lab.ada, &named).expect(200)["name"], "runs");
}

#[test]
fn floods_are_slowed() {
    let api = Api::start_with(|config| config.requests_per_second = 5);
    let statuses: Vec<u16> = (0..80).map(|_| api.send(&Ask::new("GET", "/ready")).status).collect();
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
}

#[test]
fn only_proxies_that_are_configured_say_who_asks() {
    let api =
        Api::start_with(|config| config.trusted_proxies = vec![cdx::config::Network::parse("127.0.0.1").unwrap()]);
    api.account("ada");
    let body = json!({"username": "ada", "password": PASSWORD});
    let ask = Ask::new("POST", "/api/v1/users/token").header("X-Forwarded-For", "1.2.3.4, 203.0.113.9");
    let tokens = api.send(&ask.json(&body)).expect(200);
    let me = Ask::new("GET", "/api/v1/users/me/sessions").bearer(tokens["access_token"].as_str().unwrap());
    assert_eq!(api.send(&me).expect(200)[0]["address"], "203.0.113.9");
}

#[test]
fn health_tells_strangers_little_and_the_owner_more() {
    let api = Api::start();
    let (ada, bohr) = (api.person("ada"), api.person("bohr"));
    let health = api.send(&Ask::new("GET", "/health")).expect(200);
    assert_eq!(health["status"], "healthy");
    assert!(health.get("database").is_none());
    assert!(api.get("/health", &bohr).expect(200).get("database").is_none());
    assert_eq!(api.get("/health", &ada).expect(200)["database"], true);
    api.send(&Ask::new("GET", "/ready")).expect(200);
    api.send(&Ask::new("GET", "/metrics")).expect(404);
}

#[test]
fn figures_are_served_at_an_address_of_their_own() {
    let api = Api::start_with(|config| config.metrics_listen = Some("127.0.0.1:0".parse().unwrap()));
    api.send(&Ask::new("GET", "/api/v1/users/me")).expect(401);
    api.send(&Ask::new("GET", "/api/v1/invented/by/a/caller")).expect(404);
    let text = Ask::new("GET", "/metrics").send(api.server().metrics_address().unwrap()).text();
    assert!(
        text.contains("codex_requests_seconds_count{route=\"/api/v1/users/me\",method=\"GET\",status=\"401\"} 1"),
        "{text}"
    );
    assert!(!text.contains("invented") && text.contains("codex_workspaces_open 0"), "{text}");
}
