//! POST `/ws/ticket`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::{Answer, ApiError, Refusals};
use crate::api::extract::{OwnAccount, See};
use crate::api::live::{Holder, TICKET_SECONDS};
use crate::api::state::App;

/// A ticket.
#[derive(Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct TicketOut {
    /// Good once, as `?ticket=` of a socket's address.
    ticket: String,
    /// Seconds.
    expires_in: u64,
}

/// A ticket to open one socket with, good for 30 s
#[utoipa::path(
    post,
    path = "/ws/ticket",
    tag = "events",
    responses((status = 201, description = "The ticket", body = TicketOut), Refusals)
)]
pub(super) async fn ticket(State(app): State<Arc<App>>, own: OwnAccount<See>) -> Answer<(StatusCode, Json<TicketOut>)> {
    let ticket = app.hub.ticket(Holder::of(&own.caller));
    let ticket = ticket.ok_or_else(|| ApiError::unavailable("too many tickets are out; try again"))?;
    Ok((StatusCode::CREATED, Json(TicketOut { ticket, expires_in: TICKET_SECONDS })))
}
