//! Real programs on real entries: what editors, git, rsync, tar and friends do must end as their users expect.
//! A program that is not installed fails its test: `make test` installs them all.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use crate::support::run::{sh, sh_ok};
use crate::support::{Mounted, eventually, ls, note, read, write};

fn lab() -> Mounted {
    Mounted::with(&[
        ("n.md", &note("title: N\ntags: [t, u]  # mine", "alpha beta")),
        ("m.md", &note("tags: [t]", "alpha")),
        ("data.csv", "a,b\n1,2\n"),
    ])
}

/// After an editor's save through `path`: same note, same tags, new text, no litter beside it.
#[track_caller]
fn check_save(m: &Mounted, path: &str, script: &str) {
    let before = fs::metadata(m.lab("n.md")).unwrap().ino();
    sh_ok(m.mnt(), script);
    let text = read(m.store_lab("n.md"));
    assert!(text.contains("gamma"), "{script}: {text}");
    assert!(text.contains("tags: [t, u]  # mine"), "{script}: {text}");
    m.settle();
    for tag in ["t", "u"] {
        let entry =
            fs::metadata(m.at(&format!("tags/{tag}/n.md"))).unwrap_or_else(|e| panic!("{script}: tags/{tag}: {e}"));
        assert_eq!(entry.ino(), fs::metadata(m.lab("n.md")).unwrap().ino(), "{script}");
    }
    if path.starts_with("tags/") {
        assert_eq!(fs::metadata(m.lab("n.md")).unwrap().ino(), before, "{script}: the note is another file now");
    }
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(!m.store_lab("inbox").exists(), "{script}: {:?}", ls(m.store_lab("inbox")));
    let litter: Vec<String> = ls(m.lab(""))
        .into_iter()
        .filter(|name| !["n.md", "m.md", "data.csv", "n.md~", "n.md.orig"].contains(&&**name))
        .collect();
    assert!(litter.is_empty(), "{script}: {litter:?}");
}

fn saves(script: &str) {
    for path in ["lab/n.md", "tags/t/n.md"] {
        let m = lab();
        check_save(&m, path, &script.replace("FILE", path));
    }
}

/// README: "the note gets the new contents and stays the same note".
#[test]
fn vim_saves_an_entry() {
    saves("vim -u NONE -N -es -c '%s/beta/gamma/' -c 'wq' FILE");
    saves("vim -u NONE -N -es -c 'set backup writebackup backupcopy=no' -c '%s/beta/gamma/' -c 'wq' FILE");
    saves("vim -u NONE -N -es -c 'set swapfile backupcopy=auto,breakhardlink' -c '%s/beta/gamma/' -c 'wq' FILE");
}

/// README: "the note gets the new contents and stays the same note".
#[test]
fn nano_saves_an_entry() {
    // nano wants a terminal: script(1) gives it one.
    let keys = ["\\033/", "gamma", "\\017", "\\r", "\\030"].map(|key| format!("sleep 0.3; printf '{key}'; ")).concat();
    saves(&format!(
        "(sleep 0.5; {keys} sleep 0.5) | TERM=xterm timeout 20 script -qec 'nano -I FILE' /dev/null > /dev/null"
    ));
}

/// README: "the note gets the new contents and stays the same note".
#[test]
fn emacs_saves_an_entry() {
    saves("emacs -Q --batch FILE --eval '(progn (goto-char (point-max)) (insert \"gamma\\n\") (save-buffer))'");
    saves(
        "emacs -Q --batch --eval '(setq file-precious-flag t)' FILE --eval '(progn (goto-char (point-max)) (insert \"gamma\\n\") (save-buffer))'",
    );
}

#[test]
fn stream_editors_and_scripts_save_an_entry() {
    saves("sed -i s/beta/gamma/ FILE");
    saves("perl -pi -e s/beta/gamma/ FILE");
    saves(
        "python3 -c \"import os; p='FILE'; s=open(p).read().replace('beta','gamma'); t=p+'.tmp'; open(t,'w').write(s); os.replace(t,p)\"",
    );
    saves("sed s/beta/gamma/ FILE > /tmp/cdx-$$ && cat /tmp/cdx-$$ > FILE; rm /tmp/cdx-$$");
    saves("sed s/beta/gamma/ FILE > /tmp/cdx-$$ && cp /tmp/cdx-$$ FILE; rm /tmp/cdx-$$");
    saves("sed s/beta/gamma/ FILE > /tmp/cdx-$$ && install -m 644 /tmp/cdx-$$ FILE; rm /tmp/cdx-$$");
    saves("sed s/beta/gamma/ FILE > /tmp/cdx-$$ && cp --remove-destination /tmp/cdx-$$ FILE; rm /tmp/cdx-$$");
    saves("sed s/beta/gamma/ FILE | tee FILE.out > /dev/null; cat FILE.out > FILE; rm FILE.out");
}

#[test]
fn rsync_saves_an_entry() {
    saves(
        "mkdir -p /tmp/cdx-$$ && sed s/beta/gamma/ FILE > /tmp/cdx-$$/n.md && rsync -a /tmp/cdx-$$/n.md FILE; rm -r /tmp/cdx-$$",
    );
    saves(
        "mkdir -p /tmp/cdx-$$ && sed s/beta/gamma/ FILE > /tmp/cdx-$$/n.md && rsync --inplace /tmp/cdx-$$/n.md FILE; rm -r /tmp/cdx-$$",
    );
}

#[test]
fn patch_and_ed_save_an_entry() {
    saves("sed s/beta/gamma/ FILE | diff -u FILE - > /tmp/cdx-$$ || true; patch -s FILE < /tmp/cdx-$$; rm /tmp/cdx-$$");
}

#[test]
fn git_works_in_a_notebook_and_a_retag_reads_nothing_again() {
    let m = lab();
    let git = "git -c safe.directory='*' -c user.name=a -c user.email=a@b";
    sh_ok(m.lab(""), &format!("git init -q . && {git} add . && {git} commit -qm one"));
    assert_eq!(sh_ok(m.lab(""), &format!("{git} status --porcelain")), "");
    sh_ok(m.lab(""), &format!("sed -i s/beta/gamma/ n.md && {git} commit -qam two && {git} checkout -q HEAD~1"));
    eventually(Duration::from_secs(5), "the checked out text", || read(m.lab("n.md")).contains("beta"));
    assert_eq!(ls(m.at(".codex/search/beta")), ["n.md"]);
    assert_eq!(sh_ok(m.lab(""), &format!("{git} fsck 2>&1 | grep -v '^notice' || true")), "");
    assert!(!ls(m.at(".codex/recent")).iter().any(|name| name.contains("HEAD")), "a user's .git is not indexed");
}

#[test]
fn copies_of_the_mount_hold_every_byte_once() {
    let m = lab();
    let to = tempfile::tempdir().unwrap();
    let to = to.path().display();
    sh_ok(
        m.mnt(),
        &format!("rsync -aH ./ {to}/r/ && tar cf - . | (mkdir {to}/t && tar xf - -C {to}/t) && cp -a . {to}/c"),
    );
    for copy in ["r", "t", "c"] {
        sh_ok("/", &format!("cmp {0}/lab/n.md {1}/{copy}/lab/n.md", m.mnt().display(), to));
        assert_eq!(sh_ok("/", &format!("stat -c %h {to}/{copy}/tags/t/n.md")).trim(), "3", "{copy}: links");
    }
    assert_eq!(sh_ok(m.mnt(), "find . -samefile lab/n.md | wc -l").trim(), "3");
    let said = sh(m.mnt(), "find . -name n.md -printf '%i\\n' | sort -u | wc -l");
    assert_eq!(said.out.trim(), "1");
}

/// README: "so that backups and `rg` skip the second names".
#[test]
fn searches_find_notes_once_where_they_heed_the_ignore_file() {
    let m = lab();
    assert_eq!(sh_ok(m.mnt(), "rg --no-require-git -l alpha | sort").trim(), "lab/m.md\nlab/n.md");
    assert_eq!(sh_ok(m.mnt(), "grep -rl alpha lab | sort").trim(), "lab/m.md\nlab/n.md");
    assert_eq!(sh_ok(m.at("tags/t"), "grep -l alpha * | sort").trim(), "m.md\nn.md");
}

#[test]
fn find_and_mv_and_rm_work_on_many_entries() {
    let files: Vec<(String, String)> =
        (0..200).map(|i| (format!("f{i:03}.md"), note("tags: [many]", &format!("{i}")))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (&**a, &**b)).collect();
    let m = Mounted::with(&files);
    assert_eq!(sh_ok(m.at("tags/many"), "ls | wc -l").trim(), "200");
    sh_ok(m.mnt(), "mkdir tags/moved && mv tags/many/f00*.md tags/moved/ && find tags/many -name 'f1*' -delete");
    assert_eq!(ls(m.at("tags/moved")).len(), 10);
    assert_eq!(ls(m.at("tags/many")).len(), 90);
    assert_eq!(ls(m.lab("")).len(), 200);
    assert!(read(m.lab("f001.md")).contains("moved") && !read(m.lab("f150.md")).contains("many"));
}

#[test]
fn sqlite_works_in_the_real_tree() {
    let m = lab();
    let out = sh_ok(
        m.lab(""),
        "sqlite3 x.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES(1),(2); SELECT sum(x) FROM t;' && sqlite3 x.db 'PRAGMA integrity_check'",
    );
    assert!(out.contains('3') && out.contains("ok"), "{out}");
}

#[test]
fn executables_run_and_cannot_be_written_meanwhile() {
    let m = lab();
    sh_ok(m.lab(""), "cp /bin/true t && chmod +x t && ./t");
    let said = sh(m.lab(""), "cp /bin/sleep s; ./s 3 & sleep 0.2; echo x > s; kill $!");
    assert!(said.err.contains("busy"), "{}", said.err);
}

#[test]
fn rm_rf_of_the_mountpoint_leaves_tags_and_views_and_can_be_undone() {
    let m = lab();
    let before = read(m.lab("n.md"));
    m.engine().flush_history().unwrap();
    let said = sh(m.mnt(), &format!("rm -rf {}", m.mnt().display()));
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(m.at("tags").is_dir() && m.at("views").is_dir());
    assert!(!m.at("lab/n.md").exists());
    m.engine().flush_history().unwrap();
    let by = m.engine().default_requester();
    if !m.lab("").exists() {
        m.engine().perform(&cdx::engine::Command::NotebookRestore { name: "lab".to_owned() }, &by).unwrap();
    }
    m.engine().perform(&cdx::engine::Command::Undo { count: 1, anyone: false }, &by).unwrap();
    assert_eq!(read(m.lab("n.md")), before);
}

#[test]
fn a_note_made_by_a_program_is_in_its_tag_at_once() {
    let m = lab();
    write(m.lab("new.md"), note("tags: [fresh]", "x"));
    assert_eq!(ls(m.at("tags/fresh")), ["new.md"]);
    sh_ok(m.lab(""), "mv new.md renamed.md");
    assert_eq!(ls(m.at("tags/fresh")), ["renamed.md"]);
    sh_ok(m.lab(""), "rm renamed.md");
    assert!(!m.at("tags/fresh").exists());
}
