//! POST `/workspaces/{ws}/mounts`.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::place::Place;
use super::{MountOut, mounter};
use crate::api::error::{Answer, ApiError, Conflict, Refusals};
use crate::api::extract::{Body, Checked, Faults, InWorkspace, Operate, WorkspacePath};
use crate::engine::{MountPlace, MountRequest};

/// A mount to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMount {
    /// An empty directory below one of the `mount_roots` of the server's configuration, made where it is missing; a path
    /// that is not absolute is below the first of them.
    #[schema(min_length = 1, max_length = 4096)]
    mountpoint: String,
    /// Nothing can be written through it.
    #[serde(default)]
    read_only: bool,
}

impl Checked for NewMount {
    fn check(&self, faults: &mut Faults) {
        faults.text("mountpoint", &self.mountpoint, 1..=4096);
    }
}

/// Mounts a workspace on the server's machine; for the server's owner
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/mounts",
    tag = "mounts",
    params(WorkspacePath),
    request_body = NewMount,
    responses((status = 201, description = "The mount", body = MountOut), Conflict, Refusals)
)]
pub(super) async fn create(
    at: InWorkspace<Operate>,
    Body(new): Body<NewMount>,
) -> Answer<(StatusCode, Json<MountOut>)> {
    let (open, roots) = (at.open().await?, at.app().config.mount_roots.clone());
    let made = at.app().bridge.run(move || -> Answer<MountOut> {
        let mounter = mounter(open.engine())?;
        let place = Place::open(&roots, &new.mountpoint)?;
        let path = place.path();
        let request = MountRequest { read_only: new.read_only, allow_other: false, no_xattr: false };
        mounter.mount(&path, request)?;
        if !place.is_mounted() {
            if let Err(error) = mounter.unmount(&path) {
                tracing::warn!(%error, "a mount at a place that was swapped meanwhile stays");
            }
            return Err(ApiError::conflict("the directory was changed meanwhile"));
        }
        tracing::info!(mountpoint = %path.display(), read_only = new.read_only, "mounted");
        Ok(MountOut::of(&MountPlace { mountpoint: path, read_only: new.read_only }, true))
    });
    Ok((StatusCode::CREATED, Json(made.await?)))
}
