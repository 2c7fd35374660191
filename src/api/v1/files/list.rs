//! GET `/workspaces/{ws}/notebooks/{nb}/files`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::place::note_path;
use super::{FileOut, inside};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InNotebook, NotebookPath, Page, PageParams, Pagination, Query, Read};
use crate::api::written::Written;
use crate::index::notebook::{FileOrder, Listing};

/// Which files, in which order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Only those below this folder, at any depth.
    #[param(example = "runs/2026")]
    folder: Option<String>,
    /// By what they are ordered; `-` before it for from the last to the first.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
}

/// An order.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
enum Sort {
    #[default]
    #[serde(rename = "path")]
    Path,
    #[serde(rename = "-path")]
    PathReversed,
    #[serde(rename = "title")]
    Title,
    #[serde(rename = "-title")]
    TitleReversed,
    #[serde(rename = "modified")]
    Modified,
    #[serde(rename = "-modified")]
    ModifiedReversed,
    #[serde(rename = "created")]
    Created,
    #[serde(rename = "-created")]
    CreatedReversed,
    #[serde(rename = "size")]
    Size,
    #[serde(rename = "-size")]
    SizeReversed,
}

impl Sort {
    fn order(self) -> (FileOrder, bool) {
        match self {
            Self::Path => (FileOrder::Path, false),
            Self::PathReversed => (FileOrder::Path, true),
            Self::Title => (FileOrder::Title, false),
            Self::TitleReversed => (FileOrder::Title, true),
            Self::Modified => (FileOrder::Modified, false),
            Self::ModifiedReversed => (FileOrder::Modified, true),
            Self::Created => (FileOrder::Created, false),
            Self::CreatedReversed => (FileOrder::Created, true),
            Self::Size => (FileOrder::Size, false),
            Self::SizeReversed => (FileOrder::Size, true),
        }
    }
}

/// A page of files.
#[derive(Serialize, ToSchema)]
pub(crate) struct FilePage {
    files: Vec<FileOut>,
    pagination: Pagination,
}

/// The files of a notebook, by path unless another order is asked for
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/files",
    tag = "files",
    params(NotebookPath, PageParams, ListParams),
    responses((status = 200, description = "A page of files", body = FilePage), Refusals)
)]
pub(super) async fn list(at: InNotebook<Read>, page: Page, Query(params): Query<ListParams>) -> Answer<Written> {
    let folder = note_path(params.folder.as_deref().unwrap_or_default())?;
    let (order, is_reversed) = params.sort.order();
    let listing = Listing { folder, is_direct: false, order, is_reversed, skip: page.skip, limit: page.limit };
    inside(&at, move |inside| {
        inside.catch_up()?;
        let (rows, total) = inside.notebook.reader.list_files(&listing)?;
        let files: Vec<FileOut> = rows.into_iter().map(|row| inside.shown(row)).collect();
        let count = files.len();
        Written::with_files(&FilePage { files, pagination: page.of(total) }, count)
    })
    .await
}
