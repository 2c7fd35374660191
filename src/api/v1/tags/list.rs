//! GET `/workspaces/{ws}/tags` and the same of a notebook.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InNotebook, InWorkspace, NotebookPath, Read, Shelf, WorkspacePath};
use crate::engine::Engine;
use crate::types::TagName;

/// How long the list waits for the index.
const BARRIER: Duration = Duration::from_secs(10);

/// Tags, as a tree.
#[derive(Serialize, ToSchema)]
#[schema(as = Tags)]
pub(crate) struct TagsOut {
    /// The topmost, by name.
    tags: Vec<TagOut>,
}

/// A tag.
#[derive(Serialize, ToSchema)]
#[schema(as = Tag, no_recursion)]
pub(crate) struct TagOut {
    /// From the top: `experiment/gpu`.
    tag: String,
    /// Files that bear exactly it.
    count: usize,
    /// Those directly below it, by name.
    children: Vec<TagOut>,
}

/// The tags of a workspace
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/tags",
    tag = "tags",
    params(WorkspacePath),
    responses((status = 200, description = "As a tree", body = TagsOut), Refusals)
)]
pub(super) async fn of_workspace(at: InWorkspace<Read>) -> Answer<Json<TagsOut>> {
    Ok(Json(at.with_shelf(tags).await?))
}

/// The tags of a notebook
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/tags",
    tag = "tags",
    params(NotebookPath),
    responses((status = 200, description = "As a tree", body = TagsOut), Refusals)
)]
pub(super) async fn of_notebook(at: InNotebook<Read>) -> Answer<Json<TagsOut>> {
    Ok(Json(at.with_shelf(tags).await?))
}

fn tags(engine: &Engine, shelf: &Shelf) -> Answer<TagsOut> {
    engine.barrier(BARRIER)?;
    let catalog = engine.catalog();
    // Tags that are declared and that nothing bears are the workspace's, for those who may read all of it.
    let counts = if shelf.is_whole() { catalog.tag_counts() } else { catalog.tag_counts_in(&shelf.numbers()) };
    Ok(TagsOut { tags: tree(counts) })
}

/// What is known of a tag while the tree is made.
#[derive(Default)]
struct Node {
    shown: String,
    count: usize,
    children: BTreeMap<String, Node>,
}

fn tree(counts: Vec<(TagName, usize)>) -> Vec<TagOut> {
    let mut top: BTreeMap<String, Node> = BTreeMap::new();
    for (tag, count) in counts {
        let (mut level, mut shown) = (&mut top, String::new());
        let mut segments = tag.segments().peekable();
        while let Some(segment) = segments.next() {
            if !shown.is_empty() {
                shown.push('/');
            }
            shown.push_str(segment);
            let node = level.entry(segment.to_lowercase()).or_default();
            if node.shown.is_empty() {
                node.shown.clone_from(&shown);
            }
            if segments.peek().is_none() {
                node.count += count;
            }
            level = &mut node.children;
        }
    }
    outs(top)
}

fn outs(level: BTreeMap<String, Node>) -> Vec<TagOut> {
    let out = |node: Node| TagOut { tag: node.shown, count: node.count, children: outs(node.children) };
    level.into_values().map(out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_below_those_above_them() {
        let tag = |text: &str| TagName::new(text).unwrap();
        let made = tree(vec![(tag("a"), 1), (tag("a/b"), 2), (tag("a/b/c"), 3), (tag("b"), 0), (tag("x/y"), 4)]);
        let shown = serde_json::to_value(TagsOut { tags: made }).unwrap();
        assert_eq!(
            shown,
            serde_json::json!({"tags": [
                {"tag": "a", "count": 1, "children": [
                    {"tag": "a/b", "count": 2, "children": [{"tag": "a/b/c", "count": 3, "children": []}]}]},
                {"tag": "b", "count": 0, "children": []},
                {"tag": "x", "count": 0, "children": [{"tag": "x/y", "count": 4, "children": []}]},
            ]})
        );
    }
}
