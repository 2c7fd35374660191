//! Results that followed random changes, held against results worked out anew.

use proptest::prelude::*;

use super::tests::{Lab, cdx, groups_of, key, names};
use super::{ViewFolder, Views};

#[derive(Clone, Debug)]
enum Step {
    Write { id: i64, name: usize, tag: bool, status: usize },
    Remove(i64),
    Define(usize),
    Look,
}

const STATUS: [&str; 5] = ["{}", r#"{"s": "todo"}"#, r#"{"s": ["todo", "done"]}"#, r#"{"s": 3}"#, r#"{"s": ""}"#];

fn definitions() -> [String; 6] {
    [
        cdx("tag:x", ""),
        cdx("ext:md group:s", ""),
        cdx("tag:x group:s", "config:\n  columns: [{id: done, filter: {s: done}}]\n"),
        cdx("ext:md sort:-name limit:3", ""),
        cdx("ext:md sort:-name", "order: numbered\n"),
        cdx("ext:md group:tag", "order: numbered\n"),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..8_i64, 0..4_usize, any::<bool>(), 0..STATUS.len())
            .prop_map(|(id, name, tag, status)| Step::Write { id, name, tag, status }),
        2 => (0..8_i64).prop_map(Step::Remove),
        1 => (0..definitions().len()).prop_map(Step::Define),
        4 => Just(Step::Look),
    ]
}

fn perform(lab: &Lab, step: &Step) {
    match step {
        Step::Write { id, name, tag, status } => {
            let tags: &[&str] = if *tag { &["x"] } else { &["y"] };
            lab.write(*id, &format!("{id}/n{name}.md"), tags, STATUS[*status]);
        }
        Step::Remove(id) => {
            let is_there = lab.notes.borrow().contains_key(id);
            if is_there {
                lab.remove(*id);
            }
        }
        Step::Define(which) => lab.define(100, &definitions()[*which]),
        Step::Look => {
            lab.view(100);
        }
    }
}

/// Everything that the folder shows.
fn shown(view: &ViewFolder) -> (Vec<String>, Vec<(String, Vec<String>)>) {
    (names(&view.members), if view.groups.is_some() { groups_of(view) } else { Vec::new() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_view_that_followed_changes_equals_one_made_anew(
        first in 0..6_usize,
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let lab = Lab::new();
        lab.define(100, &definitions()[first]);
        for step in &steps {
            perform(&lab, step);
        }
        let followed = lab.view(100);
        let anew = Views::default().view(&lab.catalog, &lab, key(100)).unwrap();
        prop_assert!(followed.error.is_none(), "{:?}", followed.error);
        prop_assert_eq!(shown(&followed), shown(&anew));
    }
}
