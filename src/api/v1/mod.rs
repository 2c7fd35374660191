//! Routes of `/api/v1`: one noun a folder, one verb a file. Each is registered with its description, by `routes!`: a
//! route that stands in no description cannot be registered here.

mod files;
mod folders;
mod gestures;
mod history;
mod members;
mod mounts;
mod notebooks;
mod plugins;
mod queries;
mod search;
mod sockets;
mod tags;
mod tasks;
mod trash;
mod users;
mod workspaces;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use super::state::App;

pub(in crate::api) use files::reference as file_reference;

/// All of them.
pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(users::router())
        .merge(workspaces::router())
        .merge(members::router())
        .merge(notebooks::router())
        .merge(queries::router())
        .merge(search::router())
        .merge(tags::router())
        .merge(gestures::router())
        .merge(trash::router())
        .merge(tasks::router())
        .merge(mounts::router())
        .merge(plugins::router())
        .merge(sockets::router())
        .merge(files::router())
        .merge(folders::router())
        .merge(history::router())
}
