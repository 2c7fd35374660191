use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::*;
use crate::engine::catalog::CatalogFile;
use crate::index::notebook::{Applied, IndexedFile};
use crate::index::query::TimeContext;
use crate::index::query::eval::{NoteFacts, groups, select};
use crate::types::{FileId, Instant as Moment, NodeNumber, NotePath, NotebookNumber, StoreKey, TagName};

const LAB: NotebookNumber = NotebookNumber(1);

/// A notebook in memory, with the reference evaluator as its index.
struct Lab {
    catalog: Catalog,
    notes: RefCell<BTreeMap<i64, NoteFacts>>,
    definitions: RefCell<BTreeMap<i64, String>>,
    now: Cell<Moment>,
    whole_runs: Cell<usize>,
    single_runs: Cell<usize>,
    broken: Cell<bool>,
}

fn key(id: i64) -> FileKey {
    FileKey { notebook: LAB, id: FileId(id) }
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

impl Lab {
    fn new() -> Self {
        let catalog = Catalog::default();
        catalog.set_notebook_name(LAB, "lab");
        Self {
            catalog,
            notes: RefCell::default(),
            definitions: RefCell::default(),
            now: Cell::new(at("2026-03-10T12:00:00Z")),
            whole_runs: Cell::new(0),
            single_runs: Cell::new(0),
            broken: Cell::new(false),
        }
    }

    fn row(&self, id: i64) -> IndexedFile {
        let note = &self.notes.borrow()[&id];
        IndexedFile {
            id: FileId(id),
            path: NotePath::new(&note.path).unwrap(),
            node: NodeNumber(1000 + id.unsigned_abs()),
            store: StoreKey { dev: 1, ino: id.unsigned_abs(), btime_ns: 0 },
            tags: note.tags.clone(),
            content_type: note.content_type.clone().into(),
        }
    }

    /// Writes a note: path, tags, properties as JSON.
    fn write(&self, id: i64, path: &str, tags: &[&str], properties: &str) {
        let is_view = self.definitions.borrow().contains_key(&id);
        let note = NoteFacts {
            notebook: "lab".into(),
            path: path.into(),
            title: path.into(),
            description: None,
            file_type: None,
            content_type: if is_view { "application/x-codex-view" } else { "text/markdown" }.into(),
            tags: tags.iter().map(|tag| TagName::new(tag).unwrap()).collect(),
            properties: serde_json::from_str(properties).unwrap(),
            body: String::new(),
            size: 10,
            created: at("2026-01-01T00:00:00Z"),
            modified: at("2026-01-01T00:00:00Z"),
            links_to: vec![],
            linked_from: vec![],
            has_broken_link: false,
        };
        let old = self.notes.borrow_mut().insert(id, note);
        let file = self.row(id);
        let applied = match old {
            Some(old) => Applied::Changed { file, old_path: NotePath::new(&old.path).unwrap() },
            None => Applied::Added(file),
        };
        self.catalog.apply(LAB, &[applied]);
    }

    fn define(&self, id: i64, text: &str) {
        self.definitions.borrow_mut().insert(id, text.into());
        self.write(id, &format!("v{id}.cdx"), &[], "{}");
    }

    fn remove(&self, id: i64) {
        let note = self.notes.borrow_mut().remove(&id).unwrap();
        let path = NotePath::new(&note.path).unwrap();
        self.catalog.apply(LAB, &[Applied::Removed { id: FileId(id), path }]);
    }

    fn view(&self, id: i64) -> ViewFolder {
        self.catalog.views().view(&self.catalog, self, key(id)).unwrap()
    }

    /// How many whole and how many single evaluations `act` and a look at the view cost.
    fn cost(&self, id: i64, act: impl FnOnce()) -> (usize, usize) {
        self.view(id);
        let before = (self.whole_runs.get(), self.single_runs.get());
        act();
        self.view(id);
        (self.whole_runs.get() - before.0, self.single_runs.get() - before.1)
    }
}

impl ResultSource for Lab {
    fn evaluate(&self, query: &Query, _: Option<NotebookNumber>, only: Option<FileKey>) -> Result<Evaluated, String> {
        let runs = if only.is_some() { &self.single_runs } else { &self.whole_runs };
        runs.set(runs.get() + 1);
        if self.broken.get() {
            return Err("the query took too long".into());
        }
        let notes = self.notes.borrow();
        let id_of =
            |note: &NoteFacts| notes.iter().find(|(_, known)| known.path == note.path).map(|(id, _)| *id).unwrap();
        let facts: Vec<NoteFacts> = notes
            .iter()
            .filter(|(id, _)| only.is_none_or(|only| only.id.0 == **id))
            .map(|(_, note)| note.clone())
            .collect();
        let found = select(query, &facts, &self.time());
        let keys = |notes: &[&NoteFacts]| notes.iter().map(|note| key(id_of(note))).collect::<Vec<_>>();
        let grouped = query.group.as_ref().map(|group| groups(&found, group, &self.time()));
        let limit = query.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap());
        Ok(Evaluated {
            files: keys(&found).into_iter().take(limit).collect(),
            groups: grouped.map(|groups| groups.into_iter().map(|(value, notes)| (value, keys(&notes))).collect()),
        })
    }

    fn definition(&self, file: &CatalogFile) -> Result<Vec<u8>, String> {
        Ok(self.definitions.borrow()[&file.key.id.0].clone().into_bytes())
    }

    fn time(&self) -> TimeContext {
        let (now, zone) = (self.now.get(), jiff::tz::TimeZone::UTC);
        TimeContext { now, zone, week_starts: jiff::civil::Weekday::Monday }
    }
}

fn names(folder: &Folder) -> Vec<String> {
    folder.members().iter().map(|member| member.name.to_str().unwrap().to_owned()).collect()
}

fn groups_of(view: &ViewFolder) -> Vec<(String, Vec<String>)> {
    let groups = view.groups.as_ref().unwrap();
    groups.iter().map(|group| (group.name.to_str().unwrap().to_owned(), names(&group.folder))).collect()
}

fn cdx(query: &str, more: &str) -> String {
    format!("---\ntype: view\nview_type: list\nquery: '{query}'\n{more}---\n")
}

#[test]
fn a_view_follows_each_note_at_the_cost_of_the_note() {
    let lab = Lab::new();
    for id in 1..=20 {
        lab.write(id, &format!("n{id:02}.md"), &[], if id <= 3 { r#"{"status": "todo"}"# } else { "{}" });
    }
    lab.define(100, &cdx("status:todo", ""));
    assert_eq!(names(&lab.view(100).members), ["n01.md", "n02.md", "n03.md"]);
    assert_eq!(lab.cost(100, || {}), (0, 0));
    assert_eq!(lab.cost(100, || lab.write(9, "n09.md", &[], r#"{"status": "todo"}"#)), (0, 1));
    assert_eq!(lab.cost(100, || lab.write(1, "n01.md", &[], r#"{"status": "done"}"#)), (0, 1));
    assert_eq!(lab.cost(100, || lab.remove(2)), (0, 0));
    assert_eq!(lab.cost(100, || lab.write(3, "x/renamed.md", &[], r#"{"status": "todo"}"#)), (0, 1));
    assert_eq!(names(&lab.view(100).members), ["n09.md", "renamed.md"]);
}

#[test]
fn a_folder_s_time_changes_with_its_members_only() {
    let lab = Lab::new();
    lab.write(1, "a.md", &["x"], "{}");
    lab.write(2, "b.md", &[], "{}");
    lab.define(100, &cdx("tag:x", ""));
    let before = lab.view(100).changed_ns;
    lab.write(1, "a.md", &["x", "y"], "{}");
    assert_eq!(lab.view(100).changed_ns, before);
    lab.write(2, "b.md", &["x/z"], "{}");
    assert!(lab.view(100).changed_ns > before);
}

#[test]
fn a_result_with_a_limit_runs_again_only_when_a_match_changed() {
    let lab = Lab::new();
    for id in 1..=5 {
        lab.write(id, &format!("n{id}.md"), &["x"], "{}");
    }
    lab.write(9, "other.md", &[], "{}");
    lab.define(100, &cdx("tag:x limit:2", ""));
    assert_eq!(names(&lab.view(100).members), ["n1.md", "n2.md"]);
    assert_eq!(lab.cost(100, || lab.write(9, "other.md", &["y"], "{}")), (0, 1));
    assert_eq!(lab.cost(100, || lab.write(1, "n1.md", &[], "{}")), (1, 1));
    assert_eq!(names(&lab.view(100).members), ["n2.md", "n3.md"]);
}

#[test]
fn groups_are_folders_in_the_order_of_columns_then_values() {
    let lab = Lab::new();
    lab.write(1, "a.md", &[], r#"{"status": "done"}"#);
    lab.write(2, "b.md", &[], r#"{"status": ["todo", "a/b"]}"#);
    lab.write(3, "c.md", &[], r#"{"other": 1}"#);
    lab.write(4, "d.md", &[], r#"{"status": "zebra"}"#);
    let columns = "config:\n  columns: [{id: todo, filter: {status: todo}}, {id: doing, filter: {status: doing}}]\n";
    lab.define(100, &cdx("ext:md group:status", columns));
    let group = |name: &str, notes: &[&str]| (name.to_owned(), notes.iter().map(|&n| n.to_owned()).collect::<Vec<_>>());
    let expected = [
        group("todo", &["b.md"]),
        group("doing", &[]),
        group("a%2Fb", &["b.md"]),
        group("done", &["a.md"]),
        group("zebra", &["d.md"]),
        group("_none", &["c.md"]),
    ];
    assert_eq!(groups_of(&lab.view(100)), expected);
    let cost = lab.cost(100, || {
        lab.write(2, "b.md", &[], r#"{"status": "doing"}"#);
        lab.write(3, "c.md", &[], r#"{"status": "done"}"#);
        lab.remove(4);
    });
    assert_eq!(cost, (0, 2));
    let expected = [group("todo", &[]), group("doing", &["b.md"]), group("done", &["a.md", "c.md"])];
    assert_eq!(groups_of(&lab.view(100)), expected);
    let view = lab.view(100);
    assert_eq!(view.group(OsStr::new("done")).unwrap().value.as_deref(), Some("done"));
    assert!(view.group(OsStr::new("zebra")).is_none());
}

#[test]
fn groups_of_numbers_are_in_the_order_of_their_size() {
    let lab = Lab::new();
    for (id, priority) in [(1, "10"), (2, "9"), (3, "\"high\"")] {
        lab.write(id, &format!("n{id}.md"), &[], &format!(r#"{{"priority": {priority}}}"#));
    }
    lab.define(100, &cdx("ext:md group:priority", ""));
    let names: Vec<_> = groups_of(&lab.view(100)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["9", "10", "high"]);
}

#[test]
fn a_bad_definition_keeps_the_last_good_results_and_says_where_it_is_bad() {
    let lab = Lab::new();
    lab.write(1, "a.md", &["x"], "{}");
    lab.write(2, "b.md", &["y"], "{}");
    lab.define(100, &cdx("tag:x", ""));
    assert!(lab.view(100).error.is_none());
    lab.define(100, &cdx("tag:x loss<", ""));
    let view = lab.view(100);
    let error = view.error.as_deref().unwrap();
    assert!(error.starts_with("v100.cdx: line 4, column") && error.contains("last definition"), "{error}");
    assert_eq!(names(&view.members), ["a.md"]);
    lab.write(3, "c.md", &["x"], "{}");
    assert_eq!(names(&lab.view(100).members), ["a.md", "c.md"], "it goes on following its notes");
    lab.define(100, &cdx("tag:y", ""));
    let view = lab.view(100);
    assert!(view.error.is_none() && names(&view.members) == ["b.md"]);
}

#[test]
fn a_query_that_cannot_be_run_keeps_the_last_results_and_is_not_tried_at_every_look() {
    let lab = Lab::new();
    lab.write(1, "a.md", &["x"], "{}");
    lab.define(100, &cdx("tag:x", ""));
    lab.view(100);
    lab.broken.set(true);
    lab.write(2, "b.md", &["x"], "{}");
    let view = lab.view(100);
    assert!(view.error.as_deref().is_some_and(|error| error.contains("too long")) && names(&view.members) == ["a.md"]);
    assert_eq!(lab.cost(100, || {}), (0, 0));
    lab.broken.set(false);
    lab.write(3, "c.md", &["x"], "{}");
    let view = lab.view(100);
    assert!(view.error.is_none() && names(&view.members) == ["a.md", "b.md", "c.md"]);
}

#[test]
fn numbered_names_show_the_order() {
    let lab = Lab::new();
    for (id, due) in [(1, "2026-03-03"), (2, "2026-03-01"), (3, "2026-03-02")] {
        lab.write(id, &format!("n{id}.md"), &[], &format!(r#"{{"due": "{due}"}}"#));
    }
    lab.define(100, &cdx("due:* sort:due", "order: numbered\n"));
    let view = lab.view(100);
    assert_eq!(names(&view.members), ["001 n2.md", "002 n3.md", "003 n1.md"]);
    assert_eq!(view.members.lookup(OsStr::new("002 n3.md")).unwrap().file, key(3));
    assert!(
        view.members.lookup(OsStr::new("001 n3.md")).is_none() && view.members.lookup(OsStr::new("n3.md")).is_none()
    );
    lab.write(1, "n1.md", &[], r#"{"due": "2026-02-01"}"#);
    assert_eq!(names(&lab.view(100).members), ["001 n1.md", "002 n2.md", "003 n3.md"]);
    lab.define(100, &cdx("due:* sort:due", ""));
    assert_eq!(names(&lab.view(100).members), ["n1.md", "n2.md", "n3.md"]);
    lab.define(100, &cdx("due:* sort:due", "order: numbered\n"));
    assert_eq!(names(&lab.view(100).members), ["001 n1.md", "002 n2.md", "003 n3.md"]);
}

#[test]
fn relative_dates_expire() {
    let lab = Lab::new();
    lab.write(1, "a.md", &[], r#"{"due": "2026-03-11"}"#);
    lab.define(100, &cdx("due:today", ""));
    assert_eq!(names(&lab.view(100).members), [""; 0]);
    lab.now.set(at("2026-03-10T23:59:59Z"));
    assert_eq!(lab.cost(100, || {}), (0, 0));
    lab.now.set(at("2026-03-11T00:00:00Z"));
    assert_eq!(names(&lab.view(100).members), ["a.md"]);
}

#[test]
fn notes_that_an_evaluated_view_shows_have_one_more_name() {
    let lab = Lab::new();
    lab.write(1, "a.md", &["x"], "{}");
    lab.define(100, &cdx("tag:x", ""));
    lab.define(101, &cdx("ext:md", ""));
    assert_eq!(lab.catalog.synthetic_links(key(1)), 1);
    lab.view(100);
    lab.view(101);
    assert_eq!(lab.catalog.synthetic_links(key(1)), 2);
    lab.remove(100);
    lab.catalog.views().sweep(&lab.catalog);
    assert_eq!(lab.catalog.synthetic_links(key(1)), 2);
    lab.remove(101);
    assert!(lab.catalog.views().view(&lab.catalog, &lab, key(101)).is_none());
    std::thread::sleep(std::time::Duration::from_millis(1050));
    assert_eq!(lab.catalog.synthetic_links(key(1)), 1);
    let (lowered, position) = lab.catalog.lowered_links(0);
    assert_eq!((lowered, lab.catalog.lowered_links(position).0), (vec![NodeNumber(1001)], vec![]));
}

#[test]
fn selections() {
    let lab = Lab::new();
    lab.write(1, "a.md", &["x"], r#"{"p": "1"}"#);
    lab.write(2, "b.md", &[], "{}");
    let select = |selection: Selection| lab.catalog.views().select(&lab.catalog, &lab, &selection);
    assert_eq!(names(&select(Selection::Line("tag:x group:p".into())).unwrap().members), ["a.md"]);
    assert_eq!(names(&select(Selection::Untagged).unwrap().members), ["b.md"]);
    assert_eq!(names(&select(Selection::Lacking("p".into())).unwrap().members), ["b.md"]);
    assert_eq!(names(&select(Selection::Recent).unwrap().members), ["a.md", "b.md"]);
    let having = select(Selection::Having("p".into())).unwrap();
    assert_eq!(having.groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>(), ["1"]);
    assert!(select(Selection::Line("loss<".into())).is_err());
    for i in 0..2 * KEPT {
        select(Selection::Line(format!("name:{i}"))).unwrap();
    }
    assert_eq!(lab.catalog.views().selections.lock().len(), KEPT);
}
