//! Tests of built-in fields, over the columns of the row `f`.

use rusqlite::types::Value;

use super::dates::Bounds;
use super::fragment::{Failure, Fragment, text};
use super::functions::{field_number, instant};
use crate::index::query::ast::{Comparison, Field, Operand, Test};
use crate::index::query::pattern::{FieldPattern, compile_regex};
use crate::index::query::time::TimeContext;

/// # Errors
/// A regular expression or a glob that does not parse.
pub(super) fn test(field: Field, test: &Test, notebook: &str, time: &TimeContext) -> Result<Fragment, Failure> {
    match field {
        Field::Notebook => notebook_passes(notebook, test).map(Fragment::constant),
        Field::Size => size(test),
        Field::Created | Field::Modified => Ok(date(field, test, time)),
        _ => text_field(field, test),
    }
}

/// The same for every note of a notebook.
fn notebook_passes(notebook: &str, test: &Test) -> Result<bool, Failure> {
    let equals = |operand: &Operand| match operand {
        Operand::Text(wanted) => pattern(Field::Notebook, wanted).map(|pattern| pattern.is_match(notebook)),
        _ => Ok(false),
    };
    let holds = |comparison: Comparison, operand: &Operand| {
        let Operand::Text(wanted) = operand else { return false };
        let order = notebook.cmp(wanted);
        match comparison {
            Comparison::Lt => order.is_lt(),
            Comparison::Le => order.is_le(),
            Comparison::Gt => order.is_gt(),
            Comparison::Ge => order.is_ge(),
            Comparison::Eq | Comparison::Ne => false,
        }
    };
    Ok(match test {
        Test::Exists => true,
        Test::Compare(Comparison::Eq, operand) => equals(operand)?,
        Test::Compare(Comparison::Ne, operand) => !equals(operand)?,
        Test::Compare(comparison, operand) => holds(*comparison, operand),
        Test::OneOf(operands) => {
            operands.iter().map(equals).collect::<Result<Vec<_>, _>>()?.into_iter().any(|equal| equal)
        }
        Test::Range(from, to) => holds(Comparison::Ge, from) && holds(Comparison::Lt, to),
        Test::Matches(pattern) => regex(pattern)?.is_match(notebook),
    })
}

fn pattern(field: Field, operand: &str) -> Result<FieldPattern, Failure> {
    FieldPattern::new(field, operand).map_err(Failure::Bad)
}

fn regex(pattern: &str) -> Result<regex::Regex, Failure> {
    compile_regex(pattern).map_err(|error| Failure::Bad(format!("`{pattern}`: {error}")))
}

fn size(test: &Test) -> Result<Fragment, Failure> {
    let compares = |comparison: Comparison, operand: &Operand| match operand {
        Operand::Number { value, .. } => {
            Fragment::of_row(format!("f.size {} ?", operator(comparison)), [Value::Real(*value)])
        }
        _ => Fragment::constant(comparison == Comparison::Ne),
    };
    Ok(match test {
        Test::Matches(pattern) => {
            regex(pattern)?;
            Fragment::of_row("cdx_matches(f.size, NULL, ?)", [text(pattern)])
        }
        other => combine(other, compares, Fragment::constant(true)),
    })
}

fn date(field: Field, test: &Test, time: &TimeContext) -> Fragment {
    let compares = |comparison: Comparison, operand: &Operand| match operand {
        Operand::Date { expr, .. } => {
            let bounds = Bounds::of(comparison, expr, time);
            let within = if field == Field::Modified { modified_within(&bounds) } else { created_within(&bounds) };
            if comparison == Comparison::Ne { within.not() } else { within }
        }
        _ => Fragment::constant(comparison == Comparison::Ne),
    };
    match test {
        Test::Matches(_) => Fragment::constant(false),
        other => combine(other, compares, Fragment::constant(true)),
    }
}

/// Only one column is bounded, so that its index can serve.
pub(super) fn modified_within(bounds: &Bounds) -> Fragment {
    let (from, to) = bounds.nanoseconds();
    let mut parts = Vec::new();
    if bounds.from.is_some() {
        parts.push(Fragment::of_row("f.mtime_ns >= ?", [Value::Integer(from)]));
    }
    if bounds.to.is_some() {
        parts.push(Fragment::of_row("f.mtime_ns < ?", [Value::Integer(to)]));
    }
    Fragment::and(parts)
}

fn created_within(bounds: &Bounds) -> Fragment {
    let bound = |bound: Option<crate::types::Instant>| bound.map_or(Value::Null, instant);
    Fragment::of_row("cdx_date(f.created_at, ?, ?, NULL)", [bound(bounds.from), bound(bounds.to)])
}

/// How the tests are made of comparisons, for values that are one and never missing.
fn combine(test: &Test, compares: impl Fn(Comparison, &Operand) -> Fragment, exists: Fragment) -> Fragment {
    match test {
        Test::Exists | Test::Matches(_) => exists,
        Test::Compare(comparison, operand) => compares(*comparison, operand),
        Test::OneOf(operands) => {
            Fragment::or(operands.iter().map(|operand| compares(Comparison::Eq, operand)).collect())
        }
        Test::Range(from, to) => Fragment::and(vec![compares(Comparison::Ge, from), compares(Comparison::Lt, to)]),
    }
}

fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Eq => "=",
        Comparison::Ne => "<>",
        Comparison::Lt => "<",
        Comparison::Le => "<=",
        Comparison::Gt => ">",
        Comparison::Ge => ">=",
    }
}

fn text_field(field: Field, test: &Test) -> Result<Fragment, Failure> {
    let compares = |comparison: Comparison, operand: &Operand| match operand {
        Operand::Text(wanted) => {
            let (own, mut params) = own_text(field);
            params.push(text(wanted));
            Fragment::of_row(format!("{own} {} ?", operator(comparison)), params)
        }
        _ => Fragment::constant(false),
    };
    Ok(match test {
        Test::Exists => match field {
            Field::Ext | Field::Type | Field::Description => {
                let (own, params) = own_text(field);
                Fragment::of_row(format!("{own} IS NOT NULL"), params)
            }
            _ => Fragment::constant(true),
        },
        Test::Compare(Comparison::Eq, operand) => equals(field, operand)?,
        Test::Compare(Comparison::Ne, operand) => equals(field, operand)?.not(),
        Test::Compare(comparison, operand) => compares(*comparison, operand),
        Test::OneOf(operands) => {
            Fragment::or(operands.iter().map(|operand| equals(field, operand)).collect::<Result<_, _>>()?)
        }
        Test::Range(from, to) => Fragment::and(vec![compares(Comparison::Ge, from), compares(Comparison::Lt, to)]),
        Test::Matches(pattern) => {
            regex(pattern)?;
            let (own, mut params) = own_text(field);
            params.push(text(pattern));
            Fragment::of_row(format!("cdx_matches({own}, NULL, ?)"), params)
        }
    })
}

fn equals(field: Field, operand: &Operand) -> Result<Fragment, Failure> {
    let Operand::Text(wanted) = operand else { return Ok(Fragment::constant(false)) };
    Ok(match pattern(field, wanted)? {
        FieldPattern::Prefix(prefix) if prefix.is_empty() => Fragment::constant(true),
        FieldPattern::Prefix(prefix) => {
            let below = below(&prefix);
            if field == Field::Folder {
                return Ok(below);
            }
            Fragment::or(vec![Fragment::of_row("f.path = ?", [text(prefix)]), below])
        }
        other => {
            let sql = format!("cdx_is({}, ?, ?)", column(field));
            let exact = Fragment::of_row(sql, [field_number(field), text(wanted)]);
            match (&other, field) {
                (FieldPattern::Glob(_) | FieldPattern::FolderGlob(_), Field::Path | Field::Folder) => {
                    Fragment::and(glob_range(field, wanted).into_iter().chain([exact]).collect())
                }
                _ => exact,
            }
        }
    })
}

/// Paths below a folder: `/` is the byte before `0`, so that they are one range of the index.
pub(super) fn below(folder: &str) -> Fragment {
    Fragment::of_row("(f.path > ? AND f.path < ?)", [text(format!("{folder}/")), text(format!("{folder}0"))])
}

/// The range of the index that a glob's beginning leaves.
pub(super) fn glob_range(field: Field, pattern: &str) -> Option<Fragment> {
    let pattern = if field == Field::Path { pattern.trim_start_matches('/') } else { pattern.trim_matches('/') };
    let literal = &pattern[..pattern.find(['*', '?', '{', '[', ']', '\\'])?];
    // Up to the last `/`: what follows may be matched by a folder above (`runs*` by `runs`).
    let folder = &literal[..literal.rfind('/')?];
    (!folder.is_empty()).then(|| below(folder))
}

fn column(field: Field) -> &'static str {
    match field {
        Field::Title => "f.title",
        Field::Type => "f.file_type",
        Field::Description => "f.description",
        Field::ContentType => "f.content_type",
        _ => "f.path",
    }
}

/// The text of a field as SQL, with what is bound in it.
fn own_text(field: Field) -> (&'static str, Vec<Value>) {
    match field {
        Field::Name | Field::Folder | Field::Ext => ("cdx_part(f.path, ?)", vec![field_number(field)]),
        _ => (column(field), Vec::new()),
    }
}
