//! Every kind of principal at every action on every kind of resource, as one table.

use std::fmt::Write as _;

use super::*;
use crate::types::{NotebookId, SessionId, TokenId, UserId, WorkspaceId};

const LAB: WorkspaceId = WorkspaceId(1);
const OTHER: WorkspaceId = WorkspaceId(2);
const RUNS: NotebookId = NotebookId(10);
const PAPERS: NotebookId = NotebookId(11);

fn person(is_server_owner: bool, via: Via) -> Principal {
    Principal::User(User { id: UserId(5), name: "ada".to_owned(), is_server_owner, via })
}

fn token(scope: TokenScope, limit: TokenLimit) -> Via {
    Via::Token { id: TokenId(3), scope, limit }
}

fn principals() -> Vec<(&'static str, Principal)> {
    use TokenScope::{Admin, Read, Write};
    let session = Via::Session(SessionId(4));
    vec![
        ("nobody", Principal::Nobody),
        ("person", person(false, session)),
        ("server owner", person(true, session)),
        ("read token", person(true, token(Read, TokenLimit::None))),
        ("write token", person(true, token(Write, TokenLimit::None))),
        ("admin token", person(false, token(Admin, TokenLimit::None))),
        ("owner's admin token", person(true, token(Admin, TokenLimit::None))),
        ("admin token for lab", person(true, token(Admin, TokenLimit::Workspace(LAB)))),
        ("admin token for runs", person(true, token(Admin, TokenLimit::Notebook(LAB, RUNS)))),
        ("admin token for another", person(true, token(Admin, TokenLimit::Workspace(OTHER)))),
    ]
}

fn resources() -> Vec<(&'static str, Resource)> {
    let lab = |role| Resource::Workspace { id: LAB, role };
    let notebook = |id, role| Resource::Notebook { id, workspace: LAB, role };
    vec![
        ("server", Resource::Server),
        ("own account", Resource::Account(UserId(5))),
        ("other account", Resource::Account(UserId(6))),
        ("lab as stranger", lab(None)),
        ("lab as viewer", lab(Some(Role::Viewer))),
        ("lab as editor", lab(Some(Role::Editor))),
        ("lab as owner", lab(Some(Role::Owner))),
        ("runs as stranger", notebook(RUNS, None)),
        ("runs as viewer", notebook(RUNS, Some(Role::Viewer))),
        ("runs as editor", notebook(RUNS, Some(Role::Editor))),
        ("runs as owner", notebook(RUNS, Some(Role::Owner))),
        ("papers as owner", notebook(PAPERS, Some(Role::Owner))),
    ]
}

/// One letter an action, in the order See, Read, Write, Manage, Secure, Operate: A(llowed), h(idden), r(efused).
fn decided() -> String {
    let mut table = String::new();
    for (name, principal) in principals() {
        writeln!(table, "{name}").unwrap();
        for (on, resource) in resources() {
            let letters: String = Action::ALL
                .into_iter()
                .map(|action| match authorize(&principal, action, resource) {
                    Verdict::Allowed => 'A',
                    Verdict::Hidden => 'h',
                    Verdict::Refused => 'r',
                })
                .collect();
            writeln!(table, "  {on:<17} {letters}").unwrap();
        }
    }
    table
}

const EXPECTED: &str = "\
nobody
  server            Ahhhhh
  own account       hhhhhh
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     hhhhhh
  lab as editor     hhhhhh
  lab as owner      hhhhhh
  runs as stranger  hhhhhh
  runs as viewer    hhhhhh
  runs as editor    hhhhhh
  runs as owner     hhhhhh
  papers as owner   hhhhhh
person
  server            Arrrrr
  own account       AAAAAr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     AArrrr
  lab as editor     AAArrr
  lab as owner      AAAArr
  runs as stranger  hhhhhh
  runs as viewer    AArrrr
  runs as editor    AAArrr
  runs as owner     AAAArr
  papers as owner   AAAArr
server owner
  server            AAAArA
  own account       AAAAAr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     AArrrA
  lab as editor     AAArrA
  lab as owner      AAAArA
  runs as stranger  hhhhhh
  runs as viewer    AArrrA
  runs as editor    AAArrA
  runs as owner     AAAArA
  papers as owner   AAAArA
read token
  server            Arrrrr
  own account       AArrrr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     AArrrr
  lab as editor     AArrrr
  lab as owner      AArrrr
  runs as stranger  hhhhhh
  runs as viewer    AArrrr
  runs as editor    AArrrr
  runs as owner     AArrrr
  papers as owner   AArrrr
write token
  server            Arrrrr
  own account       AAArrr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     AArrrr
  lab as editor     AAArrr
  lab as owner      AAArrr
  runs as stranger  hhhhhh
  runs as viewer    AArrrr
  runs as editor    AAArrr
  runs as owner     AAArrr
  papers as owner   AAArrr
admin token
  server            Arrrrr
  own account       AAAArr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     AArrrr
  lab as editor     AAArrr
  lab as owner      AAAArr
  runs as stranger  hhhhhh
  runs as viewer    AArrrr
  runs as editor    AAArrr
  runs as owner     AAAArr
  papers as owner   AAAArr
owner's admin token
  server            AAAArA
  own account       AAAArr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     AArrrA
  lab as editor     AAArrA
  lab as owner      AAAArA
  runs as stranger  hhhhhh
  runs as viewer    AArrrA
  runs as editor    AAArrA
  runs as owner     AAAArA
  papers as owner   AAAArA
admin token for lab
  server            Arrrrr
  own account       Arrrrr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     AArrrr
  lab as editor     AAArrr
  lab as owner      AAAArr
  runs as stranger  hhhhhh
  runs as viewer    AArrrr
  runs as editor    AAArrr
  runs as owner     AAAArr
  papers as owner   AAAArr
admin token for runs
  server            Arrrrr
  own account       Arrrrr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     AArrrr
  lab as editor     AArrrr
  lab as owner      AArrrr
  runs as stranger  hhhhhh
  runs as viewer    AArrrr
  runs as editor    AAArrr
  runs as owner     AAAArr
  papers as owner   hhhhhh
admin token for another
  server            Arrrrr
  own account       Arrrrr
  other account     hhhhhh
  lab as stranger   hhhhhh
  lab as viewer     hhhhhh
  lab as editor     hhhhhh
  lab as owner      hhhhhh
  runs as stranger  hhhhhh
  runs as viewer    hhhhhh
  runs as editor    hhhhhh
  runs as owner     hhhhhh
  papers as owner   hhhhhh
";

#[test]
fn who_may_do_what() {
    assert_eq!(decided(), EXPECTED);
}

/// More of a role or of a scope never takes a right away.
#[test]
fn greater_roles_may_all_that_lesser_ones_may() {
    for (name, principal) in principals() {
        for action in Action::ALL {
            let verdict = |role| authorize(&principal, action, Resource::Workspace { id: LAB, role });
            let allowed: Vec<bool> =
                Role::ALL.into_iter().map(|role| verdict(Some(role)) == Verdict::Allowed).collect();
            assert!(allowed.is_sorted(), "{name} {action:?} {allowed:?}");
            assert_eq!(verdict(None), Verdict::Hidden, "{name} {action:?}");
        }
    }
}
