//! `cdx search`: full text, with excerpts.

use std::ffi::OsString;

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::{Style, tell};
use super::rows::{self, Format, PathEnd};
use super::{Context, reply};
use crate::engine::Command;

/// Finds files by their text; exit code 1 if there is none
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx search learning rate            both words
  cdx search '\"learning rate\"' adam   the phrase and the word
  cdx search warm* tag:experiment     a prefix, and any term of `cdx query`
  cdx search adam -tag:failed         but not with that tag
  cdx search adam -0 | xargs -0 grep -n adam")]
pub(crate) struct Search {
    /// Words, phrases, prefixes, and terms of `cdx query`
    #[arg(required = true)]
    words: Vec<String>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with_all = ["format", "null"])]
    json: bool,
    /// Ends paths with NUL instead of a line break, for xargs -0; implies --format paths
    #[arg(short = '0', long = "null")]
    null: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    limit: u64,
}

impl Search {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        let line = self.words.iter().map(|word| term(word)).collect::<Vec<_>>().join(" ");
        crate::index::query::parse_line(&line)
            .map_err(|error| CliError::Usage(format!("cannot search for `{line}`: {error}")))?;
        let result = session.ask(&Command::Query {
            line,
            view: None,
            limit: Some(self.limit),
            offset: None,
            // Read from the files that are shown; who wants paths alone needs none.
            snippets: self.json || (!self.null && matches!(self.format, Format::Table | Format::Json)),
        })?;
        let files = reply::list(&result, "files");
        match (self.json, self.null, self.format) {
            (true, _, _) | (_, false, Format::Json) => context.out.json(&result)?,
            (_, true, _) => rows::print_paths(&mut context.out, &session.site, files, PathEnd::Nul)?,
            (_, _, Format::Paths) => rows::print_paths(&mut context.out, &session.site, files, PathEnd::Line)?,
            (_, _, Format::Csv) => rows::print_csv(&mut context.out, files)?,
            (_, _, Format::Table) => print_excerpts(context, files)?,
        }
        let total = reply::number(&result, "total");
        if total == 0 {
            tell("nothing found");
            return Ok(Outcome::DoesNotHold);
        }
        if (files.len() as u64) < total {
            tell(format!("{} of {total} shown; --limit N shows more", files.len()));
        }
        Ok(Outcome::Done)
    }
}

/// The arguments of the program, with words that are taken away (`-tag:failed`) put in parentheses where the command is
/// `search`: clap would take them for flags, or, told not to, every flag behind a word for a word.
pub(crate) fn shielded(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut at = 1;
    while let Some(argument) = arguments.get(at).and_then(|argument| argument.to_str()) {
        match argument {
            "-w" | "--workspace" | "--home" => at += 2,
            flag if flag.starts_with('-') => at += 1,
            "search" => break,
            _ => return arguments,
        }
    }
    for argument in arguments.iter_mut().skip(at + 1).take_while(|argument| *argument != "--") {
        if let Some(text) = argument.to_str().filter(|text| is_word_taken_away(text)) {
            *argument = format!("({text})").into();
        }
    }
    arguments
}

/// The flags of one letter are `-0`, `-h` and `-w NAME`.
fn is_word_taken_away(text: &str) -> bool {
    let first = text.strip_prefix('-').and_then(|rest| rest.chars().next());
    first.is_some_and(|first| !matches!(first, '-' | '0' | 'h' | 'w') || (first == 'h' && text.len() > 2))
}

/// An argument with a blank in it that the shell kept together is a phrase.
fn term(word: &str) -> String {
    let is_plain = !word.contains(['"', ':', '(', ')', '<', '>', '=']);
    if is_plain && word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.to_owned() }
}

fn print_excerpts(context: &mut Context, files: &[serde_json::Value]) -> Result<(), CliError> {
    let out = &mut context.out;
    for file in files {
        let path = out.styled(&rows::shown_path(file), Style::Path);
        let title = super::output::printable(reply::text(file, "title"));
        out.line(format!("{path}  {}", out.styled(&title, Style::Bold)))?;
        let excerpt = rows::snippet(out, reply::text(file, "snippet"));
        if !excerpt.is_empty() {
            out.line(format!("    {excerpt}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_that_are_taken_away_are_no_flags_and_flags_no_words() {
        for (given, taken) in [
            ("cdx search adam -tag:failed --limit 5 -0", "cdx search adam (-tag:failed) --limit 5 -0"),
            ("cdx -w lab search -sgd adam -w x -h", "cdx -w lab search (-sgd) adam -w x -h"),
            ("cdx --home=x search a -hot -- -b", "cdx --home=x search a (-hot) -- -b"),
            ("cdx query -tag:failed", "cdx query -tag:failed"),
            ("cdx tag add -x search -y", "cdx tag add -x search -y"),
            ("cdx", "cdx"),
        ] {
            let arguments = super::shielded(given.split(' ').map(Into::into));
            assert_eq!(arguments.join(std::ffi::OsStr::new(" ")), taken);
        }
    }

    #[test]
    fn what_the_shell_kept_together_is_a_phrase() {
        for (word, term) in [
            ("adam", "adam"),
            ("learning rate", "\"learning rate\""),
            ("\"learning rate\"", "\"learning rate\""),
            ("tag:a loss<1", "tag:a loss<1"),
        ] {
            assert_eq!(super::term(word), term);
        }
    }
}
