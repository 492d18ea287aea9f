//! What workers write about themselves: histograms and events.
//!
//! Part of the base: it knows nothing of edges, nodes or engines. What reads
//! it stands in [`observe`](crate::observe).

mod event;
mod flight;
mod histogram;
mod node_state;
mod note;
mod recording;
mod settings;
mod snapshot;

pub use self::event::{Event, EventKind, Outcome, RunPhase};
pub(crate) use self::flight::FlightRing;
pub(crate) use self::histogram::Histogram;
pub use self::node_state::NodeState;
pub(crate) use self::note::{Stamp, Visit, at_most, told};
pub use self::recording::{RecordedEdge, RecordedWorker, Recording, Versions};
pub(crate) use self::settings::Observation;
pub use self::settings::{DEFAULT_STRIDE, Metrics, Recorder};
pub use self::snapshot::{Bucket, HistogramSnapshot};
