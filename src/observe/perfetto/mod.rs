//! A [`Recording`] as a trace that the [Perfetto](https://ui.perfetto.dev)
//! viewer opens, and every other one that reads the Trace Event Format of
//! Chrome.
//!
//! | in the recording | in the viewer |
//! |---|---|
//! | a worker | a track |
//! | an activation | a slice named like its node |
//! | the last message of an activation, where both ends are recorded | an arrow from the slice that sent it to the slice that handled it |
//! | everything else | an instant on the worker's track |
//!
//! A slice's arguments tell its band, how many messages it handled and the
//! trace id of the last one. What was overwritten in the recorder is missing;
//! how much that was stands in the trace's metadata. Payloads are not in a
//! recording, so not here either.
//!
//! Open the file at <https://ui.perfetto.dev>: it stays on your machine.

mod event;
mod flows;

#[cfg(all(test, not(tidegate_loom)))]
mod tests;

use std::io::{self, Write};
use std::time::UNIX_EPOCH;

use serde_json::json;

use super::{Recording, Versions};
use event::TraceEvent;
use flows::Flows;

/// Writes a recording in the Trace Event Format, as JSON.
///
/// Moments are in microseconds of the engine's clock, exact to the nanosecond
/// for the first hundred days.
///
/// # Errors
/// Those of `out`. What was written until then is no complete trace.
///
/// # Real-time
/// Allocates for each message that is drawn as an arrow. Not for a worker.
///
/// ```
/// # fn demo(recording: &tidegate::observe::Recording) -> std::io::Result<()> {
/// use std::io::{BufWriter, Write};
///
/// let mut file = BufWriter::new(std::fs::File::create("run.json")?);
/// tidegate::observe::perfetto::write(recording, &mut file)?;
/// file.flush()
/// # }
/// ```
pub fn write(recording: &Recording, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"displayTimeUnit\":\"ns\",\"otherData\":")?;
    serde_json::to_writer(&mut *out, &metadata(recording))?;
    out.write_all(b",\"traceEvents\":[\n")?;
    serde_json::to_writer(&mut *out, &event::process(recording))?;
    let mut next = |event: &TraceEvent<'_>| -> io::Result<()> {
        out.write_all(b",\n")?;
        Ok(serde_json::to_writer(&mut *out, event)?)
    };
    for worker in 0..recording.workers.len() {
        for event in event::track(worker) {
            next(&event)?;
        }
    }
    let flows = Flows::of(recording);
    for (position, (worker, event)) in recording.events().enumerate() {
        if let Some(event) = event::drawn(recording, worker, event) {
            next(&event)?;
        }
        if let Some(flow) = flows.at(position) {
            next(&event::flow(recording, worker, event, flow))?;
        }
    }
    out.write_all(b"\n]}\n")
}

fn metadata(recording: &Recording) -> serde_json::Value {
    let Versions {
        tidegate,
        os,
        arch,
        debug_assertions,
    } = recording.versions;
    let wall = recording.wall_at_epoch.duration_since(UNIX_EPOCH);
    let lost = recording.workers.iter().map(|worker| worker.lost);
    json!({
        "graph": recording.graph,
        "level": format!("{:?}", recording.level),
        "seed": recording.seed,
        "unix_seconds_at_zero": wall.map_or(0.0, |since| since.as_secs_f64()),
        "events_lost_by_worker": lost.collect::<Vec<_>>(),
        "tidegate": tidegate,
        "platform": format!("{os} {arch}"),
        "debug_assertions": debug_assertions,
    })
}
