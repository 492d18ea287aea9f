//! The description of a random graph, and how to draw one.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;

use tidegate::Band;
use tidegate::edge::PolicyKind;

/// What a node is for. Where it does not fit, it becomes something near: a
/// relay without anything to receive becomes a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Source,
    Relay,
    Sink,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct EdgeSpec {
    pub(crate) policy: PolicyKind,
    pub(crate) capacity: usize,
    /// How much the capacity can grow.
    pub(crate) growth: usize,
    pub(crate) band: Band,
    /// Connected before its ports exist, rather than after.
    pub(crate) early: bool,
}

/// How often a node ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TickSpec {
    Never,
    Global,
    /// In units that the run chooses.
    Every(u32),
}

#[derive(Clone, Debug)]
pub(crate) struct NodeSpec {
    pub(crate) role: Role,
    /// A ready-made node of the library, where there is one of this shape.
    pub(crate) ready_made: bool,
    /// Which of the outputs that lead nowhere yet it receives from, and how.
    pub(crate) inputs: Vec<(Index, EdgeSpec)>,
    pub(crate) outputs: usize,
    /// How many messages it sends on each output for one.
    pub(crate) burst: u32,
    /// Sends for one of so many messages.
    pub(crate) keep_one_in: u64,
    /// How many turns a source takes.
    pub(crate) length: u64,
    /// Whether a source takes its turns in ticks.
    pub(crate) paced: bool,
    /// Every so many calls that handle something end with an error.
    pub(crate) fail_one_in: Option<u64>,
    /// Panics at this message or turn, and is quarantined.
    pub(crate) panics_at: Option<u64>,
    pub(crate) tick: TickSpec,
    /// Sends Control messages back to an earlier node: one for so many.
    pub(crate) feedback: Option<(Index, u64, EdgeSpec)>,
    /// How many subgraphs it is nested in.
    pub(crate) depth: usize,
    pub(crate) worker: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct GraphSpec {
    pub(crate) nodes: Vec<NodeSpec>,
    /// The edges of the last node, which receives what nobody else does.
    pub(crate) last_edges: Vec<EdgeSpec>,
    pub(crate) global_tick: u32,
    pub(crate) batch: u32,
    pub(crate) weights: (u8, u8, u8),
    pub(crate) workers: usize,
    pub(crate) seed: u64,
}

pub(crate) fn graph() -> impl Strategy<Value = GraphSpec> {
    (
        vec(node(), 1..=11),
        vec(edge(), 1..=4),
        1..=20_u32,
        1..=16_u32,
        weights(),
        1..=3_usize,
        any::<u64>(),
    )
        .prop_map(
            |(nodes, last_edges, global_tick, batch, weights, workers, seed)| GraphSpec {
                nodes,
                last_edges,
                global_tick,
                batch,
                weights,
                workers,
                seed,
            },
        )
}

pub(crate) fn weights() -> impl Strategy<Value = (u8, u8, u8)> {
    (1..=8_u8, 1..=8_u8, 1..=8_u8)
}

pub(crate) fn band() -> impl Strategy<Value = Band> {
    prop_oneof![
        3 => Just(Band::Normal),
        2 => Just(Band::High),
        1 => Just(Band::Control),
    ]
}

fn edge() -> impl Strategy<Value = EdgeSpec> {
    let policy = prop_oneof![
        3 => Just(PolicyKind::Block),
        1 => Just(PolicyKind::Drop),
        1 => Just(PolicyKind::Latest),
        1 => Just(PolicyKind::Coalesce),
    ];
    let growth = prop_oneof![1 => Just(0), 1 => 1..=16_usize];
    (policy, 1..=16_usize, growth, band(), any::<bool>()).prop_map(
        |(policy, capacity, growth, band, early)| EdgeSpec {
            policy,
            capacity,
            growth,
            band,
            early,
        },
    )
}

fn node() -> impl Strategy<Value = NodeSpec> {
    let role = prop_oneof![
        2 => Just(Role::Source),
        5 => Just(Role::Relay),
        1 => Just(Role::Sink),
    ];
    let tick = prop_oneof![
        4 => Just(TickSpec::Never),
        1 => Just(TickSpec::Global),
        1 => (1..=20_u32).prop_map(TickSpec::Every),
    ];
    let keep_one_in = prop_oneof![3 => Just(1), 1 => 2..=4_u64];
    let burst = prop_oneof![3 => Just(1), 1 => 2..=4_u32];
    let feedback = (any::<Index>(), 1..=4_u64, edge());
    (
        (role, any::<bool>(), vec((any::<Index>(), edge()), 1..=3)),
        (1..=3_usize, burst, keep_one_in),
        (
            0..=40_u64,
            option::weighted(0.2, 1..=6_u64),
            option::weighted(0.05, 1..=30_u64),
        ),
        (option::weighted(0.3, Just(())), tick),
        option::weighted(0.2, feedback),
        (
            prop_oneof![3 => Just(0), 1 => 1..=2_usize],
            option::of(0..3_usize),
        ),
    )
        .prop_map(
            |(
                (role, ready_made, inputs),
                (outputs, burst, keep_one_in),
                (length, fail_one_in, panics_at),
                (paced, tick),
                feedback,
                (depth, worker),
            )| NodeSpec {
                role,
                ready_made,
                inputs,
                outputs,
                burst,
                keep_one_in,
                length,
                paced: paced.is_some(),
                fail_one_in,
                panics_at,
                tick,
                feedback,
                depth,
                worker,
            },
        )
}
