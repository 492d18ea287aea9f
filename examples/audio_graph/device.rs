//! Plays the audio device: calls back for every block, at the moment when it is
//! due, and looks how long that took.

use std::thread;
use std::time::{Duration, Instant};

use crate::percentiles::Latencies;
use crate::rack::Rack;
use crate::sound::Sound;

/// What the callbacks took.
pub(crate) struct Timing {
    pub(crate) callbacks: u64,
    /// Callbacks that took longer than their block lasts.
    pub(crate) overruns: u64,
    /// Callbacks that were not done when the next one was due: these overruns,
    /// and those that began late, because this thread was woken late.
    pub(crate) missed: u64,
    /// Blocks that did not come through.
    pub(crate) starved: u64,
    /// How long the callbacks took.
    pub(crate) durations: Latencies,
    /// How late they began.
    pub(crate) lateness: Latencies,
}

/// How long a block of so many frames lasts: the deadline.
pub(crate) fn period(frames: usize, rate: u32) -> Duration {
    Duration::from_nanos(frames as u64 * 1_000_000_000 / u64::from(rate))
}

/// Sends all the sound through the rack, in blocks of `frames`, the last one
/// filled up with silence; what comes out is as long.
///
/// # Errors
/// None with the histograms' constant bounds; their own type says so.
pub(crate) fn play(
    sound: &Sound,
    frames: usize,
    is_paced: bool,
    rack: &mut Rack,
) -> Result<(Sound, Timing), hdrhistogram::CreationError> {
    let mut timing = Timing {
        callbacks: 0,
        overruns: 0,
        missed: 0,
        starved: 0,
        durations: Latencies::new()?,
        lateness: Latencies::new()?,
    };
    let length = frames * sound.channels;
    let blocks = sound.samples.len().div_ceil(length);
    let mut input = sound.samples.clone();
    input.resize(blocks * length, 0.0);
    let mut output = vec![0.0; input.len()];

    let period = period(frames, sound.rate);
    let mut due = Instant::now();
    for (input, output) in input.chunks(length).zip(output.chunks_mut(length)) {
        if is_paced {
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let begin = Instant::now();
        let result = rack.process(input, output);
        let end = Instant::now();
        let took = end - begin;
        timing.callbacks += 1;
        timing.starved += u64::from(result.is_err());
        timing.overruns += u64::from(took > period);
        timing.durations.record(took);
        if is_paced {
            timing.lateness.record(begin.saturating_duration_since(due));
            timing.missed += u64::from(end > due + period);
            due += period;
        }
    }
    output.truncate(sound.samples.len());
    let heard = Sound {
        samples: output,
        ..*sound
    };
    Ok((heard, timing))
}
