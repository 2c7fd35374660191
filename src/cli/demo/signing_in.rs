//! The sample's own home and its one account, with a password that nobody chose: kept readable by its owner alone, so that
//! it can be said again.

use std::path::Path;

use crate::access::{Match, hash_password, hex, verify_password};
use crate::cli::error::CliError;
use crate::config::{Config, Flags};
use crate::index::system::{Account, Enrolment, NewAccount, SystemDb};
use crate::sys::{Dir, paths, random_bytes};
use crate::types::NotePath;

/// Who the sample belongs to.
pub(super) const USER: &str = "ada";

/// The home's name in the sample's directory.
pub(super) const HOME: &str = "home";

/// Where the password stands, in the home.
const PASSWORD: &str = "password";

/// The settings of the sample's server: those of the environment, with a home of its own that others cannot look into.
pub(super) fn settings(dir: &Path) -> Result<Config, CliError> {
    let name = NotePath::new(HOME).map_err(|error| CliError::Broken(error.to_string()))?;
    Dir::open(dir)?.open_or_make_dir(&name, 0o700)?;
    let flags = Flags { home: Some(dir.join(HOME)), ..Flags::default() };
    Ok(Config::load(&flags, |name| std::env::var(name).ok())?)
}

/// Makes the account if there is none; how to sign in with it, in words.
pub(super) fn account(config: &Config) -> Result<String, CliError> {
    let (kept, _) = paths::read_or_make_private(&config.home.join(PASSWORD), &format!("{}\n", new_password()))?;
    let password = kept.trim();
    let db = SystemDb::open(&config.home)?;
    match db.find_account(USER)?.filter(|account| account.has_password) {
        None => {
            make(&db, config, password)?;
            Ok(format!("sign in as {USER} with the password {password}"))
        }
        Some(account) if is_good(&db, &account, password)? => {
            Ok(format!("sign in as {USER} with the password {password}"))
        }
        Some(_) => Ok(format!("sign in as {USER} with the password that you have set")),
    }
}

fn make(db: &SystemDb, config: &Config, password: &str) -> Result<(), CliError> {
    let hash = hash_password(password).map_err(|error| CliError::Broken(error.to_string()))?;
    let new = NewAccount { username: USER, email: None, hash: &hash, workspace: None };
    // The sample was registered by whoever runs this, and becomes hers.
    db.create_account(&new, &Enrolment::Operator { server_owner: true, local: &config.user })?;
    Ok(())
}

fn is_good(db: &SystemDb, account: &Account, password: &str) -> Result<bool, CliError> {
    let kept = db.credentials(&account.username)?.and_then(|credentials| credentials.hash);
    Ok(kept.is_some_and(|kept| verify_password(&kept, password) != Match::No))
}

/// 80 bits, in groups that can be read out.
fn new_password() -> String {
    let groups: Vec<String> = random_bytes::<10>().chunks(2).map(hex).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::StoreStat;

    #[test]
    fn the_password_is_made_once_and_kept_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let config = settings(dir.path()).unwrap();
        let said = account(&config).unwrap();
        assert_eq!(account(&config).unwrap(), said);
        let password = said.rsplit(' ').next().unwrap();
        assert_eq!(password.len(), 24, "{said}");
        let mode = |path: &Path| StoreStat::at(rustix::fs::CWD, path).unwrap().perm & 0o777;
        assert_eq!((mode(&config.home), mode(&config.home.join(PASSWORD))), (0o700, 0o600));
        let db = SystemDb::open(&config.home).unwrap();
        let ada = db.find_account(USER).unwrap().unwrap();
        assert!(ada.is_server_owner && is_good(&db, &ada, password).unwrap());
        db.set_password(ada.id, &hash_password("another one").unwrap(), None).unwrap();
        let said = account(&config).unwrap();
        assert!(said.ends_with("that you have set"), "{said}");
    }
}
