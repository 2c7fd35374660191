//! Results of views and queries as folders: worked out when somebody looks, brought up to date one changed note at a
//! time. It knows nothing of mounts; what it knows of the engine is [`ResultSource`].

mod cached;
mod live;
mod members;
#[cfg(test)]
mod model_tests;
mod refresh;
mod source;
#[cfg(test)]
mod tests;
mod view;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

pub use live::LiveResult;
pub use members::GroupFolder;
pub use source::{Evaluated, EvaluatedGroup, ResultSource};
pub use view::ViewFolder;

use self::cached::Cached;
use self::view::CachedView;
use super::catalog::{Catalog, Folder};
use crate::index::query::ast::{Field, Group};
use crate::index::query::{Expr, Query, QueryError, Scope, SortKey, Term, Test, parse_line};
use crate::types::FileKey;

/// A query that is no view's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// A search line.
    Line(String),
    /// Notes that have a property, grouped by it.
    Having(String),
    /// Notes that do not have a property.
    Lacking(String),
    /// The newest 100.
    Recent,
    /// Notes without tags.
    Untagged,
}

impl Selection {
    fn query(&self) -> Result<Query, QueryError> {
        let property = |key: &String| Expr::Term(Term::Property { key: key.clone(), test: Test::Exists });
        let query = match self {
            Self::Line(line) => Query { group: None, ..parse_line(line)? },
            Self::Having(key) => {
                Query { filter: property(key), group: Some(Group::Property(key.clone())), ..Query::default() }
            }
            Self::Lacking(key) => Query { filter: Expr::Not(Box::new(property(key))), ..Query::default() },
            Self::Recent => Query {
                sort: vec![SortKey { key: Field::Modified.name().to_owned(), descending: true }],
                limit: Some(100),
                ..Query::default()
            },
            Self::Untagged => Query { filter: Expr::Term(Term::Untagged), ..Query::default() },
        };
        let scope = if query.scope == Scope::Default { Scope::All } else { query.scope.clone() };
        Ok(Query { scope, ..query })
    }
}

/// The notes of a [`Selection`].
#[derive(Clone, Debug)]
pub struct Selected {
    /// Its notes, where it has no groups.
    pub members: Arc<Folder>,
    /// Its groups.
    pub groups: Arc<[GroupFolder]>,
    /// When its groups last changed, nanoseconds since the epoch.
    pub groups_changed_ns: i64,
    /// Why it could not be worked out.
    pub error: Option<String>,
}

/// More selections than this are not kept.
const KEPT: usize = 64;

/// A selection that is kept, and when somebody last looked.
type KeptSelection = (Instant, Arc<Mutex<Cached>>);

/// Results that are kept.
#[derive(Debug, Default)]
pub struct Views {
    views: Mutex<HashMap<FileKey, Arc<Mutex<CachedView>>>>,
    selections: Mutex<HashMap<Selection, KeptSelection>>,
}

impl Views {
    /// A view's folder as it is now; `None` if there is no such `.cdx`.
    pub fn view(&self, catalog: &Catalog, source: &impl ResultSource, file: FileKey) -> Option<ViewFolder> {
        let definition = catalog.file(file).filter(|file| file.is_view);
        let Some(definition) = definition else {
            let gone = self.views.lock().remove(&file);
            if let Some(view) = gone {
                view.lock().clear(catalog);
            }
            return None;
        };
        let view =
            Arc::clone(self.views.lock().entry(file).or_insert_with(|| Arc::new(Mutex::new(CachedView::new(file)))));
        let mut view = view.lock();
        Some(view.folder(catalog, source, &definition))
    }

    /// A selection as it is now.
    ///
    /// # Errors
    /// If it is a search line that does not parse.
    pub fn select(
        &self,
        catalog: &Catalog,
        source: &impl ResultSource,
        selection: &Selection,
    ) -> Result<Selected, QueryError> {
        let cached = self.selection(selection)?;
        let mut cached = cached.lock();
        cached.bring_up_to_date(catalog, source);
        Ok(Selected {
            members: cached.all(),
            groups: cached.members.groups(),
            groups_changed_ns: cached.members.groups_changed_ns(),
            error: cached.error.clone(),
        })
    }

    fn selection(&self, selection: &Selection) -> Result<Arc<Mutex<Cached>>, QueryError> {
        let mut selections = self.selections.lock();
        if let Some((used, cached)) = selections.get_mut(selection) {
            *used = Instant::now();
            return Ok(Arc::clone(cached));
        }
        let query = selection.query()?;
        let mut cached = Cached::new(None, false);
        cached.set_query(&query, false, &[], false);
        let cached = Arc::new(Mutex::new(cached));
        if selections.len() >= KEPT {
            let oldest = selections.iter().min_by_key(|(_, (used, _))| *used).map(|(oldest, _)| oldest.clone());
            oldest.map(|oldest| selections.remove(&oldest));
        }
        selections.insert(selection.clone(), (Instant::now(), Arc::clone(&cached)));
        Ok(cached)
    }

    /// Drops the results of views that are gone.
    pub fn sweep(&self, catalog: &Catalog) {
        let mut gone = Vec::new();
        self.views.lock().retain(|file, view| {
            let stays = catalog.file(*file).is_some_and(|file| file.is_view);
            if !stays {
                gone.push(Arc::clone(view));
            }
            stays
        });
        for view in gone {
            view.lock().clear(catalog);
        }
    }
}
