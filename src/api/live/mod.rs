//! What clients hear as it happens: the sequence of events of all open workspaces, live views, and the sockets that hand
//! both on. It knows no route; who may hear what is asked for each message.

mod event;
mod feed;
mod follow;
mod holder;
mod hub;
mod message;
mod notebook_ids;
mod socket;
mod subscription;
mod tickets;
mod views;

pub(crate) use event::FileChange;
pub(crate) use feed::Feed;
pub(crate) use follow::Follower;
pub(in crate::api) use follow::register;
pub(crate) use holder::Holder;
pub(crate) use hub::{Hub, SocketFigures};
pub(crate) use socket::{Start, run};
pub(crate) use subscription::Subscription;
pub(crate) use tickets::TICKET_SECONDS;
pub(crate) use views::LiveViews;
