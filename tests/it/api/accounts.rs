//! Registering, signing in and out, passwords, tokens and sessions.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::Ask;
use super::{Api, PASSWORD, Person};
use crate::support::eventually;

fn register(api: &Api, body: &Value) -> super::Reply {
    api.send(&Ask::new("POST", "/api/v1/users/register").json(body))
}

fn registration(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@lab.example"), "password": PASSWORD})
}

#[test]
fn somebody_registers_signs_in_and_finds_a_workspace_of_their_own() {
    let api = Api::start();
    let user = register(&api, &registration("ada")).expect(201);
    assert_eq!(
        (&user["username"], &user["is_server_owner"], &user["is_active"]),
        (&json!("ada"), &json!(true), &json!(true))
    );
    assert!(user.get("hashed_password").is_none());
    let tokens = api.sign_in("ada@LAB.example", PASSWORD).expect(200);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(1800)));
    let ada = Person {
        id: user["id"].as_i64().unwrap(),
        name: "ada".into(),
        token: tokens["access_token"].as_str().unwrap().into(),
    };
    let workspaces = api.get("/api/v1/workspaces/", &ada).expect(200);
    assert_eq!((&workspaces[0]["slug"], &workspaces[0]["role"]), (&json!("ada"), &json!("owner")));
    assert!(api.home().join("workspaces/ada/.codex/workspace.yaml").exists());
    assert_eq!(api.get("/api/v1/users/me", &ada).expect(200)["email"], "ada@lab.example");
    assert_eq!(register(&api, &registration("ADA")).expect(409)["error"], "exists");
    let same_address = json!({"username": "bohr", "email": "Ada@lab.example", "password": PASSWORD});
    assert_eq!(register(&api, &same_address).expect(409)["error"], "exists");
    // Nothing of those who were refused is left behind.
    let left: Vec<_> = std::fs::read_dir(api.home().join("workspaces")).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(register(&api, &registration("bohr")).expect(201)["is_server_owner"], false);
}

#[test]
fn registrations_that_do_not_fit_name_the_fields() {
    let api = Api::start();
    for (change, field) in [
        (json!({"username": "ab"}), "username"),
        (json!({"username": "a".repeat(51)}), "username"),
        (json!({"username": "a<b>c"}), "username"),
        (json!({"username": "Codex"}), "username"),
        (json!({"username": "Agent tidy"}), "username"),
        (json!({"username": 7}), "username"),
        (json!({"email": "nowhere"}), "email"),
        (json!({"password": "short"}), "password"),
        (json!({"password": "x".repeat(129)}), "password"),
        (json!({"is_server_owner": true}), "is_server_owner"),
    ] {
        let mut body = registration("ada");
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let error = register(&api, &body).expect(422);
        assert_eq!(error["fields"][0]["field"], field, "{error}");
    }
    let error = register(&api, &json!({"username": "a", "email": "b", "password": "c"})).expect(422);
    assert_eq!(error["fields"].as_array().unwrap().len(), 3, "{error}");
}

/// README: "The first account owns the server: on 127.0.0.1 whoever registers first, elsewhere whoever has the code that
/// `cdx serve` prints".
#[test]
fn the_first_person_of_a_server_that_others_reach_needs_the_setup_code() {
    let mut api = Api::start_with(|config| config.listen = "0.0.0.0:0".parse().unwrap());
    let code = api.server().setup_code().expect("a code").to_owned();
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], api.server().address().port()));
    let register = |body: &Value| Ask::new("POST", "/api/v1/users/register").json(body).send(to);
    assert_eq!(register(&registration("eve")).expect(403)["error"], "forbidden");
    let mut wrong = registration("eve");
    wrong["setup_code"] = json!("00000000-00000000-00000000-00000000");
    register(&wrong).expect(403);
    let mut right = registration("ada");
    right["setup_code"] = json!(code);
    assert_eq!(register(&right).expect(201)["is_server_owner"], true);
    // From then on registration is open to all, or closed.
    register(&registration("bohr")).expect(201);
    api.start_again(|config| {
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.registration_open = false;
    });
    assert_eq!(api.server().setup_code(), None);
    let closed = Ask::new("POST", "/api/v1/users/register").json(&registration("curie"));
    assert!(api.send(&closed).expect(403)["detail"].as_str().unwrap().contains("closed"));
}

#[test]
fn the_password_form_of_oauth_signs_in_too() {
    let api = Api::start();
    api.account("ada");
    let form = |body: &str| Ask::new("POST", "/api/v1/users/token").body("application/x-www-form-urlencoded", body);
    let reply = api.send(&form("grant_type=password&username=ada&password=correct+horse%20battery&scope="));
    reply.expect(200);
    let cookie = reply.headers.iter().find(|(name, value)| name == "set-cookie" && value.starts_with("access_token="));
    let (_, cookie) = cookie.expect("a cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=1800"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure"), "{cookie}");
    api.send(&form("username=ada")).expect(422);
    api.send(&form("username=ada&password=x&grant_type=client_credentials")).expect(422);
    api.send(&Ask::new("POST", "/api/v1/users/token").body("text/plain", "x")).expect(415);
}

/// README of the API: one answer, one time.
#[test]
fn an_unknown_name_a_wrong_password_and_a_disabled_account_look_alike() {
    let api = Api::start();
    api.account("ada");
    let gone = api.account("gone");
    api.db().set_active(gone, false).unwrap();
    let mut seen = Vec::new();
    for (name, password) in [("ada", "wrong"), ("nobody", "wrong"), ("gone", PASSWORD), ("gone", "wrong")] {
        let began = Instant::now();
        let error = api.sign_in(name, password).expect(401);
        let beats = began.elapsed().as_millis() / 250;
        seen.push((error["error"].clone(), error["detail"].clone(), beats));
    }
    assert!(seen.iter().all(|one| one.0 == seen[0].0 && one.1 == seen[0].1), "{seen:?}");
    // All are answered at a beat: none at once.
    assert!(seen.iter().all(|one| one.2 >= 1), "{seen:?}");
}

#[test]
fn wrong_passwords_slow_down_whatever_forwarding_headers_say() {
    let api = Api::start();
    api.account("ada");
    api.account("bohr");
    let attempt = |n: usize| {
        let body = json!({"username": "ada", "password": "wrong"});
        api.send(&Ask::new("POST", "/api/v1/users/token").header("X-Forwarded-For", format!("10.0.0.{n}")).json(&body))
    };
    let mut statuses: Vec<u16> = (0..12).map(|n| attempt(n).status).collect();
    statuses.dedup();
    assert_eq!(statuses, [401, 429]);
    let slowed = attempt(99);
    let seconds: u64 = slowed.header("retry-after").expect("Retry-After").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(api.sign_in("ada", PASSWORD).status, 429);
    // Others at the same address sign in, and the wait ends.
    api.sign_in("bohr", PASSWORD).expect(200);
    std::thread::sleep(Duration::from_secs(seconds + 1));
    api.sign_in("ada", PASSWORD).expect(200);
}

/// All sign-ins of these at the same moment; their statuses, sorted.
fn at_once(api: &Api, count: usize, password: &str) -> Vec<u16> {
    let all_there = std::sync::Barrier::new(count);
    let attempt = || {
        all_there.wait();
        api.sign_in("ada", password).status
    };
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let attempts: Vec<_> = (0..count).map(|_| scope.spawn(attempt)).collect();
        attempts.into_iter().map(|attempt| attempt.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    statuses
}

#[test]
fn wrong_passwords_that_come_at_once_are_slowed_like_those_that_come_one_after_another() {
    let api = Api::start_with(|config| config.requests_per_second = 0);
    api.account("ada");
    // Right ones are all let in, however many come at once.
    assert_eq!(at_once(&api, 12, PASSWORD), [200; 12]);
    let statuses = at_once(&api, 40, "wrong");
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    // Five cost nothing; where hashing takes seconds, waits of 1 and 2 s pass meanwhile.
    assert!((5..=7).contains(&looked_at), "{statuses:?}");
    assert!(statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
}

/// Their priorities, of the threads of this process that hash a password.
fn hashing_threads() -> Vec<i32> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("a process has threads").flatten();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    // Number, (name), state, and the fields of proc_pid_stat(5) up to its nice value.
    let hashing = stats.filter_map(|stat| stat.split_once("(password)")?.1.split(' ').nth(17)?.parse().ok());
    hashing.collect()
}

#[test]
fn passwords_are_hashed_by_threads_that_let_others_go_first() {
    let api = Api::start_with(|config| config.requests_per_second = 0);
    api.account("ada");
    let mut politest = None;
    std::thread::scope(|scope| {
        let signing_in = scope.spawn(|| at_once(&api, 8, PASSWORD));
        while !signing_in.is_finished() {
            politest = politest.max(hashing_threads().into_iter().max());
            std::thread::yield_now();
        }
        assert_eq!(signing_in.join().expect("answers"), [200; 8]);
    });
    assert!(politest.is_some_and(|nice| nice >= 10), "{politest:?}");
}

/// A guess is not free because nobody waits for its answer.
#[test]
fn a_wrong_password_counts_whose_sender_goes_away() {
    use std::io::Write;
    let api = Api::start_with(|config| config.requests_per_second = 0);
    api.account("ada");
    let body = json!({"username": "ada", "password": "wrong"}).to_string();
    let request = format!(
        "POST /api/v1/users/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for _ in 0..5 {
        let mut stream = std::net::TcpStream::connect(api.server().address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        // Long enough to be read, too short to be hashed and answered (250 ms).
        std::thread::sleep(Duration::from_millis(60));
    }
    let left = || {
        let standing = api.db().login_standing("ada", "127.0.0.1", cdx::types::Instant::now()).unwrap();
        standing.chances.iter().map(|chance| chance.left).collect::<Vec<_>>()
    };
    // For her at this address, for the address, for her anywhere.
    eventually(Duration::from_secs(10), "all have been counted", || left() == [1, 15, 45]);
}

#[test]
fn a_password_of_the_original_is_accepted_and_kept_anew() {
    let api = Api::start();
    let ada = api.account("ada");
    // hashlib.pbkdf2_hmac("sha256", b"correct horse", bytes.fromhex(salt), 100_000)
    let original = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff$\
        ecddcf926b7fd539916fae70101cb3bf82b8a024d6a0f5aa64a712156aff971e";
    api.db().set_password(ada, original, None).unwrap();
    api.sign_in("ada", "wrong horse").expect(401);
    api.sign_in("ada", "correct horse").expect(200);
    let kept = api.db().credentials("ada").unwrap().unwrap().hash.unwrap();
    assert!(kept.starts_with("$argon2id$"), "{kept}");
    api.sign_in("ada", "correct horse").expect(200);
}

#[test]
fn refresh_tokens_are_good_once_and_a_stolen_one_ends_the_session() {
    let api = Api::start();
    api.account("ada");
    let tokens = api.sign_in("ada", PASSWORD).expect(200);
    let refresh = |token: &Value| {
        api.send(&Ask::new("POST", "/api/v1/users/token/refresh").json(&json!({"refresh_token": token})))
    };
    let first = tokens["refresh_token"].clone();
    let second = refresh(&first).expect(200);
    assert_ne!(second["refresh_token"], first);
    let ada = Person { id: 0, name: "ada".into(), token: second["access_token"].as_str().unwrap().into() };
    api.get("/api/v1/users/me", &ada).expect(200);
    // The thief comes after the moment in which an answer may have been lost.
    std::thread::sleep(Duration::from_secs(12));
    refresh(&first).expect(401);
    // It stands in the audit, from where it came, without the token.
    let audit = std::process::Command::new("sqlite3")
        .arg(api.home().join("codex_system.db"))
        .arg("SELECT action_type, user_id, input_summary, output_summary, reason FROM agent_action_logs")
        .output()
        .expect("sqlite3");
    let audit = String::from_utf8_lossy(&audit.stdout).into_owned();
    assert!(audit.starts_with("refresh_token_reused|") && audit.contains("from 127.0.0.1"), "{audit:?}");
    assert!(audit.lines().count() == 1 && !audit.contains("cdxr_"), "{audit}");
    refresh(&second["refresh_token"]).expect(401);
    api.get("/api/v1/users/me", &ada).expect(401);
    for bad in [json!("cdxr_00"), json!(""), json!(tokens["access_token"])] {
        refresh(&bad).expect(401);
    }
    refresh(&json!(7)).expect(422);
}

#[test]
fn signing_out_ends_the_session_at_once() {
    let api = Api::start();
    let ada = api.person("ada");
    let other = api.signed_in("ada", ada.id);
    let reply = api.call("POST", "/api/v1/users/logout", &ada, &json!({}));
    reply.expect(204);
    assert_eq!(reply.cookie("access_token").as_deref(), Some(""));
    api.get("/api/v1/users/me", &ada).expect(401);
    api.get("/api/v1/users/me", &other).expect(200);
    api.send(&Ask::new("POST", "/api/v1/users/logout")).expect(204);
}

#[test]
fn a_password_change_ends_every_other_session() {
    let api = Api::start();
    let ada = api.person("ada");
    let other = api.signed_in("ada", ada.id);
    let change = |current: &str, new: &str| {
        api.call("POST", "/api/v1/users/me/password", &ada, &json!({"current_password": current, "new_password": new}))
    };
    change("wrong", "another password").expect(403);
    let tokens = change(PASSWORD, "another password").expect(200);
    for old in [&ada, &other] {
        api.get("/api/v1/users/me", old).expect(401);
    }
    let new = Person { token: tokens["access_token"].as_str().unwrap().into(), ..ada };
    api.get("/api/v1/users/me", &new).expect(200);
    api.sign_in("ada", PASSWORD).expect(401);
    api.sign_in("ada", "another password").expect(200);
}

#[test]
fn sessions_are_listed_and_ended() {
    let api = Api::start();
    let ada = api.person("ada");
    let other = api.signed_in("ada", ada.id);
    let sessions = api.get("/api/v1/users/me/sessions", &ada).expect(200);
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let foreign = sessions.iter().find(|session| session["is_current"] == false).unwrap();
    assert_eq!(foreign["address"], "127.0.0.1");
    api.call("DELETE", &format!("/api/v1/users/me/sessions/{}", foreign["id"]), &ada, &json!({})).expect(204);
    api.get("/api/v1/users/me", &other).expect(401);
    api.call("DELETE", &format!("/api/v1/users/me/sessions/{}", foreign["id"]), &ada, &json!({})).expect(404);
    let third = api.signed_in("ada", ada.id);
    api.call("DELETE", "/api/v1/users/me/sessions", &ada, &json!({})).expect(204);
    api.get("/api/v1/users/me", &third).expect(401);
    api.get("/api/v1/users/me", &ada).expect(200);
}

#[test]
fn personal_access_tokens_have_scopes_limits_and_an_end() {
    let api = Api::start();
    let ada = api.person("ada");
    let (lab, bees) = (api.workspace("lab", &ada), api.workspace("bees", &ada));
    let make = |body: &Value| api.call("POST", "/api/v1/users/me/tokens", &ada, body);
    let token = |body: &Value| {
        let made = make(body).expect(201);
        let id = made["id"].as_i64().unwrap();
        (id, Person { id: ada.id, name: "ada".into(), token: made["token"].as_str().unwrap().into() })
    };
    let (id, reads) = token(&json!({"name": "ci", "scopes": ["read"]}));
    assert!(reads.token.starts_with("cdx_"));
    let (_, writes) = token(&json!({"name": "w", "scopes": ["write", "read"], "workspace_id": lab["id"]}));
    let at = |workspace: &Value, rest: &str| format!("/api/v1/workspaces/{}{rest}", workspace["id"]);
    api.get(&at(&lab, "/notebooks"), &reads).expect(200);
    api.call("POST", &at(&lab, "/notebooks"), &reads, &json!({"name": "new"})).expect(403);
    api.call("POST", &at(&lab, "/notebooks"), &writes, &json!({"name": "new"})).expect(201);
    api.call("PATCH", &at(&lab, ""), &writes, &json!({"name": "x"})).expect(403);
    api.get(&at(&bees, ""), &writes).expect(404);
    assert_eq!(api.get("/api/v1/workspaces", &writes).expect(200).as_array().unwrap().len(), 1);
    // A token makes no tokens and knows no sessions.
    api.get("/api/v1/users/me/tokens", &writes).expect(403);
    let runs = api.get(&at(&lab, "/notebooks/runs"), &ada).expect(200)["id"].clone();
    let (_, narrow) = token(&json!({"name": "n", "scopes": ["admin"], "notebook_id": runs}));
    let seen = api.get(&at(&lab, "/notebooks"), &narrow).expect(200);
    assert_eq!((seen.as_array().unwrap().len(), &seen[0]["slug"]), (1, &json!("runs")));
    api.get(&at(&lab, "/notebooks/new"), &narrow).expect(404);
    let listed = api.get("/api/v1/users/me/tokens", &ada).expect(200);
    assert!(listed.as_array().unwrap().len() == 3 && !listed.to_string().contains(&reads.token), "{listed}");
    assert!(listed[0]["last_used_at"].is_string(), "{listed}");
    api.call("DELETE", &format!("/api/v1/users/me/tokens/{id}"), &ada, &json!({})).expect(204);
    api.get("/api/v1/users/me", &reads).expect(401);
    for (body, field) in [
        (json!({"name": "", "scopes": ["read"]}), "name"),
        (json!({"name": "x", "scopes": []}), "scopes"),
        (json!({"name": "x", "scopes": ["root"]}), "scopes[0]"),
        (json!({"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}), "expires_at"),
        (json!({"name": "x", "scopes": ["read"], "expires_at": "soon"}), "expires_at"),
        (json!({"name": "x", "scopes": ["read"], "workspace_id": 9999}), "workspace_id"),
    ] {
        assert_eq!(make(&body).expect(422)["fields"][0]["field"], field, "{body}");
    }
}

#[test]
fn a_profile_is_changed_and_an_account_ended() {
    let api = Api::start();
    let (ada, bohr) = (api.person("ada"), api.person("bohr"));
    let changed = api.call("PATCH", "/api/v1/users/me", &bohr, &json!({"username": "niels"})).expect(200);
    assert_eq!((&changed["username"], &changed["email"]), (&json!("niels"), &json!("bohr@lab.example")));
    api.call("PATCH", "/api/v1/users/me", &bohr, &json!({"username": "Ada"})).expect(409);
    api.call("PATCH", "/api/v1/users/me/theme", &bohr, &json!({"theme": "cream"})).expect(200);
    assert_eq!(api.get("/api/v1/users/me", &bohr).expect(200)["theme_setting"], "cream");
    api.call("DELETE", "/api/v1/users/me", &bohr, &json!({})).expect(204);
    api.get("/api/v1/users/me", &bohr).expect(401);
    api.workspace("lab", &ada);
    api.call("DELETE", "/api/v1/users/me", &ada, &json!({})).expect(409);
}

/// Another program (`cdx user disable`) does it, and the next request is refused.
#[test]
fn a_disabled_account_is_out_with_the_next_request() {
    let api = Api::start();
    let (_, bohr) = (api.person("ada"), api.person("bohr"));
    api.get("/api/v1/users/me", &bohr).expect(200);
    api.db().set_active(cdx::types::UserId(bohr.id), false).unwrap();
    api.get("/api/v1/users/me", &bohr).expect(401);
}
