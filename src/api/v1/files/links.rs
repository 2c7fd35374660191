//! GET `/workspaces/{ws}/notebooks/{nb}/files/{file_id}/links`.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::{FilePath, Inside, inside};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{FileParam, InNotebook, Read};
use crate::types::NotePath;

/// Links of a file.
#[derive(Serialize, ToSchema)]
#[schema(as = Links)]
pub(crate) struct LinksOut {
    /// Where it points to.
    out: Vec<LinkOut>,
    /// Notes that point to it.
    #[serde(rename = "in")]
    backlinks: Vec<BacklinkOut>,
    /// Targets that lead nowhere, as they stand in the text.
    broken: Vec<String>,
}

/// A link that leads somewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = Link)]
pub(crate) struct LinkOut {
    /// As it stands in the text.
    target: String,
    #[serde(flatten)]
    file: BacklinkOut,
}

/// A file at the other end of a link.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkedFile)]
pub(crate) struct BacklinkOut {
    id: i64,
    #[serde(rename = "ref")]
    reference: String,
    path: String,
}

fn linked(inside: &Inside<'_>, path: &NotePath) -> Option<BacklinkOut> {
    let (id, reference) = inside.ids_of(path)?;
    Some(BacklinkOut { id, reference, path: path.to_string() })
}

/// Where a file points to, and what points to it
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files/{file_id}/links",
    tag = "files",
    params(FilePath),
    responses((status = 200, description = "Its links", body = LinksOut), Refusals)
)]
pub(super) async fn links(at: InNotebook<Read>, FileParam(id): FileParam) -> Answer<Json<LinksOut>> {
    let links = inside(&at, move |inside| {
        let path = inside.path_of(id)?;
        let links = inside.notebook.reader.links(&path)?;
        let (mut out, mut broken) = (Vec::new(), Vec::new());
        for (target, leads_to) in links.outgoing {
            match leads_to.as_ref().and_then(|path| linked(inside, path)) {
                Some(file) => out.push(LinkOut { target, file }),
                None => broken.push(target),
            }
        }
        let backlinks = links.incoming.iter().filter_map(|path| linked(inside, path)).collect();
        Ok(LinksOut { out, backlinks, broken })
    });
    Ok(Json(links.await?))
}
