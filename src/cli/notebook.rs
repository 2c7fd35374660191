//! `cdx notebook`: the notebooks of a workspace.

use clap::{Args, Subcommand};

use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table, tell};
use super::{Context, reply};
use crate::engine::Command;

/// Makes, lists, renames, retires and brings back notebooks
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx notebook add papers
  cdx notebook adopt old-notes     a folder that is there already
  cdx notebook remove papers       to the workspace's trash, history and all
  cdx notebook restore papers")]
pub(crate) struct Notebook {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Makes a notebook
    #[command(after_help = "Example:\n  cdx notebook add papers")]
    Add {
        /// Its name
        name: String,
    },
    /// Makes a folder of the workspace a notebook; nothing in it is changed
    #[command(after_help = "Example:\n  cdx notebook adopt old-notes")]
    Adopt {
        /// Its name in the workspace
        folder: String,
    },
    /// Lists notebooks, and those in the trash
    #[command(after_help = "Examples:\n  cdx notebook list\n  cdx notebook list --json")]
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Renames a notebook and its folder
    #[command(after_help = "Example:\n  cdx notebook rename papers reading")]
    Rename {
        /// Its name now
        from: String,
        /// Its new name
        to: String,
    },
    /// Retires a notebook to the workspace's trash, with its history
    #[command(after_help = "Example:\n  cdx notebook remove papers")]
    Remove {
        /// Its name
        name: String,
    },
    /// Brings a notebook back from the trash
    #[command(after_help = "Example:\n  cdx notebook restore papers")]
    Restore {
        /// Its name
        name: String,
    },
}

impl Notebook {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        let (command, done) = match self.action {
            Action::List { json } => return list(context, json),
            Action::Add { name } => (Command::NotebookAdd { name: name.clone() }, format!("made notebook {name}")),
            Action::Adopt { folder } => {
                let name = folder.trim_end_matches('/').to_owned();
                (Command::NotebookAdopt { name: name.clone() }, format!("{name} is a notebook now"))
            }
            Action::Rename { from, to } => {
                (Command::NotebookRename { from: from.clone(), to: to.clone() }, format!("renamed {from} to {to}"))
            }
            Action::Remove { name } => (
                Command::NotebookRemove { name: name.clone() },
                format!("moved {name} to the trash; `cdx notebook restore {name}` brings it back"),
            ),
            Action::Restore { name } => {
                (Command::NotebookRestore { name: name.clone() }, format!("{name} is back from the trash"))
            }
        };
        session.ask(&command)?;
        super::init::register_notebooks(&context.config, &session);
        tell(done);
        Ok(Outcome::Done)
    }
}

fn list(context: &mut Context, json: bool) -> Result<Outcome, CliError> {
    let reply = context.session()?.ask(&Command::NotebookList)?;
    if json {
        context.out.json(&reply)?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&["NOTEBOOK", "FILES", ""]).right(&[1]);
    for notebook in reply::list(&reply, "notebooks") {
        let files = notebook.get("files").map(reply::shown).unwrap_or_default();
        table.push([Cell::new(reply::text(notebook, "name")), Cell::new(files), Cell::new("")]);
    }
    for retired in reply::list(&reply, "trash") {
        let when = format!("in the trash since {}", reply::text(retired, "retired"));
        let name = Cell::new(reply::text(retired, "name")).style(Style::Dim);
        table.push([name, Cell::new(""), Cell::new(when).style(Style::Dim)]);
    }
    context.out.table(&table)?;
    Ok(Outcome::Done)
}
