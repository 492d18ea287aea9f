//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Sampling faster than this gives a kernel that updates its counters some
/// 100 to 1,000 times a second nothing new to say.
const MAX_RATE: i64 = 100_000;

/// A year: longer runs are typing errors.
const MAX_SECONDS: u64 = 366 * 24 * 3600;

/// Watches this machine: a dataflow graph on pinned workers samples its
/// processors, memory, network and disks, and shows the rates.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(name = "host_monitor")]
pub(crate) struct Options {
    /// How many seconds to run; Ctrl-C ends the run earlier, with the report
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=MAX_SECONDS))]
    pub(crate) seconds: u64,

    /// How many samples to take each second
    #[arg(long, value_name = "HZ", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(1..=MAX_RATE))]
    pub(crate) rate: u32,

    /// Append every sample to this CSV file
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Let tidegate-top look at the engine, over this socket (in a build with
    /// the feature `inspect`)
    #[arg(long, value_name = "SOCKET")]
    pub(crate) inspect: Option<PathBuf>,

    /// End with the report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Print the graph in Graphviz' language and exit
    #[arg(long)]
    pub(crate) dot: bool,
}

impl Options {
    /// How long to run.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// The time from one sample to the next.
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        let program = std::iter::once("host_monitor");
        Options::try_parse_from(program.chain(arguments.iter().copied()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_consistent() {
        <Options as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_ten_seconds_at_a_thousand_samples_a_second() {
        let options = parse(&[]).unwrap();
        assert_eq!(options.duration(), Duration::from_secs(10));
        assert_eq!(options.interval(), Duration::from_millis(1));
        assert_eq!((options.record, options.inspect), (None, None));
        assert!(!options.json && !options.dot);
    }

    #[test]
    fn every_option_is_understood() {
        let options = parse(&[
            "--seconds",
            "5",
            "--rate",
            "250",
            "--record",
            "a.csv",
            "--inspect",
            "a.sock",
            "--json",
            "--dot",
        ])
        .unwrap();
        let expected = Options {
            seconds: 5,
            rate: 250,
            record: Some(PathBuf::from("a.csv")),
            inspect: Some(PathBuf::from("a.sock")),
            json: true,
            dot: true,
        };
        assert_eq!(options, expected);
        assert_eq!(options.interval(), Duration::from_millis(4));
    }

    #[test]
    fn values_out_of_range_are_refused_with_the_option_and_the_range() {
        for (option, value, range) in [
            ("--rate", "0", "1..=100000"),
            ("--rate", "100001", "1..=100000"),
            ("--seconds", "0", "1..=31622400"),
        ] {
            let message = parse(&[option, value]).unwrap_err();
            assert!(message.contains(option), "{message}");
            assert!(message.contains(value), "{message}");
            assert!(message.contains(range), "{message}");
        }
    }
}
