//! What workers write about themselves: histograms and events.
//!
//! Part of the base: it knows nothing of edges, nodes or engines. What reads
//! it stands in [`observe`](crate::observe).

mod event;
mod histogram;
mod settings;
mod snapshot;

pub use self::event::{Event, EventKind, Outcome, RunPhase};
pub(crate) use self::histogram::Histogram;
pub use self::settings::{DEFAULT_STRIDE, Metrics, Recorder};
pub use self::snapshot::{Bucket, HistogramSnapshot};
