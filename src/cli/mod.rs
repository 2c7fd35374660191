//! The command line: arguments in, results to stdout, everything else to stderr, an exit code out.
//! It holds no rule of its own about notes: every reading and changing command asks an engine.

#![expect(clippy::doc_markdown, reason = "doc comments of arguments are help texts: backticks would be shown")]

mod check;
mod completions;
mod config;
mod demo;
mod diff;
mod doctor;
mod error;
mod flush;
mod index;
mod init;
mod links;
mod log;
mod log_lines;
mod member;
mod mount;
mod mounts;
mod notebook;
mod output;
mod password;
mod progress;
mod query;
mod reply;
mod restore;
mod rows;
mod search;
mod serve;
mod session;
mod set;
mod show;
mod site;
mod status;
mod tag;
mod tags;
mod token;
mod umount;
mod undo;
mod user;

use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{Config, Flags};
use error::{CliError, Code, Outcome};
use output::{Output, tell};
use session::Session;

/// A laboratory journal that is a filesystem.
///
/// A workspace is a directory of notebooks, a notebook a directory of files: notes, data, images, code.
/// `cdx mount` shows it with every tag, view, search and past day as a folder.
#[derive(Debug, Parser)]
#[command(
    name = "cdx",
    version,
    after_help = "Examples:
  cdx demo                             a sample workspace, mounted: the first thing to try
  cdx init ~/lab                       makes ~/lab a workspace; nothing in it is changed
  cdx mount ~/lab ~/mnt --background
  cdx query 'tag:experiment loss<0.1 sort:loss'

Exit codes: 0 done, 1 it did not hold, 2 usage, 3 refused, 4 not found, 5 something is broken."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
struct Global {
    /// Act on this workspace: its name, slug or directory (without: the one that holds the current directory)
    #[arg(short, long, global = true, value_name = "WORKSPACE", help_heading = "Global options")]
    workspace: Option<String>,
    /// System database and default place of workspaces [env: CODEX_HOME] [default: $XDG_DATA_HOME/codex]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    home: Option<std::path::PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Notebook(notebook::Notebook),
    Mount(mount::Mount),
    Umount(umount::Umount),
    Serve(serve::Serve),
    Demo(demo::Demo),
    Status(status::Status),
    Query(query::Query),
    Search(search::Search),
    Tags(tags::Tags),
    Links(links::Links),
    Tag(tag::Tag),
    Set(set::Set),
    Unset(set::Unset),
    Log(log::Log),
    Diff(diff::Diff),
    Show(show::Show),
    Restore(restore::Restore),
    Undo(undo::Undo),
    Flush(flush::Flush),
    Index(index::Index),
    Check(check::Check),
    Doctor(doctor::Doctor),
    User(user::User),
    Member(member::Member),
    Token(token::Token),
    Config(config::ShowConfig),
    Completions(completions::Completions),
}

/// What a command has to work with.
#[derive(Debug)]
struct Context {
    config: Config,
    /// `-w`.
    workspace: Option<String>,
    out: Output,
}

impl Context {
    /// The workspace that the command acts on.
    fn session(&self) -> Result<Session, CliError> {
        Session::find(&self.config, self.workspace.as_deref())
    }
}

/// Runs the command of the arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse_from(search::shielded(std::env::args_os()));
    match run(cli) {
        Ok(outcome) => Code::from(outcome).into(),
        Err(error) => {
            if !matches!(error, CliError::ClosedPipe) {
                tell(format!("cdx: {error}"));
            }
            error.code().into()
        }
    }
}

fn run(cli: Cli) -> Result<Outcome, CliError> {
    let listen = match &cli.command {
        Command::Serve(serve) => serve.listen.clone(),
        _ => None,
    };
    let flags = Flags { home: cli.global.home, workspace: None, listen };
    let config = Config::load(&flags, |name| std::env::var(name).ok())?;
    for warning in &config.warnings {
        tell(format!("cdx: warning: {warning}"));
    }
    log_to_stderr(&config, matches!(cli.command, Command::Mount(_) | Command::Serve(_)))?;
    let mut context = Context { config, workspace: cli.global.workspace, out: Output::stdout() };
    let outcome = cli.command.run(&mut context)?;
    context.out.flush()?;
    Ok(outcome)
}

/// A daemon's lines are records, with their times; those of a command are for who typed it.
fn log_to_stderr(config: &Config, serves: bool) -> Result<(), CliError> {
    let mut filter = tracing_subscriber::EnvFilter::new(&config.log);
    // What it says of a mount that fails is said again, with what to do, in our own words.
    if let Ok(quiet) = "fuser::mnt=off".parse()
        && !config.log.contains("fuser")
    {
        filter = filter.add_directive(quiet);
    }
    // A second subscriber is refused; there is none in this process.
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let _ = match (serves, config.logs_json()?) {
        (true, true) => lines.json().flatten_event(true).try_init(),
        (true, false) => lines.try_init(),
        (false, _) => lines.event_format(log_lines::InWords).try_init(),
    };
    Ok(())
}

impl Command {
    fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        match self {
            Self::Init(command) => command.run(context),
            Self::Notebook(command) => command.run(context),
            Self::Mount(command) => command.run(context),
            Self::Umount(command) => command.run(context),
            Self::Serve(command) => command.run(context),
            Self::Demo(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Query(command) => command.run(context),
            Self::Search(command) => command.run(context),
            Self::Tags(command) => command.run(context),
            Self::Links(command) => command.run(context),
            Self::Tag(command) => command.run(context),
            Self::Set(command) => command.run(context),
            Self::Unset(command) => command.run(context),
            Self::Log(command) => command.run(context),
            Self::Diff(command) => command.run(context),
            Self::Show(command) => command.run(context),
            Self::Restore(command) => command.run(context),
            Self::Undo(command) => command.run(context),
            Self::Flush(command) => command.run(context),
            Self::Index(command) => command.run(context),
            Self::Check(command) => command.run(context),
            Self::Doctor(command) => command.run(context),
            Self::User(command) => command.run(context),
            Self::Member(command) => command.run(context),
            Self::Token(command) => command.run(context),
            Self::Config(command) => command.run(context),
            Self::Completions(command) => command.run(context),
        }
    }
}

/// The definition of the command line, for completions and man pages.
fn definition() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    /// README: "`cdx COMMAND --help` has examples for each command".
    #[test]
    fn the_definition_is_consistent_and_every_command_shows_an_example() {
        fn walk(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "`{}` shows no example", command.get_name());
            assert!(command.get_about().is_some(), "`{}` says nothing of itself", command.get_name());
            command.get_subcommands().for_each(walk);
        }
        let definition = super::definition();
        definition.clone().debug_assert();
        walk(&definition);
    }
}
