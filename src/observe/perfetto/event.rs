//! The objects of the Trace Event Format.

use core::time::Duration;
use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use crate::message::TraceId;
use crate::observe::{Event, EventKind, Outcome, Recording};
use crate::time::Timestamp;

use super::flows::{End, Flow};

/// The one process there is.
const PROCESS: u32 = 1;

/// An entry of `traceEvents`.
#[derive(Debug, Serialize)]
pub(super) struct TraceEvent<'a> {
    /// What it is: X a complete slice, i an instant, s and f the ends of an
    /// arrow, M metadata.
    ph: &'static str,
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'static str>,
    /// Microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    /// Microseconds; of slices.
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: usize,
    /// Of arrows.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    /// Of the end of an arrow: it points to the slice around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    /// Of instants: drawn on the thread's track alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    args: Value,
}

impl<'a> TraceEvent<'a> {
    fn new(ph: &'static str, name: impl Into<Cow<'a, str>>, tid: usize) -> Self {
        Self {
            ph,
            name: name.into(),
            cat: None,
            ts: None,
            dur: None,
            pid: PROCESS,
            tid,
            id: None,
            bp: None,
            s: None,
            args: Value::Null,
        }
    }

    fn instant(name: impl Into<Cow<'a, str>>, cat: &'static str, args: Value) -> Self {
        Self {
            cat: Some(cat),
            s: Some("t"),
            args,
            ..Self::new("i", name, 0)
        }
    }

    fn placed(self, worker: usize, at: Timestamp) -> Self {
        Self {
            ts: Some(micros(at.as_nanos())),
            tid: track_of(worker),
            ..self
        }
    }
}

/// Names the process.
pub(super) fn process(recording: &Recording) -> TraceEvent<'_> {
    TraceEvent {
        args: json!({ "name": format!("tidegate: {}", recording.graph) }),
        ..TraceEvent::new("M", "process_name", 0)
    }
}

/// Names a worker's track, and puts it in its place.
pub(super) fn track(worker: usize) -> [TraceEvent<'static>; 2] {
    let tid = track_of(worker);
    let name = json!({ "name": format!("worker {worker}") });
    let place = json!({ "sort_index": worker });
    [("thread_name", name), ("thread_sort_index", place)].map(|(what, args)| TraceEvent {
        args,
        ..TraceEvent::new("M", what, tid)
    })
}

/// What is drawn for an event: nothing when it is not known, or drawn as an
/// arrow alone.
pub(super) fn drawn<'a>(
    recording: &'a Recording,
    worker: usize,
    event: &Event,
) -> Option<TraceEvent<'a>> {
    let drawn = match event.kind()? {
        EventKind::Activation {
            node,
            band,
            messages,
            span,
            trace,
        } => TraceEvent {
            cat: Some("activation"),
            dur: Some(micros(nanos(span))),
            args: json!({
                "band": band.to_string(),
                "messages": messages,
                "trace": trace.as_ref().map(TraceId::to_string),
            }),
            ..TraceEvent::new("X", node_name(recording, node), 0)
        },
        EventKind::Send {
            outcome: Outcome::Stored,
            ..
        } => return None,
        EventKind::Send {
            edge,
            outcome,
            messages,
            trace,
        } => TraceEvent::instant(
            outcome_name(outcome),
            "policy",
            json!({
                "edge": edge_name(recording, edge),
                "messages": messages,
                "trace": trace.as_ref().map(TraceId::to_string),
            }),
        ),
        EventKind::Block { edge } => {
            let args = json!({ "edge": edge_name(recording, edge) });
            TraceEvent::instant("held back", "backpressure", args)
        }
        EventKind::Rearm { edge, after } => {
            let edge = edge_name(recording, edge);
            let args = json!({ "edge": edge, "after_us": micros(nanos(after)) });
            TraceEvent::instant("room again", "backpressure", args)
        }
        EventKind::Tick {
            node,
            lateness,
            missed,
        } => {
            let node = node_name(recording, node);
            let late = micros(nanos(lateness));
            let args = json!({ "node": node, "late_us": late, "missed": missed });
            TraceEvent::instant("tick", "tick", args)
        }
        EventKind::Park => TraceEvent::instant("park", "sleep", Value::Null),
        EventKind::Wake { after } => {
            let args = json!({ "slept_us": micros(nanos(after)) });
            TraceEvent::instant("wake", "sleep", args)
        }
        EventKind::Fault { node, panicked } => {
            let args = json!({ "node": node_name(recording, node) });
            let name = if panicked { "PANIC" } else { "ERROR" };
            TraceEvent::instant(name, "fault", args)
        }
        EventKind::State { node, state } => {
            let args = json!({ "node": node_name(recording, node) });
            TraceEvent::instant(state.to_string(), "lifecycle", args)
        }
        EventKind::Change { version } => {
            let args = json!({ "version": version });
            TraceEvent::instant("settings changed", "lifecycle", args)
        }
        EventKind::Phase(phase) => {
            let name = format!("{phase:?}").to_lowercase();
            TraceEvent::instant(name, "lifecycle", Value::Null)
        }
    };
    Some(drawn.placed(worker, event.at()))
}

/// An end of an arrow.
pub(super) fn flow<'a>(
    recording: &'a Recording,
    worker: usize,
    event: &Event,
    flow: Flow,
) -> TraceEvent<'a> {
    let (ph, bp) = match flow.end {
        End::Sent => ("s", None),
        End::Handled => ("f", Some("e")),
    };
    TraceEvent {
        cat: Some("message"),
        id: Some(flow.id),
        bp,
        ..TraceEvent::new(ph, edge_name(recording, flow.edge), 0)
    }
    .placed(worker, event.at())
}

/// Track 0 would be the process itself.
const fn track_of(worker: usize) -> usize {
    worker + 1
}

fn node_name(recording: &Recording, index: usize) -> Cow<'_, str> {
    let name = recording.nodes.get(index);
    name.map_or_else(|| format!("node {index}").into(), |name| name.into())
}

fn edge_name(recording: &Recording, index: usize) -> Cow<'_, str> {
    let edge = recording.edges.get(index);
    edge.map_or_else(
        || format!("edge {index}").into(),
        |edge| edge.id.as_str().into(),
    )
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Stored => "stored",
        Outcome::Dropped => "dropped",
        Outcome::Replaced => "evicted the oldest",
        Outcome::Coalesced => "coalesced",
        Outcome::Refused => "refused",
    }
}

const fn nanos(span: Duration) -> u64 {
    crate::time::saturating_nanos(span)
}

fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1_000.0
}
