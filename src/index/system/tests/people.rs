//! Accounts, sessions, tokens, slowed sign-ins, and the roster that knows of all of it at once.

use std::path::Path;

use super::super::*;
use crate::types::{Instant, Role, SessionId, TokenLimit, TokenScope, UserId, WorkspaceId};

const NOW: Instant = Instant::constant(1_800_000_000, 0);

fn after(seconds: i64) -> Instant {
    NOW + jiff::SignedDuration::from_secs(seconds)
}

struct Home {
    folder: tempfile::TempDir,
    db: SystemDb,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = SystemDb::open(folder.path()).unwrap();
        Self { folder, db }
    }

    fn register(&self, username: &str, may_be_first: bool, is_open: bool) -> Result<Account, SystemError> {
        let email = format!("{username}@lab");
        let new = NewAccount { username, email: Some(&email), hash: "$argon2id$x", workspace: None };
        self.db.create_account(&new, &Enrolment::Themselves { may_be_first, is_open, local: "root" })
    }

    fn person(&self, username: &str) -> UserId {
        self.register(username, true, true).unwrap().id
    }

    fn workspace(&self, name: &str, owner: UserId) -> WorkspaceId {
        let path = Path::new("/srv").join(name);
        self.db.add_workspace(&NewWorkspace { name, path: &path }, owner).unwrap()
    }

    fn session(&self, user: UserId, token: u8, address: &str) -> SessionId {
        let client = Client { address, user_agent: Some("curl") };
        self.db.open_session(user, client, &[token; 32], NOW).unwrap()
    }
}

fn said<T: std::fmt::Debug>(result: Result<T, SystemError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn the_first_person_owns_the_server_and_what_was_made_on_the_command_line() {
    let home = Home::new();
    let mine = home.db.register_workspace("lab", Path::new("/srv/lab"), "root").unwrap();
    let named = home.db.register_workspace("bees", Path::new("/srv/bees"), "bohr").unwrap();
    assert!(!home.db.has_people().unwrap());
    assert!(said(home.register("ada", false, true)).contains("setup code"));
    let ada = home.register("ada", true, false).unwrap();
    assert!(ada.is_server_owner && home.db.has_people().unwrap());
    assert_eq!(home.db.find_workspace("lab").unwrap().unwrap().owner, "ada");
    assert_eq!(home.db.members(mine.id).unwrap()[0].username, "ada");
    assert_eq!(home.db.find_workspace("bees").unwrap().unwrap().owner, "bohr");
    assert_eq!(home.db.default_owner("root").unwrap(), "ada");
    assert!(said(home.register("curie", false, false)).contains("closed"));
    // Nobody takes the workspace of one who was named by registering under that name.
    assert!(said(home.register("Bohr", false, true)).contains("`Bohr` is taken"));
    let operator = Enrolment::Operator { server_owner: false, local: "root" };
    let new = NewAccount { username: "bohr", email: None, hash: "$argon2id$y", workspace: None };
    let bohr = home.db.create_account(&new, &operator).unwrap();
    assert!(!bohr.is_server_owner);
    assert_eq!(home.db.members(named.id).unwrap()[0].user, bohr.id);
    assert!(said(home.register("eve", true, true).and_then(|_| home.register("EVE", true, true))).contains("taken"));
}

#[test]
fn of_two_first_registrations_one_becomes_the_owner() {
    let home = Home::new();
    let path = home.folder.path().to_owned();
    let register = |name: &'static str| {
        let path = path.clone();
        std::thread::spawn(move || {
            let db = SystemDb::open(&path).unwrap();
            let new = NewAccount { username: name, email: None, hash: "$argon2id$x", workspace: None };
            let by = Enrolment::Themselves { may_be_first: true, is_open: true, local: "root" };
            db.create_account(&new, &by).unwrap().is_server_owner
        })
    };
    let threads = [register("ada"), register("bohr"), register("curie")];
    let owners = threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>();
    assert_eq!(owners, 1);
}

#[test]
fn refresh_tokens_rotate_and_a_stolen_one_ends_the_session() {
    let home = Home::new();
    let ada = home.person("ada");
    let session = home.session(ada, 1, "10.0.0.1");
    let refresh = |old: u8, new: u8, at| home.db.refresh_session(&[old; 32], &[new; 32], "6.6.6.6", after(at)).unwrap();
    assert_eq!(refresh(1, 2, 60), Refreshed::Yes(session, ada));
    // The answer was lost, and the client asks again at once.
    assert_eq!(refresh(1, 3, 65), Refreshed::Yes(session, ada));
    assert_eq!(refresh(2, 4, 100), Refreshed::Yes(session, ada));
    assert_eq!(refresh(9, 5, 100), Refreshed::No);
    assert_eq!(refresh(1, 6, 200), Refreshed::Reused(session, ada));
    for token in [1, 2, 3, 4] {
        assert_eq!(refresh(token, 7, 201), Refreshed::No, "{token}");
    }
    assert!(home.db.sessions(ada, after(201)).unwrap().is_empty());
    // Once, though it came again: the session had ended by then.
    let row = "SELECT user_id || ' ' || action_type || ' ' || was_allowed || ' ' || phase || ': ' || input_summary";
    let audit = super::one(&home.db, &format!("{row} FROM agent_action_logs"));
    let said = format!("{ada} refresh_token_reused 0 outcome: a refresh token of session {session}, from 6.6.6.6");
    assert_eq!(audit, format!("Text({said:?})"));
    assert_eq!(super::one(&home.db, "SELECT count(*) FROM agent_action_logs"), "Integer(1)");
}

#[test]
fn sessions_end_when_nobody_uses_them_and_in_any_case_some_day() {
    let home = Home::new();
    let ada = home.person("ada");
    let day = 24 * 3600;
    let session = home.session(ada, 1, "10.0.0.1");
    assert_eq!(home.db.refresh_session(&[1; 32], &[2; 32], "", after(8 * day)).unwrap(), Refreshed::No);
    let other = home.session(ada, 10, "10.0.0.1");
    assert_ne!(session, other);
    let mut token = 10;
    for week in 1..20 {
        let at = after(week * 6 * day);
        let refreshed = home.db.refresh_session(&[token; 32], &[token + 1; 32], "", at).unwrap();
        let expected = if week * 6 < 90 { Refreshed::Yes(other, ada) } else { Refreshed::No };
        assert_eq!(refreshed, expected, "day {}", week * 6);
        token += u8::from(expected != Refreshed::No);
    }
}

#[test]
fn a_password_change_or_a_disabled_account_ends_sessions_and_changes_the_stamp() {
    let home = Home::new();
    let ada = home.person("ada");
    let (kept, _) = (home.session(ada, 1, "a"), home.session(ada, 2, "b"));
    let stamp = || home.db.find_account("ada").unwrap().unwrap().stamp;
    let first = stamp();
    assert_eq!(first.len(), 32);
    home.db.set_password(ada, "$argon2id$new", Some(kept)).unwrap();
    let second = stamp();
    assert_ne!(first, second);
    let left: Vec<SessionId> = home.db.sessions(ada, NOW).unwrap().iter().map(|session| session.id).collect();
    assert_eq!(left, [kept]);
    assert_eq!(home.db.refresh_session(&[2; 32], &[9; 32], "", after(1)).unwrap(), Refreshed::No);
    home.db.set_active(ada, false).unwrap();
    assert_ne!(second, stamp());
    assert!(home.db.sessions(ada, NOW).unwrap().is_empty());
    assert!(!home.db.credentials("ada@LAB").unwrap().unwrap().is_active);
}

#[test]
fn wrong_passwords_make_one_wait_and_never_for_good() {
    let home = Home::new();
    let ada = home.person("ada");
    let fail = |login: &str, address: &str, times: i64, at: i64| {
        for n in 0..times {
            home.db.login_failed(login, address, after(at + n)).unwrap();
        }
    };
    let standing = |login: &str, address: &str, at: i64| home.db.login_standing(login, address, after(at)).unwrap();
    let wait = |login: &str, address: &str, at: i64| standing(login, address, at).wait_seconds;
    fail("ada", "1.1.1.1", 4, 0);
    assert_eq!(wait("ada", "1.1.1.1", 4), 0);
    // One more, and the next wait; elsewhere all tries are left.
    let left = |login: &str, address: &str| {
        standing(login, address, 4).chances.iter().map(|chance| chance.left).collect::<Vec<_>>()
    };
    assert_eq!((left("ada", "1.1.1.1"), left("ada", "2.2.2.2")), (vec![1, 16, 46], vec![5, 20, 46]));
    fail("ADA", "1.1.1.1", 6, 4);
    assert_eq!(wait("ada", "1.1.1.1", 9), 32);
    assert_eq!(wait("ada", "1.1.1.1", 9 + 32), 0);
    assert_eq!(wait("ada", "2.2.2.2", 9), 0);
    // Another account from the same address, and 200 of them.
    fail("bohr", "1.1.1.1", 200, 10);
    assert_eq!(wait("curie", "1.1.1.1", 209), 60);
    assert_eq!(wait("curie", "1.1.1.1", 209 + 61), 0);
    // Many addresses at one account: others wait, but not where the account has been signed in from.
    for n in 0..60 {
        fail("ada", &format!("3.3.3.{n}"), 1, 1000 + n);
    }
    assert!(wait("ada", "4.4.4.4", 1059) > 0);
    home.session(ada, 1, "5.5.5.5");
    assert_eq!(wait("ada", "5.5.5.5", 1059), 0);
    // A clock that was set back does not make the wait longer.
    assert!(wait("ada", "4.4.4.4", -100_000) <= 30);
    fail("ada", "5.5.5.5", 6, 5000);
    assert_eq!(wait("ada", "5.5.5.5", 5005), 2);
    home.db.login_succeeded("ada", "5.5.5.5").unwrap();
    assert_eq!(wait("ada", "5.5.5.5", 5005), 0);
}

#[test]
fn the_last_owner_stays() {
    let home = Home::new();
    let (ada, bohr) = (home.person("ada"), home.person("bohr"));
    let lab = home.workspace("lab", ada);
    assert!(said(home.db.remove_member(lab, ada)).contains("last owner"));
    assert!(said(home.db.change_member(lab, ada, Role::Editor)).contains("last owner"));
    assert!(said(home.db.delete_account(ada)).contains("`lab` would have no owner"));
    assert_eq!(home.db.add_member(lab, "bohr@lab", Role::Editor).unwrap().role, Role::Editor);
    assert!(said(home.db.add_member(lab, "bohr", Role::Viewer)).contains("already"));
    assert!(said(home.db.add_member(lab, "nobody", Role::Viewer)).contains("no account"));
    home.db.change_member(lab, bohr, Role::Owner).unwrap();
    home.db.change_member(lab, ada, Role::Viewer).unwrap();
    assert_eq!(home.db.find_workspace("lab").unwrap().unwrap().owner, "bohr");
    assert!(said(home.db.delete_account(ada)).contains("server would have no owner"));
    assert!(said(home.db.delete_account(bohr)).contains("no owner"));
    home.db.remove_workspace(lab).unwrap();
    home.db.delete_account(bohr).unwrap();
    home.db.delete_account(ada).unwrap();
    assert!(!home.db.has_people().unwrap());
}

/// What another program changes holds from the next look on.
#[test]
fn the_roster_is_never_out_of_date() {
    let home = Home::new();
    let ada = home.person("ada");
    let keeper = RosterKeeper::open(home.folder.path()).unwrap();
    let is_current = || keeper.glance().is_some();
    assert!(is_current());
    let elsewhere = SystemDb::open(home.folder.path()).unwrap();
    let lab = home.workspace("lab", ada);
    assert!(!is_current());
    assert_eq!(keeper.read().unwrap().role(lab, ada), Some(Role::Owner));
    assert!(is_current());
    let session = home.session(ada, 1, "a");
    let shown = Shown::Session(session);
    assert_eq!(keeper.glance_at(shown), None);
    assert_eq!(keeper.look_at(shown).unwrap().1, Standing::Session(session, ada));
    assert_eq!(keeper.glance_at(shown).unwrap().1, Standing::Session(session, ada));
    elsewhere.end_session(ada, session, NOW).unwrap();
    assert_eq!(keeper.glance_at(shown), None);
    assert_eq!(keeper.look_at(shown).unwrap().1, Standing::Unknown);
    let new = NewApiToken {
        user: ada,
        name: "ci",
        scopes: &[TokenScope::Read],
        limit: TokenLimit::Workspace(lab),
        expires_at: Some(after(10)),
    };
    let token = elsewhere.add_token(&new, &[7; 32]).unwrap();
    assert!(token.is_good_at(after(9)) && !token.is_good_at(after(10)));
    let shown = Shown::Token([7; 32]);
    let standing = keeper.look_at(shown).unwrap().1;
    assert!(matches!(&standing, Standing::Token(found) if **found == token), "{standing:?}");
    home.db.revoke_token(ada, token.id, NOW).unwrap();
    assert_eq!(keeper.look_at(shown).unwrap().1, Standing::Unknown);
    elsewhere.set_active(ada, false).unwrap();
    assert!(!keeper.read().unwrap().account(ada).unwrap().is_active);
}

/// A sign-in of one is no reason to read everybody anew, nor to wait.
#[test]
fn sessions_that_begin_leave_the_roster_as_it_is() {
    let home = Home::new();
    let ada = home.person("ada");
    let keeper = RosterKeeper::open(home.folder.path()).unwrap();
    let before = keeper.read().unwrap();
    home.session(ada, 1, "a");
    assert!(std::sync::Arc::ptr_eq(&before, &keeper.glance().unwrap()));
    assert!(std::sync::Arc::ptr_eq(&before, &keeper.read().unwrap()));
    home.workspace("lab", ada);
    assert!(keeper.glance().is_none());
    assert!(!std::sync::Arc::ptr_eq(&before, &keeper.read().unwrap()));
}
