//! What a change of a note, or the passing of time, does to a result. Pure.

use jiff::Span;

use crate::index::query::time::{DateBase, DateUnit};
use crate::index::query::{Expr, Operand, Query, Term, Test, TimeContext};
use crate::types::Instant;

/// How a result follows a change of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    /// Whether the note is a member depends on it alone: it is put in or taken out.
    EachNote,
    /// Which notes are members, or in what order, depends on others too: run again if the note was or is a match.
    IfItMatches,
    /// A change of one note can make a member of another (links), or shift the page: run again.
    Whole,
}

/// How the results of a query follow changes, where its order shows (`numbered`) or does not.
pub(super) fn refresh_of(query: &Query, numbered: bool) -> Refresh {
    if query.offset > 0 || any_term(&query.filter, &is_about_others) {
        Refresh::Whole
    } else if query.limit.is_some() || numbered {
        Refresh::IfItMatches
    } else {
        Refresh::EachNote
    }
}

/// A query that says whether one note matches, whatever page was asked for.
pub(super) fn for_one_note(query: &Query) -> Query {
    Query { limit: None, offset: 0, sort: Vec::new(), aggregates: Vec::new(), ..query.clone() }
}

fn is_about_others(term: &Term) -> bool {
    matches!(term, Term::LinksTo(_) | Term::LinkedFrom(_) | Term::Orphan | Term::Broken)
}

fn any_term(expr: &Expr, holds: &impl Fn(&Term) -> bool) -> bool {
    match expr {
        Expr::All => false,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(|part| any_term(part, holds)),
        Expr::Not(part) => any_term(part, holds),
        Expr::Term(term) => holds(term),
    }
}

/// When a result has to be worked out again though nothing changed: `now` each minute, days at midnight in the zone.
pub(super) fn expires(query: &Query, has_placeholders: bool, time: &TimeContext) -> Option<Instant> {
    let mut days = false;
    let mut minutes = false;
    let mut look = |operand: &Operand| {
        if let Operand::Date { expr, .. } = operand
            && expr.is_relative()
        {
            let is_fine = expr.base == DateBase::Now || expr.offsets.iter().any(|(_, unit)| *unit == DateUnit::Hour);
            minutes |= is_fine;
            days |= !is_fine;
        }
    };
    each_operand(&query.filter, &mut look);
    // Placeholders in text leave no date behind to look at.
    minutes |= has_placeholders && !days;
    if minutes {
        return time.now.checked_add(Span::new().seconds(60)).ok();
    }
    if !days {
        return None;
    }
    let tomorrow = time.now.to_zoned(time.zone.clone()).date().tomorrow().ok()?;
    Some(tomorrow.to_zoned(time.zone.clone()).ok()?.timestamp())
}

fn each_operand(expr: &Expr, look: &mut impl FnMut(&Operand)) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => {
            for part in parts {
                each_operand(part, look);
            }
        }
        Expr::Not(part) => each_operand(part, look),
        Expr::Term(Term::Property { test, .. } | Term::Field { test, .. }) => match test {
            Test::Exists | Test::Matches(_) => {}
            Test::Compare(_, operand) => look(operand),
            Test::OneOf(operands) => operands.iter().for_each(look),
            Test::Range(from, to) => {
                look(from);
                look(to);
            }
        },
        Expr::All | Expr::Term(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::query::parse_line;

    fn check(line: &str, numbered: bool, expected: Refresh) {
        assert_eq!(refresh_of(&parse_line(line).unwrap(), numbered), expected, "{line}");
    }

    #[test]
    fn what_depends_on_one_note_alone_is_refreshed_by_it_alone() {
        check("tag:a loss<0.1", false, Refresh::EachNote);
        check("tag:a group:status sort:due", false, Refresh::EachNote);
        check("tag:a sort:due", true, Refresh::IfItMatches);
        check("tag:a limit:5", false, Refresh::IfItMatches);
        check("tag:a -is:orphan", false, Refresh::Whole);
        check("tag:a OR linked-from:b.md", false, Refresh::Whole);
    }

    #[test]
    fn results_with_relative_dates_expire() {
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let now = "2026-03-28T12:00:30Z".parse().unwrap();
        let time = TimeContext { now, zone, week_starts: jiff::civil::Weekday::Monday };
        let check = |line: &str, expected: Option<&str>| {
            let expected = expected.map(|text| text.parse::<Instant>().unwrap());
            assert_eq!(expires(&parse_line(line).unwrap(), false, &time), expected, "{line}");
        };
        check("due<2026-04-01", None);
        check("due<=today+7d", Some("2026-03-28T23:00:00Z"));
        check("modified>now-3h", Some("2026-03-28T12:01:30Z"));
        check("(due<today OR modified>now) -x", Some("2026-03-28T12:01:30Z"));
    }
}
