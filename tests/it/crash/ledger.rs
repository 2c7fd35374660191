//! What a worker of the load knows of its own folder: everything that was acknowledged, and the one operation that may
//! have been in flight when the daemon died.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Files by path below the worker's folder.
pub type World = BTreeMap<String, Arc<Vec<u8>>>;

/// What the operation in flight may have made of the world.
#[derive(Clone, Debug, Default)]
pub enum Flight {
    /// Nothing is in flight.
    #[default]
    Nothing,
    /// This world, or the one before it.
    Whole(World),
    /// Each of these files is as here or as before, by itself.
    Each(World),
    /// This file grows: any part of what is appended may be there.
    Grows(String, Arc<Vec<u8>>),
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// What was acknowledged.
    pub world: World,
    /// What was asked for and not acknowledged yet.
    pub flight: Flight,
    /// Files made in a tag's folder: such bytes have to be somewhere in the notebook, under whatever name.
    pub somewhere: Vec<Arc<Vec<u8>>>,
    /// The commit that the history had when a flush was acknowledged.
    pub flushed: Option<String>,
}

impl Ledger {
    /// Begins an operation.
    pub fn begin(&mut self, flight: Flight) {
        self.flight = flight;
    }

    /// It was acknowledged.
    pub fn acknowledge(&mut self) {
        match std::mem::take(&mut self.flight) {
            Flight::Nothing => {}
            Flight::Whole(world) => self.world = world,
            Flight::Each(files) => self.world.extend(files),
            Flight::Grows(path, bytes) => drop(self.world.insert(path, bytes)),
        }
    }

    /// Whether what a restart shows can be explained; if so, it is what counts from now on.
    pub fn adopt(&mut self, found: World) -> Result<(), String> {
        if let Flight::Whole(after) = &self.flight
            && difference(after, &found).is_none()
        {
            self.acknowledge();
            return Ok(());
        }
        let may_be = |path: &String, bytes: &Arc<Vec<u8>>| match &self.flight {
            Flight::Each(files) => files.get(path) == Some(bytes),
            Flight::Grows(grown, whole) => {
                let old = self.world.get(path).map_or(&[][..], |old| old);
                grown == path && bytes.starts_with(old) && whole.starts_with(bytes)
            }
            Flight::Nothing | Flight::Whole(_) => false,
        };
        let mut explained = found.clone();
        explained.retain(|path, bytes| !may_be(path, bytes));
        let mut expected = self.world.clone();
        expected.retain(|path, _| explained.contains_key(path) || !found.contains_key(path));
        if let Some(difference) = difference(&expected, &explained) {
            return Err(format!("{difference}; in flight was {}", shown_flight(&self.flight)));
        }
        self.world = found;
        self.flight = Flight::Nothing;
        Ok(())
    }
}

/// The first difference of two worlds, in words.
pub fn difference(expected: &World, found: &World) -> Option<String> {
    for (path, bytes) in expected {
        match found.get(path) {
            None => return Some(format!("{path} is gone; it held {}", shown(bytes))),
            Some(there) if there != bytes => {
                return Some(format!("{path} holds {} instead of {}", shown(there), shown(bytes)));
            }
            Some(_) => {}
        }
    }
    let invented = found.keys().find(|path| !expected.contains_key(*path))?;
    Some(format!("{invented} was never made; it holds {}", shown(&found[invented])))
}

fn shown_flight(flight: &Flight) -> String {
    let list = |files: &World| {
        files.iter().map(|(path, bytes)| format!("{path}: {}", shown(bytes))).collect::<Vec<_>>().join("; ")
    };
    match flight {
        Flight::Nothing => "nothing".to_owned(),
        Flight::Whole(world) => format!("a change to [{}]", list(world)),
        Flight::Each(files) => format!("a change of each of [{}]", list(files)),
        Flight::Grows(path, bytes) => format!("an append that makes {path} {}", shown(bytes)),
    }
}

fn shown(bytes: &[u8]) -> String {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(96)]);
    let more = if bytes.len() > 96 { "…" } else { "" };
    format!("{} bytes {head:?}{more}", bytes.len())
}

#[test]
fn a_ledger_explains_the_old_the_new_and_nothing_else() {
    let world = |files: &[(&str, &str)]| -> World {
        files.iter().map(|(path, text)| ((*path).to_owned(), Arc::new(text.as_bytes().to_vec()))).collect()
    };
    let check = |flight: Flight, found: &[(&str, &str)], is_explained: bool| {
        let mut ledger = Ledger { world: world(&[("a", "one"), ("b", "two")]), flight, ..Ledger::default() };
        assert_eq!(ledger.adopt(world(found)).is_ok(), is_explained, "{found:?}");
    };
    let grows = || Flight::Grows("a".to_owned(), Arc::new(b"one more".to_vec()));
    check(Flight::Nothing, &[("a", "one"), ("b", "two")], true);
    check(Flight::Nothing, &[("a", "one")], false);
    check(Flight::Nothing, &[("a", "one"), ("b", "two"), ("c", "")], false);
    check(Flight::Whole(world(&[("b", "two")])), &[("b", "two")], true);
    check(Flight::Whole(world(&[("b", "two")])), &[("a", "one")], false);
    check(grows(), &[("a", "one mo"), ("b", "two")], true);
    check(grows(), &[("a", "on"), ("b", "two")], false);
    check(grows(), &[("a", "one"), ("b", "tw")], false);
    check(Flight::Each(world(&[("a", "1"), ("b", "2")])), &[("a", "1"), ("b", "two")], true);
    check(Flight::Each(world(&[("a", "1"), ("b", "2")])), &[("a", "1")], false);
}
