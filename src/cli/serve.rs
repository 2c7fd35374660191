//! `cdx serve`: the API over the engines of all workspaces, and mounts of them, until a signal comes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use parking_lot::Mutex;

use super::Context;
use super::error::{CliError, Outcome};
use super::mount::serving::{Serving, Signals};
use crate::api::{Host, Server, ServerOptions};
use crate::engine::{Engine, MountRequest, Mounter};

/// Serves workspaces over HTTP, and mounts them
///
/// Every registered workspace is served; each is opened when it is first asked for. It serves until ^C. The first account
/// owns the server: `cdx user add`, or registration over HTTP, which needs the code that is printed here where others
/// than this machine's users can reach the server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx serve                                  on 127.0.0.1:8765
  cdx serve --listen 0.0.0.0:8765 --mount lab=/home/ada/mnt
  curl http://127.0.0.1:8765/health          is it there?

Settings (names, proxies, TLS, registration) are in config.toml of the home; `cdx config` lists them.")]
pub(crate) struct Serve {
    /// Address and port [env: CODEX_LISTEN] [default: 127.0.0.1:8765]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<String>,
    /// Also mounts a workspace (its name or slug) at an empty directory; may be given several times
    #[arg(long = "mount", value_name = "WORKSPACE=DIR")]
    mounts: Vec<String>,
}

impl Serve {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let wanted = self.mounts.iter().map(|text| taken_apart(text)).collect::<Result<Vec<_>, _>>()?;
        let signals = Signals::catch()?;
        let mounts = Arc::new(Mounts::default());
        let config = &context.config;
        let server = Server::start(ServerOptions {
            config: config.server()?,
            home: config.home.clone(),
            secret_key: config.secret_key.clone(),
            user: config.user.clone(),
            host: Arc::clone(&mounts) as Arc<dyn Host>,
        })
        .map_err(|error| CliError::Broken(error.to_string()))?;
        for (workspace, mountpoint) in wanted {
            let engine = server.open(workspace)?;
            mounts.mount(&engine, mountpoint)?;
            context.out.line(format!("{workspace} is mounted at {}", mountpoint.display()))?;
        }
        if let Some(code) = server.setup_code() {
            context.out.line(format!("the first account needs this code: {code}"))?;
        }
        let scheme = if config.server()?.tls.is_some() { "https" } else { "http" };
        context.out.line(format!("listening on {scheme}://{}", server.address()))?;
        context.out.flush()?;
        signals.wait();
        server.stop();
        Ok(Outcome::Done)
    }
}

fn taken_apart(text: &str) -> Result<(&str, &Path), CliError> {
    let parts = text.split_once('=').filter(|(workspace, dir)| !workspace.is_empty() && !dir.is_empty());
    let (workspace, dir) = parts.ok_or_else(|| {
        CliError::Usage(format!("`{text}`: a workspace and a directory are expected, as in --mount lab=/home/ada/mnt"))
    })?;
    Ok((workspace, Path::new(dir)))
}

/// What mounts, for each engine that is open.
#[derive(Debug, Default)]
struct Mounts(Mutex<HashMap<PathBuf, Arc<Serving>>>);

impl Mounts {
    fn mount(&self, engine: &Engine, mountpoint: &Path) -> Result<(), CliError> {
        let serving = self.0.lock().get(engine.path()).cloned();
        let serving = serving.ok_or_else(|| CliError::Broken("the workspace was closed at once".to_owned()))?;
        Ok(serving.mount(mountpoint, MountRequest::default())?)
    }
}

impl Host for Mounts {
    fn opened(&self, engine: &Arc<Engine>) {
        self.0.lock().insert(engine.path().to_owned(), Serving::start(Arc::clone(engine)));
    }

    fn closing(&self, engine: &Arc<Engine>) {
        let serving = self.0.lock().remove(engine.path());
        if let Some(serving) = serving {
            serving.unmount_all();
        }
    }
}
