//! Mounts that are asked for over HTTP, of a server that can mount.

use std::path::PathBuf;
use std::sync::Arc;

use cdx::api::Host;
use cdx::engine::{Engine, EngineError, MountPlace, MountRequest, Mounter};
use cdx::fs::{MountOptions, MountedFs};
use cdx::types::{Role, WorkspaceId};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::client::Ask;
use super::{Api, Person};

/// Mounts as `cdx serve` does.
#[derive(Debug, Default)]
struct Mounting(Mutex<Vec<Arc<dyn Mounter>>>);

/// One engine's.
#[derive(Debug)]
struct OfEngine {
    engine: Arc<Engine>,
    mounts: Mutex<Vec<(MountedFs, bool)>>,
}

impl Host for Mounting {
    fn opened(&self, engine: &Arc<Engine>) {
        let mounter: Arc<dyn Mounter> = Arc::new(OfEngine { engine: Arc::clone(engine), mounts: Mutex::default() });
        engine.set_mounter(&mounter);
        self.0.lock().push(mounter);
    }

    fn closing(&self, engine: &Arc<Engine>) {
        let places: Vec<MountPlace> = engine.mounter().map(|mounter| mounter.mounts()).unwrap_or_default();
        for place in places {
            engine.mounter().unwrap().unmount(&place.mountpoint).unwrap();
        }
        self.0.lock().clear();
    }
}

impl Mounter for OfEngine {
    fn mount(&self, mountpoint: &std::path::Path, request: MountRequest) -> Result<(), EngineError> {
        assert!(!request.allow_other, "never for other users");
        let options = MountOptions { read_only: request.read_only, allow_other: false, no_xattr: request.no_xattr };
        let mount = cdx::fs::mount(&self.engine, mountpoint, &options)
            .map_err(|error| EngineError::Denied(error.to_string()))?;
        self.mounts.lock().push((mount, request.read_only));
        Ok(())
    }

    fn mounts(&self) -> Vec<MountPlace> {
        let place = |(mount, read_only): &(MountedFs, bool)| MountPlace {
            mountpoint: mount.mountpoint().to_owned(),
            read_only: *read_only,
        };
        self.mounts.lock().iter().map(place).collect()
    }

    fn unmount(&self, mountpoint: &std::path::Path) -> Result<(), EngineError> {
        let mut mounts = self.mounts.lock();
        let at = mounts.iter().position(|(mount, _)| mount.mountpoint() == mountpoint);
        let at = at.ok_or_else(|| EngineError::NotFound("no such mount".to_owned()))?;
        mounts.remove(at).0.unmount().map_err(|error| EngineError::Denied(error.to_string()))
    }
}

/// Unmounts whatever a failed test has left.
struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        for entry in std::fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let _ = std::process::Command::new("umount").arg("-l").arg(entry.path()).output();
        }
    }
}

const MOUNTS: &str = "/api/v1/workspaces/lab/mounts";

#[test]
fn the_servers_owner_mounts_below_the_roots_and_nowhere_else() {
    let mut api = Api::start_on(Arc::new(Mounting::default()), |_| {});
    let (ada, bohr) = (api.person("ada"), api.person("bohr"));
    let lab = api.workspace("lab", &bohr);
    let id = WorkspaceId(lab["id"].as_i64().unwrap());
    api.db().add_member(id, "ada", Role::Viewer).unwrap();
    let store = PathBuf::from(lab["path"].as_str().unwrap());
    std::fs::write(store.join("runs/a.md"), "here\n").unwrap();
    let root = api.home().join("mnt");
    let _guard = Guard(root.clone());
    let post = |who, body: Value| api.call("POST", MOUNTS, who, &body);
    // bohr owns the workspace, ada the server.
    post(&bohr, json!({"mountpoint": "lab"})).expect(403);
    let made = post(&ada, json!({"mountpoint": "lab"})).expect(201);
    assert_eq!(made, json!({"mountpoint": root.join("lab"), "read_only": false}));
    assert_eq!(std::fs::read_to_string(root.join("lab/runs/a.md")).unwrap(), "here\n");
    std::fs::write(root.join("lab/runs/b.md"), "there\n").unwrap();
    assert_eq!(std::fs::read_to_string(store.join("runs/b.md")).unwrap(), "there\n");
    let read_only = post(&ada, json!({"mountpoint": root.join("ro"), "read_only": true})).expect(201);
    assert_eq!(read_only["read_only"], true);
    assert!(std::fs::write(root.join("ro/runs/c.md"), "x").is_err());
    let listed = api.get(MOUNTS, &ada).expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let seen = api.get(MOUNTS, &bohr).expect(200);
    assert!(!seen.to_string().contains("mnt"), "paths of the machine are its owner's: {seen}");
    // Where nothing is mounted.
    std::os::unix::fs::symlink("/tmp", root.join("link")).unwrap();
    std::fs::create_dir_all(root.join("full/x")).unwrap();
    std::fs::write(root.join("file"), "x").unwrap();
    for (path, status) in [
        ("lab", 409),
        ("full", 409),
        ("file", 409),
        ("link", 403),
        ("link/x", 403),
        ("/tmp", 403),
        ("/", 403),
        ("..", 403),
        ("lab/../../x", 403),
        ("%2e%2e", 201),
        ("no/parent", 404),
        (store.to_str().unwrap(), 403),
    ] {
        assert_eq!(post(&ada, json!({"mountpoint": path})).status, status, "{path}");
    }
    for bad in [
        json!({}),
        json!({"mountpoint": ""}),
        json!({"mountpoint": "a\u{0}"}),
        json!({"mountpoint": "x", "allow_other": true}),
    ] {
        post(&ada, bad).expect(422);
    }
    // Only what this server has mounted goes.
    let delete = |who: &Person, path: &str| {
        api.send(&Ask::new("DELETE", &format!("{MOUNTS}?mountpoint={}", path.replace('%', "%25"))).bearer(&who.token))
    };
    for path in ["/", "/proc", "/tmp", root.join("full").to_str().unwrap(), "lab", root.join("lab/").to_str().unwrap()]
    {
        let status = delete(&ada, path).status;
        assert!(status == 404 || (path.ends_with("lab/") && status == 204), "{path}: {status}");
    }
    delete(&bohr, root.join("ro").to_str().unwrap()).expect(403);
    delete(&ada, root.join("ro").to_str().unwrap()).expect(204);
    delete(&ada, root.join("ro").to_str().unwrap()).expect(404);
    assert_eq!(std::fs::read_dir(root.join("ro")).unwrap().count(), 0);
    api.call("DELETE", MOUNTS, &ada, &json!({"mountpoint": root.join("%2e%2e")})).expect(204);
    api.stop();
    assert_eq!(std::fs::read_dir(root.join("lab")).unwrap().count(), 0, "mounts end with the server");
}
