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
    /// How often ours and the peer took turns.
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
    /// The median over the rounds.
    pub(crate) ours: f64,
    /// The median over the rounds, of a peer or a limit.
    pub(crate) peer: f64,
    /// What the peer is.
    pub(crate) beside: String,
    /// `ours` over `peer`; `ours` itself where the peer is zero.
    pub(crate) ratio: f64,
    /// The middle half of the rounds' ratios, as a fraction of the ratio.
    pub(crate) spread: f64,
    /// The ratio is to be at most this; `None` for what is only reported.
    pub(crate) goal: Option<f64>,
    /// The cores of this row.
    pub(crate) cores: String,
}
