//! The query of an address, whose mistakes name the parameter.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use super::body::field_of;
use crate::api::error::{Answer, ApiError};
use crate::api::state::App;

/// The query of an address; parameters that it does not know are for others.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Answer<Self> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query or a form.
///
/// # Errors
/// 422.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Answer<T> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let (path, said) = (error.path().to_string(), error.into_inner().to_string());
        let (field, message) = field_of(&path, &said);
        ApiError::invalid(field, message)
    })
}

/// A count that the description can name: its whole numbers (`int64`) end where SQLite's do.
///
/// # Errors
/// For one beyond.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let given = Option::<u64>::deserialize(deserializer)?;
    match given.filter(|number| i64::try_from(*number).is_err()) {
        Some(_) => Err(D::Error::custom(format!("a number up to {} is expected", i64::MAX))),
        None => Ok(given),
    }
}
