//! Sends sound through a chain of effects, block by block, as the callback of an
//! audio device does: gain, filter, echo, limiter.
//!
//! `cargo run --release --example audio_graph -- --help` lists the options.

// It plays the audio device, so it reads a clock and sleeps.
#![allow(clippy::disallowed_methods)]

#[path = "../common/accounts.rs"]
mod accounts;
mod device;
mod dsp;
#[cfg(test)]
mod no_alloc;
mod options;
#[path = "../common/percentiles.rs"]
mod percentiles;
mod rack;
mod report;
mod sound;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use options::Options;
use rack::{Rack, Settings};
use report::Report;
use sound::Sound;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when the error stream is closed too.
            let _ = writeln!(io::stderr(), "audio_graph: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let sound = match &options.input {
        Some(path) => Sound::read(path)?,
        None => Sound::sweep(options.seconds, options.rate),
    };
    let delay = u64::from(options.delay) * u64::from(sound.rate) / 1_000;
    let mut rack = Rack::new(&Settings {
        rate: sound.rate,
        channels: sound.channels,
        gain_decibels: options.gain,
        cutoff: options.cutoff,
        delay_frames: delay as usize,
    })?;
    let frames = options.block as usize;
    let (heard, timing) = device::play(&sound, frames, !options.fast, &mut rack)?;
    if let Some(path) = &options.output {
        heard.write(path)?;
    }
    let levels = rack.levels().unwrap_or_default();
    let report = rack.close();
    let report = Report::new(frames, sound.rate, &timing, levels, &report);

    let mut stdout = io::stdout().lock();
    if options.json {
        writeln!(stdout, "{}", serde_json::to_string(&report)?)?;
    } else {
        writeln!(stdout, "{report}")?;
    }
    if report.balanced && report.starved == 0 {
        Ok(())
    } else {
        Err("a block did not come through".into())
    }
}
