//! POST `/workspaces/{ws}/notebooks/{nb}/files/resolve-link`.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::place::note_path;
use super::{FileOut, inside};
use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{Body, Checked, Faults, InNotebook, NotebookPath, Read};
use crate::index::parse::percent_decoded;

/// A link as it stands in a note.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToResolve {
    /// The target, with or without `[[`, heading and alias.
    #[schema(example = "[[plan#goals|the plan]]", min_length = 1, max_length = 4096)]
    link: String,
    /// The note that it stands in; the notebook's root without.
    current_file_path: Option<String>,
}

impl Checked for LinkToResolve {
    fn check(&self, faults: &mut Faults) {
        faults.text("link", &self.link, 1..=4096);
    }
}

/// The file that a link leads to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResolvedLink {
    #[serde(flatten)]
    file: FileOut,
    resolved_path: String,
}

/// Finds the file that a link leads to
#[utoipa::path(
    post,
    path = "/workspaces/{ws}/notebooks/{nb}/files/resolve-link",
    tag = "files",
    params(NotebookPath),
    request_body = LinkToResolve,
    responses((status = 200, description = "The file", body = ResolvedLink), Refusals)
)]
pub(super) async fn resolve_link(at: InNotebook<Read>, Body(link): Body<LinkToResolve>) -> Answer<Json<ResolvedLink>> {
    let from = note_path(link.current_file_path.as_deref().unwrap_or_default())?;
    let found = inside(&at, move |inside| {
        inside.catch_up()?;
        for target in targets(&link.link) {
            if let Some(path) = inside.notebook.reader.link_target(&from, &target)? {
                let file = inside.show_at(&path)?;
                return Ok(ResolvedLink { resolved_path: file.path.clone(), file });
            }
        }
        Err(ApiError::not_found("the link leads to no file"))
    });
    Ok(Json(found.await?))
}

/// What a link may mean: its target as it stands, and decoded.
fn targets(link: &str) -> Vec<String> {
    let link = link.trim();
    let inner = link.strip_prefix('!').unwrap_or(link);
    let target = match inner.strip_prefix("[[").and_then(|inner| inner.strip_suffix("]]")) {
        Some(inner) => inner.split('|').next().unwrap_or_default(),
        None => link,
    };
    let target = target.split('#').next().unwrap_or_default().trim();
    let mut targets = vec![target.to_owned(), percent_decoded(target)];
    targets.dedup();
    targets.retain(|target| !target.is_empty());
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_links() {
        for (link, expected) in [
            ("[[plan#goals|the plan]]", &["plan"][..]),
            ("![[a.png]]", &["a.png"]),
            ("notes/a%20b.md#h", &["notes/a%20b.md", "notes/a b.md"]),
            (" plan ", &["plan"]),
            ("#here", &[]),
        ] {
            assert_eq!(targets(link), expected, "{link}");
        }
    }
}
