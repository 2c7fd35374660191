//! `.codex/at` and `.codex/history`.

use super::lab::Lab;
use crate::fs::tree::Found;

#[test]
fn the_past_is_a_tree_and_only_read() {
    let lab = Lab::new(&[("runs/a.md", "one\n"), ("b.md", "b\n")]);
    lab.engine.barrier(std::time::Duration::from_secs(5)).unwrap();
    lab.engine.flush_history().unwrap();
    let head = lab.engine.notebook_named("lab").unwrap().history.head().unwrap().unwrap().to_string();
    lab.write("runs/a.md", "two\n");
    lab.engine.barrier(std::time::Duration::from_secs(5)).unwrap();
    lab.engine.flush_history().unwrap();

    let at = format!(".codex/at/{}", &head[..10]);
    assert_eq!(lab.ls(&at), ["lab/"]);
    assert_eq!(lab.ls(&format!("{at}/lab")), ["b.md", "runs/"]);
    assert_eq!(lab.text(&format!("{at}/lab/runs/a.md")), "one\n");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    assert_eq!(lab.text(&format!(".codex/at/{today}/lab/runs/a.md")), "two\n");
    assert_eq!(lab.ls(".codex/at/2001-01-01"), [""; 0]);
    assert_eq!(lab.lookup_errno(".codex/at/yesteryear"), libc::ENOENT);
    assert_eq!(lab.lookup_errno(".codex/at/0000000000"), libc::ENOENT);
    assert_eq!(lab.ls(".codex/at"), [""; 0]);
    for path in [format!("{at}/lab/b.md"), format!("{at}/lab/new.md")] {
        assert_eq!(lab.cp(&path, "x").unwrap_err(), libc::EROFS, "{path}");
    }
    assert_eq!(lab.rm(&format!("{at}/lab/b.md")), Err(libc::EROFS));
    assert_eq!(lab.rmdir(&format!("{at}/lab/runs")), Err(libc::EROFS));
    assert_eq!(lab.mv(&format!("{at}/lab/b.md"), &format!("{at}/lab/c.md")), Err(libc::EROFS));
}

#[test]
fn every_version_of_a_file_has_a_name() {
    let lab = Lab::new(&[("runs/a.md", "one\n")]);
    for text in ["two\n", "three\n"] {
        lab.engine.barrier(std::time::Duration::from_secs(5)).unwrap();
        lab.engine.flush_history().unwrap();
        lab.write("runs/a.md", text);
    }
    lab.engine.barrier(std::time::Duration::from_secs(5)).unwrap();
    lab.engine.flush_history().unwrap();
    assert_eq!(lab.ls(".codex/history"), ["lab/"]);
    assert_eq!(lab.ls(".codex/history/lab"), ["runs/"]);
    let versions = lab.ls(".codex/history/lab/runs/a.md");
    assert!(
        versions.len() == 3 && versions.iter().all(|name| name.ends_with(".md") && name.len() == 28),
        "{versions:?}"
    );
    let mut texts: Vec<_> =
        versions.iter().map(|name| lab.text(&format!(".codex/history/lab/runs/a.md/{name}"))).collect();
    texts.sort();
    assert_eq!(texts, ["one\n", "three\n", "two\n"]);
    assert!(matches!(lab.find(".codex/history/lab/runs/a.md"), Ok(Found::Dir(_))));
    assert_eq!(lab.lookup_errno(".codex/history/lab/none.md"), libc::ENOENT);
    assert_eq!(lab.rm(&format!(".codex/history/lab/runs/a.md/{}", versions[0])), Err(libc::EROFS));
}
