//! Slugs: names as they stand in addresses.

/// Lower-case ASCII letters and digits of a name, joined by hyphens. One without a letter would be taken for an id: it
/// gets `otherwise` before it; a name without either is `otherwise`.
#[must_use]
pub(super) fn slug_of(name: &str, otherwise: &str) -> String {
    let parts: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    let slug = parts.join("-");
    if slug.is_empty() {
        otherwise.to_owned()
    } else if slug.bytes().any(|b| b.is_ascii_lowercase()) {
        slug
    } else {
        format!("{otherwise}-{slug}")
    }
}

/// The slug, else `slug-2` and so on.
pub(super) fn free_slug(slug: &str, is_taken: impl Fn(&str) -> rusqlite::Result<bool>) -> rusqlite::Result<String> {
    let mut candidate = slug.to_owned();
    let mut number = 1_u64;
    while is_taken(&candidate)? {
        number += 1;
        candidate = format!("{slug}-{number}");
    }
    Ok(candidate)
}

#[cfg(test)]
mod tests {
    #[test]
    fn slugs_have_a_letter() {
        for (name, slug) in [("My Lab!", "my-lab"), ("2026", "nb-2026"), ("2026-01", "nb-2026-01"), ("日本", "nb")] {
            assert_eq!(super::slug_of(name, "nb"), slug);
        }
    }
}
