//! The command line.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// A group of those that stay within an organisation, joined on loopback alone.
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 77, 1), 7_701);
const ORDERS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7_702);

/// A million, of which the sender's mischief is told in parts.
const MILLION: i64 = 1_000_000;

/// Handles a feed of market data: UDP multicast in, orders by TCP out.
///
/// Without a command all three programs run for a while, the sender and the
/// consumer as processes of their own, and the report has the accounts of all.
#[derive(Clone, Debug, Parser)]
#[command(name = "feed_handler", args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) all: AllOptions,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Receives the feed, decides, and sends orders
    Handle(HandleOptions),
    /// Sends a feed, with gaps, duplicates and malformed datagrams
    Send(SendOptions),
    /// Takes the orders, and gives receipts
    Consume(ConsumeOptions),
}

/// What is the same for the handler alone and with the others.
#[derive(Clone, Debug, Args)]
pub(crate) struct Running {
    /// How many seconds to run; Ctrl-C ends the run earlier, with the report
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,

    /// End with the report as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// How many workers: one for everything, or one for the feed and one for
    /// what follows from it, where there are cores for both and the others
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..=2))]
    pub(crate) workers: u64,

    /// Look for datagrams only every so many microseconds, instead of all the
    /// time; leaves the core to others
    #[arg(long, value_name = "MICROSECONDS",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) poll: Option<u64>,

    /// How many times to pull the kill switch, evenly over the run; trading is
    /// released again in the middle before the next time
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(crate) kills: u32,
}

impl Running {
    /// How long to run.
    pub(crate) const fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How often to look for datagrams; all the time when `None`.
    pub(crate) fn poll(&self) -> Option<Duration> {
        self.poll.map(Duration::from_micros)
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AllOptions {
    #[command(flatten)]
    pub(crate) running: Running,

    #[command(flatten)]
    pub(crate) feed: Feed,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct HandleOptions {
    #[command(flatten)]
    pub(crate) running: Running,

    /// Where the feed comes in; port 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value_t = GROUP)]
    pub(crate) listen: SocketAddrV4,

    /// Where the orders go
    #[arg(long, value_name = "ADDRESS", default_value_t = ORDERS.into())]
    pub(crate) orders: SocketAddr,

    /// End earlier, once so many sessions of the sender have ended
    #[arg(long, value_name = "N")]
    pub(crate) sessions: Option<u64>,
}

/// What to send.
#[derive(Clone, Debug, Args)]
pub(crate) struct Feed {
    /// How many datagrams to send each second
    #[arg(long, value_name = "N", default_value_t = 20_000,
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) rate: u64,

    /// How many datagrams to send in one go
    #[arg(long, value_name = "N", default_value_t = 32,
          value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub(crate) burst: u64,

    /// Skip one to five numbers, so many times in a million datagrams
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(0..=MILLION / 4))]
    pub(crate) gaps: u32,

    /// Send the last quote again, so many times in a million
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(0..=MILLION / 4))]
    pub(crate) duplicates: u32,

    /// Send something that is no datagram of the feed, so many times in a million
    #[arg(long, value_name = "N", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(0..=MILLION / 4))]
    pub(crate) malformed: u32,

    /// Make a price jump, which brings an order, so many times in a million
    #[arg(long, value_name = "N", default_value_t = 30_000,
          value_parser = clap::value_parser!(u32).range(0..=MILLION))]
    pub(crate) jumps: u32,

    /// What all of this is drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

impl Feed {
    /// The same as arguments of the command `send`.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let numbers = [
            ("--rate", self.rate),
            ("--burst", self.burst),
            ("--gaps", self.gaps.into()),
            ("--duplicates", self.duplicates.into()),
            ("--malformed", self.malformed.into()),
            ("--jumps", self.jumps.into()),
            ("--seed", self.seed),
        ];
        let argument = |(name, number): (&str, u64)| format!("{name}={number}");
        numbers.map(argument).to_vec()
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SendOptions {
    #[command(flatten)]
    pub(crate) feed: Feed,

    /// Where to
    #[arg(long, value_name = "ADDRESS", default_value_t = GROUP)]
    pub(crate) to: SocketAddrV4,

    /// How many seconds to send
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,

    /// How many datagrams to send, however long it takes
    #[arg(long, value_name = "N", conflicts_with = "seconds")]
    pub(crate) count: Option<u64>,
}

impl SendOptions {
    /// How many datagrams to send.
    pub(crate) fn datagrams(&self) -> u64 {
        let in_time = self.feed.rate.saturating_mul(self.seconds);
        self.count.unwrap_or(in_time)
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConsumeOptions {
    /// Where to take orders; port 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value_t = ORDERS.into())]
    pub(crate) listen: SocketAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        let program = std::iter::once("feed_handler");
        Options::try_parse_from(program.chain(arguments.iter().copied()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_definition_is_consistent() {
        <Options as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn what_all_are_told_the_sender_is_told() {
        let told = parse(&["--rate", "7", "--burst", "3", "--gaps", "5", "--seed", "9"]).unwrap();
        let mut arguments = vec!["send".to_owned()];
        arguments.extend(told.all.feed.arguments());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Some(Command::Send(sender)) = parse(&arguments).unwrap().command else {
            panic!("not a sender");
        };
        assert_eq!(format!("{:?}", sender.feed), format!("{:?}", told.all.feed));
        assert_eq!(sender.datagrams(), 70);
    }

    #[test]
    fn values_out_of_range_are_refused_with_the_option() {
        for (option, value) in [
            ("--rate", "0"),
            ("--workers", "3"),
            ("--poll", "0"),
            ("--gaps", "250001"),
        ] {
            let message = parse(&[option, value]).unwrap_err();
            assert!(message.contains(option), "{message}");
        }
    }
}
