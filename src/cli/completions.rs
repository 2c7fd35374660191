//! `cdx completions`: shell completions and man pages, made from the definition of the command line.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::error::{CliError, Outcome};
use super::output::tell;
use super::{Context, definition};
use crate::sys::{Dir, Replace, paths};
use crate::types::NotePath;

/// Writes shell completions to stdout, or man pages into a folder
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx completions bash > ~/.local/share/bash-completion/completions/cdx
  cdx completions zsh > ~/.zfunc/_cdx
  cdx completions fish > ~/.config/fish/completions/cdx.fish
  cdx completions man ~/.local/share/man/man1")]
pub(crate) struct Completions {
    /// Which shell, or `man`
    #[arg(value_enum)]
    kind: Kind,
    /// Where man pages are written
    #[arg(required_if_eq("kind", "man"))]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
    Man,
}

impl Completions {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let shell = match (self.kind, self.dir) {
            (Kind::Bash, None) => Shell::Bash,
            (Kind::Zsh, None) => Shell::Zsh,
            (Kind::Fish, None) => Shell::Fish,
            (Kind::Elvish, None) => Shell::Elvish,
            (Kind::Powershell, None) => Shell::PowerShell,
            (Kind::Man, Some(dir)) => return write_man_pages(&dir),
            (Kind::Man, None) => return Err(CliError::Usage("name the folder that takes the man pages".into())),
            (_, Some(_)) => return Err(CliError::Usage("completions go to stdout; a folder is for `man`".into())),
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut definition(), "cdx", &mut script);
        context.out.bytes(&script)?;
        Ok(Outcome::Done)
    }
}

fn write_man_pages(path: &Path) -> Result<Outcome, CliError> {
    paths::make_dirs(path)?;
    let dir = Dir::open(path)?;
    let mut root = definition();
    root.build();
    let written = write_page(&dir, &root, "cdx")?;
    tell(format!("wrote {written} man pages into {}", path.display()));
    Ok(Outcome::Done)
}

/// The page of a command and those of its subcommands; how many.
fn write_page(dir: &Dir, command: &clap::Command, name: &str) -> Result<usize, CliError> {
    let broken = |error: std::io::Error| CliError::Broken(format!("cannot make the man page {name}: {error}"));
    let mut page = Vec::new();
    // A page is looked up by one word, so that `cdx tag add` is cdx-tag-add(1).
    clap_mangen::Man::new(command.clone().display_name(name)).render(&mut page).map_err(broken)?;
    let file = NotePath::new(format!("{name}.1")).map_err(|error| CliError::Broken(error.to_string()))?;
    dir.write_durably(&file, &page, Replace::KeepAttributes)?;
    let mut written = 1;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        written += write_page(dir, sub, &format!("{name}-{}", sub.get_name()))?;
    }
    Ok(written)
}
