//! Names of files as links and queries look them up: by number, a hash of the folded name, since the names themselves
//! stand in the paths. Two names of one number cost a comparison, nothing else.

use super::fold::fold;

/// The folded name of the file at a path.
pub(crate) fn folded_name(path: &str) -> String {
    fold(path.rsplit('/').next().unwrap_or_default())
}

/// A name without its extension; `.bashrc` and `a.` have none.
pub(crate) fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.is_empty() => stem,
        _ => name,
    }
}

/// The number of a folded name: FNV-1a, which is the same on every machine and in every version.
pub(crate) fn number(folded: &str) -> i64 {
    let hash = folded
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_what_they_are() {
        // Stored in every notebook's index.
        assert_eq!(number("").cast_unsigned(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(number("a").cast_unsigned(), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn names_and_stems() {
        assert_eq!(folded_name("x/Plan.V2.MD"), "plan.v2.md");
        for (name, expected) in [("plan.v2.md", "plan.v2"), (".bashrc", ".bashrc"), ("a.", "a."), ("a", "a")] {
            assert_eq!(stem(name), expected);
        }
    }
}
