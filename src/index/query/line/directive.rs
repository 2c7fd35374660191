//! `sort:`, `limit:`, `offset:`, `group:`: what is done with the notes that match.

use super::scan::{Operator, Scanner};
use super::{Parser, QueryError};
use crate::index::query::ast::{Comparison, DateBucket, Field, Group, SortKey};

/// Names that begin a directive.
pub(super) const NAMES: [&str; 4] = ["sort", "limit", "offset", "group"];

impl Parser {
    /// Takes a directive if one stands here.
    pub(super) fn directive(&mut self) -> Result<bool, QueryError> {
        let at = self.scanner.at();
        let word = self.scanner.bare_word();
        let found = NAMES.into_iter().find(|name| *name == word);
        let (Some(name), Some(operator)) = (found, self.scanner.operator()) else {
            self.scanner.go_back_to(at);
            return Ok(false);
        };
        expect_equality(at, name, &operator)?;
        if name != "sort" {
            if self.seen.contains(&name) {
                return Err(QueryError::new(at, format!("`{name}:` stands twice")));
            }
            self.seen.push(name);
        }
        match name {
            "sort" => self.query.sort.extend(sort(&mut self.scanner)?),
            "limit" => self.query.limit = Some(count(&mut self.scanner, name, 1)?),
            "offset" => self.query.offset = count(&mut self.scanner, name, 0)?,
            _ => self.query.group = Some(group(&mut self.scanner)?),
        }
        Ok(true)
    }
}

fn expect_equality(at: usize, name: &str, operator: &Operator) -> Result<(), QueryError> {
    if operator.comparison == Comparison::Eq && !operator.exact {
        return Ok(());
    }
    let message = format!("`{name}` is followed by `:`; quote the name if it is a property");
    Err(QueryError::new(at, message))
}

fn sort(scanner: &mut Scanner) -> Result<Vec<SortKey>, QueryError> {
    let mut keys = Vec::new();
    loop {
        let descending = scanner.take('-');
        let piece = scanner.piece(false)?;
        keys.push(sort_key(&piece.text, descending));
        if !scanner.take(',') {
            return Ok(keys);
        }
    }
}

/// A key of the order; `date` is `created`.
pub(in crate::index::query) fn sort_key(key: &str, descending: bool) -> SortKey {
    SortKey { key: if key == "date" { "created" } else { key }.to_owned(), descending }
}

fn count(scanner: &mut Scanner, name: &str, least: u64) -> Result<u64, QueryError> {
    let piece = scanner.piece(false)?;
    match piece.text.parse() {
        Ok(value) if value >= least && piece.text.starts_with(|c: char| c.is_ascii_digit()) => Ok(value),
        _ => {
            let message = format!("`{name}:` takes a whole number from {least}, not `{}`", piece.text);
            Err(QueryError::new(piece.at, message))
        }
    }
}

/// `status`, `"my key"`, `month(date)`, `month("my key")`.
fn group(scanner: &mut Scanner) -> Result<Group, QueryError> {
    let at = scanner.at();
    if scanner.peek() == Some('"') {
        return Ok(Group::Property(scanner.quoted()?));
    }
    let name = scanner.bare_word();
    if name.is_empty() {
        return Err(QueryError::new(at, "a property, tag, folder, type or a bucket like month(date) is expected"));
    }
    let opened = scanner.at();
    if !scanner.take('(') {
        return group_of(&name, None).map_err(|message| QueryError::new(at, message));
    }
    let key = if scanner.peek() == Some('"') { scanner.quoted()? } else { scanner.bare_word() };
    if !scanner.take(')') {
        return Err(QueryError::new(opened, "`(` is not closed"));
    }
    group_of(&key, Some(&name)).map_err(|message| QueryError::new(at, message))
}

/// What a group's name and, before parentheses, its bucket mean.
pub(in crate::index::query) fn group_of(key: &str, bucket: Option<&str>) -> Result<Group, String> {
    let field = Field::from_name(key);
    if let Some(bucket) = bucket {
        let bucket = match bucket {
            "day" => DateBucket::Day,
            "week" => DateBucket::Week,
            "month" => DateBucket::Month,
            "year" => DateBucket::Year,
            _ => return Err(format!("`{bucket}` is no bucket; there are day, week, month and year")),
        };
        return match field {
            _ if key.is_empty() => Err("a date is expected between the parentheses".to_owned()),
            Some(field) if !field.is_date() => Err(format!("`{key}` is no date")),
            Some(field) => Ok(Group::Date { bucket, key: field.name().to_owned() }),
            None => Ok(Group::Date { bucket, key: key.to_owned() }),
        };
    }
    match (key, field) {
        ("tag" | "tags", _) => Ok(Group::Tag),
        (_, Some(Field::Folder)) => Ok(Group::Folder),
        (_, Some(Field::Type)) => Ok(Group::Type),
        (_, Some(field)) if field.is_date() => {
            Ok(Group::Date { bucket: DateBucket::Day, key: field.name().to_owned() })
        }
        (_, Some(_)) => {
            Err(format!("`{key}` makes no groups; group by a property, tag, folder, type or a bucket like month(date)"))
        }
        _ => Ok(Group::Property(key.to_owned())),
    }
}
