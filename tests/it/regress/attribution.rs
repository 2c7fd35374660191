//! Whose a change is, in the history and for undo.

use std::fs::OpenOptions;
use std::io::Write;

use cdx::engine::{Command, Requester};
use cdx::types::Actor;

use crate::support::{Mounted, note, read};

fn as_grace(m: &Mounted, command: &Command) {
    let by = Requester { actor: Actor::User("grace".to_owned()), gesture: None };
    m.engine().perform(command, &by).unwrap();
}

/// An edit under an open handle was recorded as the handle's owner's, since the handle's next look found a file that had
/// changed: who undid their last edit took back an older one.
#[test]
fn an_edit_under_an_open_handle_belonged_to_the_handle() {
    let m = Mounted::with(&[("a.md", &note("n: 1", "first"))]);
    m.engine().flush_history().unwrap();
    let mut handle = OpenOptions::new().append(true).open(m.lab("a.md")).unwrap();
    handle.write_all(b"through the handle\n").unwrap();
    let values = vec![("n".to_owned(), serde_json::Value::from(2))];
    as_grace(&m, &Command::Set { file: "lab/a.md".to_owned(), values });
    m.settle();
    m.engine().flush_history().unwrap();
    let lab = m.engine().notebook_named("lab").unwrap();
    let newest = &lab.history.log(None, 1).unwrap()[0];
    assert_eq!(newest.actor, Actor::User("grace".to_owned()));
    as_grace(&m, &Command::Undo { count: 1, anyone: false });
    let expected = note("n: 1", "first") + "through the handle\n";
    assert_eq!(read(m.store_lab("a.md")), expected);
}
