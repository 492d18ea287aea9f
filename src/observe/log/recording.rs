//! A recording, told as events and spans.

use ::tracing::{debug, debug_span};

use crate::message::TraceId;
use crate::observe::{EventKind, Recording};
use crate::time::saturating_nanos;

use super::target::{ACTIVATION, RECORDER};

/// How [`say_recording`] tells of activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activations {
    /// As an event each.
    #[default]
    Events,
    /// As a span each, with an event in it: for subscribers that collect
    /// spans, such as OpenTelemetry's.
    Spans,
}

/// Says everything in a recording, in order, at debug level.
///
/// | target | what |
/// |---|---|
/// | `tidegate::activation` | activations |
/// | `tidegate::recorder` | sends, backpressure, ticks, sleep, faults, states of nodes, changes, phases |
///
/// An event's own moment is its field `at_ns`, by the engine's clock: a
/// subscriber's timestamps are those of the telling. Where a trace id was
/// recorded, it is the field `trace`, so that one message can be followed from
/// node to node.
///
/// # Real-time
/// Does what the subscriber does, for each event. Not for a worker.
pub fn say_recording(recording: &Recording, activations: Activations) {
    let graph = recording.graph.as_str();
    let lost = recording.lost();
    if lost > 0 {
        debug!(target: RECORDER, graph, lost, "earlier events were overwritten");
    }
    for (worker, event) in recording.events() {
        let Some(kind) = event.kind() else {
            continue;
        };
        let at_ns = event.at().as_nanos();
        match kind {
            EventKind::Activation {
                node,
                band,
                messages,
                span,
                trace,
            } => {
                let node = node_name(recording, node);
                let took_ns = saturating_nanos(span);
                let trace = text(trace);
                let _span = (activations == Activations::Spans).then(|| {
                    debug_span!(target: ACTIVATION, "activation", otel.name = node, graph, node,
                        worker, %band, messages, trace, at_ns, took_ns)
                    .entered()
                });
                debug!(target: ACTIVATION, graph, node, worker, %band, messages, trace, at_ns,
                    took_ns, "activated");
            }
            EventKind::Send {
                edge,
                outcome,
                messages,
                trace,
            } => {
                let (edge, trace) = (edge_name(recording, edge), text(trace));
                debug!(target: RECORDER, graph, edge, worker, ?outcome, messages, trace, at_ns, "sent");
            }
            EventKind::Block { edge } => {
                let edge = edge_name(recording, edge);
                debug!(target: RECORDER, graph, edge, worker, at_ns, "held back");
            }
            EventKind::Rearm { edge, after } => {
                let (edge, after_ns) = (edge_name(recording, edge), saturating_nanos(after));
                debug!(target: RECORDER, graph, edge, worker, after_ns, at_ns, "room again");
            }
            EventKind::Tick {
                node,
                lateness,
                missed,
            } => {
                let (node, late_ns) = (node_name(recording, node), saturating_nanos(lateness));
                debug!(target: RECORDER, graph, node, worker, late_ns, missed, at_ns, "ticked");
            }
            EventKind::Park => debug!(target: RECORDER, graph, worker, at_ns, "went to sleep"),
            EventKind::Wake { after } => {
                let after_ns = saturating_nanos(after);
                debug!(target: RECORDER, graph, worker, after_ns, at_ns, "woke up");
            }
            EventKind::Fault { node, panicked } => {
                let node = node_name(recording, node);
                debug!(target: RECORDER, graph, node, worker, panicked, at_ns, "failed");
            }
            EventKind::State { node, state } => {
                let node = node_name(recording, node);
                debug!(target: RECORDER, graph, node, worker, %state, at_ns, "changed its state");
            }
            EventKind::Change { version } => {
                debug!(target: RECORDER, graph, worker, version, at_ns, "took over settings");
            }
            EventKind::Phase(phase) => {
                debug!(target: RECORDER, graph, worker, ?phase, at_ns, "entered a phase");
            }
        }
    }
}

fn node_name(recording: &Recording, index: usize) -> &str {
    recording.nodes.get(index).map_or("?", String::as_str)
}

fn edge_name(recording: &Recording, index: usize) -> &str {
    recording.edges.get(index).map_or("?", |edge| &edge.id)
}

/// A trace id as all exports write it.
fn text(trace: Option<TraceId>) -> Option<String> {
    trace.map(|trace| trace.to_string())
}
