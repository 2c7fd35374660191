//! The rest of a body that is answered before it has come whole, as what is refused by its headers is. Clients send
//! before they look: of a connection that is reset below their hands many show the reset alone, not the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;

/// Bytes: what is larger a client hears of in the middle of its sending.
const REST_MAX: usize = 64 * 1024;

/// How long the answer waits for them.
const PATIENCE: Duration = Duration::from_millis(500);

/// Reads what a route left of a body that is small, then answers.
pub(crate) async fn read_rest(request: Request, next: Next) -> Response {
    // Who asks before it sends has sent nothing yet.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let left = Arc::<Mutex<Option<Body>>>::default();
    let request = request.map(|body| Body::new(Lent { body, left: Arc::clone(&left) }));
    let response = next.run(request).await;
    let rest = left.lock().take();
    if let Some(rest) = rest.filter(|rest| rest.size_hint().lower() <= REST_MAX as u64) {
        // Whether it came or not, the answer is the same.
        drop(tokio::time::timeout(PATIENCE, to_bytes(rest, REST_MAX)).await);
    }
    response
}

/// A body that is given back where it is dropped before its end.
struct Lent {
    body: Body,
    left: Arc<Mutex<Option<Body>>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            *self.left.lock() = Some(std::mem::take(&mut self.body));
        }
    }
}
