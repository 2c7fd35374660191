//! Answers with many files: written as JSON by the thread that has read them, into room for all of it. axum's own begins
//! small and moves what it has each time that it grows, on a thread that others wait for.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::{Answer, ApiError};

/// About as long as a file is as JSON, in bytes.
const FILE: usize = 900;

/// JSON that is written already.
#[derive(Debug)]
pub(crate) struct Written(Vec<u8>);

impl Written {
    /// Writes an answer that shows so many files.
    ///
    /// # Errors
    /// 500 for what is no JSON, which none of ours is.
    pub(crate) fn with_files(answer: &impl Serialize, files: usize) -> Answer<Self> {
        let mut bytes = Vec::with_capacity((files + 1) * FILE);
        serde_json::to_writer(&mut bytes, answer)
            .map_err(|error| ApiError::internal(format!("an answer is no JSON: {error}")))?;
        Ok(Self(bytes))
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.0).into_response()
    }
}
