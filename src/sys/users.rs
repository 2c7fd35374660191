//! Names of users.

use std::io::BufRead;

/// The login of a user, from `/etc/passwd`; `None` where it has none there.
#[must_use]
pub fn login_of(uid: u32) -> Option<String> {
    let file = std::fs::File::open("/etc/passwd").ok()?;
    std::io::BufReader::new(file).lines().map_while(Result::ok).find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// The supplementary groups of a process; none where it is gone.
#[must_use]
pub fn groups_of(pid: u32) -> Vec<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let groups = status.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap_or_default();
    groups.split_whitespace().filter_map(|group| group.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_root() {
        assert_eq!(login_of(0).as_deref(), Some("root"));
        assert_eq!(login_of(u32::MAX - 7), None);
    }
}
