//! Settings that somebody changed.

use core::fmt::Debug;

use ::tracing::info;

use crate::engine::Snapshot;
use crate::sched::LiveConfig;

use super::target::CHANGE;

/// Says every difference between two versions of the settings of a graph.
pub(super) fn say(graph: &str, old: &LiveConfig, new: &LiveConfig, names: &Snapshot) {
    if old.version == new.version {
        return;
    }
    say_setting(graph, "weights", &old.weights, &new.weights);
    say_setting(graph, "batch", &old.batch, &new.batch);
    say_setting(graph, "tick", &old.tick, &new.tick);
    for (index, edge) in names.edges.iter().enumerate() {
        let say_edge = Subject::Edge(&edge.id);
        say_edge.say(
            graph,
            "band",
            &old.edge_bands[index],
            &new.edge_bands[index],
        );
        let capacities = [&old.edge_capacities[index], &new.edge_capacities[index]];
        say_edge.say(graph, "capacity", capacities[0], capacities[1]);
    }
    for (index, node) in names.nodes.iter().enumerate() {
        let say_node = Subject::Node(&node.path);
        say_node.say(graph, "paused", &old.paused[index], &new.paused[index]);
        let drains = |config: &LiveConfig| config.drains[index] > 0;
        say_node.say(graph, "drains", &drains(old), &drains(new));
        say_node.say(
            graph,
            "tick",
            &old.node_ticks[index],
            &new.node_ticks[index],
        );
    }
}

fn say_setting<T: PartialEq + Debug>(graph: &str, setting: &str, from: &T, to: &T) {
    if from != to {
        info!(target: CHANGE, graph, setting, ?from, ?to, "setting changed");
    }
}

/// What a setting is of, when it is not of the whole engine.
enum Subject<'a> {
    Edge(&'a str),
    Node(&'a str),
}

impl Subject<'_> {
    fn say<T: PartialEq + Debug>(&self, graph: &str, setting: &str, from: &T, to: &T) {
        if from == to {
            return;
        }
        match self {
            Self::Edge(edge) => {
                info!(target: CHANGE, graph, edge, setting, ?from, ?to, "setting changed");
            }
            Self::Node(node) => {
                info!(target: CHANGE, graph, node, setting, ?from, ?to, "setting changed");
            }
        }
    }
}
