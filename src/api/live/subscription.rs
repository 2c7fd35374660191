//! What one socket wants to hear.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::event::{About, Event};
use super::feed::Feed;
use super::holder::Holder;
use super::message::{Named, Subscribe};
use super::views::{Following, ViewKey};
use crate::api::error::{Answer, ApiError};
use crate::api::extract::{InWorkspace, Read};
use crate::api::state::App;
use crate::api::workspaces::Open;
use crate::engine::Engine;
use crate::index::system::{NotebookRow, Roster};
use crate::types::{FileKey, NotebookId, WorkspaceId};

/// Views that one socket follows at most, over all workspaces.
const VIEWS_MAX: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Subscription {
    /// Without any, all that the holder may see.
    of: HashMap<WorkspaceId, Interest>,
}

/// What of one workspace.
#[derive(Debug)]
pub(super) struct Interest {
    /// Held so that the workspace stays open.
    _open: Open,
    /// `None`: all.
    pub(super) notebooks: Option<BTreeSet<NotebookId>>,
    pub(super) views: HashMap<ViewKey, Following>,
    /// Of agents; their events name them.
    pub(super) sessions: Vec<i64>,
    /// What came up to here has been sent.
    sent_up_to: u64,
}

impl Subscription {
    /// A workspace, or one notebook of it, and nothing else.
    ///
    /// # Errors
    /// The engine's.
    pub(crate) async fn to(at: &InWorkspace<Read>, notebook: Option<NotebookId>) -> Answer<Self> {
        let mut subscription = Self::default();
        let interest = Interest {
            _open: at.open().await?,
            notebooks: notebook.map(|notebook| BTreeSet::from([notebook])),
            views: HashMap::new(),
            sessions: Vec::new(),
            sent_up_to: 0,
        };
        subscription.of.insert(at.workspace.id, interest);
        Ok(subscription)
    }

    /// Takes in what a client asks for; the workspace that it is about.
    ///
    /// # Errors
    /// 404 for what the holder may not see; 422; what the engine says.
    pub(super) async fn change(
        &mut self,
        app: &Arc<App>,
        (holder, roster): (&Holder, Arc<Roster>),
        wanted: Subscribe,
    ) -> Answer<WorkspaceId> {
        let caller = holder.caller(roster);
        let at = InWorkspace::<Read>::enter(caller, app, &wanted.workspace.to_string())?;
        let id = at.workspace.id;
        let others: usize = self.of.iter().filter(|(other, _)| **other != id).map(|(_, one)| one.views.len()).sum();
        if others + wanted.views.len() > VIEWS_MAX {
            return Err(ApiError::invalid("views", format!("a socket follows {VIEWS_MAX} views at most")));
        }
        let open = at.open().await?;
        let roster = at.registered().await?;
        let readable = at.readable(&roster);
        let notebooks = match &wanted.notebooks {
            None => None,
            Some(named) => Some(named.iter().map(|named| find(&readable, named)).collect::<Answer<_>>()?),
        };
        let keys =
            wanted.views.iter().map(|text| view_key(open.engine(), &readable, text)).collect::<Answer<Vec<_>>>()?;
        let views = follow(app, &open, keys).await?;
        let interest = Interest { _open: open, notebooks, views, sessions: wanted.sessions, sent_up_to: 0 };
        self.of.insert(id, interest);
        Ok(id)
    }

    /// Whether it was said what is wanted.
    pub(super) fn is_chosen(&self) -> bool {
        !self.of.is_empty()
    }

    /// What is wanted of a workspace.
    pub(super) fn interest(&self, workspace: WorkspaceId) -> Option<&Interest> {
        self.of.get(&workspace)
    }

    /// The workspaces that something is wanted of.
    pub(super) fn workspaces(&self) -> impl Iterator<Item = WorkspaceId> {
        self.of.keys().copied()
    }

    /// What came up to `seq` has been sent once more, and is not to be sent again.
    pub(super) fn sent(&mut self, workspace: WorkspaceId, seq: u64) {
        if let Some(interest) = self.of.get_mut(&workspace) {
            interest.sent_up_to = seq;
        }
    }

    /// Whether an event that happens now is wanted.
    pub(super) fn wants(&self, event: &Event) -> bool {
        let is_new = |interest: &Interest| match &event.about {
            About::View(key) => {
                let following = interest.views.get(key);
                following.is_some_and(|following| event.seq > following.from.max(interest.sent_up_to))
            }
            About::File(_) => event.seq > interest.sent_up_to,
            About::Indexing(_) | About::Gap => true,
        };
        self.covers(event) && self.of.get(&event.workspace).is_none_or(is_new)
    }

    /// Whether an event is of what is wanted, whenever it was.
    pub(super) fn covers(&self, event: &Event) -> bool {
        let Some(interest) = self.of.get(&event.workspace) else {
            return self.of.is_empty() && !matches!(event.about, About::View(_));
        };
        let is_named = |id| interest.notebooks.as_ref().is_none_or(|wanted| wanted.contains(&id));
        match &event.about {
            About::File(change) => is_named(change.notebook_id),
            About::Indexing(notebook) => is_named(*notebook),
            About::View(key) => interest.views.contains_key(key),
            About::Gap => true,
        }
    }
}

impl Interest {
    /// The views of which nobody knows what happened after an event.
    pub(super) fn unknown_views(&self, since: u64) -> Vec<String> {
        let is_unknown = |following: &Following| following.known_since.is_none_or(|known| since < known);
        let unknown = self.views.iter().filter(|(_, following)| is_unknown(following));
        unknown.map(|(key, _)| key.reference()).collect()
    }
}

/// Whether the holder may hear an event now.
pub(super) fn may_hear(holder: &Holder, roster: &Roster, event: &Event) -> bool {
    match &event.about {
        About::File(change) => holder.may_read(roster, event.workspace, change.notebook_id),
        About::Indexing(notebook) => holder.may_read(roster, event.workspace, *notebook),
        About::View(key) => holder.may_read(roster, event.workspace, key.notebook),
        About::Gap => holder.may_see(roster, event.workspace),
    }
}

/// The workspaces that a holder hears without having chosen.
pub(super) fn seen(holder: &Holder, roster: &Arc<Roster>) -> Vec<WorkspaceId> {
    let caller = holder.caller(Arc::clone(roster));
    crate::api::extract::visible(&caller).into_iter().map(|(workspace, _)| workspace.id).collect()
}

fn find(readable: &[&NotebookRow], named: &Named) -> Answer<NotebookId> {
    let is_it = |row: &&&NotebookRow| match named {
        Named::Id(id) => row.id.0 == i64::from(*id),
        Named::Slug(slug) => row.slug == *slug,
    };
    let found = readable.iter().find(is_it).map(|row| row.id);
    found.ok_or_else(|| ApiError::not_found(format!("no notebook `{named}`")))
}

fn view_key(engine: &Engine, readable: &[&NotebookRow], text: &str) -> Answer<ViewKey> {
    let missing = || ApiError::not_found(format!("no view `{text}`"));
    let (notebook, id) = ViewKey::parse(text).ok_or_else(missing)?;
    let row = readable.iter().find(|row| row.id == notebook).ok_or_else(missing)?;
    let number = engine.notebook_named(&row.folder).ok_or_else(missing)?.number;
    let file = FileKey { notebook: number, id };
    if !engine.catalog().file(file).is_some_and(|file| file.is_view) {
        return Err(missing());
    }
    let may_read: BTreeSet<_> =
        readable.iter().filter_map(|row| Some(engine.notebook_named(&row.folder)?.number)).collect();
    let is_all = engine.notebooks().iter().all(|notebook| may_read.contains(&notebook.number));
    Ok(ViewKey { notebook, file, readable: (!is_all).then_some(may_read) })
}

async fn follow(app: &Arc<App>, open: &Open, keys: Vec<ViewKey>) -> Answer<HashMap<ViewKey, Following>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let views = Arc::clone(&open.views);
    app.bridge
        .run(move || {
            let follow = |key: ViewKey| views.follow(&key).map(|following| (key, following));
            keys.into_iter().map(follow).collect::<Result<HashMap<_, _>, _>>()
        })
        .await
}

/// Events of a workspace after `since` that are wanted, up to `until`; `None` where they are not known.
pub(super) fn missed(
    feed: &Feed,
    subscription: &Subscription,
    workspace: WorkspaceId,
    (since, until): (u64, u64),
) -> Option<Vec<Arc<Event>>> {
    match feed.missed(workspace, since, until) {
        super::feed::Missed::Events(events) => {
            Some(events.into_iter().filter(|event| subscription.covers(event)).collect())
        }
        super::feed::Missed::Unknown => None,
    }
}
