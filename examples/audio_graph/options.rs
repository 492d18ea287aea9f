//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Sends sound through a chain of effects: a dataflow graph that is driven by
/// the callback of an audio device, played here by a clock.
#[derive(Clone, Debug, Parser)]
#[command(name = "audio_graph")]
pub(crate) struct Options {
    /// Take the sound from this WAV file; a test tone without
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seconds", "rate"])]
    pub(crate) input: Option<PathBuf>,

    /// Write what comes out to this WAV file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// How many seconds of the test tone to take
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,

    /// How many frames of the test tone there are in a second
    #[arg(long, value_name = "HZ", default_value_t = 48_000,
          value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
    pub(crate) rate: u32,

    /// How many frames each callback takes and gives
    #[arg(long, value_name = "FRAMES", default_value_t = 128,
          value_parser = clap::value_parser!(u32).range(1..=512))]
    pub(crate) block: u32,

    /// How much louder the sound gets first, in decibels
    #[arg(
        long,
        value_name = "DECIBELS",
        default_value_t = 6.0,
        allow_negative_numbers = true
    )]
    pub(crate) gain: f32,

    /// Above which frequency sound is taken away
    #[arg(long, value_name = "HZ", default_value_t = 2_000.0)]
    pub(crate) cutoff: f32,

    /// How long until the echo, in milliseconds
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 250,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) delay: u32,

    /// Do not wait for the moment at which each block would be due
    #[arg(long)]
    pub(crate) fast: bool,

    /// End with the report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        <Options as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_block_without_frames_and_one_too_large_are_refused() {
        for frames in ["0", "513"] {
            let options = Options::try_parse_from(["audio_graph", "--block", frames]);
            let message = options.unwrap_err().to_string();
            assert!(message.contains("--block"), "{message}");
        }
    }
}
