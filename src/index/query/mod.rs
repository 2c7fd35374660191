//! One query model, three ways to write it: the search line, the YAML of a `.cdx`, JSON.
//! Pure but for the SQL, which is compiled in [`crate::index::notebook`].

pub mod ast;
mod display;
pub mod eval;
pub mod line;
pub mod pattern;
pub mod time;
pub mod view;

pub use ast::{Expr, Group, Operand, Query, Scope, SortKey, Term, Test};
pub use line::{QueryError, parse_line};
pub use time::TimeContext;
pub use view::{OnRemove, View, ViewError, parse_view, query_from_json};
