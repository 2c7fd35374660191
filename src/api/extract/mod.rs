//! What handlers take: who asks, where, and what. A handler that takes a place has had it looked up and allowed; there is
//! no other way to an engine, so that a route cannot forget to ask.

mod act;
mod body;
mod chosen;
mod client;
mod id;
mod named;
mod page;
mod person;
mod place;
mod query;
mod shelf;

pub(crate) use act::{Act, Manage, Operate, Read, Secure, See, Write};
pub(crate) use body::{Body, BodyOrForm, Checked, Faults, OptionalBody};
pub(crate) use chosen::{Chosen, ChosenWorkspace};
pub(crate) use client::{Changing, FromBrowser};
pub(crate) use id::Id;
pub(crate) use named::{CommitParam, FileParam, PathParam, PluginParam, RefParam, TimeParam, TrashParam};
pub(crate) use page::{Page, PageParams, Pagination};
#[allow(unused_imports, reason = "for the routes of mounts")]
pub(crate) use person::OnServer;
pub(crate) use person::{OwnAccount, SignedInOrNot};
pub(crate) use place::{InNotebook, InWorkspace, NotebookPath, WorkspacePath, visible};
pub(crate) use query::{Query, count};
pub(crate) use shelf::{Shelf, Shelved};
