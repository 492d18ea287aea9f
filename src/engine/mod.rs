//! The engine: a graph brought to life on threads.
//!
//! # Phases
//! ```text
//!            start                      request, or every node finished
//!   ┌──────────┐ 0 all on_start ┌─────────┐ 1        ┌──────────┐
//!   │ Starting │───────────────►│ Running │─────────►│ Draining │
//!   └──────────┘                └─────────┘          └──────────┘
//!        │ a node whose policy is Stop                2 │     │ 3
//!        │ fails in on_start              nothing moves │     │ timeout
//!        ▼                                              ▼     ▼
//!   ┌──────────┐ 4 on_stop of all, consumers first;   ┌──────────┐
//!   │  joined  │◄─────────────────────────────────────│ Stopping │
//!   └──────────┘   5 nodes dropped, leftovers counted └──────────┘
//! ```
//! While draining, sources and ticks rest and messages are handled until
//! nothing is in flight, which is decided from the workers' idle epochs and the
//! edges themselves. After a timeout, what is in flight is discarded and
//! counted.
//!
//! The same workers run [on threads](Engine) or [step by step](SteppedEngine)
//! on the caller's thread.

#[cfg(feature = "std")]
mod artefacts;
#[cfg(not(feature = "std"))]
#[path = "unwritten.rs"]
mod artefacts;
mod blueprint;
mod cells;
mod costs;
#[cfg(feature = "std")]
mod crew;
mod diagnosis;
mod difference;
mod ending;
mod error;
mod escalation;
mod handle;
#[cfg(feature = "std")]
mod overruns;
mod prepared;
mod reading;
mod real_time;
mod report;
#[cfg(feature = "std")]
mod running;
#[cfg(not(feature = "std"))]
#[path = "unthreaded.rs"]
mod running;
mod settings;
mod snapshot;
mod stepping;
mod supervision;
#[cfg(feature = "std")]
mod supervisor;
mod tables;
#[cfg(all(test, feature = "std", not(any(tidegate_loom, tidegate_shuttle))))]
mod tests;
mod wards;
mod watching;
mod watermarks;
mod wiring;

#[cfg(feature = "std")]
pub use artefacts::{ArtefactError, Artefacts, MAX_ARTEFACTS};
pub use diagnosis::{Cause, Diagnosis, Doing, ReadyNode, Stall, Standing, Wait, WorkerStanding};
pub use difference::{Difference, EdgeRates, NodeRates, WorkerRates};
pub use error::BuildError;
pub use handle::{
    Acknowledgement, Applied, Change, ControlError, ControlOutcome, ControlRecord, ControlRequest,
    EngineHandle, InjectError, InjectFailure, Injected, KEPT_CALLS, NotApplied, NotDrained,
    NotTaken, Receipt, Taken,
};
pub use prepared::PreparedEngine;
pub use real_time::RealTime;
pub use report::{FaultReport, Report, StopReason};
pub use running::Engine;
pub use settings::{EngineBuilder, MAX_WORKERS};
pub use snapshot::{EdgeReport, EndToEnd, Hop, NodeReport, Snapshot, WorkerReport};
pub use stepping::{Step, SteppedEngine};
pub use watermarks::{Crossing, Level};
