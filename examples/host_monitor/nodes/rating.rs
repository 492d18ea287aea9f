//! From samples to rates, and from rates to sums.

use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports};
use tidegate::time::Timestamp;

use crate::aggregate::Aggregate;
use crate::proc::Sample;
use crate::rates::{Rates, Window};

/// Works out the rates at each sample, from when the samples were taken.
#[derive(Default)]
pub(crate) struct Rating {
    pub(crate) samples: Input<Sample>,
    pub(crate) rates: Output<Rates>,
    window: Window,
}

impl Node for Rating {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("samples", &mut self.samples);
        ports.output("rates", &mut self.rates);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(sample) = self.samples.recv(cx) {
            let at = sample.header().origin().unwrap_or(Timestamp::EPOCH);
            if let Some(rates) = self.window.push(at, &sample) {
                self.rates.send(cx, rates)?;
            }
        }
        Ok(())
    }
}

/// Makes a sum of one out of each reading; the Coalesce edge behind adds them
/// up until somebody takes the sum.
#[derive(Default)]
pub(crate) struct Summing {
    pub(crate) rates: Input<Rates>,
    pub(crate) sums: Output<Aggregate>,
}

impl Node for Summing {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("rates", &mut self.rates);
        ports.output("sums", &mut self.sums);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(rates) = self.rates.recv(cx) {
            let at = rates.header().origin().unwrap_or(Timestamp::EPOCH);
            self.sums.send(cx, Aggregate::of(at, &rates))?;
        }
        Ok(())
    }
}
