//! Files of a notebook: their texts, bytes, properties, history and links.

mod bytes;
mod change;
mod condition;
mod content;
mod create;
mod delete;
mod diff;
mod flat;
mod history;
mod inside;
mod links;
mod list;
mod move_file;
mod object;
mod place;
mod resolve_link;
mod restore;
mod show;
mod show_at;
mod templates;
mod text;
mod upload;
mod version;

use std::sync::Arc;

use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use bytes::Disposition;
pub(super) use history::{CommitOut, HistoryOut};
pub(super) use inside::{Inside, inside};
pub(crate) use object::{FileOut, reference};
pub(super) use place::{below_root, note_path};
pub(super) use version::{VersionOut, version_bytes};

use crate::api::state::App;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(upload::upload))
        .routes(routes!(resolve_link::resolve_link))
        .routes(routes!(templates::list))
        .routes(routes!(templates::create))
        .routes(routes!(show_at::show_at))
        .routes(routes!(show::show, change::change, delete::delete))
        .routes(routes!(text::text))
        .routes(routes!(content::content))
        .routes(routes!(move_file::move_file))
        .routes(routes!(history::history))
        .routes(routes!(version::version))
        .routes(routes!(diff::diff))
        .routes(routes!(restore::restore))
        .routes(routes!(links::links))
        .routes(routes!(flat::flat))
}

/// `{ws}`, `{nb}` and `{file_id}` of a path, for their description.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is read by the derive")]
pub(crate) struct FilePath {
    /// Id (all digits) or slug of a workspace.
    #[param(example = "lab")]
    ws: String,
    /// Id (all digits) or slug of a notebook in it.
    #[param(example = "runs")]
    nb: String,
    /// Id of a file in it.
    file_id: i64,
}
