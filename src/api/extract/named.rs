//! Parts of a path that routes of files and their history have, by name.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::api::error::{Answer, ApiError};
use crate::api::state::App;
use crate::types::FileId;

/// `{file_id}`: a file's number in its notebook. What is no number is the id of nothing.
pub(crate) struct FileParam(pub(crate) FileId);

impl FromRequestParts<Arc<App>> for FileParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let text = named(parts, app, "file_id").await?;
        let id = text.parse().ok().filter(|id| *id > 0);
        id.map(|id| Self(FileId(id))).ok_or_else(|| ApiError::not_found(format!("no file `{text}`")))
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $param:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name(pub(crate) String);

        impl FromRequestParts<Arc<App>> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
                named(parts, app, $param).await.map(Self)
            }
        }
    )*};
}
texts! {
    /// `{commit}`: a commit of a notebook's history.
    CommitParam = "commit";
    /// `{time}`: a moment, or a commit.
    TimeParam = "time";
    /// `{*path}`: the rest of an address, decoded.
    PathParam = "path";
    /// `{pid}`: a plugin.
    PluginParam = "pid";
    /// `{id}` of an entry of the trash.
    TrashParam = "id";
    /// `{ref}`: a file as `<notebook id>:<file id>`, or its id alone.
    RefParam = "ref";
}

async fn named(parts: &mut Parts, app: &Arc<App>, name: &str) -> Answer<String> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    let params = params.map_err(|_| ApiError::malformed("the address is not UTF-8"))?;
    let found = params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    found.ok_or_else(|| ApiError::internal(format!("a route without `{{{name}}}` asks for it")))
}
