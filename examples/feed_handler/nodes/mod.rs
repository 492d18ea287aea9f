//! The nodes of the handler, and what goes from one to the next.

mod gateway;
mod receive;
mod sequence;
mod strategy;

use std::sync::mpsc::Sender;

pub(crate) use gateway::{Gateway, GatewayFigures};
pub(crate) use receive::{Receive, ReceiveFigures};
pub(crate) use sequence::Sequence;
pub(crate) use strategy::{Strategy, StrategyFigures};

use crate::sequence::Sequences;
use crate::wire::{Prices, Side};

/// A datagram that was understood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) session: u64,
    pub(crate) sequence: u64,
    /// What it says; `None` at the end of a session.
    pub(crate) quote: Option<Quote>,
}

/// The newest prices of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quote {
    pub(crate) prices: Prices,
    /// When the kernel got the datagram; of merged ones, the oldest.
    pub(crate) arrived: u64,
    /// How many datagrams are merged into it.
    pub(crate) updates: u64,
}

impl Quote {
    /// Conflates: the prices are the newer one's. The time stays that of the
    /// older one, so that waiting is never told too short.
    pub(crate) fn merge(&mut self, newer: Self) {
        self.prices = newer.prices;
        self.updates += newer.updates;
    }
}

/// What the strategy decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) symbol: u32,
    pub(crate) side: Side,
    pub(crate) price: i64,
    /// When the datagram that led to it arrived.
    pub(crate) arrived: u64,
}

/// What the operator says about trading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Switch {
    /// Whether to stop, or to go on.
    pub(crate) halt: bool,
    /// When, by the wall clock.
    pub(crate) at: u64,
}

/// What a node found, sent in the end.
#[derive(Debug)]
pub(crate) enum Figures {
    Receive(ReceiveFigures),
    Sequence(Sequences),
    Strategy(StrategyFigures),
    Gateway(Box<GatewayFigures>),
}

/// Where the figures go. Nobody listening means nobody asks.
pub(crate) type Results = Sender<Figures>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_quote_has_the_newer_prices_and_the_older_time() {
        let prices = |bid| Prices {
            symbol: 1,
            quantity: 1,
            bid,
            ask: 20,
        };
        let quote = |bid, arrived| Quote {
            prices: prices(bid),
            arrived,
            updates: 1,
        };
        let mut pending = quote(10, 100);
        pending.merge(quote(11, 200));
        pending.merge(quote(12, 300));
        let expected = Quote {
            updates: 3,
            ..quote(12, 100)
        };
        assert_eq!(pending, expected);
    }
}
