//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Shows what a running tidegate engine does: which node is slow, which edge
/// loses messages and why, which node faulted.
///
/// The engine's program serves itself with `observe::inspect::Inspector`; this
/// program only looks.
#[derive(Clone, Debug, PartialEq, Parser)]
#[command(name = "tidegate-top")]
pub(crate) struct Options {
    /// The engine's socket. May be left out while one engine of this user
    /// serves at the usual place, $XDG_RUNTIME_DIR/tidegate
    pub(crate) socket: Option<PathBuf>,

    /// The time between two readings, which rates are measured over, in
    /// seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
    pub(crate) interval: Duration,

    /// Print tables of one interval, and exit
    #[arg(long)]
    pub(crate) once: bool,

    /// Print everything about one interval as one line of JSON, and exit
    #[arg(long)]
    pub(crate) json: bool,

    /// Show only nodes and edges whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) filter: String,

    /// What stands first
    #[arg(long, value_enum, default_value_t = Sort::Trouble)]
    pub(crate) sort: Sort,
}

/// What the tables are sorted by. Equal entries stand in the order of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// The worst first.
    Trouble,
    /// As messages flow.
    Flow,
    /// The most messages per second first.
    Rate,
    /// The longest execution or wait first.
    Time,
    /// The most faults or losses first.
    Loss,
}

impl Sort {
    /// The next one, around.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Trouble => Self::Flow,
            Self::Flow => Self::Rate,
            Self::Rate => Self::Time,
            Self::Time => Self::Loss,
            Self::Loss => Self::Trouble,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Flow => "flow",
            Self::Rate => "rate",
            Self::Time => "time",
            Self::Loss => "loss",
        }
    }
}

/// A tenth of a second to an hour.
fn interval(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=3600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("choose 0.1 to 3600 seconds".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        let program = std::iter::once("tidegate-top");
        Options::try_parse_from(program.chain(arguments.iter().copied()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_consistent() {
        <Options as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_second_at_the_usual_place_unless_told_otherwise() {
        let options = parse(&[]).unwrap();
        assert_eq!(options.interval, Duration::from_secs(1));
        assert_eq!(options.socket, None);
        assert!(!options.once && !options.json);
    }

    #[test]
    fn intervals_out_of_range_are_refused_with_the_range() {
        for bad in ["0", "0.01", "4000", "NaN", "inf"] {
            let message = parse(&["--interval", bad]).unwrap_err();
            assert!(message.contains("0.1 to 3600"), "{message}");
        }
        assert!(
            parse(&["--interval", "soon"])
                .unwrap_err()
                .contains("number")
        );
        let options = parse(&["--interval", "0.5"]).unwrap();
        assert_eq!(options.interval, Duration::from_millis(500));
    }

    #[test]
    fn every_sort_order_is_reached_by_going_around() {
        let mut seen = vec![Sort::Trouble];
        while seen.last().unwrap().next() != Sort::Trouble {
            seen.push(seen.last().unwrap().next());
        }
        assert_eq!(seen, Sort::value_variants());
    }
}
