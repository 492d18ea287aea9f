//! What is done to an engine while it runs.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::{prop_assert_eq, test_runner::TestCaseError};

use tidegate::Band;
use tidegate::engine::{ControlError, EngineHandle};
use tidegate::node::Tick;
use tidegate::sched::Weights;

use super::build::Rig;
use super::prop_support::Verdict;
use super::spec::{band, weights};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Lets so many steps pass.
    Steps(usize),
    /// Lets so many tick units pass.
    Advance(u32),
    Change(Change),
}

/// A change of a running engine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Band(Index, Band),
    Capacity(Index, usize),
    Pause(Index),
    Resume(Index),
    Weights((u8, u8, u8)),
    Batch(u32),
    GlobalTick(u32),
    NodeTick(Index, Option<u32>),
}

/// How a run ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// Everything is allowed to happen.
    Complete,
    /// Shut down in the middle, with so many steps left to drain.
    Abrupt(usize),
}

pub(crate) type Script = (Vec<Act>, Ending);

pub(crate) fn script() -> impl Strategy<Value = Script> {
    let act = prop_oneof![
        4 => (1..60_usize).prop_map(Act::Steps),
        2 => (1..30_u32).prop_map(Act::Advance),
        4 => change().prop_map(Act::Change),
    ];
    let ending = prop_oneof![
        3 => (0..1_usize).prop_map(|_| Ending::Complete),
        1 => (0..60_usize).prop_map(Ending::Abrupt),
    ];
    (vec(act, 0..24), ending)
}

fn change() -> impl Strategy<Value = Change> {
    let any_index = any::<Index>;
    prop_oneof![
        (any_index(), band()).prop_map(|(edge, band)| Change::Band(edge, band)),
        (any_index(), 0..=24_usize).prop_map(|(edge, capacity)| Change::Capacity(edge, capacity)),
        any_index().prop_map(Change::Pause),
        any_index().prop_map(Change::Resume),
        weights().prop_map(Change::Weights),
        (1..=16_u32).prop_map(Change::Batch),
        (1..=20_u32).prop_map(Change::GlobalTick),
        (any_index(), option::of(1..=20_u32)).prop_map(|(node, tick)| Change::NodeTick(node, tick)),
    ]
}

/// Carries out a change; what must be refused is.
pub(crate) fn apply(change: Change, rig: &Rig, handle: &EngineHandle, unit: Duration) -> Verdict {
    let node = |index: Index| rig.nodes[index.index(rig.nodes.len())].path.as_str();
    let changed = match change {
        Change::Band(_, _) | Change::Capacity(_, _) if rig.edges.is_empty() => return Ok(()),
        Change::Band(index, band) => {
            let edge = &rig.edges[index.index(rig.edges.len())];
            handle.set_edge_band(&edge.id, band)
        }
        Change::Capacity(index, capacity) => {
            let edge = &rig.edges[index.index(rig.edges.len())];
            let changed = handle.set_edge_capacity(&edge.id, capacity);
            if changed != Err(ControlError::Stopped) {
                prop_assert_eq!(changed.is_ok(), edge.capacities.contains(&capacity));
            }
            return Ok(());
        }
        Change::Pause(index) => handle.pause(node(index)),
        Change::Resume(index) => handle.resume(node(index)),
        Change::Weights((control, high, normal)) => {
            handle.set_weights(Weights::new(control, high, normal).expect("they are in range"))
        }
        Change::Batch(messages) => handle.set_batch(messages),
        Change::GlobalTick(units) => handle.set_tick(unit * units),
        Change::NodeTick(index, units) => {
            let tick = units.map_or(Tick::Never, |units| Tick::Every(unit * units));
            handle.set_node_tick(node(index), tick)
        }
    };
    made(changed)
}

/// The engine may have ended before; else the change is made.
fn made(changed: Result<tidegate::engine::Change, ControlError>) -> Verdict {
    match changed {
        Ok(_) | Err(ControlError::Stopped) => Ok(()),
        Err(error) => Err(TestCaseError::fail(error.to_string())),
    }
}

/// Undoes what would keep a node from finishing.
pub(crate) fn let_everything_finish(rig: &Rig, handle: &EngineHandle, unit: Duration) {
    for node in &rig.nodes {
        made(handle.resume(&node.path)).expect("the node exists");
    }
    for node in rig.paced_sources() {
        let tick = Tick::Every(unit);
        made(handle.set_node_tick(&node.path, tick)).expect("the interval is not zero");
    }
}
