//! `cdx member`: who may do what in a workspace that is served.

use clap::{Args, Subcommand, ValueEnum};

use super::error::{CliError, Outcome};
use super::output::{Cell, Table, tell};
use super::{Context, user};
use crate::index::system::{SystemDb, SystemError};
use crate::types::{Role, WorkspaceId};

/// Makes accounts members of a workspace
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx member add bohr --role editor -w lab
  cdx member rm bohr -w lab
  cdx member list -w lab")]
pub(crate) struct Member {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Makes an account a member, or something else than it was
    #[command(after_help = "Example:\n  cdx member add bohr --role editor -w lab")]
    Add {
        /// Its login or address
        name: String,
        /// What it may: viewers read, editors write, owners manage
        #[arg(long, value_enum, default_value = "viewer")]
        role: RoleArgument,
    },
    /// Ends a membership; the last owner stays
    #[command(after_help = "Example:\n  cdx member rm bohr -w lab")]
    Rm {
        /// Its login or address
        name: String,
    },
    /// Lists members
    #[command(after_help = "Example:\n  cdx member list -w lab")]
    List,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArgument {
    Viewer,
    Editor,
    Owner,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Viewer => Self::Viewer,
            RoleArgument::Editor => Self::Editor,
            RoleArgument::Owner => Self::Owner,
        }
    }
}

impl Member {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let path = context.session()?.site.workspace;
        let db = SystemDb::open(&context.config.home)?;
        let row = db.find_workspace(&path.to_string_lossy())?;
        let row =
            row.ok_or_else(|| CliError::NotFound(format!("{} is not registered; `cdx init` it", path.display())))?;
        match self.action {
            Action::Add { name, role } => add(&db, row.id, &name, role.into())?,
            Action::Rm { name } => {
                db.remove_member(row.id, user::find(&db, &name)?.id)?;
                tell(format!("{name} is no member any more"));
            }
            Action::List => {
                let mut table = Table::new(&["MEMBER", "ROLE"]);
                for member in db.members(row.id)? {
                    table.push([Cell::new(&member.username), Cell::new(member.role.as_str())]);
                }
                context.out.table(&table)?;
            }
        }
        Ok(Outcome::Done)
    }
}

fn add(db: &SystemDb, workspace: WorkspaceId, name: &str, role: Role) -> Result<(), CliError> {
    let member = match db.add_member(workspace, name, role) {
        Err(SystemError::Exists(_)) => db.change_member(workspace, user::find(db, name)?.id, role)?,
        other => other?,
    };
    tell(format!("{} is {} now", member.username, member.role));
    Ok(())
}
