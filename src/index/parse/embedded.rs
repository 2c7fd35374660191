//! What an image says of itself: its size, and when it was taken.

use std::io::Cursor;

use exif::{In, Tag, Value as Field};

use crate::types::{Properties, Value};

/// `width`, `height` and `date_taken` (ISO 8601) of an image, as far as its head tells.
pub(super) fn embedded(content_type: &str, bytes: &[u8]) -> Properties {
    let mut found = Properties::new();
    if !content_type.starts_with("image/") || content_type == "image/svg+xml" {
        return found;
    }
    if let Ok(size) = imagesize::blob_size(bytes) {
        found.insert("width".to_owned(), size.width.into());
        found.insert("height".to_owned(), size.height.into());
    }
    if let Some(date) = date_taken(bytes) {
        found.insert("date_taken".to_owned(), Value::String(date));
    }
    found
}

fn date_taken(bytes: &[u8]) -> Option<String> {
    let exif = exif::Reader::new().read_from_container(&mut Cursor::new(bytes)).ok()?;
    [Tag::DateTimeOriginal, Tag::DateTimeDigitized, Tag::DateTime]
        .into_iter()
        .filter_map(|tag| exif.get_field(tag, In::PRIMARY))
        .find_map(|field| match &field.value {
            Field::Ascii(texts) => exif::DateTime::from_ascii(texts.first()?).ok(),
            _ => None,
        })
        .filter(|date| date.year > 0 && (1..=12).contains(&date.month) && (1..=31).contains(&date.day))
        .map(|date| {
            let exif::DateTime { year, month, day, hour, minute, second, .. } = date;
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
        })
}
