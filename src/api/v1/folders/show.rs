//! GET `/workspaces/{ws}/notebooks/{nb}/folders`, GET `/workspaces/{ws}/notebooks/{nb}/folders/{path}`.

use std::collections::BTreeMap;

use axum::Json;

use super::{FolderOut, FolderPath, SubfolderOut};
use crate::api::error::{Answer, Refusals};
use crate::api::extract::{InNotebook, NotebookPath, Page, PageParams, PathParam, Read};
use crate::api::v1::files::{Inside, inside, note_path};
use crate::index::notebook::{FileOrder, Listing};
use crate::sys::FileKind;
use crate::types::NotePath;

/// The notebook as a folder
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/folders",
    tag = "folders",
    params(NotebookPath, PageParams),
    responses((status = 200, description = "The folder", body = FolderOut), Refusals)
)]
pub(super) async fn show_root(at: InNotebook<Read>, page: Page) -> Answer<Json<FolderOut>> {
    Ok(Json(inside(&at, move |inside| FolderOut::read(inside, &NotePath::root(), page)).await?))
}

/// A folder: what it says of itself, files and folders in it
#[utoipa::path(
    get,
    path = "/workspaces/{ws}/notebooks/{nb}/folders/{*path}",
    tag = "folders",
    params(FolderPath, PageParams),
    responses((status = 200, description = "The folder", body = FolderOut), Refusals)
)]
pub(super) async fn show(at: InNotebook<Read>, PathParam(path): PathParam, page: Page) -> Answer<Json<FolderOut>> {
    let path = note_path(&path)?;
    Ok(Json(inside(&at, move |inside| FolderOut::read(inside, &path, page)).await?))
}

impl FolderOut {
    /// A folder with a page of its files.
    pub(super) fn read(inside: &Inside<'_>, path: &NotePath, page: Page) -> Answer<Self> {
        inside.catch_up()?;
        let subfolders = subfolders(inside, path)?;
        let said = inside.engine.folder_metadata(inside.notebook, path)?.map(|note| note.parsed).unwrap_or_default();
        let reader = &inside.notebook.reader;
        let listing = Listing {
            folder: path.clone(),
            is_direct: true,
            order: FileOrder::Path,
            is_reversed: false,
            skip: page.skip,
            limit: page.limit,
        };
        let (rows, total) = reader.list_files(&listing)?;
        let (_, file_count) = reader.list_files(&Listing { is_direct: false, skip: 0, limit: 0, ..listing })?;
        Ok(Self {
            path: path.to_string(),
            name: path.name().to_string_lossy().into_owned(),
            // Without a title of its own it has the name of the file that describes it.
            title: Some(said.title).filter(|title| !title.is_empty() && title != ".metadata"),
            description: said.description,
            properties: said.properties,
            files: rows.into_iter().map(|row| inside.shown(row)).collect(),
            pagination: page.of(total),
            subfolder_count: subfolders.len(),
            subfolders,
            file_count,
        })
    }
}

/// The folders of the store, empty ones too; those that are ignored are not shown.
fn subfolders(inside: &Inside<'_>, path: &NotePath) -> Answer<Vec<SubfolderOut>> {
    let (engine, notebook) = (inside.engine, inside.notebook);
    let counts: BTreeMap<String, u64> = notebook.reader.folders_in(path)?.into_iter().collect();
    let mut found = Vec::new();
    for entry in notebook.dir.list(path)? {
        let (Ok(below), Some(name)) = (path.join(entry.name.as_encoded_bytes()), entry.name.to_str()) else { continue };
        let is_folder = match entry.kind {
            Some(kind) => kind == FileKind::Directory,
            None => notebook.dir.stat(&below).is_ok_and(|stat| stat.is_dir()),
        };
        if is_folder && !engine.is_ignored(notebook.number, &below, true) {
            let file_count = counts.get(name).copied().unwrap_or_default();
            found.push(SubfolderOut { path: below.to_string(), name: name.to_owned(), file_count });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
