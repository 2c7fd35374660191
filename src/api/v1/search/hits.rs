//! What a search finds.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::error::Answer;
use crate::api::extract::{Shelf, count};
use crate::api::v1::files::FileOut;
use crate::api::v1::queries::{Asked, ask, file_of};
use crate::api::written::Written;
use crate::engine::Engine;
use crate::index::query::Query as Asking;

/// Hits of a page at most.
const LIMIT_MAX: u64 = 1000;

/// The page of hits that is wanted.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HitsPage {
    /// How many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(super) limit: Option<u64>,
    /// How many to leave out.
    #[serde(default, deserialize_with = "count")]
    #[param(minimum = 0, default = 0)]
    pub(super) offset: Option<u64>,
}

/// Hits, best first.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchResult)]
pub(crate) struct HitsOut {
    results: Vec<HitOut>,
    /// How many there are in all.
    total: u64,
    limit: u64,
    offset: u64,
}

/// A file that was found.
#[derive(Serialize, ToSchema)]
#[schema(as = Hit)]
struct HitOut {
    #[serde(flatten)]
    file: FileOut,
    /// How well it fits the words, the greatest best; null where nothing was asked for by words.
    score: Option<f64>,
    /// HTML: escaped text, with `<mark>` around what was found; null where the words are not in the text.
    snippet: Option<String>,
}

/// Runs a search; groups have no place in it.
///
/// # Errors
/// As [`ask`].
pub(super) fn hits(engine: &Engine, shelf: &Shelf, query: Asking, page: HitsPage) -> Answer<Written> {
    let limit = page.limit.or(query.limit);
    let offset = page.offset.unwrap_or(query.offset);
    let query = Asking { limit, offset, group: None, aggregates: Vec::new(), ..query };
    let result = ask(engine, shelf, Asked { query, limit_max: LIMIT_MAX, snippets: true })?;
    let zone = engine.settings().timezone.clone();
    let mut scores = result.scores.into_iter();
    let results = result.files.into_iter().filter_map(|mut row| {
        let (score, snippet) = (scores.next(), row.snippet.take().map(|text| marked(&text)));
        Some(HitOut { file: file_of(row, shelf, &zone)?, score, snippet })
    });
    let hits = HitsOut {
        results: results.collect(),
        total: result.total,
        limit: result.limit.unwrap_or(LIMIT_MAX),
        offset: result.offset,
    };
    Written::with_files(&hits, hits.results.len())
}

/// An excerpt as HTML: what stands between `\u{2}` and `\u{3}` is marked, all else is text.
fn marked(excerpt: &str) -> String {
    let mut html = String::with_capacity(excerpt.len() + 32);
    for c in excerpt.chars() {
        match c {
            '\u{2}' => html.push_str("<mark>"),
            '\u{3}' => html.push_str("</mark>"),
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    #[test]
    fn excerpts_are_text_but_for_their_marks() {
        assert_eq!(
            super::marked("<script> & \u{2}\"adam\"\u{3} <mark>'x'</mark>"),
            "&lt;script&gt; &amp; <mark>&quot;adam&quot;</mark> &lt;mark&gt;&#39;x&#39;&lt;/mark&gt;"
        );
    }
}
