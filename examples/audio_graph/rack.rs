//! The chain of effects as a graph, driven by the callback that wants its
//! samples.
//!
//! ```text
//! door ─► gain ─► low-pass ─► delay ─► limiter ─► door
//!                                         └─ Latest ─► door of the meter
//! ```

use std::error::Error;
use std::mem;

use tidegate::door::{Entrance, Exit};
use tidegate::engine::{Engine, Report, SteppedEngine};
use tidegate::graph::{Edge, NodeRef, Subgraph};
use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports};

use crate::dsp::{Delay, Gain, Limiter, LowPass, Process};

/// The most samples in a block, of all channels.
pub(crate) const MOST_SAMPLES: usize = 1_024;

/// How loud an echo is beside what it is an echo of.
pub(crate) const FEEDBACK: f32 = 0.4;
/// What no sample is above, and how fast the limiter lets go.
pub(crate) const CEILING: f32 = 0.9;
pub(crate) const RELEASE: f32 = 0.001;

/// Activations until a block is through: one for each stage.
const STAGES: usize = 4;

/// What the stages are set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) rate: u32,
    /// 1 or 2.
    pub(crate) channels: usize,
    pub(crate) gain_decibels: f32,
    pub(crate) cutoff: f32,
    pub(crate) delay_frames: usize,
}

/// Samples on their way, by value: nothing is shared, and nothing allocated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    samples: [f32; MOST_SAMPLES],
    length: usize,
}

impl Block {
    fn of(samples: &[f32]) -> Option<Self> {
        let mut block = Self {
            samples: [0.0; MOST_SAMPLES],
            length: samples.len(),
        };
        block
            .samples
            .get_mut(..samples.len())?
            .copy_from_slice(samples);
        Some(block)
    }

    fn samples(&self) -> &[f32] {
        &self.samples[..self.length]
    }

    fn samples_mut(&mut self) -> &mut [f32] {
        &mut self.samples[..self.length]
    }
}

/// What the limiter measured since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Levels {
    /// The highest sample that came out.
    pub(crate) peak: f32,
    /// Frames that were turned down.
    pub(crate) limited: u64,
}

/// A node that changes each block.
struct Stage<P> {
    input: Input<Block>,
    output: Output<Block>,
    process: P,
    channels: usize,
}

impl<P: Process> Stage<P> {
    const fn new(process: P, channels: usize) -> Self {
        Self {
            input: Input::new(),
            output: Output::new(),
            process,
            channels,
        }
    }
}

impl<P: Process> Node for Stage<P> {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.output("out", &mut self.output);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(message) = self.input.recv(cx) {
            let mut block = message.into_payload();
            self.process.process(block.samples_mut(), self.channels);
            self.output.send(cx, block)?;
        }
        Ok(())
    }
}

/// The last stage, which tells what it measured as well.
struct Last {
    input: Input<Block>,
    output: Output<Block>,
    levels: Output<Levels>,
    limiter: Limiter,
    channels: usize,
}

impl Node for Last {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("in", &mut self.input);
        ports.output("out", &mut self.output);
        ports.output("levels", &mut self.levels);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(message) = self.input.recv(cx) {
            let mut block = message.into_payload();
            self.limiter.process(block.samples_mut(), self.channels);
            self.output.send(cx, block)?;
            let levels = Levels {
                peak: self.limiter.peak,
                limited: self.limiter.limited,
            };
            self.levels.send(cx, levels)?;
        }
        Ok(())
    }
}

/// The chain, and its doors.
pub(crate) struct Rack {
    engine: SteppedEngine,
    input: Entrance<Block>,
    output: Exit<Block>,
    levels: Exit<Levels>,
}

/// A block did not come through; the samples asked for are silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Starved;

impl Rack {
    /// The chain with these settings. All memory is reserved here.
    ///
    /// # Errors
    /// What is wrong with the graph: nothing, with these constant names.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Box<dyn Error>> {
        let channels = settings.channels;
        let gain = Gain::from_decibels(settings.gain_decibels);
        let low_pass = LowPass::new(settings.cutoff, settings.rate as f32);
        let delay = Delay::new(settings.delay_frames, channels, FEEDBACK);
        let limiter = Limiter::new(CEILING, RELEASE);

        let mut graph = Subgraph::new("audio_graph");
        let gain = graph.add("gain", Stage::new(gain, channels))?;
        let low_pass = graph.add("low-pass", Stage::new(low_pass, channels))?;
        let delay = graph.add("delay", Stage::new(delay, channels))?;
        let last = Last {
            input: Input::new(),
            output: Output::new(),
            levels: Output::new(),
            limiter,
            channels,
        };
        let limiter = graph.add("limiter", last)?;
        connect(&mut graph, &gain, &low_pass)?;
        connect(&mut graph, &low_pass, &delay)?;
        graph.connect(
            delay.output(|n| &n.output),
            limiter.input(|n| &n.input),
            Edge::block(1),
        )?;
        graph.expose_input("in", gain.input(|n| &n.input))?;
        graph.expose_output("out", limiter.output(|n| &n.output))?;
        graph.expose_output("levels", limiter.output(|n| &n.levels))?;

        let mut engine = Engine::builder(graph)
            .entrance("in", Edge::block(1))
            .exit("out", Edge::block(1))
            .exit("levels", Edge::latest(1))
            .stepping()?;
        Ok(Self {
            input: engine.take_entrance("in")?,
            output: engine.take_exit("out")?,
            levels: engine.take_exit("levels")?,
            engine,
        })
    }

    /// The callback: takes samples, and fills as many.
    ///
    /// # Errors
    /// [`Starved`], when there are more than [`MOST_SAMPLES`] or when a stage
    /// failed.
    ///
    /// # Real-time
    /// Allocates nothing, waits for nothing: one send, an activation for each
    /// stage on this thread, one receive.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut [f32]) -> Result<(), Starved> {
        output.fill(0.0);
        let block = Block::of(input).ok_or(Starved)?;
        self.input.try_send(block).map_err(|_| Starved)?;
        self.engine.run_until_idle(STAGES);
        let block = self.output.try_recv().map_err(|_| Starved)?;
        if block.samples().len() != output.len() {
            return Err(Starved);
        }
        output.copy_from_slice(block.samples());
        Ok(())
    }

    /// What the limiter measured, if it did since the last call.
    pub(crate) fn levels(&mut self) -> Option<Levels> {
        self.levels.try_recv().ok().map(|levels| *levels)
    }

    /// Ends the engine: what became of every block.
    pub(crate) fn close(self) -> Report {
        let Self {
            engine,
            input,
            output,
            levels,
        } = self;
        mem::drop((input, output, levels));
        engine.shutdown(STAGES)
    }
}

/// One block at a time goes from one stage to the next.
fn connect<A: Process, B: Process>(
    graph: &mut Subgraph,
    from: &NodeRef<Stage<A>>,
    to: &NodeRef<Stage<B>>,
) -> Result<(), Box<dyn Error>> {
    graph.connect(
        from.output(|n| &n.output),
        to.input(|n| &n.input),
        Edge::block(1),
    )?;
    Ok(())
}
