//! Stalls, and the artefacts of failures.

use ::tracing::{info, warn};

use crate::engine::EngineHandle;

use super::target::{LIFECYCLE, STALL};

/// How much was said already.
#[derive(Default)]
pub(super) struct Stalls {
    stalls: usize,
    more: u64,
    written: usize,
    errors: usize,
}

impl Stalls {
    pub(super) fn say(&mut self, handle: &EngineHandle) {
        let graph = handle.graph();
        let (stalls, more) = handle.stalls_after(self.stalls);
        self.stalls += stalls.len();
        for stall in &stalls {
            let lasting_ms = stall.lasting.as_millis() as u64;
            for cause in &stall.causes {
                warn!(target: STALL, graph, lasting_ms, %cause, "messages stand still");
            }
        }
        if more > self.more {
            let count = more - self.more;
            warn!(target: STALL, graph, count, "more stalls, not described");
            self.more = more;
        }
        let artefacts = handle.artefacts();
        for path in &artefacts.written[self.written..] {
            info!(target: LIFECYCLE, graph, path = %path.display(), "artefacts written");
        }
        self.written = artefacts.written.len();
        for error in &artefacts.errors[self.errors..] {
            warn!(target: STALL, graph, %error, "no artefacts");
        }
        self.errors = artefacts.errors.len();
    }
}
