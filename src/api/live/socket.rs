//! One socket, from its greeting to its end. Each has a task of its own, and its own place in the feed: one that is slow
//! keeps nobody waiting.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::event::Event;
use super::holder::Holder;
use super::hub::Seat;
use super::message::{Reply, Said, Subscribe, read, refusal};
use super::subscription::{Subscription, may_hear, missed, seen};
use crate::api::error::ApiError;
use crate::api::state::App;
use crate::index::system::Roster;
use crate::types::{NotebookId, WorkspaceId};

/// How often it is asked whether the holder is still let in, where no message makes it so.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A session that nobody renewed ends without a change of the database; so often the database is asked.
const ASK_EVERY: Duration = Duration::from_secs(300);

/// A message that is not taken in so long cuts the client off.
const SEND_WITHIN: Duration = Duration::from_secs(10);

/// A client that says nothing is pinged after so long, and is gone after twice as long.
const QUIET: Duration = Duration::from_secs(30);

/// Why a socket ends: the code that the client is told, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ended(u16, &'static str);

const GONE: Ended = Ended(1000, "");
const SERVER_ENDS: Ended = Ended(1001, "the server ends");
const NOT_TEXT: Ended = Ended(1003, "messages are text");
const TOO_LARGE: Ended = Ended(1009, "a message has 64 KiB at most");
const TOO_SLOW: Ended = Ended(1008, "messages were not taken");
const LATER: Ended = Ended(1013, "the server cannot tell who you are just now; try again");
const NO_LONGER_LET_IN: Ended = Ended(4401, "sign in again");
const NO_LONGER_THERE: Ended = Ended(4404, "the notebook is gone, or not yours to read");

/// What a socket begins with.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) holder: Holder,
    pub(crate) subscription: Subscription,
    /// What came after this event is sent once more.
    pub(crate) since: Option<u64>,
    /// It is of this notebook alone, and ends with it.
    pub(crate) notebook: Option<(WorkspaceId, NotebookId)>,
    pub(crate) seat: Seat,
}

struct Socket {
    app: Arc<App>,
    stream: WebSocket,
    holder: Holder,
    subscription: Subscription,
    notebook: Option<(WorkspaceId, NotebookId)>,
    events: broadcast::Receiver<Arc<Event>>,
    heard: Instant,
    asked: Instant,
    _seat: Seat,
}

/// Serves a socket until it ends.
pub(crate) async fn run(app: Arc<App>, stream: WebSocket, start: Start) {
    let ending = app.hub.ending();
    let (events, newest) = app.hub.feed.listen();
    let Start { holder, subscription, since, notebook, seat } = start;
    let now = Instant::now();
    let mut socket =
        Socket { app, stream, holder, subscription, notebook, events, heard: now, asked: now, _seat: seat };
    let ended = match socket.greet(since, newest).await {
        Ok(()) => socket.serve(ending).await,
        Err(ended) => ended,
    };
    tracing::debug!(user = socket.holder.user.id.0, code = ended.0, reason = ended.1, "a socket ended");
    socket.close(ended).await;
}

impl Socket {
    async fn greet(&mut self, since: Option<u64>, newest: u64) -> Result<(), Ended> {
        self.send(Reply::Connected { seq: newest }.text()).await?;
        let Some(since) = since else { return Ok(()) };
        let roster = self.look().await?;
        let workspaces: Vec<WorkspaceId> = if self.subscription.is_chosen() {
            self.subscription.workspaces().collect()
        } else {
            seen(&self.holder, &roster)
        };
        let mut events = Vec::new();
        for workspace in workspaces {
            match missed(&self.app.hub.feed, &self.subscription, workspace, (since, newest)) {
                Some(missed) => events.extend(missed),
                None => self.resync(Some(workspace), &[], newest).await?,
            }
        }
        events.sort_by_key(|event| event.seq);
        self.send_each(events).await
    }

    async fn serve(&mut self, mut ending: watch::Receiver<bool>) -> Ended {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                biased;
                () = ends(&mut ending) => Err(SERVER_ENDS),
                _ = ticks.tick() => self.tick().await,
                message = self.stream.recv() => self.take(message).await,
                event = self.events.recv() => self.hand_on(event).await,
            };
            if let Err(ended) = done {
                return ended;
            }
        }
    }

    async fn tick(&mut self) -> Result<(), Ended> {
        let roster = if self.asked.elapsed() >= ASK_EVERY {
            self.asked = Instant::now();
            self.holder.ask(&self.app).await.map_err(|error| ended_by(&error))?
        } else {
            self.look().await?
        };
        if let Some((workspace, notebook)) = self.notebook
            && !self.holder.may_read(&roster, workspace, notebook)
        {
            return Err(NO_LONGER_THERE);
        }
        match self.heard.elapsed() {
            quiet if quiet >= 2 * QUIET => Err(GONE),
            // Some more than one are no harm.
            quiet if quiet >= QUIET => self.send_message(Message::Ping(axum::body::Bytes::new())).await,
            _ => Ok(()),
        }
    }

    async fn take(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), Ended> {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => self.answer(&text).await,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(NOT_TEXT),
            Some(Err(error)) if is_too_large(&error) => Err(TOO_LARGE),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(GONE),
        }
    }

    async fn answer(&mut self, text: &str) -> Result<(), Ended> {
        match read(text) {
            Said::Ping { is_json: false } => self.send(Utf8Bytes::from_static("pong")).await,
            Said::Ping { is_json: true } => self.send(Reply::Pong.text()).await,
            Said::Nonsense(detail) => self.send(Reply::Error { error: "bad_request", detail: &detail }.text()).await,
            Said::Subscribe(_) if self.notebook.is_some() => {
                let detail = "this socket is of one notebook; /api/v1/ws takes subscriptions";
                self.send(Reply::Error { error: "bad_request", detail }.text()).await
            }
            Said::Subscribe(wanted) => self.subscribe(*wanted).await,
        }
    }

    async fn subscribe(&mut self, wanted: Subscribe) -> Result<(), Ended> {
        if let Err(error) = self.app.limits.admit_user(self.holder.user.id) {
            return self.send(refusal(&error)).await;
        }
        let roster = self.look().await?;
        let since = wanted.since;
        let workspace = match self.subscription.change(&self.app, (&self.holder, roster), wanted).await {
            Ok(workspace) => workspace,
            Err(error) => return self.send(refusal(&error)).await,
        };
        let seq = self.app.hub.feed.newest();
        let Some(interest) = self.subscription.interest(workspace) else { return Ok(()) };
        let reply = Reply::Subscribed {
            workspace_id: workspace,
            notebooks: interest.notebooks.as_ref().map(|ids| ids.iter().copied().collect()),
            views: interest.views.keys().map(super::views::ViewKey::reference).collect(),
            sessions: &interest.sessions,
            seq,
        };
        let (reply, unknown) = (reply.text(), since.map(|since| interest.unknown_views(since)));
        self.send(reply).await?;
        let Some(since) = since else { return Ok(()) };
        match missed(&self.app.hub.feed, &self.subscription, workspace, (since, seq)) {
            Some(events) => {
                self.subscription.sent(workspace, seq);
                if let Some(views) = unknown.filter(|views| !views.is_empty()) {
                    self.resync(Some(workspace), &views, seq).await?;
                }
                self.send_each(events).await
            }
            None => self.resync(Some(workspace), &[], seq).await,
        }
    }

    async fn hand_on(&mut self, event: Result<Arc<Event>, RecvError>) -> Result<(), Ended> {
        match event {
            Ok(event) if !self.subscription.wants(&event) => Ok(()),
            Ok(event) => {
                let roster = self.look().await?;
                self.send_if_allowed(&roster, &event).await
            }
            Err(RecvError::Lagged(_)) => {
                // All that is in store is older than what it is to read anew.
                let (events, newest) = self.app.hub.feed.listen();
                self.events = events;
                self.resync(None, &[], newest).await
            }
            Err(RecvError::Closed) => Err(SERVER_ENDS),
        }
    }

    async fn send_each(&mut self, events: Vec<Arc<Event>>) -> Result<(), Ended> {
        for event in events {
            // Each time anew: it may take long.
            let roster = self.look().await?;
            self.send_if_allowed(&roster, &event).await?;
        }
        Ok(())
    }

    async fn send_if_allowed(&mut self, roster: &Roster, event: &Event) -> Result<(), Ended> {
        if may_hear(&self.holder, roster, event) { self.send(event.text.clone()).await } else { Ok(()) }
    }

    async fn resync(&mut self, workspace_id: Option<WorkspaceId>, views: &[String], seq: u64) -> Result<(), Ended> {
        self.app.hub.counts.resyncs.fetch_add(1, Ordering::Relaxed);
        self.send(Reply::Resync { workspace_id, views, seq }.text()).await
    }

    async fn look(&mut self) -> Result<Arc<Roster>, Ended> {
        self.holder.look(&self.app).await.map_err(|error| ended_by(&error))
    }

    async fn send(&mut self, text: Utf8Bytes) -> Result<(), Ended> {
        self.app.hub.counts.sent.fetch_add(1, Ordering::Relaxed);
        self.send_message(Message::Text(text)).await
    }

    /// A client that does not take it is cut off; also as soon as its holder is no longer let in.
    async fn send_message(&mut self, message: Message) -> Result<(), Ended> {
        let began = Instant::now();
        let sending = self.stream.send(message);
        tokio::pin!(sending);
        loop {
            match timeout(LOOK_EVERY, &mut sending).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(_)) => return Err(GONE),
                Err(_) => {
                    self.holder.look(&self.app).await.map_err(|error| ended_by(&error))?;
                    if began.elapsed() >= SEND_WITHIN {
                        self.app.hub.counts.cut_off.fetch_add(1, Ordering::Relaxed);
                        return Err(TOO_SLOW);
                    }
                }
            }
        }
    }

    async fn close(mut self, ended: Ended) {
        if ended == TOO_SLOW {
            // Nothing reaches it.
            return;
        }
        let frame = CloseFrame { code: ended.0, reason: Utf8Bytes::from_static(ended.1) };
        // A client that is gone is not told, one that takes nothing not for long.
        let _ = timeout(LOOK_EVERY, self.stream.send(Message::Close(Some(frame)))).await;
        // The other side closes too; until then what it sent is read, so that the kernel does not reset the connection
        // before the client has read why.
        let rest = async { while let Some(Ok(_)) = self.stream.recv().await {} };
        let _ = timeout(LOOK_EVERY, rest).await;
    }
}

async fn ends(ending: &mut watch::Receiver<bool>) {
    // An error: whoever would say so is gone.
    let _ = ending.wait_for(|ends| *ends).await;
}

fn ended_by(error: &ApiError) -> Ended {
    if error.status == axum::http::StatusCode::UNAUTHORIZED { NO_LONGER_LET_IN } else { LATER }
}

/// The library says it in words alone.
fn is_too_large(error: &axum::Error) -> bool {
    let text = error.to_string();
    text.contains("too long") || text.contains("too large") || text.contains("too big")
}
