//! `cdx token`: personal access tokens, for scripts.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table, tell};
use super::{Context, user};
use crate::access::{NewSecret, TokenKind};
use crate::index::system::{ApiToken, NewApiToken, SystemDb};
use crate::types::{Instant, TokenId, TokenLimit, TokenScope};

/// Makes, lists and revokes personal access tokens
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx token new ada --name ci --scope write -w lab     prints the token, this once
  cdx token list ada
  cdx token revoke ada 3")]
pub(crate) struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Makes a token and prints it; with -w it is good in that workspace alone
    #[command(after_help = "Example:\n  cdx token new ada --name ci --scope read --days 90")]
    New {
        /// Whose
        user: String,
        /// What it is for
        #[arg(long)]
        name: String,
        /// What it may: read; also write; also what owners do
        #[arg(long, value_enum, default_value = "read")]
        scope: ScopeArgument,
        /// Good for so many days (without: until it is revoked)
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=36_500))]
        days: Option<i64>,
    },
    /// Lists an account's tokens
    #[command(after_help = "Examples:\n  cdx token list ada\n  cdx token list ada --json")]
    List {
        /// Whose
        user: String,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Revokes a token, at once
    #[command(after_help = "Example:\n  cdx token revoke ada 3")]
    Revoke {
        /// Whose
        user: String,
        /// Its id
        id: i64,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScopeArgument {
    Read,
    Write,
    Admin,
}

impl From<ScopeArgument> for TokenScope {
    fn from(scope: ScopeArgument) -> Self {
        match scope {
            ScopeArgument::Read => Self::Read,
            ScopeArgument::Write => Self::Write,
            ScopeArgument::Admin => Self::Admin,
        }
    }
}

impl Token {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let db = SystemDb::open(&context.config.home)?;
        match self.action {
            Action::New { user, name, scope, days } => {
                let limit = match &context.workspace {
                    Some(_) => TokenLimit::Workspace(workspace(context, &db)?),
                    None => TokenLimit::None,
                };
                let expires_at = days.map(|days| Instant::now() + jiff::SignedDuration::from_hours(24 * days));
                let secret = NewSecret::new(TokenKind::Personal);
                let scopes = [scope.into()];
                let owner = user::find(&db, &user)?.id;
                let new = NewApiToken { user: owner, name: &name, scopes: &scopes, limit, expires_at };
                let token = db.add_token(&new, &secret.digest.0)?;
                tell(format!("token {} of {user}; it is shown this once", token.id));
                context.out.line(&secret.shown)?;
            }
            Action::List { user, json } => return list(context, &db, &user, json),
            Action::Revoke { user, id } => {
                db.revoke_token(user::find(&db, &user)?.id, TokenId(id), Instant::now())?;
                tell(format!("token {id} of {user} is good no more"));
            }
        }
        Ok(Outcome::Done)
    }
}

fn workspace(context: &Context, db: &SystemDb) -> Result<crate::types::WorkspaceId, CliError> {
    let path = context.session()?.site.workspace;
    let row = db.find_workspace(&path.to_string_lossy())?;
    row.map(|row| row.id).ok_or_else(|| CliError::NotFound(format!("{} is not registered", path.display())))
}

fn list(context: &mut Context, db: &SystemDb, user: &str, json: bool) -> Result<Outcome, CliError> {
    let tokens = db.tokens(user::find(db, user)?.id)?;
    let scopes = |token: &ApiToken| token.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    if json {
        let rows: Vec<_> = tokens
            .iter()
            .map(|token| {
                json!({
                    "id": token.id, "name": token.name, "scopes": token.scopes, "created_at": token.created_at,
                    "expires_at": token.expires_at, "last_used_at": token.last_used_at,
                })
            })
            .collect();
        context.out.json(&rows)?;
        return Ok(Outcome::Done);
    }
    let mut table = Table::new(&["ID", "NAME", "SCOPES", "EXPIRES", "LAST USED"]).right(&[0]);
    for token in &tokens {
        let or_never = |time: &Option<String>| Cell::new(time.as_deref().unwrap_or("never")).style(Style::Dim);
        table.push([
            Cell::new(token.id.to_string()),
            Cell::new(&token.name),
            Cell::new(scopes(token)),
            or_never(&token.expires_at),
            or_never(&token.last_used_at),
        ]);
    }
    context.out.table(&table)?;
    Ok(Outcome::Done)
}
