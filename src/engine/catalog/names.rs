//! How notes and values are named in synthetic folders. Pure: no I/O, no clock, no maps.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use sha2::{Digest, Sha256};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Longest name of a directory entry in bytes.
pub const NAME_MAX: usize = 255;
/// Hex digits of a qualified name, where no two members need more.
pub const DIGITS: usize = 6;
/// Hex digits that a digest has.
const MAX_DIGITS: usize = 16;

/// Name of the group of notes without a value.
pub const NONE: &str = "_none";
/// Name of the group of notes with an empty value.
pub const EMPTY: &str = "_empty";

/// The first 16 hex digits of SHA-256 of `notebook/path`, as a number: what qualified names are made of.
#[must_use]
pub fn path_digest(notebook: &str, path: &[u8]) -> u64 {
    let mut hash = Sha256::new();
    hash.update(notebook.as_bytes());
    hash.update(b"/");
    hash.update(path);
    first_digits(&hash.finalize())
}

fn first_digits(hash: &[u8]) -> u64 {
    hash.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// A name as it is compared: in NFC where it is text, else its bytes.
#[must_use]
pub fn comparable(name: &OsStr) -> Cow<'_, [u8]> {
    match std::str::from_utf8(name.as_bytes()) {
        Ok(text) if !text.is_ascii() && !is_nfc(text) => Cow::Owned(text.nfc().collect::<String>().into_bytes()),
        _ => Cow::Borrowed(name.as_bytes()),
    }
}

/// A name as it is compared with names of tags, which do without case.
#[must_use]
pub fn folded(name: &OsStr) -> Option<String> {
    let text = name.to_str()?;
    Some(if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfc().collect::<String>().to_lowercase().nfc().collect()
    })
}

/// `stem` and `.ext` of a name; a name that begins with its only dot is all stem.
#[must_use]
pub fn split_extension(name: &[u8]) -> (&[u8], &[u8]) {
    match name.iter().rposition(|&byte| byte == b'.') {
        Some(at) if at > 0 => name.split_at(at),
        _ => (name, b""),
    }
}

/// `stem~xxxxxx.ext`, with so many digits of the digest; a stem that is too long is cut between characters.
#[must_use]
pub fn qualified(name: &OsStr, digest: u64, digits: usize) -> OsString {
    let (stem, extension) = split_extension(name.as_bytes());
    let digits = digits.clamp(DIGITS, MAX_DIGITS);
    // An extension that leaves no room is no extension.
    let (stem, extension) = if extension.len() > 64 { (name.as_bytes(), &b""[..]) } else { (stem, extension) };
    let room = NAME_MAX - extension.len() - 1 - digits;
    let mut shown = cut(stem, room).to_vec();
    shown.push(b'~');
    shown.extend_from_slice(&format!("{digest:016x}").as_bytes()[..digits]);
    shown.extend_from_slice(extension);
    OsString::from_vec(shown)
}

/// At most `room` bytes of a text, cut between characters.
fn cut(text: &[u8], room: usize) -> &[u8] {
    if text.len() <= room {
        return text;
    }
    let mut end = room;
    while end > 0 && text[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    &text[..end]
}

/// A qualified name taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualified {
    /// What stands before the `~`.
    pub stem: Vec<u8>,
    /// `.ext`, or nothing.
    pub extension: Vec<u8>,
    /// Least digest that begins with the digits.
    pub least: u64,
    /// Greatest digest that begins with the digits.
    pub greatest: u64,
    /// Whether the stem may have been cut.
    pub may_be_cut: bool,
}

impl Qualified {
    /// Takes `stem~xxxxxx.ext` apart; `None` if the name is none such.
    #[must_use]
    pub fn parse(name: &OsStr) -> Option<Self> {
        let bytes = name.as_bytes();
        let tilde = bytes.iter().rposition(|&byte| byte == b'~')?;
        let (stem, rest) = (&bytes[..tilde], &bytes[tilde + 1..]);
        let count = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
        let extension = &rest[count..];
        if !(DIGITS..=MAX_DIGITS).contains(&count) || !(extension.is_empty() || extension[0] == b'.') {
            return None;
        }
        let digits = std::str::from_utf8(&rest[..count]).ok()?;
        let shift = 4 * (MAX_DIGITS - count);
        let least = u64::from_str_radix(digits, 16).ok()? << shift;
        Some(Self {
            stem: stem.to_vec(),
            extension: extension.to_vec(),
            least,
            greatest: least | ((1_u64 << shift) - 1),
            // A character has at most 4 bytes, an encoded byte 3, so a cut leaves at most 3 of the room unused.
            may_be_cut: bytes.len() + 3 >= NAME_MAX,
        })
    }

    /// The name without its digits.
    #[must_use]
    pub fn bare(&self) -> Vec<u8> {
        [&*self.stem, &*self.extension].concat()
    }
}

/// How many digits tell a digest from another.
#[must_use]
pub fn digits_apart(a: u64, b: u64) -> usize {
    let common = (a ^ b).leading_zeros() as usize / 4;
    (common + 1).clamp(DIGITS, MAX_DIGITS)
}

/// The folder name of a property's value (`None`: missing). `% / NUL`, control characters and a leading `.` or `_`
/// are percent-encoded; what is longer than a name can be is cut and gets `~xxxxxx`.
#[must_use]
pub fn value_name(value: Option<&str>) -> OsString {
    let value = match value {
        None => return NONE.into(),
        Some("") => return EMPTY.into(),
        Some(value) => value,
    };
    let mut name = Vec::with_capacity(value.len());
    for (i, &byte) in value.as_bytes().iter().enumerate() {
        let plain = !matches!(byte, b'%' | b'/' | 0x7f) && byte >= 0x20 && !(i == 0 && matches!(byte, b'.' | b'_'));
        if plain {
            name.push(byte);
        } else {
            name.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    if name.len() > NAME_MAX {
        let digest = first_digits(&Sha256::digest(value.as_bytes()));
        let mut short = cut_encoded(&name, NAME_MAX - 1 - DIGITS).to_vec();
        short.push(b'~');
        short.extend_from_slice(&format!("{digest:016x}").as_bytes()[..DIGITS]);
        name = short;
    }
    OsString::from_vec(name)
}

/// As [`cut`], but not within `%2F` either.
fn cut_encoded(name: &[u8], room: usize) -> &[u8] {
    let text = cut(name, room);
    let tail = text.len().saturating_sub(2);
    text[tail..].iter().position(|&byte| byte == b'%').map_or(text, |at| &text[..tail + at])
}

/// The value that a folder name stands for: the outer `None` if it is no such name (or was cut), the inner one if the
/// value is missing.
#[must_use]
pub fn named_value(name: &OsStr) -> Option<Option<String>> {
    let bytes = name.as_bytes();
    match bytes {
        b"_none" => return Some(None),
        b"_empty" => return Some(Some(String::new())),
        _ => {}
    }
    if Qualified::parse(name).is_some_and(|qualified| qualified.may_be_cut) {
        return None;
    }
    let value = String::from_utf8(percent_decoded(bytes)?).ok()?;
    (value_name(Some(&value)) == name).then_some(Some(value))
}

/// Bytes with every `%XX` replaced; `None` where a `%` has no two hex digits.
#[must_use]
pub fn percent_decoded(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        if byte == b'%' {
            let digits = [*rest.next()?, *rest.next()?];
            decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    Some(decoded)
}

/// `001 name`: the position (from 1) before a name, as wide as the total.
#[must_use]
pub fn numbered(position: usize, total: usize, name: &OsStr) -> OsString {
    let width = total.to_string().len().max(3);
    let mut shown = format!("{position:0width$} ").into_bytes();
    let room = NAME_MAX - shown.len();
    let (stem, extension) = split_extension(name.as_bytes());
    if name.len() <= room || extension.len() > 64 {
        shown.extend_from_slice(cut(name.as_bytes(), room));
    } else {
        shown.extend_from_slice(cut(stem, room - extension.len()));
        shown.extend_from_slice(extension);
    }
    OsString::from_vec(shown)
}

/// The position that a numbered name begins with.
#[must_use]
pub fn position(name: &OsStr) -> Option<usize> {
    let bytes = name.as_bytes();
    let space = bytes.iter().position(|&byte| byte == b' ')?;
    std::str::from_utf8(&bytes[..space]).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualified_names() {
        for (name, digest, digits, expected) in [
            ("a.md", 0x0123_4567_89ab_cdef, 6, "a~012345.md"),
            ("a.tar.gz", 0xffff_ff00_0000_0000, 6, "a.tar~ffffff.gz"),
            ("Makefile", 0, 8, "Makefile~00000000"),
            (".hidden", 0, 6, ".hidden~000000"),
            ("a.md", u64::MAX, 99, "a~ffffffffffffffff.md"),
        ] {
            let shown = qualified(OsStr::new(name), digest, digits);
            assert_eq!(shown, expected);
            let parsed = Qualified::parse(&shown).unwrap();
            assert_eq!(parsed.bare(), name.as_bytes());
            assert!((parsed.least..=parsed.greatest).contains(&digest), "{name}");
        }
    }

    #[test]
    fn a_long_stem_is_cut_between_characters() {
        let name = OsString::from(format!("{}.md", "é".repeat(126)));
        let shown = qualified(&name, 7 << 60, 6);
        assert!(shown.len() <= NAME_MAX && shown.to_str().unwrap().ends_with("~700000.md"), "{shown:?}");
        assert!(Qualified::parse(&shown).unwrap().may_be_cut);
    }

    #[test]
    fn what_is_no_qualified_name() {
        for name in ["a.md", "a~.md", "a~12345.md", "a~12345g.md", "a~ABCDEF.md", "~123456x", "n~"] {
            assert_eq!(Qualified::parse(OsStr::new(name)), None, "{name}");
        }
    }

    #[test]
    fn values_as_folder_names() {
        for (value, expected) in [
            (None, "_none"),
            (Some(""), "_empty"),
            (Some("todo"), "todo"),
            (Some("a/b"), "a%2Fb"),
            (Some("100%"), "100%25"),
            (Some(".hidden"), "%2Ehidden"),
            (Some("_none"), "%5Fnone"),
            (Some("a_b.c"), "a_b.c"),
            (Some("tab\there\0"), "tab%09here%00"),
            (Some("Größe"), "Größe"),
        ] {
            let name = value_name(value);
            assert_eq!(name, expected);
            assert_eq!(named_value(&name), Some(value.map(str::to_owned)));
        }
    }

    #[test]
    fn a_long_value_is_cut_and_told_apart() {
        let (a, b) = (format!("{}a", "x/".repeat(200)), format!("{}b", "x/".repeat(200)));
        let (a, b) = (value_name(Some(&a)), value_name(Some(&b)));
        assert!(a != b && a.len() <= NAME_MAX && named_value(&a).is_none());
    }

    #[test]
    fn names_that_stand_for_no_value() {
        for name in ["%", "%2", "%zz", "a%41b", "_other", ".a"] {
            assert_eq!(named_value(OsStr::new(name)), None, "{name}");
        }
    }

    #[test]
    fn numbered_names_sort_as_the_result_does() {
        assert_eq!(numbered(1, 12, OsStr::new("a.md")), "001 a.md");
        assert_eq!(numbered(1, 1200, OsStr::new("a.md")), "0001 a.md");
        assert_eq!(position(OsStr::new("0012 a b.md")), Some(12));
        assert_eq!(position(OsStr::new("a 12.md")), None);
        let long = OsString::from(format!("{}.md", "n".repeat(252)));
        let shown = numbered(3, 3, &long);
        assert!(shown.len() == NAME_MAX && shown.to_str().unwrap().ends_with(".md"));
    }

    #[test]
    fn digits_that_tell_digests_apart() {
        assert_eq!(digits_apart(0, u64::MAX), 6);
        assert_eq!(digits_apart(0x1234_5678_0000_0000, 0x1234_5679_0000_0000), 8);
        assert_eq!(digits_apart(1, 1), 16);
    }
}
