//! Starts that are cut off, again and again.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{all, is_well, notes, workspace};
use crate::cli::Bench;
use crate::cli::mount::{mount, names};

/// A daemon that is starting.
fn start(bench: &Bench) -> Child {
    std::fs::create_dir_all(bench.path("mnt")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cdx"));
    command.args(["mount", "ws", "mnt"]).current_dir(bench.path("")).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.env("CODEX_HOME", bench.path("home")).env("CODEX_USER", "ada").env_remove("CODEX_WORKSPACE");
    command.spawn().unwrap()
}

fn end(bench: &Bench, mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
    let _ = Command::new("umount").arg("-l").arg(bench.path("mnt")).stderr(Stdio::null()).status();
}

#[test]
fn twenty_starts_that_are_killed_leave_one_that_works() {
    let bench = workspace();
    for n in 0..200 {
        bench.write(&format!("ws/lab/more/m{n}.md"), "---\ntags: [more]\n---\n");
    }
    let before = notes(&bench.path("ws/lab"));
    for n in 0..20_u64 {
        let child = start(&bench);
        std::thread::sleep(Duration::from_millis(3 + n * n * 37 % 120));
        end(&bench, child);
    }
    let mounted = mount(&bench, "mnt", &[]);
    crate::support::eventually(Duration::from_secs(20), "it works", || {
        bench.path("mnt/tags/more").exists() && names(bench.path("mnt/tags/more")).len() == 200
    });
    drop(mounted);
    let repaired = bench.cdx_in("ws", &["check", "--repair"]);
    assert_eq!(repaired.code, 0, "{}", all(&repaired));
    is_well(&bench, &before, "killed starts");
    assert!(!bench.path("ws/.codex/starting").exists() && !bench.path("ws/.codex/reading").exists());
}

/// Something in a file makes cdx die whenever it reads it: it is found out which file that is, and it is left alone.
#[test]
fn a_file_that_every_start_dies_by_is_named_and_left_alone() {
    let bench = workspace();
    // So large that it takes a while to read; what dies meanwhile is this test's doing.
    let file = std::fs::File::create(bench.path("ws/lab/boom.bin")).unwrap();
    file.set_len(63 << 20).unwrap();
    let before = notes(&bench.path("ws/lab"));
    let is_read = |bench: &Bench| {
        let reading = std::fs::read(bench.path("ws/.codex/reading")).unwrap_or_default();
        reading.windows(12).any(|part| part == b"lab/boom.bin")
    };
    for n in 0..4 {
        let child = start(&bench);
        let began = Instant::now();
        let is_under_way = || {
            let starting = std::fs::read_to_string(bench.path("ws/.codex/starting")).unwrap_or_default();
            starting.starts_with(&format!("running {n}\n"))
        };
        if n < 2 {
            while !is_under_way() {
                assert!(began.elapsed() < Duration::from_secs(20), "start {n}");
                std::thread::sleep(Duration::from_micros(200));
            }
        } else {
            while !is_under_way() || !is_read(&bench) {
                assert!(began.elapsed() < Duration::from_secs(20), "start {n}: it is written down what is read");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        end(&bench, child);
    }
    let mounted = mount(&bench, "mnt", &[]);
    crate::support::eventually(Duration::from_secs(20), "it works", || {
        bench.path("mnt/tags/all").exists() && names(bench.path("mnt/tags/all")).len() == super::NOTES
    });
    let status = bench.read("mnt/.codex/status.json");
    assert!(status.contains("cdx died while it read `lab/boom.bin`"), "{status}");
    assert!(bench.path("mnt/lab/boom.bin").exists());
    let checked = bench.cdx_in("ws", &["check"]);
    assert_eq!(checked.code, 0, "{}", all(&checked));
    assert!(checked.out.contains("died twice while it did"), "{}", checked.out);
    // It changes: it is read again.
    std::fs::write(bench.path("ws/lab/boom.bin"), "small").unwrap();
    crate::support::eventually(Duration::from_secs(10), "it is read again", || {
        !bench.cdx_in("ws", &["check"]).out.contains("died twice")
    });
    drop(mounted);
    drop(before);
    assert!(!bench.path("ws/.codex/reading").exists());
}
