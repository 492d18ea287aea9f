//! A node that lets some messages through.

use super::filter_map::{FilterMap, filter_map};

/// A node that lets through what its closure admits; see [`filter`].
pub type Filter<T, F> = FilterMap<T, T, F>;

/// A node that sends on the messages for which `admit` returns `true`, and
/// drops the others.
///
/// ```
/// use tidegate::graph::Subgraph;
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("alarms");
/// graph.add("too-hot", builtin::filter(|celsius: &f64| *celsius > 90.0))?;
/// # Ok::<(), tidegate::graph::AddError>(())
/// ```
pub fn filter<T>(
    mut admit: impl FnMut(&T) -> bool + Send + 'static,
) -> Filter<T, impl FnMut(T) -> Option<T> + Send + 'static>
where
    T: Send + 'static,
{
    filter_map(move |payload| admit(&payload).then_some(payload))
}
