//! What is asked of the server, and that it answers it rightly: counts are compared with the corpus and with ripgrep.

use std::process::Command;

use serde_json::{Value, json};

use super::http::Request;
use super::served::{NOTEBOOK, Served, sign_in};
use crate::support::corpus::Corpus;
use crate::support::{Outcome, process};

/// Hits of a page: what a list of results shows at once.
const HITS: usize = 20;

/// Files of the query's page.
const FOUND: usize = 50;

/// A kind of request.
pub struct Kind {
    pub name: &'static str,
    /// Sent in turn.
    pub requests: Vec<Request>,
    /// Requests a second that it is to reach.
    pub least: f64,
    /// Those of the original.
    pub original: Option<f64>,
    /// Most processor time of one, and the original's, in ms.
    pub processor: Option<(f64, f64)>,
    pub note: String,
}

/// All kinds of §5.
pub fn kinds(served: &Served, corpus: &Corpus) -> Outcome<[Kind; 6]> {
    let words = corpus.words()?;
    let rare: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).take(40).collect();
    let common: Vec<&str> = words.iter().rev().map(|(word, _)| word.as_str()).take(20).collect();
    let list = |limit: usize| {
        let pages = (0..10).map(|page| Request::get(format!("{NOTEBOOK}/files?limit={limit}&skip={}", page * limit)));
        pages.collect::<Vec<_>>()
    };
    let kind =
        |name, requests, least, note: String| Kind { name, requests, least, original: None, processor: None, note };
    let (tagged, queries) = tagged(served, corpus)?;
    Ok([
        Kind {
            original: Some(185.0),
            processor: Some((0.2, 8.1)),
            ..kind("file by id", files(served)?, 10_000.0, String::new())
        },
        Kind { original: Some(60.0), ..kind("list of 100", list(100), 2000.0, "pages in turn".to_owned()) },
        Kind { original: Some(11.0), ..kind("list of 1,000", list(1000), 300.0, String::new()) },
        kind("search, common word", searches(&common), 500.0, found(served, &common)?),
        kind("search, rare word", searches(&rare), 3000.0, found(served, &rare)?),
        kind("tag + property query", queries, 2000.0, tagged),
    ])
}

/// Files by their ids, of all the notebook.
pub fn files(served: &Served) -> Outcome<Vec<Request>> {
    let mut found = Vec::new();
    loop {
        let page = Request::get(format!("{NOTEBOOK}/files?limit=1000&skip={}", found.len()));
        let page = page.send(served.address, &served.token)?;
        let ids = page["files"].as_array().map(Vec::as_slice).unwrap_or_default();
        found.extend(ids.iter().filter_map(|file| file["id"].as_i64()));
        if page["pagination"]["has_more"] != true {
            break;
        }
    }
    // Neighbours in the index are not asked for one after the other.
    let scattered = (0..2000).filter_map(|n| found.get(n * 7919 % found.len().max(1)));
    let requests: Vec<Request> = scattered.map(|id| Request::get(format!("{NOTEBOOK}/files/{id}"))).collect();
    if requests.is_empty() { Err("there are no files".into()) } else { Ok(requests) }
}

/// A sign-in; there is one account, as there is one laboratory.
pub fn logins() -> Vec<Request> {
    vec![sign_in()]
}

fn searches(words: &[&str]) -> Vec<Request> {
    words.iter().map(|word| search(word)).collect()
}

fn search(word: &str) -> Request {
    Request::get(format!("{NOTEBOOK}/search?q={word}&limit={HITS}"))
}

/// How many hits the words have, once ripgrep has counted as many.
fn found(served: &Served, words: &[&str]) -> Outcome<String> {
    let (mut least, mut most) = (u64::MAX, 0);
    for word in words {
        let answer = search(word).send(served.address, &served.token)?;
        let total = answer["total"].as_u64().ok_or("a result without a total")?;
        let in_files = ripgrep(served, word)?;
        let shown = answer["results"].as_array().map_or(0, Vec::len) as u64;
        if total != in_files || shown != total.min(HITS as u64) {
            return Err(format!("`{word}` is in {in_files} files, and {total} were found, {shown} shown").into());
        }
        (least, most) = (least.min(total), most.max(total));
    }
    Ok(format!("{} words with {least} to {most} hits, as many as ripgrep counts; pages of {HITS}", words.len()))
}

/// In how many files a word is; a sidecar stands for its subject.
fn ripgrep(served: &Served, word: &str) -> Outcome<u64> {
    let mut command = Command::new("rg");
    command.args(["--files-with-matches", "--ignore-case", "--word-regexp", "--hidden", "--no-ignore"]);
    command.args(["--glob", "!.codex", word]).arg(&served.folder);
    Ok(process::output(&mut command)?.lines().count() as u64)
}

/// Queries of a tag and a property, once each has found what the corpus says.
fn tagged(served: &Served, corpus: &Corpus) -> Outcome<(String, Vec<Request>)> {
    let mut requests = Vec::new();
    let (mut least, mut most) = (u64::MAX, 0);
    for (tag, status, expected) in corpus.tags_with_status() {
        let line = format!("tag:{tag} status:{status} sort:-priority,title");
        let body: Value = json!({"q": line, "limit": FOUND});
        let request = Request::with("POST", "/api/v1/query?workspace_id=bench", &body);
        let answer = request.send(served.address, &served.token)?;
        let total = answer["total"].as_u64().ok_or("a result without a total")?;
        if total != expected {
            return Err(format!("{line}: {expected} are in the corpus, {total} were found").into());
        }
        (least, most) = (least.min(total), most.max(total));
        requests.push(request);
    }
    let note = format!(
        "{} queries of {least} to {most} matches, as many as the corpus has; sorted, pages of {FOUND}",
        requests.len()
    );
    if requests.is_empty() { Err("the corpus names no pairs".into()) } else { Ok((note, requests)) }
}
