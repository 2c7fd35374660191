//! Live views: whoever follows one hears of it when its result changed, and only then.

use serde_json::{Value, json};

use super::{Sockets, lab};
use crate::api::{Api, Person};

const FILES: &str = "/api/v1/workspaces/lab/notebooks/runs/files";

/// A view with a query, as its file object.
fn view(api: &Api, who: &Person, name: &str, query: &str) -> Value {
    let text = format!("---\ntype: view\nview_type: table\nquery:\n{query}---\n");
    api.call("POST", FILES, who, &json!({"path": format!("{name}.cdx"), "content": text})).expect(201)
}

fn note(api: &Api, who: &Person, path: &str, text: &str) -> Value {
    api.call("POST", FILES, who, &json!({"path": path, "content": text})).expect(201)
}

/// How often a view was heard of before it is quiet.
fn heard(sockets: &mut Sockets, view: &Value) -> usize {
    let messages = sockets.rest("a", "view_change");
    messages.iter().filter(|message| message["view"] == view["ref"]).count()
}

#[test]
fn a_view_is_heard_of_when_its_result_changed_and_only_then() {
    let api = Api::start();
    let ada = api.person("ada");
    let (path, _) = lab(&api, &ada);
    let tagged = view(&api, &ada, "tagged", "  tags: [gpu]\n");
    let best = view(&api, &ada, "best", "  properties_exists: [loss]\n  sort: loss\n  limit: 2\n");
    let grouped = view(&api, &ada, "grouped", "  where: 'status:*'\n  group_by: status\n");
    let broken = view(&api, &ada, "broken", "  where: 'tag:('\n");
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    let refs: Vec<&Value> = [&tagged, &best, &grouped, &broken].map(|view| &view["ref"]).into();
    let said = sockets.subscribe("a", &json!({"workspace": "lab", "notebooks": [], "views": refs}));
    assert_eq!(said["type"], "subscribed", "{said}");
    let mut expect = |what: &str, act: &dyn Fn(), expected: [usize; 4]| {
        act();
        // All four are looked at together, so one silence is enough.
        let messages = sockets.rest("a", "view_change");
        let count = |view: &Value| messages.iter().filter(|message| message["view"] == view["ref"]).count();
        let found = [&tagged, &best, &grouped, &broken].map(|view| count(view).min(1));
        assert_eq!(found, expected, "{what}: {messages:?}");
    };
    let put = |name: &str, text: &str| std::fs::write(path.join(name), text).unwrap();
    expect("nothing that concerns any", &|| put("other.md", "# Other\n"), [0, 0, 0, 0]);
    expect("a member comes", &|| put("a.md", "---\ntags: [gpu]\n---\n"), [1, 0, 0, 0]);
    expect("a member below the tag", &|| put("b.md", "---\ntags: [gpu/a100]\nloss: 0.5\n---\n"), [1, 1, 0, 0]);
    expect("a member changes", &|| put("a.md", "---\ntags: [gpu]\n---\n\nmore\n"), [1, 0, 0, 0]);
    expect("another among the first", &|| put("c.md", "---\nloss: 0.3\n---\n"), [0, 1, 0, 0]);
    expect("one behind the page changes the count", &|| put("d.md", "---\nloss: 9\n---\n"), [0, 1, 0, 0]);
    expect("and then nothing more", &|| put("d.md", "---\nloss: 9\n---\n\nmore\n"), [0, 0, 0, 0]);
    expect("order", &|| put("c.md", "---\nloss: 0.7\n---\n"), [0, 1, 0, 0]);
    expect("into a group", &|| put("e.md", "---\nstatus: todo\n---\n"), [0, 0, 1, 0]);
    expect("into another group", &|| put("e.md", "---\nstatus: done\n---\n"), [0, 0, 1, 0]);
    expect("a member goes", &|| std::fs::remove_file(path.join("a.md")).unwrap(), [1, 0, 0, 0]);
    expect("a member moves", &|| std::fs::rename(path.join("e.md"), path.join("f.md")).unwrap(), [0, 0, 1, 0]);
    let same = "---\ntype: view\nview_type: list\ntitle: Otherwise\nquery:\n  tags: [gpu]\n---\n";
    expect("the definition says the same", &|| put("tagged.cdx", same), [0, 0, 0, 0]);
    let other = "---\ntype: view\nquery:\n  tags: [tpu]\n---\n";
    expect("the definition says something else", &|| put("tagged.cdx", other), [1, 0, 0, 0]);
    expect("mended", &|| put("broken.cdx", "---\ntype: view\nquery: 'tag:gpu'\n---\n"), [0, 0, 0, 1]);
    expect("gone", &|| std::fs::remove_file(path.join("broken.cdx")).unwrap(), [0, 0, 0, 1]);
}

/// Whatever happens, a view is heard of exactly when the API's result of the same query differs.
#[test]
fn what_is_heard_is_what_a_query_would_show() {
    let seed = crate::support::random::setting("CDX_LIVE_SEED", 7);
    println!("seed {seed}");
    let mut random = seed;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let api = Api::start();
    let ada = api.person("ada");
    let (path, _) = lab(&api, &ada);
    let queries = [
        json!({"tags": ["a"]}),
        json!({"where": "status:todo OR loss<5", "sort": "-loss"}),
        json!({"where": "loss:*", "sort": "loss", "limit": 3}),
        json!({"where": "is:orphan tag:b"}),
        json!({"properties_exists": ["status"], "group_by": "status"}),
        json!({"where": "tag:a", "offset": 1, "limit": 2}),
    ];
    let views: Vec<Value> = queries
        .iter()
        .enumerate()
        .map(|(at, query)| view(&api, &ada, &format!("v{at}"), &format!("  {}\n", inner(query))))
        .collect();
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    let refs: Vec<&Value> = views.iter().map(|view| &view["ref"]).collect();
    sockets.subscribe("a", &json!({"workspace": "lab", "notebooks": [], "views": refs}));
    let results = || -> Vec<Value> {
        queries
            .iter()
            .map(|query| api.call("POST", "/api/v1/query?workspace_id=lab", &ada, query).expect(200))
            .collect()
    };
    let mut before = results();
    for step in 0..25 {
        let name = path.join(format!("n{}.md", next(6)));
        match next(5) {
            0 => drop(std::fs::remove_file(&name)),
            1 => {
                let _ = std::fs::rename(&name, path.join(format!("n{}.md", next(6))));
            }
            _ => {
                let tags = ["", "tags: [a]\n", "tags: [a, b]\n", "tags: [b]\n"][usize::try_from(next(4)).unwrap()];
                let status = ["", "status: todo\n", "status: done\n"][usize::try_from(next(3)).unwrap()];
                let text = format!("---\n{tags}{status}loss: {}\n---\n\n[[n{}]]\n", next(9), next(6));
                std::fs::write(&name, text).unwrap();
            }
        }
        let messages = sockets.rest("a", "view_change");
        let after = results();
        for (at, view) in views.iter().enumerate() {
            let is_heard = messages.iter().any(|message| message["view"] == view["ref"]);
            // The query of the API has a page of 100 at most, which holds all of them here.
            assert_eq!(is_heard, before[at] != after[at], "seed {seed}, step {step}, {}", queries[at]);
        }
        before = after;
    }
}

/// A mapping as YAML of one line.
fn inner(query: &Value) -> String {
    let lines: Vec<String> = query.as_object().unwrap().iter().map(|(key, value)| format!("{key}: {value}")).collect();
    lines.join("\n  ")
}

#[test]
fn a_reconnect_hears_of_a_view_that_changed_meanwhile() {
    let api = Api::start();
    let ada = api.person("ada");
    let (path, _) = lab(&api, &ada);
    let view = view(&api, &ada, "tagged", "  tags: [gpu]\n");
    note(&api, &ada, "a.md", "---\ntags: [gpu]\n---\n");
    let wanted =
        |since: Option<u64>| json!({"workspace": "lab", "notebooks": [], "views": [view["ref"]], "since": since});
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    let since = sockets.subscribe("a", &wanted(None))["seq"].as_u64().unwrap();
    sockets.close("a");
    std::fs::write(path.join("other.md"), "x").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    sockets.open("a", "/api/v1/ws", &ada);
    let unchanged = sockets.subscribe("a", &wanted(Some(since)))["seq"].as_u64().unwrap();
    assert_eq!(heard(&mut sockets, &view), 0);
    sockets.close("a");
    std::fs::write(path.join("b.md"), "---\ntags: [gpu]\n---\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    sockets.open("a", "/api/v1/ws", &ada);
    sockets.subscribe("a", &wanted(Some(unchanged)));
    assert_eq!(heard(&mut sockets, &view), 1);
    // Of one that nobody followed, nobody knows.
    let other = self::view(&api, &ada, "other", "  tags: [tpu]\n");
    sockets.open("b", "/api/v1/ws", &ada);
    let what = json!({"workspace": "lab", "notebooks": [], "views": [other["ref"]], "since": unchanged});
    assert_eq!(sockets.subscribe("b", &what)["type"], "subscribed");
    let resync = sockets.message("b");
    assert_eq!((&resync["type"], &resync["views"]), (&json!("resync"), &json!([other["ref"]])));
}

#[test]
fn a_view_that_goes_by_the_clock_is_heard_of_without_a_change() {
    let api = Api::start();
    let ada = api.person("ada");
    let (_, _) = lab(&api, &ada);
    // Due within some seconds: soon it is not due any more, though nobody touched it.
    let due = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(5);
    let text = format!("---\ndue: {due}\n---\n");
    note(&api, &ada, "soon.md", &text);
    let view = view(&api, &ada, "due", "  where: 'due>now'\n");
    let mut sockets = Sockets::of(&api);
    sockets.open("a", "/api/v1/ws", &ada);
    sockets.subscribe("a", &json!({"workspace": "lab", "notebooks": [], "views": [view["ref"]]}));
    let began = std::time::Instant::now();
    // Results that go by the clock are worked out once a minute.
    while heard(&mut sockets, &view) == 0 {
        assert!(began.elapsed() < std::time::Duration::from_secs(75), "nothing is heard of it");
    }
}
