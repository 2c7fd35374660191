//! DELETE `/workspaces/{ws}/mounts`.

use std::path::PathBuf;

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{Checked, InWorkspace, Operate, OptionalBody, Query, WorkspacePath};

/// Which mount, as a parameter of the address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichMount {
    /// Its directory, as the list shows it.
    mountpoint: Option<String>,
}

/// Which mount.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OldMount {
    /// Its directory, as the list shows it.
    mountpoint: String,
}

impl Checked for OldMount {}

/// Takes a mount away that this server has made, even while files are open in it; for the server's owner
#[utoipa::path(
    delete,
    path = "/workspaces/{ws}/mounts",
    tag = "mounts",
    params(WorkspacePath, WhichMount),
    request_body = Option<OldMount>,
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(super) async fn delete(
    at: InWorkspace<Operate>,
    Query(which): Query<WhichMount>,
    OptionalBody(body): OptionalBody<OldMount>,
) -> Answer<StatusCode> {
    let mountpoint = body.map(|body| body.mountpoint).or(which.mountpoint);
    let mountpoint =
        mountpoint.ok_or_else(|| ApiError::invalid("mountpoint", "the directory of a mount is expected"))?;
    let open = at.open().await?;
    at.app()
        .bridge
        .run(move || -> Answer<()> {
            let missing = || ApiError::not_found("this server has mounted nothing of the workspace there");
            let mounter = open.engine().mounter().ok_or_else(missing)?;
            let path = PathBuf::from(mountpoint);
            // Compared, never followed: nothing else can be unmounted by whatever is asked for.
            if !mounter.mounts().iter().any(|place| place.mountpoint == path) {
                return Err(missing());
            }
            open.engine().flush_history()?;
            Ok(mounter.unmount(&path)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
