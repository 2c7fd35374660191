//! Where a workspace is mounted on the server's machine.

mod create;
mod delete;
mod list;
mod place;

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::error::{Answer, ApiError};
use crate::api::state::App;
use crate::engine::{Engine, MountPlace, Mounter};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list, create::create, delete::delete))
}

/// A mount.
#[derive(Serialize, ToSchema)]
#[schema(as = Mount)]
pub(crate) struct MountOut {
    /// The directory; for the server's owner alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mountpoint: Option<String>,
    read_only: bool,
}

impl MountOut {
    fn of(place: &MountPlace, with_path: bool) -> Self {
        let mountpoint = with_path.then(|| place.mountpoint.to_string_lossy().into_owned());
        Self { mountpoint, read_only: place.read_only }
    }
}

/// Who mounts, if this server does.
fn mounter(engine: &Engine) -> Answer<Arc<dyn Mounter>> {
    engine.mounter().ok_or_else(|| ApiError::unavailable("this server mounts nothing"))
}
