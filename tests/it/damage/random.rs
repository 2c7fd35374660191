//! Random damage to random files below `.codex`: flipped, cut off, emptied, removed, overwritten. Each seed is a
//! workspace of its own; `CDX_DAMAGE_SEEDS` says how many there are, `CDX_DAMAGE_FROM` the first.

use std::path::{Path, PathBuf};

use super::{all, is_well, notes, workspace};

/// Small and good enough; printed with what it did.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound.max(1) as u64).unwrap()
    }
}

/// Files below a folder, in order; settings are not ours to mend.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some("workspace.yaml") => {}
            _ if path.is_dir() => found.extend(files(&path)),
            _ => found.push(path),
        }
    }
    found.sort();
    found
}

fn hurt(random: &mut Random, path: &Path) -> String {
    let mut permissions = std::fs::metadata(path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    std::fs::set_permissions(path, permissions).unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let what = match random.below(6) {
        0 | 1 if !bytes.is_empty() => {
            let flips = 1 + random.below(16);
            for _ in 0..flips {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
            }
            format!("{flips} bits flipped")
        }
        2 => {
            let length = random.below(bytes.len());
            bytes.truncate(length);
            format!("cut to {length}")
        }
        3 => {
            bytes.clear();
            "emptied".to_owned()
        }
        4 => {
            let at = random.below(bytes.len());
            let end = (at + 4096).min(bytes.len());
            bytes[at..end].fill(0);
            format!("zeroed from {at}")
        }
        _ => {
            std::fs::remove_file(path).unwrap();
            return format!("{} removed", path.display());
        }
    };
    std::fs::write(path, bytes).unwrap();
    format!("{} {what}", path.display())
}

#[test]
fn random_damage_below_codex_is_mended_and_costs_no_note() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (first, count) = (number("CDX_DAMAGE_FROM", 1), number("CDX_DAMAGE_SEEDS", 30));
    for seed in first..first + count {
        let bench = workspace();
        let before = notes(&bench.path("ws/lab"));
        let mut random = Random(seed);
        let mut did = Vec::new();
        for _ in 0..=random.below(3) {
            let mut all = files(&bench.path("ws/lab/.codex"));
            all.extend(files(&bench.path("ws/.codex")));
            let path = all[random.below(all.len())].clone();
            did.push(hurt(&mut random, &path));
        }
        let what = format!("seed {seed}: {}", did.join(", "));
        let repaired = bench.cdx_in("ws", &["check", "--repair"]);
        assert_eq!(repaired.code, 0, "{what}: {}", all(&repaired));
        is_well(&bench, &before, &what);
    }
    println!("damage: {count} seeds from {first}, all mended, no note lost");
}
