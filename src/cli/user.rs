//! `cdx user`: accounts of the server.

use clap::{Args, Subcommand};
use serde_json::json;

use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table, tell};
use super::{Context, password};
use crate::access::hash_password;
use crate::index::system::{Account, Enrolment, NewAccount, SystemDb};

/// Makes, lists and disables accounts of the server
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx user add ada --email ada@example.org     asks for the password
  echo 'correct horse' | cdx user passwd ada
  cdx user list
  cdx user disable ada")]
pub(crate) struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Makes an account; the first one owns the server
    #[command(after_help = "Example:\n  cdx user add ada --email ada@example.org")]
    Add {
        /// Its login
        name: String,
        /// Its address
        #[arg(long)]
        email: Option<String>,
        /// It owns the server too
        #[arg(long)]
        owner: bool,
    },
    /// Lists accounts
    #[command(after_help = "Examples:\n  cdx user list\n  cdx user list --json")]
    List {
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Sets an account's password; everybody who is signed in as it is signed out
    #[command(after_help = "Example:\n  cdx user passwd ada")]
    Passwd {
        /// Its login
        name: String,
    },
    /// Lets an account sign in no more, at once
    #[command(after_help = "Examples:\n  cdx user disable ada\n  cdx user disable ada --undo")]
    Disable {
        /// Its login
        name: String,
        /// Lets it sign in again
        #[arg(long)]
        undo: bool,
    },
}

impl User {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let db = SystemDb::open(&context.config.home)?;
        match self.action {
            Action::Add { name, email, owner } => {
                check_name(&name)?;
                let hash = hash_password(&password::ask_new()?).map_err(|error| CliError::Broken(error.to_string()))?;
                let new = NewAccount { username: &name, email: email.as_deref(), hash: &hash, workspace: None };
                let by = Enrolment::Operator { server_owner: owner, local: &context.config.user };
                let account = db.create_account(&new, &by)?;
                let owns = if account.is_server_owner { ", who owns the server" } else { "" };
                tell(format!("made the account {name}{owns}"));
            }
            Action::List { json } => return list(context, &db, json),
            Action::Passwd { name } => {
                let account = find(&db, &name)?;
                let hash = hash_password(&password::ask_new()?).map_err(|error| CliError::Broken(error.to_string()))?;
                db.set_password(account.id, &hash, None)?;
                tell(format!("{} has another password, and is signed out everywhere", account.username));
            }
            Action::Disable { name, undo } => {
                let account = find(&db, &name)?;
                db.set_active(account.id, undo)?;
                let state = if undo { "may sign in again" } else { "is signed out, and cannot sign in" };
                tell(format!("{} {state}", account.username));
            }
        }
        Ok(Outcome::Done)
    }
}

/// The account of a login or an address.
pub(super) fn find(db: &SystemDb, name: &str) -> Result<Account, CliError> {
    let found = db.find_account(name)?;
    found.ok_or_else(|| CliError::NotFound(format!("no account `{name}`; `cdx user list` shows them")))
}

/// As the API wants it: the name is the author of commits.
fn check_name(name: &str) -> Result<(), CliError> {
    let is_long = (3..=50).contains(&name.chars().count());
    let is_plain = !name.contains(|c: char| c.is_control() || matches!(c, '<' | '>' | '@' | '/' | '\\'));
    let lower = name.to_ascii_lowercase();
    if !is_long
        || !is_plain
        || name.trim() != name
        || ["unknown", "codex"].contains(&lower.as_str())
        || lower.starts_with("agent ")
    {
        return Err(CliError::Usage(format!(
            "`{name}` cannot be a login: 3 to 50 characters without `<`, `>`, `@` and slashes are"
        )));
    }
    Ok(())
}

fn list(context: &mut Context, db: &SystemDb, json: bool) -> Result<Outcome, CliError> {
    let accounts = db.accounts()?;
    if json {
        let rows: Vec<_> = accounts
            .iter()
            .map(|account| {
                json!({
                    "id": account.id, "username": account.username, "email": account.email,
                    "is_active": account.is_active, "is_server_owner": account.is_server_owner,
                    "has_password": account.has_password, "created_at": account.created_at,
                })
            })
            .collect();
        context.out.json(&rows)?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&["USER", "EMAIL", ""]);
    for account in &accounts {
        let state = match (account.is_active, account.has_password, account.is_server_owner) {
            (false, ..) => "disabled",
            (_, false, _) => "has no password",
            (.., true) => "owns the server",
            _ => "",
        };
        let email = account.email.as_deref().unwrap_or_default();
        table.push([Cell::new(&account.username), Cell::new(email), Cell::new(state).style(Style::Dim)]);
    }
    context.out.table(&table)?;
    Ok(Outcome::Done)
}
