//! What nodes cost, as far as somebody knows.

use alloc::collections::BTreeMap;
use alloc::string::String;

/// What nodes cost: how much of a worker's time each takes, in any unit that
/// is the same for all.
///
/// Given to [`EngineBuilder::costs`](crate::engine::EngineBuilder::costs), it
/// makes the placement balance these costs. It comes from measurements, as
/// `Costs::from(&snapshot)`, or from pairs of a path and a cost:
///
/// ```
/// use tidegate::graph::Costs;
///
/// let costs = Costs::from_iter([("decode", 900), ("strategy", 250)]);
/// assert_eq!(costs.get("decode"), Some(900));
/// ```
///
/// A node that is not named counts as much as those named do on average; when
/// all cost nothing, the placement is the one without costs. Costs for several
/// runs are added up by naming a node more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Costs(BTreeMap<String, u64>);

impl Costs {
    /// The cost of the node at `path`, if it is named.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<u64> {
        self.0.get(path).copied()
    }

    /// Paths and costs, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(path, &cost)| (path.as_str(), cost))
    }

    /// What a node that is not named counts for: the mean, rounded up.
    pub(crate) fn of_others(&self) -> u64 {
        let sum: u128 = self.0.values().map(|&cost| u128::from(cost)).sum();
        let mean = sum.div_ceil(self.0.len().max(1) as u128);
        u64::try_from(mean).unwrap_or(u64::MAX)
    }
}

impl<P: Into<String>> FromIterator<(P, u64)> for Costs {
    fn from_iter<I: IntoIterator<Item = (P, u64)>>(pairs: I) -> Self {
        let mut costs = BTreeMap::new();
        for (path, cost) in pairs {
            let sum: &mut u64 = costs.entry(path.into()).or_default();
            *sum = sum.saturating_add(cost);
        }
        Self(costs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_one_node_add_up_and_nobody_else_has_any() {
        let costs = Costs::from_iter([("b", 30), ("a", 5), ("b", 12)]);
        assert_eq!((costs.get("a"), costs.get("b")), (Some(5), Some(42)));
        assert_eq!(costs.get("c"), None);
        assert_eq!(costs.iter().collect::<Vec<_>>(), [("a", 5), ("b", 42)]);
        let most = Costs::from_iter([("a", u64::MAX), ("a", 1)]);
        assert_eq!(most.get("a"), Some(u64::MAX));
    }

    #[test]
    fn a_node_that_is_not_named_costs_the_mean_rounded_up() {
        let of_others = |costs: &[(&str, u64)]| Costs::from_iter(costs.to_vec()).of_others();
        assert_eq!(of_others(&[("a", 4), ("b", 9)]), 7);
        assert_eq!(of_others(&[("a", u64::MAX), ("b", u64::MAX)]), u64::MAX);
        assert_eq!(of_others(&[]), 0);
    }
}
