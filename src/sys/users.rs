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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_root() {
        assert_eq!(login_of(0).as_deref(), Some("root"));
        assert_eq!(login_of(u32::MAX - 7), None);
    }
}
