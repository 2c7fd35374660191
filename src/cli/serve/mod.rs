//! `cdx serve`: the API over the engines of all workspaces, and mounts of them, until a signal comes.

pub(super) mod control;
mod held;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use parking_lot::Mutex;

use super::Context;
use super::error::{CliError, Outcome};
use super::mount::serving::{Lasts, Serving, Signals};
use super::mount::{Guard, announce, report};
use super::output::tell;
use crate::api::{Host, ServeError, Server, ServerOptions};
use crate::engine::{Engine, MountRequest, Mounter};
use control::{About, Control};

/// So many ports are tried where any will do.
const PORTS: u16 = 200;

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
    /// We are the process in the background: detach, and report over stdout; where the port is taken, the next one serves
    #[arg(long, hide = true)]
    detached: bool,
}

impl Serve {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        if self.detached {
            let tell_parent = |_: &mut Context, url: &str, _: &[String]| {
                announce(url);
                Ok(())
            };
            return report(self.serve(context, tell_parent));
        }
        self.serve(context, |context, url, lines| {
            for line in lines {
                context.out.line(line)?;
            }
            context.out.line(format!("listening on {url}"))?;
            context.out.flush()
        })
    }

    /// Serves until a signal comes; `ready` is told the address, and what else there is to know.
    fn serve(
        &self,
        context: &mut Context,
        ready: impl FnOnce(&mut Context, &str, &[String]) -> Result<(), CliError>,
    ) -> Result<Outcome, CliError> {
        let wanted = self.mounts.iter().map(|text| taken_apart(text)).collect::<Result<Vec<_>, _>>()?;
        let signals = Signals::catch()?;
        let mounts = Arc::new(Mounts::default());
        let server = self.start(context, &mounts)?;
        held::tell_of_held(&context.config.home)?;
        let (mut lines, mut guards) = (Vec::new(), Vec::new());
        for (workspace, mountpoint) in wanted {
            let engine = held::open(&server.opener(), &context.config.home, workspace)?;
            guards.push(Guard::start(engine.path()));
            mounts.mount(&engine, mountpoint)?;
            lines.push(format!("{workspace} is mounted at {}", mountpoint.display()));
        }
        if let Some(code) = server.setup_code() {
            lines.push(format!("the first account needs this code: {code}"));
        }
        let scheme = if context.config.server()?.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", server.address());
        let control = listen_for_commands(&context.config.home, &url, &server)?;
        ready(context, &url, &lines)?;
        signals.wait();
        // Nothing is opened any more while all is closed.
        drop(control);
        server.stop();
        Ok(Outcome::Done)
    }

    fn start(&self, context: &Context, mounts: &Arc<Mounts>) -> Result<Server, CliError> {
        let config = &context.config;
        let mut options = ServerOptions {
            config: config.server()?,
            home: config.home.clone(),
            secret_key: config.secret_key.clone(),
            user: config.user.clone(),
            host: Arc::clone(mounts) as Arc<dyn Host>,
        };
        let last = options.config.listen.port().saturating_add(PORTS);
        loop {
            let listen = options.config.listen;
            match Server::start(options.clone()) {
                Err(error) if is_taken(&error, listen) && self.detached && listen.port() < last => {
                    options.config.listen.set_port(listen.port() + 1);
                }
                Err(error) if is_taken(&error, listen) => {
                    return Err(CliError::Broken(format!(
                        "{error}; end what listens there, or name another with --listen"
                    )));
                }
                other => return other.map_err(|error| CliError::Broken(error.to_string())),
            }
        }
    }
}

/// Whether another program has the address.
fn is_taken(error: &ServeError, listen: std::net::SocketAddr) -> bool {
    matches!(error, ServeError::Listen { address, source }
        if *address == listen && source.kind() == std::io::ErrorKind::AddrInUse)
}

/// Other commands of this user find the server by its home.
fn listen_for_commands(home: &Path, url: &str, server: &Server) -> Result<Option<Control>, CliError> {
    let about = About { pid: std::process::id(), url: url.to_owned() };
    let opener = server.opener();
    let open = move |workspace: &str| opener.open(workspace).map(drop).map_err(|error| error.to_string());
    let control = Control::listen(home, about, Box::new(open))?;
    if control.is_none() {
        tell(format!(
            "cdx: warning: another server runs over {}: a workspace is served by the one that opens it first",
            home.display()
        ));
    }
    Ok(control)
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
        let serving = Serving::start(Arc::clone(engine), Lasts::Longer);
        self.0.lock().insert(engine.path().to_owned(), serving);
    }

    fn closing(&self, engine: &Arc<Engine>) {
        let serving = self.0.lock().remove(engine.path());
        if let Some(serving) = serving {
            serving.unmount_all();
        }
    }
}
