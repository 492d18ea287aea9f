//! Takes a sample at every tick.

use std::time::Duration;

use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports, Tick};

use super::alarm::Level;
use crate::proc::{Sample, Sampler};

/// The source of the graph: one sample per tick. The alarm tells it over a
/// Control edge when the machine is busy; it then reads every counter for
/// every sample instead of taking turns.
pub(crate) struct Sampling {
    pub(crate) samples: Output<Sample>,
    pub(crate) control: Input<Level>,
    sampler: Sampler,
    interval: Duration,
}

impl Sampling {
    pub(crate) fn new(sampler: Sampler, interval: Duration) -> Self {
        Self {
            samples: Output::new(),
            control: Input::new(),
            sampler,
            interval,
        }
    }
}

impl Node for Sampling {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("samples", &mut self.samples);
        // Heard even while the samples are held back downstream.
        ports.input("control", &mut self.control).uncredited();
        ports.tick(Tick::Every(self.interval));
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let sample = self.sampler.sample()?;
        self.samples.send(cx, sample)?;
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(level) = self.control.recv(cx) {
            self.sampler.set_thorough(*level == Level::Busy);
        }
        Ok(())
    }
}
