//! Decides what to order.

use serde::Serialize;
use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports};

use super::{Figures, Order, Quote, Results, Switch};
use crate::wire::{Prices, SYMBOLS, Side};

/// How far a price must have gone from where it was traded last.
const THRESHOLD: i64 = 50;

/// What the strategy saw and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct StrategyFigures {
    /// Quotes it saw.
    pub(crate) quotes: u64,
    /// Datagrams that are merged in them.
    pub(crate) updates: u64,
    /// Orders it decided on.
    pub(crate) orders: u64,
    /// Orders it would have decided on, but for the kill switch.
    pub(crate) halted: u64,
}

/// Follows every price that has gone far: a strategy that makes no money, but
/// work.
pub(crate) struct Strategy {
    pub(crate) quotes: [Input<Quote>; SYMBOLS],
    pub(crate) kill: Input<Switch>,
    pub(crate) orders: Output<Order>,
    /// Where each price was traded last.
    traded: [Option<i64>; SYMBOLS],
    is_halted: bool,
    figures: StrategyFigures,
    results: Results,
}

impl Strategy {
    pub(crate) fn new(results: Results) -> Self {
        Self {
            quotes: Default::default(),
            kill: Input::new(),
            orders: Output::new(),
            traded: [None; SYMBOLS],
            is_halted: false,
            figures: StrategyFigures::default(),
            results,
        }
    }
}

/// Whether these prices are far from `traded`, which then follows them.
fn decide(traded: &mut Option<i64>, prices: &Prices) -> Option<(Side, i64)> {
    let middle = prices.bid.midpoint(prices.ask);
    let before = *traded.get_or_insert(middle);
    let gone = middle.saturating_sub(before);
    if gone.saturating_abs() < THRESHOLD {
        return None;
    }
    *traded = Some(middle);
    Some(if gone > 0 {
        (Side::Buy, prices.ask)
    } else {
        (Side::Sell, prices.bid)
    })
}

impl Node for Strategy {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("kill", &mut self.kill).uncredited();
        for (symbol, input) in self.quotes.iter_mut().enumerate() {
            ports.input(&format!("quotes{symbol}"), input);
        }
        ports.output("orders", &mut self.orders);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(switch) = self.kill.recv(cx) {
            self.is_halted = switch.halt;
        }
        for (input, traded) in self.quotes.iter_mut().zip(&mut self.traded) {
            while let Some(quote) = input.recv(cx) {
                self.figures.quotes += 1;
                self.figures.updates += quote.updates;
                let Some((side, price)) = decide(traded, &quote.prices) else {
                    continue;
                };
                if self.is_halted {
                    self.figures.halted += 1;
                    continue;
                }
                self.figures.orders += 1;
                let order = Order {
                    id: self.figures.orders,
                    symbol: quote.prices.symbol,
                    side,
                    price,
                    arrived: quote.arrived,
                };
                self.orders.send(cx, order)?;
            }
        }
        Ok(())
    }

    fn on_stop(&mut self, _: &mut Context<'_>) -> NodeResult {
        let _ = self.results.send(Figures::Strategy(self.figures));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_followed_once_it_has_gone_far() {
        let mut traded = None;
        let mut decide_at = |middle: i64| {
            let prices = Prices {
                symbol: 0,
                quantity: 1,
                bid: middle - 1,
                ask: middle + 1,
            };
            decide(&mut traded, &prices)
        };
        assert_eq!(decide_at(1_000), None);
        assert_eq!(decide_at(1_049), None);
        assert_eq!(decide_at(1_050), Some((Side::Buy, 1_051)));
        assert_eq!(decide_at(1_050), None);
        assert_eq!(decide_at(1_000), Some((Side::Sell, 999)));
    }
}
