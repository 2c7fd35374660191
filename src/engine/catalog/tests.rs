use std::ffi::OsStr;

use super::*;
use crate::types::{FileId, StoreKey};

pub(super) const LAB: NotebookNumber = NotebookNumber(1);
const BIO: NotebookNumber = NotebookNumber(2);

pub(super) fn tag(text: &str) -> TagName {
    TagName::new(text).unwrap()
}

pub(super) fn row(id: i64, path: &str, tags: &[&str]) -> IndexedFile {
    let is_view = OsStr::new(path).to_str().unwrap().to_owned();
    let content_type = if is_view.ends_with(".cdx") { "application/x-codex-view" } else { "text/markdown" };
    IndexedFile {
        id: FileId(id),
        path: NotePath::new(path).unwrap(),
        node: NodeNumber(1000 + u64::try_from(id).unwrap()),
        store: StoreKey { dev: 1, ino: u64::try_from(id).unwrap(), btime_ns: 0 },
        tags: tags.iter().map(|text| tag(text)).collect(),
        content_type: content_type.into(),
    }
}

pub(super) fn key(id: i64) -> FileKey {
    FileKey { notebook: LAB, id: FileId(id) }
}

/// A catalog with the notebooks lab and bio; the files are lab's.
fn catalog(files: &[(&str, &[&str])]) -> Catalog {
    let catalog = Catalog::default();
    catalog.set_notebook_name(LAB, "lab");
    catalog.set_notebook_name(BIO, "bio");
    let rows = files.iter().zip(1..).map(|((path, tags), id)| row(id, path, tags)).collect();
    catalog.load(LAB, rows);
    catalog
}

fn changed(catalog: &Catalog, id: i64, path: &str, tags: &[&str]) {
    let old_path = catalog.file(key(id)).unwrap().path.clone();
    catalog.apply(LAB, &[Applied::Changed { file: row(id, path, tags), old_path }]);
}

fn removed(catalog: &Catalog, id: i64) {
    let path = catalog.file(key(id)).unwrap().path.clone();
    catalog.apply(LAB, &[Applied::Removed { id: FileId(id), path }]);
}

/// `tags/a/+b/-c` as a list of names, each found again under its name.
fn names(catalog: &Catalog, base: &str, operators: &[(bool, &str)]) -> Vec<String> {
    let operators = operators.iter().map(|(is_in, text)| (*is_in, tag(text))).collect();
    let folder = catalog.tag_folder(&TagPath { base: tag(base), operators });
    let members = folder.members();
    for member in members.iter() {
        assert_eq!(folder.lookup(&member.name).as_ref(), Some(member));
        assert_eq!(folder.name_of(member.file).as_ref(), Some(&member.name));
        let file = catalog.file(member.file).unwrap();
        assert_eq!(folder.shown_name(&file).as_ref(), Some(&member.name));
        assert_eq!(folder.lookup(&file.qualified_name()).unwrap().file, member.file);
    }
    members.iter().map(|member| member.name.to_str().unwrap().to_owned()).collect()
}

fn shown(tags: &[TagName]) -> Vec<&str> {
    tags.iter().map(TagName::as_str).collect()
}

#[test]
fn a_folder_lists_the_notes_that_bear_exactly_its_tag() {
    let catalog = catalog(&[("a.md", &["x"]), ("b/c.md", &["x", "x/y"]), ("d.md", &["X/Y/Z"])]);
    assert_eq!(names(&catalog, "x", &[]), ["a.md", "c.md"]);
    assert_eq!(names(&catalog, "X/y", &[]), ["c.md"]);
    assert_eq!(shown(&catalog.children(None)), ["x"]);
    assert_eq!(shown(&catalog.children(Some(&tag("x/Y")))), ["x/y/Z"]);
    assert_eq!(catalog.tag_counts(), [(tag("x"), 2), (tag("x/y"), 1), (tag("x/y/z"), 1)]);
}

#[test]
fn one_name_twice_is_shown_qualified_both_times_and_the_bare_name_is_nobodys() {
    let catalog = catalog(&[("1/a.md", &["x"]), ("2/a.md", &["x"]), ("b.md", &["x"])]);
    let (first, second) = (catalog.file(key(1)).unwrap(), catalog.file(key(2)).unwrap());
    let mut expected = [first.qualified_name(), second.qualified_name()].map(|name| name.into_string().unwrap());
    expected.sort();
    assert_eq!(names(&catalog, "x", &[]), [&*expected[0], &*expected[1], "b.md"]);
    let folder = catalog.tag_folder(&TagPath::plain(tag("x")));
    assert_eq!(folder.lookup(OsStr::new("a.md")), None);
    removed(&catalog, 1);
    assert_eq!(names(&catalog, "x", &[]), ["a.md", "b.md"]);
    assert_eq!(folder.lookup(&second.qualified_name()).unwrap().file, key(2));
    assert_eq!(folder.lookup(&first.qualified_name()), None);
}

#[test]
fn qualified_names_are_of_notebook_and_path_and_of_nothing_else() {
    // printf lab/1/a.md | sha256sum
    assert_eq!(format!("{:016x}", names::path_digest("lab", b"1/a.md")), "af612e1e01afe106");
    let one = catalog(&[("1/a.md", &["x"]), ("2/a.md", &["x"])]);
    let two = catalog(&[("2/a.md", &["x"]), ("q.md", &["x"]), ("1/a.md", &["x"])]);
    assert_eq!(names(&one, "x", &[]), names(&two, "x", &[])[..2]);
    let before = names(&one, "x", &[]);
    one.set_notebook_name(LAB, "laboratory");
    assert_ne!(names(&one, "x", &[]), before);
}

#[test]
fn names_that_differ_only_in_composition_are_one_name() {
    let catalog = catalog(&[("1/caf\u{e9}.md", &["x"]), ("2/cafe\u{301}.md", &["x"])]);
    assert!(names(&catalog, "x", &[]).iter().all(|name| name.contains('~')));
    removed(&catalog, 1);
    let folder = catalog.tag_folder(&TagPath::plain(tag("x")));
    assert_eq!(folder.members()[0].name, "cafe\u{301}.md");
    assert_eq!(folder.lookup(OsStr::new("caf\u{e9}.md")).unwrap().file, key(2));
}

#[test]
fn a_child_tag_keeps_the_name_and_the_note_is_shown_qualified() {
    let catalog = catalog(&[("GPU", &["x"]), ("other.md", &["x/gpu"])]);
    let qualified = catalog.file(key(1)).unwrap().qualified_name();
    assert_eq!(names(&catalog, "x", &[]), [qualified.to_str().unwrap()]);
    let folder = catalog.tag_folder(&TagPath::plain(tag("x")));
    assert_eq!(folder.lookup(OsStr::new("GPU")), None);
    removed(&catalog, 2);
    assert_eq!(names(&catalog, "x", &[]), ["GPU"]);
}

#[test]
fn a_long_name_is_found_by_its_cut_qualified_name() {
    let name = format!("{}.md", "ä".repeat(126));
    let (one, two) = (format!("1/{name}"), format!("2/{name}"));
    let catalog = catalog(&[(&one, &["x"]), (&two, &["x"])]);
    assert!(names(&catalog, "x", &[]).iter().all(|name| name.len() <= names::NAME_MAX));
}

#[test]
fn operators_intersect_and_subtract_and_follow_changes() {
    let catalog = catalog(&[("1.md", &["a", "b"]), ("2.md", &["a"]), ("3.md", &["a", "b", "c/d"]), ("4.md", &["b"])]);
    assert_eq!(names(&catalog, "a", &[(true, "b")]), ["1.md", "3.md"]);
    assert_eq!(names(&catalog, "a", &[(false, "b")]), ["2.md"]);
    assert_eq!(names(&catalog, "a", &[(true, "b"), (false, "c/d")]), ["1.md"]);
    assert_eq!(names(&catalog, "a", &[(true, "c")]), [""; 0]);
    changed(&catalog, 2, "2.md", &["a", "b"]);
    assert_eq!(names(&catalog, "a", &[(true, "b")]), ["1.md", "2.md", "3.md"]);
}

#[test]
fn a_folder_changes_when_its_members_do_and_not_before() {
    let catalog = catalog(&[("1.md", &["a"]), ("2.md", &["a", "b"])]);
    let folder = catalog.tag_folder(&TagPath::plain(tag("a")));
    let (before, listing) = (folder.changed_ns(), folder.members());
    changed(&catalog, 1, "1.md", &["a", "c"]);
    assert_eq!(folder.changed_ns(), before);
    assert!(Arc::ptr_eq(&listing, &folder.members()));
    changed(&catalog, 2, "2.md", &["b"]);
    assert!(folder.changed_ns() > before);
    assert_eq!(names(&catalog, "a", &[]), ["1.md"]);
}

#[test]
fn renames_moves_and_new_numbers_are_followed() {
    let catalog = catalog(&[("1.md", &["a"]), ("2.md", &["a"])]);
    changed(&catalog, 1, "x/one.md", &["a"]);
    assert_eq!(names(&catalog, "a", &[]), ["2.md", "one.md"]);
    assert_eq!(catalog.by_path(LAB, &NotePath::new("1.md").unwrap()), None);
    assert_eq!(catalog.by_path(LAB, &NotePath::new("x/one.md").unwrap()), Some(key(1)));
    let mut renumbered = row(1, "x/one.md", &["a"]);
    renumbered.node = NodeNumber(5);
    let old_path = renumbered.path.clone();
    catalog.apply(LAB, &[Applied::Changed { file: renumbered, old_path }]);
    assert_eq!(catalog.tag_folder(&TagPath::plain(tag("a"))).lookup(OsStr::new("one.md")).unwrap().node, NodeNumber(5));
    assert_eq!((catalog.by_node(NodeNumber(1001)), catalog.by_node(NodeNumber(5))), (None, Some(key(1))));
    // Two files take each other's place.
    changed(&catalog, 1, "2.md", &["a"]);
    changed(&catalog, 2, "x/one.md", &["a"]);
    assert_eq!(catalog.by_path(LAB, &NotePath::new("2.md").unwrap()), Some(key(1)));
    assert_eq!(catalog.by_path(LAB, &NotePath::new("x/one.md").unwrap()), Some(key(2)));
    assert_eq!(names(&catalog, "a", &[]), ["2.md", "one.md"]);
}

#[test]
fn a_tag_goes_with_its_last_note_unless_it_is_declared_or_was_emptied_by_hand() {
    let catalog = catalog(&[("1.md", &["a/b/c"]), ("2.md", &["z"])]);
    changed(&catalog, 1, "1.md", &[]);
    assert!(!catalog.has_tag(&tag("a")) && !catalog.has_tag(&tag("a/b/c")));
    catalog.set_declared(&[tag("a/b")]);
    assert!(catalog.has_tag(&tag("a")) && catalog.has_tag(&tag("A/B")));
    catalog.set_declared(&[]);
    assert!(!catalog.has_tag(&tag("a")));
    catalog.keep_if_emptied(&tag("z"));
    changed(&catalog, 2, "2.md", &[]);
    assert!(catalog.has_tag(&tag("z")));
    catalog.state.write().tags.expire(Instant::now() + 2 * tags::LINGER);
    assert!(!catalog.has_tag(&tag("z")));
}

#[test]
fn rm_r_finds_every_folder_that_it_emptied() {
    let catalog = catalog(&[("1.md", &["a/b"]), ("2.md", &["a/c"])]);
    for (id, name) in [(1, "a/b"), (2, "a/c")] {
        catalog.keep_if_emptied(&tag(name));
        changed(&catalog, id, if id == 1 { "1.md" } else { "2.md" }, &[]);
        assert!(catalog.has_tag(&tag(name)));
        catalog.drop_emptied(&tag(name));
        assert!(!catalog.has_tag(&tag(name)) && catalog.has_tag(&tag("a")));
    }
    catalog.drop_emptied(&tag("a"));
    assert!(!catalog.has_tag(&tag("a")));
}

#[test]
fn a_tag_is_shown_as_first_seen() {
    let catalog = catalog(&[("1.md", &["Alpha/Beta"]), ("2.md", &["alpha/beta", "ALPHA/gamma"])]);
    assert_eq!(shown(&catalog.children(Some(&tag("ALPHA")))), ["Alpha/Beta", "Alpha/gamma"]);
    assert_eq!(catalog.file(key(2)).unwrap().tags[0].as_str(), "Alpha/Beta");
    catalog.show_tag_as(&tag("alpha"));
    assert_eq!(shown(&catalog.children(Some(&tag("alpha")))), ["alpha/Beta", "alpha/gamma"]);
}

#[test]
fn link_counts_are_tags_and_views_over_all_names_of_a_number() {
    let catalog = catalog(&[("1.md", &["a", "b"]), ("2.md", &[])]);
    assert_eq!((catalog.synthetic_links(key(1)), catalog.synthetic_links(key(2))), (2, 0));
    catalog.shown_by_view(&[key(1), key(2)], &[]);
    assert_eq!((catalog.synthetic_links(key(1)), catalog.synthetic_links(key(2))), (3, 1));
    changed(&catalog, 1, "1.md", &[]);
    assert_eq!(catalog.synthetic_links(key(1)), 3, "it falls late");
    let mut twin = row(3, "twin.md", &["c"]);
    twin.node = NodeNumber(1002);
    catalog.apply(LAB, &[Applied::Added(twin)]);
    assert_eq!((catalog.synthetic_links(key(2)), catalog.synthetic_links(key(3))), (2, 2));
    removed(&catalog, 2);
    assert_eq!((catalog.by_node(NodeNumber(1002)), catalog.synthetic_links(key(3))), (Some(key(3)), 1));
}

#[test]
fn views_are_found_by_name_over_all_notebooks() {
    let catalog = catalog(&[("todo.cdx", &[]), ("x/runs.cdx", &["a"])]);
    catalog.load(BIO, vec![row(9, "todo.cdx", &[])]);
    let shown: Vec<_> = catalog.view_files().members().iter().map(|m| m.name.to_str().unwrap().to_owned()).collect();
    assert!(shown[0] == "runs.cdx" && shown[1].starts_with("todo~") && shown[2].starts_with("todo~"), "{shown:?}");
    catalog.unload(BIO);
    assert_eq!(catalog.view_files().lookup(OsStr::new("todo.cdx")).unwrap().file, key(1));
}

#[test]
fn changes_are_told_once_each_until_they_are_too_many() {
    let catalog = catalog(&[("1.md", &[]), ("2.md", &[])]);
    let position = catalog.change_position();
    assert_eq!(catalog.changes_since(position), Since::Files(vec![]));
    changed(&catalog, 2, "2.md", &["a"]);
    changed(&catalog, 1, "1.md", &["a"]);
    changed(&catalog, 2, "2.md", &[]);
    assert_eq!(catalog.changes_since(position), Since::Files(vec![key(1), key(2)]));
    catalog.unload(BIO);
    assert_eq!(catalog.changes_since(position), Since::Much);
}

#[test]
fn a_lookup_does_not_depend_on_the_size_of_the_folder() {
    let files: Vec<_> = (0..20_000).map(|id| row(id, &format!("d{}/n{}.md", id % 7, id / 2), &["big"])).collect();
    let catalog = Catalog::default();
    catalog.set_notebook_name(LAB, "lab");
    catalog.load(LAB, files);
    let folder = catalog.tag_folder(&TagPath::plain(tag("big")));
    let members = folder.members();
    assert_eq!(members.len(), 20_000);
    let started = Instant::now();
    let found = members.iter().filter(|member| folder.lookup(&member.name).as_ref() == Some(member)).count();
    assert_eq!(found, 20_000);
    let each = started.elapsed() / 20_000;
    assert!(each < std::time::Duration::from_micros(200), "{each:?} a lookup");
}
