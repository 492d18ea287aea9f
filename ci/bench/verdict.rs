//! Whether a figure is within its budget.

use crate::budgets::Budgets;
use crate::figures::Figure;

/// By how much a ratio may grow against another revision.
pub(crate) const RATIO_TOLERANCE: f64 = 0.10;
/// By how much a count of instructions may grow.
pub(crate) const COUNT_TOLERANCE: f64 = 0.03;

/// What is said of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Within its budget, and as good as the goal asks, if there is one.
    Ok,
    /// Within its budget, which is more than the goal.
    Shortfall,
    /// Over its budget.
    Broken,
    /// There is no budget for it.
    Unbudgeted,
}

impl Verdict {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Shortfall => "shortfall",
            Self::Broken => "BROKEN",
            Self::Unbudgeted => "NO BUDGET",
        }
    }

    /// Whether the gate lets it through. What has no budget would never fail:
    /// that is a failure too.
    pub(crate) const fn passes(self) -> bool {
        matches!(self, Self::Ok | Self::Shortfall)
    }
}

/// Judges by the recorded budget.
pub(crate) fn judge(figure: &Figure, budgets: &Budgets) -> Verdict {
    match budgets.of(&figure.metric) {
        None => Verdict::Unbudgeted,
        // What is no number cannot be within anything.
        Some(budget) if figure.value.is_nan() || figure.value > budget.most() => Verdict::Broken,
        Some(_) if figure.goal.is_some_and(|goal| figure.value > goal) => Verdict::Shortfall,
        Some(_) => Verdict::Ok,
    }
}

/// Judges by another revision's figure of the same job.
pub(crate) fn judge_against(after: &Figure, before: &Figure) -> Verdict {
    let tolerance = match after.unit {
        "instructions" => COUNT_TOLERANCE,
        _ => RATIO_TOLERANCE,
    };
    if after.value <= before.value * (1.0 + tolerance) {
        Verdict::Ok
    } else {
        Verdict::Broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(unit: &'static str, value: f64, goal: Option<f64>) -> Figure {
        Figure {
            metric: "m".to_owned(),
            unit,
            value,
            jobs: vec![value],
            goal,
            text: String::new(),
        }
    }

    fn verdict(value: f64, goal: Option<f64>) -> Verdict {
        let mut budgets = Budgets::default();
        budgets.update(&[figure("ratio", 2.0, None)], None, "", |_| RATIO_TOLERANCE);
        judge(&figure("ratio", value, goal), &budgets)
    }

    #[test]
    fn a_tenth_over_the_limit_passes_and_more_does_not() {
        assert_eq!(verdict(2.19, None), Verdict::Ok);
        assert_eq!(verdict(2.21, None), Verdict::Broken);
        assert_eq!(verdict(f64::NAN, None), Verdict::Broken);
    }

    #[test]
    fn a_missed_goal_within_the_budget_is_a_shortfall() {
        assert_eq!(verdict(1.9, Some(1.5)), Verdict::Shortfall);
        assert_eq!(verdict(1.5, Some(1.5)), Verdict::Ok);
        assert_eq!(verdict(9.0, Some(1.5)), Verdict::Broken);
    }

    #[test]
    fn what_has_no_budget_does_not_pass() {
        let verdict = judge(&figure("ratio", 1.0, None), &Budgets::default());
        assert_eq!(verdict, Verdict::Unbudgeted);
        assert!(!verdict.passes());
    }

    #[test]
    fn revisions_are_compared_by_the_tolerance_of_the_unit() {
        let against =
            |unit, after| judge_against(&figure(unit, after, None), &figure(unit, 100.0, None));
        assert_eq!(against("ratio", 109.0), Verdict::Ok);
        assert_eq!(against("ratio", 111.0), Verdict::Broken);
        assert_eq!(against("instructions", 102.9), Verdict::Ok);
        assert_eq!(against("instructions", 103.1), Verdict::Broken);
    }
}
