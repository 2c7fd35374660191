//! How text compares without regard to case: for names of files.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// NFC and lower case.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}

/// NFC, borrowed where it is so already.
pub(crate) fn nfc(text: &str) -> std::borrow::Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { text.into() } else { text.nfc().collect::<String>().into() }
}
