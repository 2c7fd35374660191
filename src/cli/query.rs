//! `cdx query`: a search line or a `.cdx` file, as table, JSON, CSV or paths.

use clap::Args;
use serde_json::Value;

use super::error::{CliError, Outcome};
use super::output::tell;
use super::rows::{self, Format, PathEnd};
use super::session::Session;
use super::{Context, reply};
use crate::engine::Command;
use crate::index::query::{self as model, Expr, Term, TimeContext, parse_line, parse_view};
use crate::sys::paths;

/// The largest page that an engine answers with.
const PAGE: u64 = 10_000;
/// Fields that the table shows anyway, or that say nothing as a column.
const SHOWN_ANYWAY: [&str; 6] = ["path", "name", "title", "notebook", "tag", "tags"];

/// Finds files by tag, property, date, link or text
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx query 'tag:experiment -tag:failed loss<0.1 sort:loss'
  cdx query 'due<=today+7d status:todo,doing group:status'
  cdx query 'path:runs/** \"learning rate\"' --format json
  cdx query lab/todo.cdx
  cdx query 'ext:png size>1M' --format paths -0 | xargs -0 du -ch

Terms are joined by AND; OR, - (not) and parentheses as usual. tag:a means a and everything below it, tag:=a exactly a.
Also: property:* (exists), property:a,b (one of), property:~re, created: modified: links-to: is:orphan untagged.")]
pub(crate) struct Query {
    /// A search line, or the path of a .cdx file
    #[arg(value_name = "LINE|FILE.cdx", allow_hyphen_values = true)]
    line: String,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with_all = ["format", "null"])]
    json: bool,
    /// Ends paths with NUL instead of a line break, for xargs -0; implies --format paths
    #[arg(short = '0', long = "null")]
    null: bool,
    /// At most so many (1 to 10000; 100 in tables and JSON, else no limit unless the query has one)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=PAGE))]
    limit: Option<u64>,
    /// Skip so many first
    #[arg(long, value_name = "N")]
    offset: Option<u64>,
}

impl Query {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        let asked = Asked::read(&session, &self.line)?;
        let end = if self.null { PathEnd::Nul } else { PathEnd::Line };
        let format = match (self.json, self.null) {
            (true, _) => Format::Json,
            (false, true) => Format::Paths,
            (false, false) => self.format,
        };
        match format {
            Format::Json => {
                let result = asked.page(&session, self.limit, self.offset)?;
                context.out.json(&result)?;
            }
            Format::Table => {
                let result = asked.page(&session, self.limit, self.offset)?;
                rows::print_table(&mut context.out, &result, &asked.properties)?;
                print_aggregates(context, &result)?;
                tell_of_rest(&result);
            }
            Format::Csv => {
                let files = asked.all(&session, self.limit, self.offset)?;
                rows::print_csv(&mut context.out, &files)?;
            }
            Format::Paths => {
                let files = asked.all(&session, self.limit, self.offset)?;
                rows::print_paths(&mut context.out, &session.site, &files, end)?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// A query as it was asked for.
struct Asked {
    line: String,
    view: Option<String>,
    /// Its own limit.
    limit: Option<u64>,
    /// Its own offset.
    offset: u64,
    /// Properties that it speaks of: columns of the table.
    properties: Vec<String>,
}

impl Asked {
    fn read(session: &Session, argument: &str) -> Result<Self, CliError> {
        if is_view(argument) {
            let view = session.file(argument)?;
            let query = read_view(session, &view);
            let limit = query.as_ref().and_then(|query| query.limit);
            let properties = query.as_ref().map(properties).unwrap_or_default();
            let offset = query.as_ref().map_or(0, |query| query.offset);
            return Ok(Self { line: String::new(), view: Some(view), limit, offset, properties });
        }
        let query = parse_line(argument).map_err(|error| bad_line(argument, &error))?;
        let (limit, offset) = (query.limit, query.offset);
        Ok(Self { line: argument.to_owned(), view: None, limit, offset, properties: properties(&query) })
    }

    fn page(&self, session: &Session, limit: Option<u64>, offset: Option<u64>) -> Result<Value, CliError> {
        let (line, view) = (self.line.clone(), self.view.clone());
        let result = session.ask(&Command::Query { line, view, limit, offset, snippets: false })?;
        for warning in reply::list(&result, "warnings") {
            tell(format!("cdx: warning: {}", reply::shown(warning)));
        }
        Ok(result)
    }

    /// All files, page by page, or as many as the flag or the query itself asks for.
    fn all(&self, session: &Session, limit: Option<u64>, offset: Option<u64>) -> Result<Vec<Value>, CliError> {
        let most = limit.or(self.limit).unwrap_or(u64::MAX);
        let (mut files, first) = (Vec::new(), offset.unwrap_or(self.offset));
        loop {
            let wanted = PAGE.min(most - files.len() as u64);
            let page = self.page(session, Some(wanted), Some(first + files.len() as u64))?;
            let found = reply::list(&page, "files");
            files.extend_from_slice(found);
            if (found.len() as u64) < wanted || files.len() as u64 >= most {
                return Ok(files);
            }
        }
    }
}

/// A line may end in `.cdx` too (`name:todo.cdx`); a path has no blank, colon or quote before it in practice,
/// and is there.
fn is_view(argument: &str) -> bool {
    std::path::Path::new(argument).extension().is_some_and(|extension| extension == "cdx")
        && !argument.contains([':', '"', '=', '<', '>'])
}

/// The position of the mistake under the line itself.
fn bad_line(line: &str, error: &model::QueryError) -> CliError {
    let before: String = " ".repeat(error.position);
    CliError::Usage(format!("the query does not parse: {error}\n  {line}\n  {before}^"))
}

/// The definition, to choose columns by; the engine reports what is wrong with it.
fn read_view(session: &Session, view: &str) -> Option<model::Query> {
    let text = paths::read_text(&session.site.workspace.join(view)).ok()?;
    let now = TimeContext {
        now: crate::sys::now(),
        zone: jiff::tz::TimeZone::UTC,
        week_starts: jiff::civil::Weekday::Monday,
    };
    parse_view(text.as_bytes(), &now).ok().map(|view| view.query)
}

/// Properties that a query tests or sorts by, once each, in order.
fn properties(query: &model::Query) -> Vec<String> {
    fn walk(expr: &Expr, found: &mut Vec<String>) {
        match expr {
            Expr::And(all) | Expr::Or(all) => all.iter().for_each(|one| walk(one, found)),
            Expr::Not(one) => walk(one, found),
            Expr::Term(Term::Property { key, .. }) => found.push(key.clone()),
            Expr::All | Expr::Term(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(&query.filter, &mut found);
    found.extend(query.sort.iter().map(|sort| sort.key.clone()));
    let mut once = Vec::new();
    for key in found {
        if !once.contains(&key) && !SHOWN_ANYWAY.contains(&key.as_str()) {
            once.push(key);
        }
    }
    once
}

fn print_aggregates(context: &mut Context, result: &Value) -> Result<(), CliError> {
    for aggregate in reply::list(result, "aggregates") {
        let part = |index: usize| aggregate.get(index).map(reply::shown).unwrap_or_default();
        let of = if part(0) == "_" { String::new() } else { format!("({})", part(0)) };
        context.out.line(format!("{}{of} = {}", part(1), part(2)))?;
    }
    Ok(())
}

/// Where a page is not all, says so.
fn tell_of_rest(result: &Value) {
    let (total, offset) = (reply::number(result, "total"), reply::number(result, "offset"));
    let shown = reply::list(result, "files").len() as u64;
    if result.get("groups").is_none_or(Value::is_null) && offset + shown < total {
        tell(format!("{shown} of {total} shown; --limit N and --offset {} show more", offset + shown));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_view_is_told_from_a_line() {
        assert!(is_view("lab/todo.cdx") && is_view("my view.cdx"));
        assert!(!is_view("name:todo.cdx") && !is_view("todo") && !is_view("path=a.cdx"));
    }
}
