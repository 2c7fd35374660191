//! The server: HTTP over the same engines that mounts and the command line use. Routes are async and do nothing that
//! waits; what waits is done on threads of the bridge, by plain blocking code below. It knows nothing of FUSE.
//!
//! A request passes, from the outside in: `layers` (slashes, id and log, headers, host and rates), the router, the
//! extractors of `extract` (who asks, may they), a handler of `v1` or `ops`.

mod auth;
mod bridge;
mod error;
mod error_table;
mod extract;
mod folders;
mod layers;
mod limits;
mod live;
mod metrics;
mod ops;
mod router;
mod server;
mod state;
mod to_https;
mod v1;
mod workspaces;
mod written;

pub use router::openapi_json;
pub use server::{Opener, ServeError, Server, ServerOptions};
pub use workspaces::Host;
