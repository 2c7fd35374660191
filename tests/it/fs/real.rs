//! mount.md §5, first row: the real tree does everything POSIX, as on the store's own filesystem.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::time::Duration;

use crate::support::run::sh_ok;
use crate::support::{Mounted, errno, eventually, ls, read, write};

/// README: "shows it with your real files byte for byte".
/// README: "a notebook: your files, nothing added".
#[test]
fn the_store_is_shown_byte_for_byte() {
    let m = Mounted::with(&[("a.md", "one\r\ntwo"), ("runs/b.bin", "\0\u{1}")]);
    assert_eq!(read(m.lab("a.md")), "one\r\ntwo");
    assert_eq!(ls(m.mnt()), ["lab", "tags", "views"]);
    assert_eq!(ls(m.lab("")), ["a.md", "runs"]);
    write(m.lab("runs/c.md"), "new");
    assert_eq!(read(m.store_lab("runs/c.md")), "new");
    fs::rename(m.lab("runs/c.md"), m.lab("d.md")).unwrap();
    fs::remove_file(m.lab("a.md")).unwrap();
    assert_eq!(ls(m.store_lab("")), [".codex", "d.md", "runs"]);
}

#[test]
fn a_notebooks_own_codex_is_never_shown_and_cannot_be_made() {
    let m = Mounted::with(&[]);
    assert_eq!(errno(fs::metadata(m.lab(".codex"))), libc::ENOENT);
    assert_eq!(errno(fs::create_dir(m.lab(".codex"))), libc::EPERM);
    assert_eq!(errno(fs::write(m.lab(".codex"), "x")), libc::EPERM);
    assert!(m.last_error().contains(".codex"), "{}", m.last_error());
    fs::create_dir_all(m.lab("sub/.codex")).unwrap();
}

#[test]
fn an_unlinked_file_lives_while_it_is_open() {
    let m = Mounted::with(&[("a.md", "hello")]);
    let mut file = OpenOptions::new().read(true).write(true).open(m.lab("a.md")).unwrap();
    fs::remove_file(m.lab("a.md")).unwrap();
    file.write_all(b"HE").unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "HEllo");
    assert_eq!(file.metadata().unwrap().nlink(), 0);
    file.set_len(1).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 1);
}

#[test]
fn hard_links_agree_in_every_name() {
    let m = Mounted::with(&[("a.txt", "1")]);
    fs::hard_link(m.lab("a.txt"), m.lab("b.txt")).unwrap();
    write(m.lab("b.txt"), "longer");
    let (a, b) = (fs::metadata(m.lab("a.txt")).unwrap(), fs::metadata(m.lab("b.txt")).unwrap());
    assert_eq!((a.ino(), a.nlink(), a.len()), (b.ino(), 2, 6));
    fs::remove_file(m.lab("a.txt")).unwrap();
    assert_eq!(fs::metadata(m.lab("b.txt")).unwrap().nlink(), 1);
}

#[test]
fn inode_numbers_are_the_same_after_a_rename_and_a_remount() {
    let mut m = Mounted::with(&[("a.md", "a"), ("runs/b.md", "b")]);
    let before = (fs::metadata(m.lab("a.md")).unwrap().ino(), fs::metadata(m.lab("runs")).unwrap().ino());
    fs::rename(m.lab("a.md"), m.lab("runs/c.md")).unwrap();
    assert_eq!(fs::metadata(m.lab("runs/c.md")).unwrap().ino(), before.0);
    m.settle();
    m.restart();
    let after = (fs::metadata(m.lab("runs/c.md")).unwrap().ino(), fs::metadata(m.lab("runs")).unwrap().ino());
    assert_eq!(before, after);
}

#[test]
fn an_inode_number_is_never_used_twice() {
    let m = Mounted::with(&[]);
    let mut seen = std::collections::HashSet::new();
    for i in 0..50 {
        let path = m.lab(&format!("{i}.tmp"));
        write(&path, "x");
        assert!(seen.insert(fs::metadata(&path).unwrap().ino()), "number {i} was used before");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn listings_and_stats_agree_on_numbers() {
    let m = Mounted::with(&[("a.md", "a"), ("b.md", "b"), ("runs/c.md", "c")]);
    write(m.lab("new.txt"), "made through the mount");
    for entry in fs::read_dir(m.lab("")).unwrap() {
        let entry = entry.unwrap();
        let listed = std::os::unix::fs::DirEntryExt::ino(&entry);
        assert_eq!(listed, fs::metadata(entry.path()).unwrap().ino(), "{:?}", entry.path());
    }
}

#[test]
fn an_open_file_survives_a_rename_of_its_directory_behind_the_mount() {
    let m = Mounted::with(&[("old/sub/a.md", "start ")]);
    let mut file = OpenOptions::new().append(true).open(m.lab("old/sub/a.md")).unwrap();
    file.write_all(b"one ").unwrap();
    fs::rename(m.store_lab("old"), m.store_lab("new")).unwrap();
    file.write_all(b"two").unwrap();
    assert!(file.metadata().unwrap().len() > 6);
    drop(file);
    eventually(Duration::from_secs(5), "the new name", || m.lab("new/sub/a.md").exists());
    assert_eq!(read(m.lab("new/sub/a.md")), "start one two");
    eventually(Duration::from_secs(5), "the old name gone", || !m.lab("old").exists());
}

/// README: "Changes made behind the mount are seen".
#[test]
fn changes_behind_the_mount_are_seen_in_contents_listings_and_attributes() {
    let m = Mounted::with(&[("a.md", "first"), ("gone.md", "x")]);
    assert_eq!(read(m.lab("a.md")), "first");
    assert_eq!(ls(m.lab("")), ["a.md", "gone.md"]);
    assert!(!m.lab("b.md").exists());
    write(m.store_lab("a.md"), "second!");
    write(m.store_lab("b.md"), "b");
    fs::remove_file(m.store_lab("gone.md")).unwrap();
    let within = Duration::from_secs(2);
    eventually(within, "contents", || read(m.lab("a.md")) == "second!");
    eventually(within, "size", || fs::metadata(m.lab("a.md")).unwrap().len() == 7);
    eventually(within, "a new file", || m.lab("b.md").exists());
    eventually(within, "a listing", || ls(m.lab("")) == ["a.md", "b.md"]);
    eventually(within, "a removed file", || !m.lab("gone.md").exists());
}

#[test]
fn renameat2_flags_work_on_the_real_tree() {
    let m = Mounted::with(&[("a.md", "A"), ("b.md", "B")]);
    let rename =
        |flags| rustix::fs::renameat_with(rustix::fs::CWD, m.lab("a.md"), rustix::fs::CWD, m.lab("b.md"), flags);
    assert_eq!(rename(rustix::fs::RenameFlags::NOREPLACE), Err(rustix::io::Errno::EXIST));
    rename(rustix::fs::RenameFlags::EXCHANGE).unwrap();
    assert_eq!((read(m.lab("a.md")), read(m.lab("b.md"))), ("B".to_owned(), "A".to_owned()));
}

#[test]
fn modes_times_and_umask_are_the_callers() {
    let m = Mounted::with(&[]);
    let path = m.lab("a.sh");
    sh_ok(m.lab(""), "umask 027; touch a.sh; mkdir d; umask 0; touch open");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(fs::metadata(m.lab("d")).unwrap().mode() & 0o7777, 0o750);
    assert_eq!(fs::metadata(m.lab("open")).unwrap().mode() & 0o7777, 0o666);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(fs::metadata(m.store_lab("a.sh")).unwrap().mode() & 0o7777, 0o755);
    let time = std::time::UNIX_EPOCH + Duration::from_nanos(1_234_567_890_123_456_789);
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(fs::metadata(m.store_lab("a.sh")).unwrap().modified().unwrap(), time);
}

#[test]
fn two_appenders_and_one_behind_the_mount_lose_nothing() {
    let m = Mounted::with(&[("log.txt", "")]);
    let open = |path| OpenOptions::new().append(true).open(path).unwrap();
    let mut writers = [open(m.lab("log.txt")), open(m.lab("log.txt")), open(m.store_lab("log.txt"))];
    for _ in 0..50 {
        for (i, file) in writers.iter_mut().enumerate() {
            file.write_all(format!("{i}\n").as_bytes()).unwrap();
        }
    }
    drop(writers);
    let text = read(m.store_lab("log.txt"));
    for i in 0..3 {
        assert_eq!(text.lines().filter(|line| *line == i.to_string()).count(), 50, "lines of writer {i}");
    }
}

#[test]
fn sparse_files_keep_their_holes() {
    let m = Mounted::with(&[]);
    let file = OpenOptions::new().create_new(true).read(true).write(true).open(m.lab("sparse")).unwrap();
    file.write_at(b"end", 10 << 20).unwrap();
    file.sync_all().unwrap();
    let data = rustix::fs::seek(&file, rustix::fs::SeekFrom::Data(0)).unwrap();
    assert!(data > 0, "a hole at the start");
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, 1 << 20).unwrap();
    assert!(file.metadata().unwrap().blocks() * 512 >= 1 << 20);
}

#[test]
fn symbolic_links_fifos_and_sockets_are_as_in_the_store() {
    let m = Mounted::with(&[("a.md", "a")]);
    sh_ok(
        m.lab(""),
        "ln -s a.md link; mkfifo pipe; (echo hi > pipe &); test \"$(cat pipe)\" = hi; test \"$(cat link)\" = a",
    );
    let socket = std::os::unix::net::UnixListener::bind(m.lab("sock")).unwrap();
    drop(socket);
    assert_eq!(fs::read_link(m.store_lab("link")).unwrap().to_str(), Some("a.md"));
}

#[test]
fn no_operation_follows_a_link_out_of_the_notebook_on_the_daemons_behalf() {
    let m = Mounted::with(&[]);
    std::os::unix::fs::symlink("/etc", m.store_lab("etc")).unwrap();
    eventually(Duration::from_secs(2), "the link", || m.lab("etc").is_symlink());
    // The kernel resolves the link for the caller, outside the mount, with the caller's rights.
    assert!(m.lab("etc/passwd").exists());
    assert_eq!(errno(OpenOptions::new().custom_flags(libc::O_NOFOLLOW).read(true).open(m.lab("etc"))), libc::ELOOP);
}

#[test]
fn the_mount_passes_the_semantics_matrix() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/bench/fs_semantics.py");
    assert!(std::path::Path::new(script).exists(), "{script} belongs beside the checkout");
    let m = Mounted::with(&[("keep.md", "x")]);
    let table = sh_ok(
        "/",
        &format!("python3 {script} native={0}:{0} mount={1}:{0}", m.store_lab("").display(), m.lab("").display()),
    );
    let bad: Vec<&str> = table
        .lines()
        .filter(|row| row.starts_with("| ") && !row.starts_with("| check"))
        .filter(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            // O_TMPFILE is not in fuser 0.18; changes behind a mount never raise inotify events on it.
            let excepted = ["O_TMPFILE+link", "backing change -> inotify on mount"].contains(&cells[1]);
            !excepted && cells[3] != "ok" && cells[2] == "ok"
        })
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// README: "File data passes the daemon by (FUSE passthrough) only where the mount is root's".
#[test]
fn data_passes_the_daemon_by_where_the_kernel_permits_it() {
    let large = "text".repeat(64 << 10);
    let m = Mounted::with(&[("small.md", "text"), ("large.txt", &large)]);
    let permitted = Some(rustix::process::geteuid().is_root());
    assert_eq!(read(m.lab("small.md")), "text");
    assert_eq!(m.fs().is_passthrough(), None, "a small file is read once and cached");
    assert_eq!(read(m.lab("large.txt")), large);
    assert_eq!(m.fs().is_passthrough(), permitted);
}

#[test]
fn who_reads_sees_what_is_written_through_another_handle_small_or_large_passed_by_or_cached() {
    let large = "text".repeat(64 << 10);
    let m = Mounted::with(&[("small.md", "text"), ("large.txt", &large)]);
    for name in ["small.md", "large.txt"] {
        for reader_first in [true, false] {
            let open_writer = || OpenOptions::new().write(true).open(m.lab(name)).unwrap();
            let mut early = (!reader_first).then(open_writer);
            let mut reader = fs::File::open(m.lab(name)).unwrap();
            let mut head = [0; 4];
            reader.read_exact(&mut head).unwrap();
            let text = if reader_first { b"TEXT" } else { b"Text" };
            early.get_or_insert_with(open_writer).write_all(text).unwrap();
            std::io::Seek::rewind(&mut reader).unwrap();
            reader.read_exact(&mut head).unwrap();
            assert_eq!(&head, text, "{name}, reader first: {reader_first}");
            drop(early);
            assert_eq!(&read(m.store_lab(name)).as_bytes()[..4], text, "{name}");
            assert_eq!(&read(m.lab(name)).as_bytes()[..4], text, "{name}");
        }
    }
}

#[test]
fn two_mounts_of_a_workspace_show_each_others_changes() {
    let mut m = Mounted::with(&[("a.md", "---\ntags: [x]\n---\n")]);
    let second = m.mount_again(&cdx::fs::MountOptions::default());
    assert_eq!(ls(second.join("tags/x")), ["a.md"]);
    write(m.lab("b.md"), "---\ntags: [x]\n---\n");
    assert_eq!(ls(second.join("tags/x")), ["a.md", "b.md"]);
    eventually(Duration::from_secs(2), "the real tree of the other mount", || {
        ls(second.join("lab")) == ["a.md", "b.md"]
    });
    write(second.join("lab/a.md"), "rewritten elsewhere");
    eventually(Duration::from_secs(2), "contents", || read(m.lab("a.md")) == "rewritten elsewhere");
}

#[test]
fn a_read_only_mount_refuses_every_change() {
    let options = cdx::fs::MountOptions { read_only: true, ..Default::default() };
    let m = Mounted::of(&["lab"], &[("a.md", "---\ntags: [x]\n---\n")], &options);
    assert_eq!(errno(fs::write(m.lab("a.md"), "x")), libc::EROFS);
    assert_eq!(errno(fs::remove_file(m.at("tags/x/a.md"))), libc::EROFS);
    assert_eq!(errno(fs::create_dir(m.at("tags/y"))), libc::EROFS);
    assert_eq!(ls(m.at("tags/x")), ["a.md"]);
}

#[test]
fn a_mount_without_xattrs_says_so() {
    let options = cdx::fs::MountOptions { no_xattr: true, ..Default::default() };
    let m = Mounted::of(&["lab"], &[("a.md", "x")], &options);
    let mut value = [0; 16];
    let got = rustix::fs::getxattr(m.lab("a.md"), "user.xdg.tags", &mut value);
    assert_eq!(got, Err(rustix::io::Errno::NOTSUP));
}
