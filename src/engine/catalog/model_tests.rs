//! Random changes, held against maps that are worked out anew from all files.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use proptest::prelude::*;

use super::tests::{LAB, key, row, tag};
use super::*;
use crate::types::FileId;

/// Names that collide, also with tags and in composition.
const NAMES: [&str; 6] = ["a.md", "b.md", "y", "Y", "caf\u{e9}", "cafe\u{301}"];
const TAGS: [&str; 6] = ["x", "X/y", "x/y/deep", "z", "Z/B.md", "w"];

#[derive(Clone, Debug)]
enum Step {
    Put { id: i64, folder: u8, name: usize, tags: Vec<usize> },
    Remove(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let put = (0..10_i64, 0..3_u8, 0..NAMES.len(), prop::collection::btree_set(0..TAGS.len(), 0..4))
        .prop_map(|(id, folder, name, tags)| Step::Put { id, folder, name, tags: tags.into_iter().collect() });
    prop_oneof![4 => put, 1 => (0..10_i64).prop_map(Step::Remove)]
}

/// Path and tags by id.
type Model = BTreeMap<i64, (String, Vec<&'static str>)>;

fn perform(catalog: &Catalog, model: &mut Model, step: &Step) {
    match step {
        Step::Remove(id) => {
            let Some((path, _)) = model.remove(id) else { return };
            catalog.apply(LAB, &[Applied::Removed { id: FileId(*id), path: NotePath::new(path).unwrap() }]);
        }
        Step::Put { id, folder, name, tags } => {
            let path = format!("{folder}/{}", NAMES[*name]);
            if model.iter().any(|(other, (taken, _))| other != id && *taken == path) {
                return;
            }
            let tags: Vec<&str> = tags.iter().map(|tag| TAGS[*tag]).collect();
            let file = row(*id, &path, &tags);
            let old = model.insert(*id, (path, tags));
            let applied = match old {
                None => Applied::Added(file),
                Some((old, _)) => Applied::Changed { file, old_path: NotePath::new(old).unwrap() },
            };
            catalog.apply(LAB, &[applied]);
        }
    }
}

fn folded(name: &str) -> String {
    names::folded(OsStr::new(name)).unwrap()
}

/// The names of a tag's notes by the rules of mount.md §2, in the plainest way.
fn expected(model: &Model, wanted: &TagName) -> BTreeSet<(OsString, i64)> {
    let members: Vec<(i64, &str)> = model
        .iter()
        .filter(|(_, (_, tags))| tags.iter().any(|own| tag(own) == *wanted))
        .map(|(id, (path, _))| (*id, &**path))
        .collect();
    let children: BTreeSet<String> = model
        .values()
        .flat_map(|(_, tags)| tags.iter().map(|own| tag(own)))
        .filter_map(|own| own.key().strip_prefix(&format!("{}/", wanted.key())).map(str::to_owned))
        .map(|rest| rest.split('/').next().unwrap().to_owned())
        .collect();
    let name = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let composed = |path: &str| names::comparable(OsStr::new(&name(path))).into_owned();
    let shown = |id: i64, path: &str| {
        let is_ambiguous = members.iter().any(|(other, taken)| *other != id && composed(taken) == composed(path));
        let name = name(path);
        if is_ambiguous || children.contains(&folded(&name)) {
            names::qualified(OsStr::new(&name), names::path_digest("lab", path.as_bytes()), names::DIGITS)
        } else {
            name.into()
        }
    };
    members.iter().map(|(id, path)| (shown(*id, path), *id)).collect()
}

fn check(catalog: &Catalog, model: &Model) {
    let all: BTreeSet<TagName> = model.values().flat_map(|(_, tags)| tags.iter().map(|own| tag(own))).collect();
    for name in TAGS {
        let wanted = tag(name);
        let folder = catalog.tag_folder(&TagPath::plain(wanted.clone()));
        let listed: BTreeSet<(OsString, i64)> =
            folder.members().iter().map(|member| (member.name.clone(), member.file.id.0)).collect();
        assert_eq!(listed, expected(model, &wanted), "tags/{name}");
        for (shown, id) in &listed {
            assert_eq!(folder.lookup(shown).unwrap().file, key(*id));
            let file = catalog.file(key(*id)).unwrap();
            assert_eq!(folder.shown_name(&file).as_ref(), Some(shown));
            assert_eq!(folder.lookup(&file.qualified_name()).unwrap().file, key(*id));
        }
        assert_eq!(catalog.has_tag(&wanted), all.iter().any(|own| own.is_within(&wanted)), "{name}");
        for other in TAGS {
            let path = |is_in| TagPath { base: wanted.clone(), operators: vec![(is_in, tag(other))] };
            let (both, rest) = (catalog.tag_folder(&path(true)).len(), catalog.tag_folder(&path(false)).len());
            assert_eq!(both + rest, folder.len(), "{name} and {other}");
        }
    }
    for (id, (path, tags)) in model {
        assert_eq!(catalog.by_path(LAB, &NotePath::new(path).unwrap()), Some(key(*id)));
        assert!(catalog.synthetic_links(key(*id)) >= u32::try_from(tags.len()).unwrap());
    }
    assert_eq!(catalog.file_count(LAB), model.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn maps_that_followed_changes_equal_maps_made_anew(steps in prop::collection::vec(step(), 1..40)) {
        let catalog = Catalog::default();
        catalog.set_notebook_name(LAB, "lab");
        let mut model = Model::new();
        for step in &steps {
            perform(&catalog, &mut model, step);
        }
        check(&catalog, &model);
        let loaded = Catalog::default();
        loaded.set_notebook_name(LAB, "lab");
        loaded.load(LAB, model.iter().map(|(id, (path, tags))| row(*id, path, tags)).collect());
        check(&loaded, &model);
    }
}
