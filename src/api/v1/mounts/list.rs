//! GET `/workspaces/{ws}/mounts`.

use axum::Json;

use super::MountOut;
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InWorkspace, Operate, Read, WorkspacePath};

/// The mounts of a workspace that this server has made
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/mounts",
    tag = "mounts",
    params(WorkspacePath),
    responses((status = 200, description = "By directory", body = Vec<MountOut>), Refusals)
)]
pub(super) async fn list(at: InWorkspace<Read>) -> Answer<Json<Vec<MountOut>>> {
    let with_path = at.require::<Operate>().is_ok();
    let open = at.open().await?;
    let listed = at.app().bridge.run(move || -> Answer<Vec<MountOut>> {
        let places = open.engine().mounter().map(|mounter| mounter.mounts()).unwrap_or_default();
        Ok(places.iter().map(|place| MountOut::of(place, with_path)).collect())
    });
    Ok(Json(listed.await?))
}
