//! One kind of damage after the other.

use super::{all, damage, is_well, notes, workspace};

/// What is done, the exit code of the first check, and words that it or the repair must say.
type Kind = (&'static str, i32, &'static str);

const SQL: &str = "sqlite3 $C/notebook.db";

/// Damage that each start mends by itself (0), or a repair (1).
#[track_caller]
fn check(kinds: &[Kind]) {
    for (script, code, words) in kinds {
        let bench = workspace();
        let before = notes(&bench.path("ws/lab"));
        damage(&bench, &script.replace("SQL", SQL));
        let first = bench.cdx_in("ws", &["check"]);
        assert_eq!(first.code, *code, "{script}: {}", all(&first));
        let repaired = bench.cdx_in("ws", &["check", "--repair"]);
        assert_eq!(repaired.code, 0, "{script}: {}", all(&repaired));
        let said = format!("{}{}", all(&first), all(&repaired));
        assert!(said.contains(words), "{script}: `{words}` is not said: {said}");
        is_well(&bench, &before, script);
    }
}

#[test]
fn a_database_that_is_gone_or_torn_is_made_anew() {
    check(&[
        ("rm $C/notebook.db", 0, "agree"),
        (": > $C/notebook.db", 0, "agree"),
        ("truncate -s 50000 $C/notebook.db", 0, "it was set aside"),
        ("head -c 100000 /dev/urandom > $C/notebook.db", 0, "it was set aside"),
        ("head -c 5000 /dev/urandom > $C/notebook.db-wal", 0, "agree"),
    ]);
}

#[test]
fn rows_that_are_missing_superfluous_or_wrong_are_named_and_mended() {
    check(&[
        ("SQL \"DELETE FROM file_metadata WHERE path = 'sub/n3.md'\"", 1, "index damaged"),
        ("SQL \"PRAGMA foreign_keys = 1; DELETE FROM file_metadata WHERE path = 'sub/n3.md'\"", 1, "index damaged"),
        ("SQL \"UPDATE file_metadata SET hash = zeroblob(32) WHERE path = 'sub/n3.md'\"", 1, "hash differs"),
        ("SQL \"UPDATE file_metadata SET title = 'Q' WHERE path = 'sub/n3.md'\"", 1, "other title or other fields"),
        ("SQL \"DELETE FROM file_tags WHERE file_id = 7\"", 1, "tags differ"),
        ("SQL \"INSERT INTO file_tags SELECT 7, id, 1 FROM tags WHERE key = 'pic'\"", 1, "tags differ"),
        ("SQL \"UPDATE properties SET value = 9 WHERE file_id = 7\"", 1, "other properties"),
        ("SQL \"DELETE FROM links WHERE from_id = 7\"", 1, "other links"),
        ("SQL \"DELETE FROM file_names WHERE file_id = 7\"", 1, "files without a name"),
        (
            "SQL \"INSERT INTO file_metadata (path, node, dev, inode, btime_ns, mtime_ns, ctime_ns, size, sidecar_mark, \
             content_type, title, created_at) SELECT 'more.md', 99, dev, 99, 0, 0, 0, 1, 0, content_type, title, 1 \
             FROM file_metadata WHERE id = 7\"",
            0,
            "agree",
        ),
    ]);
}

#[test]
fn a_history_that_is_gone_or_unreadable_is_begun_anew_with_all_that_is_there() {
    check(&[
        ("rm -r $H", 0, "agree"),
        ("rm -r $H && echo x > $H", 1, "not opened"),
        ("rm $H/objects/pack/*", 0, "the head is damaged"),
        ("rm -r $H/objects $H/refs", 0, "agree"),
    ]);
}

#[test]
fn a_history_that_lost_objects_keeps_the_others() {
    let unpacked = "mkdir x; mv $H/objects/pack/*.pack x/; rm $H/objects/pack/*; for p in x/*.pack; do git --git-dir $H \
                    unpack-objects -q < $p; done; rm -rf x; f=$H/objects/$(git --git-dir $H rev-parse WHAT | sed \
                    's|^..|&/|'); chmod u+w $f";
    let loose = |what: &str, then: &str| -> &'static str {
        Box::leak(format!("{}; {then}", unpacked.replace("WHAT", what)).into_boxed_str())
    };
    check(&[
        ("rm $(ls -S $H/objects/pack/*.pack | head -n 1)", 1, "history damaged"),
        ("rm $(ls -S $H/objects/pack/*.pack | tail -n 1)", 1, "it is kept as"),
        (
            "f=$(ls -S $H/objects/pack/*.pack | head -n 1); chmod u+w $f; printf XXXXXXXX | dd of=$f bs=1 seek=600 \
             conv=notrunc status=none",
            1,
            "history damaged",
        ),
        (
            "f=$(ls -S $H/objects/pack/*.idx | head -n 1); chmod u+w $f; printf XXXXXXXX | dd of=$f bs=1 seek=1100 \
             conv=notrunc status=none",
            1,
            "nothing that could be named is lost",
        ),
        // An empty object: a commit, a folder, a file; and one that is gone, and one that is another.
        (loose("main", ": > $f"), 0, "the newest commit takes its place"),
        (loose("main:sub", ": > $f"), 1, "set a damaged file aside"),
        (loose("main:sub/n9.md", ": > $f"), 1, "history damaged"),
        (loose("main~1:sub/n1.md", "rm $f"), 1, "history damaged"),
        (loose("main~1", "rm $f"), 1, "history damaged"),
        (loose("main:sub/n9.md", "printf XX | dd of=$f bs=1 seek=20 conv=notrunc status=none"), 1, "history damaged"),
    ]);
}

#[test]
fn what_a_crash_leaves_in_a_history_is_cleared_at_the_start() {
    check(&[
        (": > $H/refs/heads/main", 0, "the newest commit takes its place"),
        ("rm $H/refs/heads/main", 0, "the newest commit takes its place"),
        ("echo 0123456789012345678901234567890123456789 > $H/refs/heads/main", 0, "the newest commit takes its place"),
        ("touch $H/refs/heads/main.lock $H/HEAD.lock $H/index.lock $H/packed-refs.lock", 0, "stale lock"),
        ("mkdir -p $H/objects/ab; : > $H/objects/ab/01234567890123456789012345678901234567", 0, "aside"),
        (": > $H/HEAD; : > $H/config", 0, "agree"),
        ("echo garbage > $H/config; echo garbage > $H/codex.config", 0, "agree"),
        ("echo garbage > $H/HEAD", 0, "agree"),
        ("touch $H/objects/pack/tmp_pack_1 $H/incoming/x", 0, "unfinished pack"),
    ]);
}

#[test]
fn a_journal_that_is_gone_or_damaged_is_begun_anew_and_kept_aside() {
    check(&[
        ("rm .codex/journal.db", 0, "agree"),
        ("printf garbagegarbage | dd of=.codex/journal.db conv=notrunc status=none", 0, "it is kept as"),
        (
            "sqlite3 .codex/journal.db 'PRAGMA journal_mode = delete' > /dev/null; printf '\\377\\377\\377\\377' | dd \
             of=.codex/journal.db bs=1 seek=4096 conv=notrunc status=none",
            1,
            "journal damaged",
        ),
    ]);
}

/// The numbers of a notebook's inodes stand in its index as well: a journal that is lost costs none of them.
#[test]
fn a_journal_that_is_lost_changes_no_inode_number() {
    let bench = workspace();
    let numbers = |bench: &crate::cli::Bench| {
        let mounted = crate::cli::mount::mount(bench, "mnt", &[]);
        let number = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(bench.path("mnt/lab/sub/n7.md")).unwrap());
        drop(mounted);
        number
    };
    let before = numbers(&bench);
    damage(&bench, "rm .codex/journal.db");
    assert_eq!(numbers(&bench), before);
}

#[test]
fn a_sidecar_left_alone_is_named_and_stays() {
    let bench = workspace();
    damage(&bench, "rm lab/p.png");
    let ran = bench.cdx_in("ws", &["check", "--repair"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("orphan sidecar") && ran.out.contains("describes `p.png`"), "{}", ran.out);
    assert!(bench.path("ws/lab/.p.png.json").exists());
}

/// A database that a newer cdx made is refused and not written, whatever is asked.
#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let bench = workspace();
    damage(&bench, "sqlite3 $C/notebook.db 'PRAGMA journal_mode = delete; PRAGMA user_version = 99' > /dev/null");
    let file = bench.path("ws/lab/.codex/notebook.db");
    let before = std::fs::read(&file).unwrap();
    for args in [&["check"][..], &["check", "--repair"], &["index", "--rebuild"], &["flush"]] {
        let ran = bench.cdx_in("ws", args);
        assert!(all(&ran).contains("install a newer cdx"), "{args:?}: {ran:?}");
        assert!(args[0] != "check" || ran.code == 1, "{args:?}: {ran:?}");
        assert_eq!(std::fs::read(&file).unwrap(), before, "{args:?}");
    }
    let refused = bench.cdx_in("ws", &["show", "lab/sub/n2.md"]).failed(5);
    assert!(refused.contains("install a newer cdx"), "{refused}");
    // The same of the database of the home.
    let home = bench.path("home/codex_system.db");
    damage(
        &bench,
        &format!("sqlite3 {} 'PRAGMA journal_mode = delete; PRAGMA user_version = 99' > /dev/null", home.display()),
    );
    let before = std::fs::read(&home).unwrap();
    let refused = bench.cdx(&["status"]).failed(5);
    assert!(refused.contains("install a newer cdx"), "{refused}");
    assert_eq!(std::fs::read(&home).unwrap(), before);
}

/// Flipped bytes in each region of the database: whatever page they hit.
#[test]
fn flipped_bytes_in_every_region_of_a_database_do_no_harm() {
    for region in 0..12_u64 {
        let bench = workspace();
        let before = notes(&bench.path("ws/lab"));
        let file = bench.path("ws/lab/.codex/notebook.db");
        let mut bytes = std::fs::read(&file).unwrap();
        let size = bytes.len() as u64;
        let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(region + 1);
        for n in 0..8_u64 {
            let at = (region * size / 12 + seed.rotate_left(u32::try_from(n * 7).unwrap()) % (size / 12)).min(size - 1);
            bytes[usize::try_from(at).unwrap()] ^= 0x55;
        }
        std::fs::write(&file, bytes).unwrap();
        let repaired = bench.cdx_in("ws", &["check", "--repair"]);
        assert_eq!(repaired.code, 0, "region {region}: {}", all(&repaired));
        is_well(&bench, &before, &format!("region {region}"));
    }
}

/// A WAL that is deleted after a kill -9: what it held is found again in the files.
#[test]
fn a_log_that_is_deleted_after_a_kill_costs_nothing() {
    let bench = workspace();
    let mounted = crate::cli::mount::mount(&bench, "mnt", &[]);
    bench.write("mnt/lab/late.md", "---\ntags: [late]\n---\n");
    let status: serde_json::Value = serde_json::from_str(&bench.read("mnt/.codex/status.json")).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(status["pid"].as_i64().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    drop(mounted);
    let before = notes(&bench.path("ws/lab"));
    damage(&bench, "rm -f $C/notebook.db-wal");
    let repaired = bench.cdx_in("ws", &["check", "--repair"]);
    assert_eq!(repaired.code, 0, "{}", all(&repaired));
    is_well(&bench, &before, "no log");
    assert_eq!(bench.cdx_in("ws", &["query", "tag:late", "--format", "paths"]).done(), "lab/late.md\n");
}

/// Accounts can be made again from nothing else: what can be read is taken over, the rest is said, nothing is removed.
#[test]
fn a_damaged_database_of_accounts_is_kept_aside_and_what_can_be_read_is_taken_over() {
    let bench = workspace();
    for n in 0..25 {
        bench.write(&format!("more/w{n}/lab/a.md"), "a");
        bench.cdx(&["init", &format!("more/w{n}"), "--name", &format!("Work {n}")]).done();
    }
    let home = bench.path("home/codex_system.db");
    damage(&bench, &format!("sqlite3 {} 'PRAGMA journal_mode = delete' > /dev/null", home.display()));
    let whole = std::fs::read(&home).unwrap();
    let names = |bench: &crate::cli::Bench| {
        let status = bench.cdx(&["status", "--json"]).json();
        status["workspaces"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let all_names = names(&bench);
    assert_eq!(all_names.len(), 26);
    // Each page in turn, so that every table and index is hit.
    let page = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let (mut salvaged, mut complete) = (0, 0);
    for at in (0..whole.len() / page).step_by(5) {
        let mut bytes = whole.clone();
        let begin = at * page + if at == 0 { 100 } else { 0 };
        bytes[begin..begin + 200].fill(0xff);
        std::fs::write(&home, &bytes).unwrap();
        let first = bench.cdx_in("ws", &["check"]);
        let repaired = bench.cdx_in("ws", &["check", "--repair"]);
        assert_eq!(repaired.code, 0, "page {at}: {}", all(&repaired));
        assert_eq!(bench.cdx_in("ws", &["check"]).code, 0, "page {at}");
        let found = names(&bench);
        assert!(found.iter().all(|name| all_names.contains(name)), "page {at}: nothing is invented: {found:?}");
        complete += usize::from(found == all_names);
        if first.code == 1 {
            salvaged += 1;
            assert!(repaired.err.contains("it is kept as"), "page {at}: {}", repaired.err);
            let said_lost = repaired.err.contains("is lost (") || repaired.err.contains("all of it");
            assert!(found == all_names || said_lost, "page {at}: {found:?} {}", repaired.err);
        }
        for entry in std::fs::read_dir(bench.path("home")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.contains(".damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm") {
                assert_eq!(
                    std::fs::read(&path).unwrap().len(),
                    whole.len(),
                    "page {at}: what is kept is what was there"
                );
            }
            if name.contains("codex_system.db") && name != "codex_system.db" {
                std::fs::remove_file(&path).unwrap();
            }
        }
    }
    eprintln!("{salvaged} pages were missed, {complete} times all workspaces were there");
    assert!(salvaged > 3 && complete > 3);
}
