//! What opens a socket: who does, and the handshake.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::auth::{Caller, authenticate, is_by_cookie, origin};
use crate::api::error::{Answer, ApiError};
use crate::api::extract::{Query, count};
use crate::api::live::{Holder, Start, Subscription, run};
use crate::api::state::App;
use crate::types::{NotebookId, WorkspaceId};

/// Bytes of a message and of a frame at most.
const MESSAGE_MAX: usize = 64 * 1024;

/// Bytes that are kept for each socket; a thousand of them are open at once.
const BUFFER: usize = 4 * 1024;

/// Bytes that may wait for a client to take them.
const WAITING_MAX: usize = 512 * 1024;

/// How a socket is opened.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SocketParams {
    /// From `/ws/ticket`, for clients that can send no header.
    pub(super) ticket: Option<String>,
    /// The number of the last event that was heard: what came after it is sent once more.
    #[serde(default, deserialize_with = "count")]
    pub(super) since: Option<u64>,
}

/// Somebody who opens a socket: by a ticket, by a bearer, or by a cookie from a page of ours.
pub(crate) struct Opener(pub(super) Caller);

impl FromRequestParts<Arc<App>> for Opener {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let Query(params) = Query::<SocketParams>::from_request_parts(parts, app).await?;
        let Some(ticket) = params.ticket else {
            let caller = authenticate(parts, app).await?;
            if is_by_cookie(&parts.headers) {
                origin::check_socket(&parts.headers, &app.web)?;
            }
            return Ok(Self(caller));
        };
        let stale = || ApiError::unauthorized("the ticket was used, or is older than 30 s");
        let holder = app.hub.take_ticket(&ticket).ok_or_else(stale)?;
        let roster = holder.look(app).await?;
        let caller = holder.caller(roster);
        app.limits.admit_user(caller.user.id)?;
        Ok(Self(caller))
    }
}

/// The handshake. What is wrong with it is said after whether the caller may open the socket at all.
pub(crate) struct Handshake(Answer<WebSocketUpgrade>);

impl FromRequestParts<Arc<App>> for Handshake {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Answer<Self> {
        let is_meant = parts.headers.contains_key(header::UPGRADE);
        let upgrade = WebSocketUpgrade::from_request_parts(parts, app).await;
        Ok(Self(upgrade.map_err(|refusal| {
            if is_meant {
                ApiError::malformed(refusal.to_string())
            } else {
                let detail = "this address is for WebSockets alone";
                ApiError::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail)
            }
        })))
    }
}

impl Handshake {
    /// Opens a socket for somebody.
    ///
    /// # Errors
    /// 426 or 400 where it is no handshake, 503 where there are too many.
    pub(super) fn open(
        self,
        app: &Arc<App>,
        opener: &Caller,
        (subscription, since): (Subscription, Option<u64>),
        notebook: Option<(WorkspaceId, NotebookId)>,
    ) -> Answer<Response> {
        let upgrade = self.0?;
        let holder = Holder::of(opener);
        let full = || ApiError::unavailable("there are too many sockets, or the server is ending; try again");
        let seat = app.hub.seat(&holder).ok_or_else(full)?;
        let start = Start { holder, subscription, since, notebook, seat };
        let app = Arc::clone(app);
        let upgrade = upgrade.max_message_size(MESSAGE_MAX).max_frame_size(MESSAGE_MAX);
        let upgrade = upgrade.read_buffer_size(BUFFER).write_buffer_size(BUFFER).max_write_buffer_size(WAITING_MAX);
        Ok(upgrade.on_upgrade(|socket: WebSocket| run(app, socket, start)))
    }
}
