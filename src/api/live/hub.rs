//! All sockets: how many there are, whose, and that they end with the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use dashmap::DashMap;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::feed::Feed;
use super::holder::Holder;
use super::tickets::Tickets;
use crate::index::system::Roster;
use crate::types::WorkspaceId;

/// Sockets at once; each is a descriptor and some memory.
const MOST: usize = 8192;

/// See the module.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) feed: Arc<Feed>,
    tickets: Tickets,
    sockets: DashMap<u64, Holder>,
    pub(super) asking: tokio::sync::Mutex<()>,
    ends: watch::Sender<bool>,
    pub(super) counts: Counts,
}

/// Counted since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    opened: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) resyncs: AtomicU64,
    pub(super) cut_off: AtomicU64,
}

/// Figures of the sockets; all but the first since the server's start.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = WebSocketFigures)]
pub(crate) struct SocketFigures {
    /// Open now.
    pub(crate) connections: u64,
    pub(crate) opened: u64,
    /// Messages.
    pub(crate) sent: u64,
    /// Clients that were told to read everything anew.
    pub(crate) resyncs: u64,
    /// Clients that took too long to take a message.
    pub(crate) cut_off: u64,
}

/// A socket that is open, until this goes.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Arc<Hub>,
    number: u64,
}

impl Hub {
    pub(crate) fn new(feed: Arc<Feed>) -> Self {
        Self {
            feed,
            tickets: Tickets::default(),
            sockets: DashMap::new(),
            asking: tokio::sync::Mutex::default(),
            ends: watch::channel(false).0,
            counts: Counts::default(),
        }
    }

    /// A ticket for one socket; `None` where there are too many.
    pub(crate) fn ticket(&self, holder: Holder) -> Option<String> {
        self.tickets.hand_out(holder, Instant::now())
    }

    /// Whose ticket it is; it is used up.
    pub(crate) fn take_ticket(&self, ticket: &str) -> Option<Holder> {
        self.tickets.take(ticket, Instant::now())
    }

    /// A place for one more socket; `None` where there is none.
    pub(crate) fn seat(self: &Arc<Self>, holder: &Holder) -> Option<Seat> {
        if self.sockets.len() >= MOST || *self.ends.borrow() {
            return None;
        }
        let number = self.counts.opened.fetch_add(1, Ordering::Relaxed);
        self.sockets.insert(number, holder.clone());
        Some(Seat { hub: Arc::clone(self), number })
    }

    /// Whether somebody listens who may see a workspace.
    pub(crate) fn is_heard(&self, workspace: WorkspaceId, roster: &Roster) -> bool {
        self.sockets.iter().any(|holder| holder.may_see(roster, workspace))
    }

    /// All sockets are to end.
    pub(crate) fn end(&self) {
        self.ends.send_replace(true);
    }

    /// Hears when they are.
    pub(super) fn ending(&self) -> watch::Receiver<bool> {
        self.ends.subscribe()
    }

    /// Figures for `/health`.
    pub(crate) fn figures(&self) -> SocketFigures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SocketFigures {
            connections: u64::try_from(self.sockets.len()).unwrap_or(u64::MAX),
            opened: count(&self.counts.opened),
            sent: count(&self.counts.sent),
            resyncs: count(&self.counts.resyncs),
            cut_off: count(&self.counts.cut_off),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.sockets.remove(&self.number);
    }
}
