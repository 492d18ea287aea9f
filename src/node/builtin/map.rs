//! A node that derives one message from each.

use super::filter_map::{FilterMap, filter_map};

/// A node that sends what its closure makes of each message; see [`map`].
pub type Map<T, U, F> = FilterMap<T, U, F>;

/// A node that sends a message with `derive(payload)` and the same header for
/// each message.
///
/// ```
/// use tidegate::graph::Subgraph;
/// use tidegate::node::builtin;
///
/// let mut graph = Subgraph::new("units");
/// graph.add("fahrenheit", builtin::map(|celsius: f64| celsius * 1.8 + 32.0))?;
/// # Ok::<(), tidegate::graph::AddError>(())
/// ```
pub fn map<T, U>(
    mut derive: impl FnMut(T) -> U + Send + 'static,
) -> Map<T, U, impl FnMut(T) -> Option<U> + Send + 'static>
where
    T: Send + 'static,
    U: Send + 'static,
{
    filter_map(move |payload| Some(derive(payload)))
}
