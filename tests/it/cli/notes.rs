//! query, search, tags, links, tag, set, unset.

use super::{Bench, first_words};

/// README: "cdx query -w ~/journal 'tag:experiment loss<0.1 sort:-modified'".
#[test]
fn query_prints_tables_json_csv_and_paths() {
    let bench = Bench::lab();
    let query = |args: &[&str]| bench.cdx_in("ws", &[&["query"], args].concat());
    let table = query(&["tag:experiment sort:loss"]).done();
    assert_eq!(first_words(&table), ["lab/runs/a.md", "lab/runs/b.md"]);
    assert!(table.contains("First run") && table.contains("0.08") && table.contains("experiment/gpu"), "{table}");
    let json = query(&["loss<0.1", "--json"]).json();
    assert_eq!((json["total"].clone(), json["files"][0]["path"].clone()), (1.into(), "runs/a.md".into()));
    let csv = query(&["tag:experiment sort:loss", "--format", "csv"]).done();
    assert!(csv.starts_with("notebook,path,title,type,tags,created,modified,size,status,loss\r\n"), "{csv}");
    assert!(csv.contains("lab,runs/a.md,First run,,experiment/gpu,"), "{csv}");
    assert_eq!(query(&["loss<0.1", "--format", "paths"]).done(), "lab/runs/a.md\n");
    assert_eq!(query(&["tag:experiment sort:loss", "-0"]).done(), "lab/runs/a.md\0lab/runs/b.md\0");
    assert_eq!(query(&["status:nothing"]).done(), "");
}

#[test]
fn printed_paths_open_from_where_one_is() {
    let bench = Bench::lab();
    let args = ["query", "title:'First run'", "--format", "paths"];
    let line = ["query", "loss<0.1", "--format", "paths"];
    assert_eq!(bench.cdx_in("ws/lab", &line).done(), "runs/a.md\n");
    let outside = bench.cdx(&[&line[..], &["-w", "ws"]].concat()).done();
    assert!(bench.path("").join(outside.trim_end()).is_file(), "{outside}");
    // An apostrophe is a letter like others, so that this finds nothing or is refused, but never crashes.
    assert!(bench.cdx_in("ws", &args).code <= 2);
}

#[test]
fn a_view_is_run_in_its_groups() {
    let bench = Bench::lab();
    bench.write(
        "ws/lab/todo.cdx",
        "---\ntype: view\nview_type: kanban\nquery:\n  tags: [experiment]\n  group_by: status\n---\n",
    );
    let table = bench.cdx_in("ws/lab", &["query", "todo.cdx"]).done();
    assert!(table.contains("done (1)") && table.contains("doing (1)"), "{table}");
    bench.cdx_in("ws/lab", &["query", "none.cdx"]).failed(4);
}

#[test]
fn a_query_that_does_not_parse_shows_where() {
    let bench = Bench::lab();
    let said = bench.cdx_in("ws", &["query", "tag:a (loss<0.1"]).failed(2);
    assert!(said.contains("column") && said.contains('^'), "{said}");
}

#[test]
fn search_finds_text_and_says_when_there_is_none() {
    let bench = Bench::lab();
    let found = bench.cdx_in("ws", &["search", "learning", "rate"]).done();
    assert!(found.contains("lab/runs/a.md") && found.contains("The learning rate was high"), "{found}");
    assert!(found.contains("lab/plan.md"), "{found}");
    let phrase = bench.cdx_in("ws", &["search", "learning rate"]).done();
    assert!(phrase.contains("runs/a.md") && !phrase.contains("plan.md"), "{phrase}");
    let none = bench.cdx_in("ws", &["search", "xylophone"]);
    assert_eq!((none.code, none.out.as_str()), (1, ""));
}

#[test]
fn tags_are_counted_added_removed_and_renamed() {
    let bench = Bench::lab();
    let tags = || bench.cdx_in("ws", &["tags"]).done();
    assert_eq!(first_words(&tags()), ["TAG", "experiment", "experiment/gpu"]);
    bench.cdx_in("ws/lab/runs", &["tag", "add", "keep", "a.md", "b.md"]).done();
    assert!(bench.read("ws/lab/runs/a.md").contains("tags: [experiment/gpu, keep]"));
    let one = bench.cdx_in("ws", &["tags", "keep"]).done();
    assert!(one.contains("lab/runs/a.md") && one.contains("lab/runs/b.md"), "{one}");
    bench.cdx_in("ws", &["tag", "rm", "keep", "lab/runs/a.md"]).done();
    assert!(!bench.read("ws/lab/runs/a.md").contains("keep"));
    let dry = bench.cdx_in("ws", &["tag", "rename", "experiment", "trial", "--dry-run"]);
    assert!(dry.err.contains("2 files") && bench.read("ws/lab/runs/b.md").contains("experiment"), "{dry:?}");
    bench.cdx_in("ws", &["tag", "rename", "experiment", "trial"]).done();
    assert!(bench.read("ws/lab/runs/a.md").contains("trial/gpu"));
    bench.cdx_in("ws", &["tag", "rename", "trial", "keep"]).failed(3);
    bench.cdx_in("ws", &["tag", "add", "+bad", "lab/plan.md"]).failed(2);
    bench.cdx_in("ws", &["tag", "rename", "none", "x"]).failed(4);
}

#[test]
fn properties_are_set_and_unset_and_nothing_else_changes() {
    let bench = Bench::lab();
    let before = bench.read("ws/lab/runs/a.md");
    bench.cdx_in("ws", &["set", "lab/runs/a.md", "status=failed", "reviewers=[ada, noor]", "due=2026-12-01"]).done();
    let after = bench.read("ws/lab/runs/a.md");
    assert!(after.contains("status: failed\nloss: 0.08\n") && after.contains("reviewers: [ada, noor]"), "{after}");
    bench.cdx_in("ws", &["unset", "lab/runs/a.md", "reviewers", "due"]).done();
    bench.cdx_in("ws", &["set", "lab/runs/a.md", "status=done"]).done();
    assert_eq!(bench.read("ws/lab/runs/a.md"), before);
    assert_eq!(bench.cdx_in("ws", &["query", "status:done", "--format", "paths"]).done(), "lab/runs/a.md\n");
    bench.write("ws/lab/table.csv", "a,b\n1,2\n");
    bench.cdx_in("ws", &["set", "lab/table.csv", "rows=1"]).done();
    assert!(bench.read("ws/lab/.table.csv.json").contains("\"rows\": 1"));
}

#[test]
fn links_lead_both_ways() {
    let bench = Bench::lab();
    assert_eq!(bench.cdx_in("ws", &["links", "lab/runs/a.md"]).done(), "→  lab/plan.md\n");
    assert_eq!(bench.cdx_in("ws/lab", &["links", "plan.md"]).done(), "←  lab/runs/a.md\n");
}

/// query.md §3: a page is 100 where nobody says otherwise, and what is not shown is said.
#[test]
fn pages_have_a_limit_and_say_when_there_is_more() {
    let bench = Bench::lab();
    for n in 0..150 {
        bench.write(&format!("ws/lab/many/n{n:03}.md"), "---\ntags: [many]\n---\n\nabundance\n");
    }
    let all = "path:many/**";
    for (args, shown, said) in [
        (&["query", all][..], 100, "100 of 150 shown; --limit N and --offset 100 show more"),
        (&["query", all, "--limit", "120"], 120, "120 of 150 shown; --limit N and --offset 120 show more"),
        (&["query", all, "--offset", "100"], 50, ""),
        (&["query", "path:many/** limit:130"], 130, "130 of 150 shown"),
        (&["query", "path:many/** limit:130", "--limit", "5"], 5, "5 of 150 shown"),
        (&["query", all, "--limit", "150"], 150, ""),
        (&["query", all, "--format", "paths"], 150, ""),
        (&["query", "path:many/** limit:130", "--format", "paths"], 130, ""),
        (&["query", "path:many/** limit:130", "--format", "csv"], 131, ""),
        (&["query", all, "--format", "csv"], 151, ""),
        (&["search", "abundance"], 40, "20 of 150 shown; --limit N shows more"),
        (&["search", "abundance", "--format", "paths", "--limit", "150"], 150, ""),
    ] {
        let ran = bench.cdx_in("ws", args);
        let lines = ran.out.lines().filter(|line| !line.is_empty()).count();
        assert_eq!((ran.code, lines), (0, shown), "{args:?}: {}", ran.err);
        assert!(if said.is_empty() { ran.err.is_empty() } else { ran.err.contains(said) }, "{args:?}: {}", ran.err);
    }
    let found = bench.cdx_in("ws", &["search", "abundance", "-name:n00*", "-0", "--limit", "1000"]).done();
    assert_eq!(found.split_terminator('\0').count(), 140);
    let page = bench.cdx_in("ws", &["query", all, "--json"]).json();
    assert_eq!(page["files"].as_array().unwrap().len(), 100);
    assert_eq!((&page["total"], &page["limit"], &page["offset"]), (&150.into(), &100.into(), &0.into()));
    bench.write("ws/lab/all.cdx", "---\ntype: view\nquery: {tags: [many]}\n---\n");
    let ran = bench.cdx_in("ws", &["query", "lab/all.cdx"]);
    assert!(ran.err.contains("100 of 150 shown"), "{ran:?}");
    assert_eq!(bench.cdx_in("ws", &["query", "lab/all.cdx", "--format", "paths"]).done().lines().count(), 150);
    // Of a view in groups all are shown.
    bench.write("ws/lab/all.cdx", "---\ntype: view\nquery: {tags: [many], group_by: folder}\n---\n");
    let ran = bench.cdx_in("ws", &["query", "lab/all.cdx"]);
    assert!(ran.out.matches("lab/many/n").count() == 150, "{ran:?}");
}

/// Names of the files in a folder that were opened since it is watched.
struct Opened(std::os::fd::OwnedFd);

impl Opened {
    fn of(folder: &std::path::Path) -> Self {
        use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
        let fd = init(CreateFlags::NONBLOCK).unwrap();
        add_watch(&fd, folder, WatchFlags::OPEN).unwrap();
        Self(fd)
    }

    fn names(&self) -> Vec<String> {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 16 << 10];
        let mut reader = rustix::fs::inotify::Reader::new(&self.0, &mut buffer);
        let mut names = Vec::new();
        while let Ok(event) = reader.next() {
            names.extend(event.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
        names.retain(|name| std::path::Path::new(name).extension().is_some_and(|extension| extension == "md"));
        names
    }
}

#[test]
fn commands_without_a_daemon_read_no_file_that_has_not_changed() {
    let bench = Bench::lab();
    for n in 0..200 {
        bench.write(&format!("ws/lab/many/n{n:03}.md"), "---\ntags: [many]\n---\n\nabundance\n");
    }
    bench.cdx_in("ws", &["tags"]).done();
    let opened = Opened::of(&bench.path("ws/lab/many"));
    for args in
        [&["tags"][..], &["query", "tag:many"], &["search", "abundance", "-0"], &["links", "lab/plan.md"], &["index"]]
    {
        bench.cdx_in("ws", args).done();
        assert_eq!(opened.names(), [""; 0], "{args:?}");
    }
    bench.write("ws/lab/many/n007.md", "---\ntags: [other]\n---\n");
    opened.names();
    bench.cdx_in("ws", &["tags", "other"]).done();
    let names = opened.names();
    assert!(!names.is_empty() && names.iter().all(|name| name == "n007.md"), "{names:?}");
}
