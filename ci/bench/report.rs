//! What a run of the track benchmark writes down, and the gate reads.

use serde::{Deserialize, Serialize};

/// One run: the machine, and what was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    /// The processor.
    pub(crate) cpu: String,
    /// The cores used.
    pub(crate) cores: Vec<usize>,
    /// The compiler.
    pub(crate) rustc: String,
    /// The commit measured.
    pub(crate) commit: String,
    /// When, in UTC.
    pub(crate) date: String,
    /// How often ours and the peer took turns in each run.
    pub(crate) rounds: usize,
    /// In the table's order.
    pub(crate) rows: Vec<Row>,
}

/// One line of the table.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    /// A short name, to filter by and for the baselines.
    pub(crate) name: String,
    /// What is measured.
    pub(crate) what: String,
    /// The unit of `ours` and `peer`.
    pub(crate) unit: String,
    /// Over all rounds of all runs.
    pub(crate) ours: f64,
    /// Over all rounds of all runs, of a peer or a limit.
    pub(crate) peer: f64,
    /// What the peer is.
    pub(crate) beside: String,
    /// Of ours to the peer; ours itself where the peer is zero.
    pub(crate) ratio: f64,
    /// How the rounds became one ratio.
    #[serde(default)]
    pub(crate) judged: Judged,
    /// The ratio of each run. Reports of old revisions do not have it.
    #[serde(default)]
    pub(crate) runs: Vec<f64>,
    /// Ours and the peer's samples; left out when the runs are put together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) samples: Vec<(f64, f64)>,
    /// The middle half of the runs' ratios, as a fraction of the ratio.
    pub(crate) spread: f64,
    /// The ratio is to be at most this; `None` for what is only reported.
    pub(crate) goal: Option<f64>,
    /// The cores of this row.
    pub(crate) cores: String,
}

/// How the rounds of a row become one ratio.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) enum Judged {
    /// The median of the rounds' ratios. What lasts longer than a round (the
    /// machine's pace, the distance between the cores) cancels out.
    #[default]
    InTurn,
    /// The lowest tenth of ours over that of the peer's. Where other programs
    /// strike one sample and not the next: they only ever add.
    Undisturbed,
}
