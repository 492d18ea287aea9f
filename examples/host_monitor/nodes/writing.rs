//! Writes every sample to a file.

use std::time::Duration;

use tidegate::node::{Context, Input, Node, NodeResult, Ports, Tick};
use tidegate::time::Timestamp;

use crate::csv::Recorder;
use crate::proc::Sample;

/// How long a line may wait in memory.
const FLUSH: Duration = Duration::from_secs(1);

/// The recorder: blocks while it writes, so it has a worker of its own.
pub(crate) struct Writing {
    pub(crate) samples: Input<Sample>,
    recorder: Recorder,
}

impl Writing {
    pub(crate) fn new(recorder: Recorder) -> Self {
        Self {
            samples: Input::new(),
            recorder,
        }
    }
}

impl Node for Writing {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("samples", &mut self.samples);
        ports.tick(Tick::Every(FLUSH));
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(sample) = self.samples.recv(cx) {
            let at = sample.header().origin().unwrap_or(Timestamp::EPOCH);
            self.recorder.append(at, &sample)?;
        }
        Ok(())
    }

    fn on_tick(&mut self, _: &mut Context<'_>) -> NodeResult {
        Ok(self.recorder.flush()?)
    }

    fn on_stop(&mut self, _: &mut Context<'_>) -> NodeResult {
        Ok(self.recorder.flush()?)
    }
}
