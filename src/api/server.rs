//! The server as a whole: its runtime, its sockets, its start and its end in order. Whoever starts it sees blocking
//! calls alone.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::ServiceExt;
use axum::http::{Request, header};
use axum::routing::get;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::auth::AccessTokens;
use super::bridge::Bridge;
use super::limits::Limits;
use super::live::{Feed, Hub};
use super::metrics::{self, Figures};
use super::router;
use super::state::{App, TokenUses, Web};
use super::to_https::ToHttps;
use super::workspaces::{Host, Workspaces};
use crate::access::{SecretError, SecretKey, hex};
use crate::config::ServerConfig;
use crate::engine::{Engine, EngineError};
use crate::index::notebook::IndexError;
use crate::index::system::{RosterKeeper, SystemDb, SystemError};
use crate::sys::{StoreError, paths, random_bytes};
use crate::types::Actor;

/// How long requests may go on once the server is told to end.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// How long a client may take to say what it wants.
const HEADERS_WITHIN: Duration = Duration::from_secs(15);

/// Bytes of the head of a request.
const HEAD_MAX: usize = 64 * 1024;

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Settings.
    pub config: ServerConfig,
    /// The home: system database, secret, workspaces without a place of their own.
    pub home: std::path::PathBuf,
    /// `SECRET_KEY`; without: `secret.key` of the home.
    pub secret_key: Option<String>,
    /// Login of whoever runs the server.
    pub user: String,
    /// Told of engines that are opened and closed.
    pub host: Arc<dyn Host>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its address is taken or is not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Its certificate or key cannot be used.
    #[error("the certificate {certificate} or its key cannot be used: {source}")]
    Tls {
        /// Path of the certificate.
        certificate: String,
        /// Why.
        source: io::Error,
    },
    /// The machine gives it no threads.
    #[error("cannot start threads: {0}")]
    Threads(io::Error),
    /// There is no secret to sign with.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The system database.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The system database.
    #[error(transparent)]
    System(#[from] SystemError),
    /// The home.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens workspaces of a server. It is to be dropped before the server ends, which closes them.
#[derive(Clone, Debug)]
pub struct Opener(Arc<App>);

impl Opener {
    /// Opens a workspace that is registered, by its name, slug or directory, and tells the host of it.
    ///
    /// # Errors
    /// The engine's, or that there is none of the name.
    pub fn open(&self, named: &str) -> Result<Arc<Engine>, EngineError> {
        let found = self.0.system.lock().find_workspace(named)?;
        let row = found.ok_or_else(|| EngineError::NotFound(format!("no workspace `{named}`")))?;
        Ok(Arc::clone(self.0.workspaces.open(row.id, &row.path)?.engine()))
    }
}

/// A server that runs. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    app: Arc<App>,
    handle: Handle<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts a server: when it returns, it answers.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn start(options: ServerOptions) -> Result<Self, ServeError> {
        let ServerOptions { mut config, home, secret_key, user, host } = options;
        paths::make_dirs(&home)?;
        let secret = SecretKey::load(&home, secret_key.as_deref())?;
        let db = SystemDb::open(&home)?;
        let roster = Arc::new(RosterKeeper::open(&home)?);
        let has_people = db.has_people()?;
        let system = Arc::new(Mutex::new(db));
        let (listener, address) = listen(config.listen)?;
        config.listen = address;
        let metrics = config.metrics_listen.map(listen).transpose()?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let needs_code = !(has_people || (address.ip().is_loopback() && config.public_url.is_none()));
        let feed = Arc::new(Feed::new());
        let databases = (Arc::clone(&system), Arc::clone(&roster));
        let workspaces = Workspaces::new(databases, Arc::clone(&feed), host, Actor::User(user.clone()));
        let app = Arc::new(App {
            web: Web::new(&config),
            tokens: AccessTokens::new(&secret, config.access_lifetime),
            token_uses: TokenUses::default(),
            attempts: Arc::default(),
            limits: Limits::new(config.requests_per_second),
            bridge: Bridge::new(cores),
            workspaces: Arc::new(workspaces),
            hub: Arc::new(Hub::new(feed)),
            figures: Figures::default(),
            setup_code: needs_code.then(setup_code),
            local_user: user,
            config,
            home,
            system,
            roster,
        });
        let runtime = runtime(cores)?;
        let tls = match &app.config.tls {
            Some((certificate, key)) => Some(runtime.block_on(tls(certificate, key))?),
            None => None,
        };
        let handle = Handle::new();
        let mut tasks = vec![serve(&runtime, &app, listener, (tls, handle.clone()))];
        let metrics = metrics.map(|(listener, address)| {
            tasks.push(serve_metrics(&runtime, &app, listener, handle.clone()));
            address
        });
        runtime.spawn(close_idle(Arc::clone(&app)));
        runtime.block_on(handle.listening());
        Ok(Self { address, metrics, app, handle, tasks, runtime: Some(runtime) })
    }

    /// Where it listens in fact, where port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its figures are served, if they are.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// The code that the first person needs to register, if they need one.
    #[must_use]
    pub fn setup_code(&self) -> Option<&str> {
        self.app.setup_code.as_deref()
    }

    /// Opens workspaces of this server, from any thread.
    #[must_use]
    pub fn opener(&self) -> Opener {
        Opener(Arc::clone(&self.app))
    }

    /// Ends it: no new requests, those that run have a while, then workspaces are closed and with them mounts and
    /// history.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        self.app.hub.end();
        self.handle.graceful_shutdown(Some(LAST_REQUESTS));
        let tasks = std::mem::take(&mut self.tasks);
        runtime.block_on(async {
            for task in tasks {
                // One that panicked has ended too.
                let _ = task.await;
            }
        });
        // Work that was begun by requests that have been cut off.
        runtime.shutdown_timeout(LAST_REQUESTS);
        self.app.workspaces.close_all();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Closes workspaces that nobody uses, again and again.
async fn close_idle(app: Arc<App>) {
    let idle = app.config.workspace_idle;
    let every = (idle / 4).clamp(Duration::from_millis(100), Duration::from_secs(60));
    loop {
        tokio::time::sleep(every).await;
        let Ok(roster) = app.roster().await else { continue };
        let (workspaces, hub) = (Arc::clone(&app.workspaces), Arc::clone(&app.hub));
        let closing = app.bridge.run(move || {
            workspaces.close_idle(idle, |id| hub.is_heard(id, &roster));
            Ok::<_, super::error::ApiError>(())
        });
        if let Err(error) = closing.await {
            tracing::debug!(?error, "workspaces that nobody uses stay open a while longer");
        }
    }
}

fn runtime(cores: usize) -> Result<Runtime, ServeError> {
    Builder::new_multi_thread()
        .thread_name("cdx-http")
        .worker_threads(cores.clamp(1, 8))
        .max_blocking_threads(Bridge::threads(cores))
        .enable_all()
        .build()
        .map_err(ServeError::Threads)
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        Ok((listener, address))
    });
    bound.map_err(|source| ServeError::Listen { address, source })
}

/// 128 bits, in groups that can be read out.
fn setup_code() -> String {
    let groups: Vec<String> = random_bytes::<16>().chunks(4).map(hex).collect();
    groups.join("-")
}

async fn tls(certificate: &Path, key: &Path) -> Result<RustlsConfig, ServeError> {
    // A second server of one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = RustlsConfig::from_pem_file(certificate, key).await;
    config.map_err(|source| ServeError::Tls { certificate: certificate.display().to_string(), source })
}

fn serve(
    runtime: &Runtime,
    app: &Arc<App>,
    listener: TcpListener,
    (tls, handle): (Option<RustlsConfig>, Handle<SocketAddr>),
) -> JoinHandle<()> {
    let service = router::service::<_>(app);
    let _inside = runtime.enter();
    let make = ServiceExt::<Request<_>>::into_make_service_with_connect_info::<SocketAddr>(service);
    let served = match tls {
        Some(tls) => axum_server::from_tcp_rustls(listener, tls).map(|server| {
            let mut server = server.map(|acceptor| acceptor.acceptor(ToHttps(Arc::clone(app))));
            bound(server.http_builder());
            let serving = server.handle(handle).first_request_timeout(HEADERS_WITHIN).serve(make);
            runtime.spawn(ended(serving))
        }),
        None => axum_server::from_tcp(listener).map(|mut server| {
            bound(server.http_builder());
            let serving = server.handle(handle).first_request_timeout(HEADERS_WITHIN).serve(make);
            runtime.spawn(ended(serving))
        }),
    };
    served.unwrap_or_else(|error| {
        tracing::error!(%error, "the server does not listen");
        runtime.spawn(async {})
    })
}

/// A client that says nothing, or too much, is cut off.
fn bound(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder.http1().header_read_timeout(HEADERS_WITHIN).max_buf_size(HEAD_MAX);
}

async fn ended(serving: impl Future<Output = io::Result<()>>) {
    if let Err(error) = serving.await {
        tracing::error!(%error, "the server has ended");
    }
}

/// Figures have an address of their own, which needs no sign-in: whoever reaches it may read them.
fn serve_metrics(
    runtime: &Runtime,
    app: &Arc<App>,
    listener: TcpListener,
    handle: Handle<SocketAddr>,
) -> JoinHandle<()> {
    let app = Arc::clone(app);
    let figures = move || async move {
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics::text(&app))
    };
    let router: Router = Router::new().route("/metrics", get(figures));
    let _inside = runtime.enter();
    match axum_server::from_tcp(listener) {
        Ok(server) => runtime.spawn(ended(server.handle(handle).serve(router.into_make_service()))),
        Err(error) => {
            tracing::error!(%error, "figures are not served");
            runtime.spawn(async {})
        }
    }
}
