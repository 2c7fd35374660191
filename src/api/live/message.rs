//! What clients say, and the answers that are no events.

use axum::extract::ws::Utf8Bytes;
use serde::{Deserialize, Serialize};

use crate::api::error::ApiError;
use crate::types::{NotebookId, WorkspaceId};

/// Something that a client said.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// `ping`, answered as it was written.
    Ping {
        is_json: bool,
    },
    Subscribe(Box<Subscribe>),
    /// What is wrong with it.
    Nonsense(String),
}

/// `{"subscribe": {…}}`: from now on this of the workspace, instead of what was asked for of it before.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    pub(super) workspace: Named,
    /// Without it: all that the caller may read.
    pub(super) notebooks: Option<Vec<Named>>,
    /// `<notebook id>:<file id>` of `.cdx` files.
    #[serde(default)]
    pub(super) views: Vec<String>,
    /// Sessions of agents.
    #[serde(default)]
    pub(super) sessions: Vec<i64>,
    /// What came after this event is sent once more.
    pub(super) since: Option<u64>,
}

/// An id or a slug.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Named {
    Id(u32),
    Slug(String),
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Slug(slug) => slug.fmt(f),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(rename = "type")]
    kind: Option<String>,
    subscribe: Option<Subscribe>,
}

/// Reads a message.
pub(super) fn read(text: &str) -> Said {
    if text.trim() == "ping" {
        return Said::Ping { is_json: false };
    }
    match serde_json::from_str::<Raw>(text) {
        Ok(Raw { kind: None, subscribe: Some(subscribe) }) => Said::Subscribe(Box::new(subscribe)),
        Ok(Raw { kind: Some(kind), subscribe: None }) if kind == "ping" => Said::Ping { is_json: true },
        Ok(_) => Said::Nonsense("`ping` or {\"subscribe\": {…}} is expected".to_owned()),
        Err(error) => Said::Nonsense(error.to_string()),
    }
}

/// An answer.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Reply<'a> {
    Connected {
        /// The number of the newest event: what follows is greater.
        seq: u64,
    },
    Pong,
    Subscribed {
        workspace_id: WorkspaceId,
        notebooks: Option<Vec<NotebookId>>,
        views: Vec<String>,
        sessions: &'a [i64],
        seq: u64,
    },
    /// All is to be read anew: of a workspace, or of some views alone.
    Resync {
        #[serde(skip_serializing_if = "Option::is_none")]
        workspace_id: Option<WorkspaceId>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        views: &'a [String],
        seq: u64,
    },
    Error {
        error: &'a str,
        detail: &'a str,
    },
}

impl Reply<'_> {
    pub(super) fn text(&self) -> Utf8Bytes {
        serde_json::to_string(self).unwrap_or_default().into()
    }
}

/// A refusal in the words of HTTP.
pub(super) fn refusal(error: &ApiError) -> Utf8Bytes {
    Reply::Error { error: error.error, detail: &error.detail }.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_and_nonsense_is_named() {
        assert_eq!(read("ping"), Said::Ping { is_json: false });
        assert_eq!(read(r#"{"type": "ping"}"#), Said::Ping { is_json: true });
        let Said::Subscribe(subscribe) =
            read(r#"{"subscribe": {"workspace": "lab", "notebooks": [1, "runs"], "since": 7}}"#)
        else {
            panic!("a subscription");
        };
        assert_eq!(subscribe.workspace, Named::Slug("lab".to_owned()));
        assert_eq!(subscribe.notebooks, Some(vec![Named::Id(1), Named::Slug("runs".to_owned())]));
        assert_eq!((subscribe.since, subscribe.views.len()), (Some(7), 0));
        for nonsense in [
            "",
            "pong",
            "[]",
            "{}",
            r#"{"subscribe": {}}"#,
            r#"{"subscribe": {"workspace": 1, "x": 1}}"#,
            r#"{"subscribe": {"workspace": -1}}"#,
            r#"{"type": "pong"}"#,
        ] {
            assert!(matches!(read(nonsense), Said::Nonsense(_)), "{nonsense}");
        }
    }
}
