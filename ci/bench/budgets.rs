//! What is allowed: `baselines/budgets.json`.

use serde::{Deserialize, Serialize};

use crate::figures::Figure;

/// The file.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Budgets {
    /// Where the limits were measured.
    pub(crate) measured_on: String,
    pub(crate) budgets: Vec<Budget>,
}

/// What one metric may come to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Budget {
    pub(crate) metric: String,
    /// `ratio` to the peer of the same run, or `instructions` per operation.
    pub(crate) unit: String,
    /// What was measured when the budget was set, or a goal with room to
    /// spare.
    pub(crate) limit: f64,
    /// By which fraction the limit may be exceeded.
    pub(crate) tolerance: f64,
    /// Why it is another than the usual one; stays when the limit changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) tolerance_why: String,
    /// Why the limit is what it is.
    pub(crate) why: String,
    /// The commit that was measured. Where another machine gives another ratio,
    /// this is what a change must not be slower than.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) revision: String,
    /// What was measured when the limit was set, one figure per job: how far
    /// they lie apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) measured: Vec<f64>,
    /// Whether the limit stays when the others are measured anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) hard: bool,
}

impl Budget {
    /// The most that passes.
    pub(crate) fn most(&self) -> f64 {
        self.limit * (1.0 + self.tolerance)
    }
}

impl Budgets {
    pub(crate) fn of(&self, metric: &str) -> Option<&Budget> {
        self.budgets.iter().find(|budget| budget.metric == metric)
    }

    /// The metrics of these units that have a budget and no figure.
    pub(crate) fn without_figure(&self, figures: &[Figure], units: &[&str]) -> Vec<&str> {
        let measured = |metric: &str| figures.iter().any(|figure| figure.metric == metric);
        self.budgets
            .iter()
            .filter(|budget| units.contains(&budget.unit.as_str()))
            .map(|budget| budget.metric.as_str())
            .filter(|metric| !measured(metric))
            .collect()
    }

    /// Sets the limits of the figures that `wanted` picks to what was
    /// measured of `revision`. Hard limits stay, unless picked by name. How many
    /// changed.
    pub(crate) fn update(
        &mut self,
        figures: &[Figure],
        wanted: Option<&str>,
        (reason, revision): (&str, &str),
        tolerance_of: impl Fn(&Figure) -> f64,
    ) -> usize {
        let mut changed = 0;
        let picked = |figure: &&Figure| wanted.is_none_or(|name| name == figure.metric);
        for figure in figures.iter().filter(picked) {
            let limit = round(figure.value);
            let measured = figure.jobs.iter().copied().map(round).collect();
            let known = self
                .budgets
                .iter_mut()
                .find(|budget| budget.metric == figure.metric);
            match known {
                Some(budget) if budget.hard && wanted.is_none() => continue,
                Some(budget) => {
                    budget.limit = limit;
                    budget.measured = measured;
                    budget.why = reason.to_owned();
                    budget.revision = revision.to_owned();
                }
                None => self.budgets.push(Budget {
                    metric: figure.metric.clone(),
                    unit: figure.unit.to_owned(),
                    limit,
                    tolerance: tolerance_of(figure),
                    tolerance_why: String::new(),
                    why: reason.to_owned(),
                    revision: revision.to_owned(),
                    measured,
                    hard: false,
                }),
            }
            changed += 1;
        }
        changed
    }
}

/// Three decimals: more would be noise in the file's history.
fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(metric: &str, value: f64) -> Figure {
        Figure {
            metric: metric.to_owned(),
            unit: "ratio",
            value,
            jobs: vec![value],
            goal: None,
            text: String::new(),
        }
    }

    #[test]
    fn an_update_changes_what_is_named_and_notes_the_reason() {
        let mut budgets = Budgets::default();
        let figures = [figure("a", 1.0), figure("b", 2.0)];
        assert_eq!(budgets.update(&figures, None, ("first", "abc"), |_| 0.1), 2);
        let figures = [figure("a", 1.23456), figure("b", 3.0)];
        assert_eq!(
            budgets.update(&figures, Some("a"), ("slower hash", "def"), |_| 0.5),
            1
        );
        let a = budgets.of("a").unwrap();
        assert_eq!((a.limit, a.tolerance), (1.235, 0.1));
        assert_eq!(a.measured, [1.235]);
        assert_eq!(
            (a.why.as_str(), a.revision.as_str()),
            ("slower hash", "def")
        );
        let b = budgets.of("b").unwrap();
        assert_eq!((b.why.as_str(), b.revision.as_str()), ("first", "abc"));
        assert_eq!(
            budgets.update(&figures, Some("c"), ("typo", ""), |_| 0.1),
            0
        );
    }

    #[test]
    fn a_budget_without_a_figure_is_found_among_what_was_to_be_measured() {
        let mut budgets = Budgets::default();
        let both = [figure("a", 1.0), figure("b", 1.0)];
        budgets.update(&both, None, ("first", ""), |_| 0.1);
        let only_a = [figure("a", 1.0)];
        assert_eq!(budgets.without_figure(&only_a, &["ratio"]), ["b"]);
        assert!(
            budgets
                .without_figure(&only_a, &["instructions"])
                .is_empty()
        );
    }

    #[test]
    fn every_unusual_tolerance_has_its_reason() {
        let budgets: Budgets =
            serde_json::from_str(include_str!("../../baselines/budgets.json")).unwrap();
        for budget in budgets.budgets.iter().filter(|budget| !budget.hard) {
            let usual = if budget.unit == "ratio" { 0.1 } else { 0.03 };
            assert_eq!(
                budget.tolerance != usual,
                !budget.tolerance_why.is_empty(),
                "{}",
                budget.metric
            );
        }
    }

    #[test]
    fn a_hard_limit_changes_only_by_name() {
        let mut budgets = Budgets::default();
        budgets.update(&[figure("a", 1.0)], None, ("goal", ""), |_| 0.0);
        budgets.budgets[0].hard = true;
        assert_eq!(
            budgets.update(&[figure("a", 2.0)], None, ("all", ""), |_| 0.0),
            0
        );
        assert_eq!(budgets.of("a").unwrap().limit, 1.0);
        assert_eq!(
            budgets.update(&[figure("a", 2.0)], Some("a"), ("new goal", ""), |_| 0.0),
            1
        );
        assert_eq!(budgets.of("a").unwrap().limit, 2.0);
    }
}
