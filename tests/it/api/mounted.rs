//! The server and a mount over one engine: what the one changes, the other shows at once.

use std::path::PathBuf;
use std::sync::Arc;

use cdx::api::Host;
use cdx::engine::Engine;
use cdx::fs::{MountOptions, MountedFs, mount};
use parking_lot::Mutex;
use serde_json::json;

use super::Api;
use super::lab::Lab;
use crate::support::{ls, read, write};

/// Mounts each workspace that is opened.
#[derive(Debug)]
struct Mounts {
    at: PathBuf,
    mounted: Mutex<Vec<MountedFs>>,
}

impl Host for Mounts {
    fn opened(&self, engine: &Arc<Engine>) {
        let mounted = mount(engine, &self.at, &MountOptions::default()).expect("a mount");
        self.mounted.lock().push(mounted);
    }

    fn closing(&self, _: &Arc<Engine>) {
        for mounted in self.mounted.lock().drain(..) {
            let _ = mounted.unmount();
        }
    }
}

#[test]
fn what_is_changed_over_http_is_in_the_mount_at_once_and_back() {
    let mountpoint = tempfile::tempdir().unwrap();
    let at = mountpoint.path().canonicalize().unwrap();
    let host = Arc::new(Mounts { at: at.clone(), mounted: Mutex::default() });
    let lab = Lab::of(Api::start_on(host, |config| config.requests_per_second = 0));
    let file = lab.make("runs/a.md", "one\n");
    let address = format!("/files/{}", file["id"]);
    let in_mount = at.join("runs/runs/a.md");
    for n in 0..50 {
        let text = format!("text {n}\n");
        let body = json!({"raw": text, "properties": {"tags": [format!("t{n}")]}});
        let changed = lab.call("PUT", &address, &body).expect(200);
        assert!(read(&in_mount).ends_with(&text), "{}", read(&in_mount));
        assert_eq!(ls(at.join("tags").join(format!("t{n}"))), ["a.md"]);
        assert_eq!(std::fs::metadata(&in_mount).unwrap().len(), changed["size"].as_u64().unwrap());
        let written = format!("---\ntags: [m{n}]\n---\nfrom the mount {n}\n");
        write(&in_mount, &written);
        let shown = lab.get(&format!("{address}/text")).expect(200);
        assert_eq!(shown["raw"], written);
        assert_eq!(lab.get(&address).expect(200)["tags"], json!([format!("m{n}")]));
    }
    lab.call("PATCH", &format!("{address}/move"), &json!({"new_path": "b.md"})).expect(200);
    assert_eq!((ls(at.join("runs/runs")).len(), in_mount.exists()), (0, false));
    std::fs::rename(at.join("runs/b.md"), at.join("runs/c.md")).unwrap();
    assert_eq!(lab.get(&address).expect(200)["path"], "c.md");
    lab.call("DELETE", &address, &json!(null)).expect(204);
    assert!(!at.join("runs/c.md").exists());
    assert!(!at.join("tags/m49").exists());
}
