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
    /// Over its budget, and so is the revision that it was measured with, on
    /// this machine and in this job.
    Machine,
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
            Self::Machine => "machine",
            Self::Broken => "BROKEN",
            Self::Unbudgeted => "NO BUDGET",
        }
    }

    /// Whether the gate lets it through. What has no budget would never fail:
    /// that is a failure too.
    pub(crate) const fn passes(self) -> bool {
        matches!(self, Self::Ok | Self::Shortfall | Self::Machine)
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

/// What both revisions came to in turns: this one's figures and those of the
/// revisions that budgets were measured with.
#[derive(Debug, Default)]
pub(crate) struct InTurns {
    pub(crate) ours: Vec<Figure>,
    pub(crate) theirs: Vec<Figure>,
}

impl InTurns {
    /// Both figures of a metric, ours first.
    pub(crate) fn of(&self, metric: &str) -> Option<(&Figure, &Figure)> {
        let find = |figures: &'_ [Figure]| figures.iter().position(|it| it.metric == metric);
        let (ours, theirs) = (find(&self.ours)?, find(&self.theirs)?);
        Some((&self.ours[ours], &self.theirs[theirs]))
    }
}

/// Judges by the recorded budget; and what is over it, by the revision that it
/// was measured with, where both were measured in turns. A hard limit is the same
/// on every machine.
pub(crate) fn judge_here(figure: &Figure, budgets: &Budgets, in_turns: &InTurns) -> Verdict {
    let verdict = judge(figure, budgets);
    let hard = budgets.of(&figure.metric).is_some_and(|it| it.hard);
    match in_turns.of(&figure.metric) {
        Some((ours, theirs)) if verdict == Verdict::Broken && !hard => {
            if judge_against(ours, theirs).passes() {
                Verdict::Machine
            } else {
                Verdict::Broken
            }
        }
        _ => verdict,
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
        budgets.update(&[figure("ratio", 2.0, None)], None, ("", ""), |_| {
            RATIO_TOLERANCE
        });
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
    fn what_is_over_its_budget_is_judged_by_the_revision_measured_then() {
        let mut budgets = Budgets::default();
        budgets.update(&[figure("ratio", 2.0, None)], None, ("", ""), |_| 0.1);
        let verdict = |budgets: &Budgets, ours, theirs| {
            let in_turns = InTurns {
                ours: vec![figure("ratio", ours, None)],
                theirs: vec![figure("ratio", theirs, None)],
            };
            judge_here(&figure("ratio", 3.0, None), budgets, &in_turns)
        };
        assert_eq!(verdict(&budgets, 3.0, 2.9), Verdict::Machine);
        assert_eq!(verdict(&budgets, 3.0, 2.0), Verdict::Broken);
        let alone = judge_here(&figure("ratio", 3.0, None), &budgets, &InTurns::default());
        assert_eq!(alone, Verdict::Broken);
        budgets.budgets[0].hard = true;
        assert_eq!(verdict(&budgets, 3.0, 2.9), Verdict::Broken);
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
