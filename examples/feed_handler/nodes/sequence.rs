//! Looks for gaps and duplicates, and sorts the quotes by symbol.

use std::sync::mpsc::Sender;

use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports};

use super::{Figures, Quote, Results, Update};
use crate::sequence::{Place, Tracker};
use crate::wire::SYMBOLS;

/// Hands on the new quotes, each to the output of its symbol. An old quote is
/// not worth knowing any more.
pub(crate) struct Sequence {
    pub(crate) updates: Input<Update>,
    pub(crate) quotes: [Output<Quote>; SYMBOLS],
    tracker: Tracker,
    /// The session whose end was seen last, and how many have ended.
    ended: (u64, u64),
    /// Is told when so many sessions have ended.
    until: Option<(u64, Sender<()>)>,
    results: Results,
}

impl Sequence {
    pub(crate) fn new(until: Option<(u64, Sender<()>)>, results: Results) -> Self {
        Self {
            updates: Input::new(),
            quotes: Default::default(),
            tracker: Tracker::new(),
            ended: (0, 0),
            until,
            results,
        }
    }

    fn end(&mut self, session: u64, next: u64) {
        self.tracker.end(session, next);
        if session <= self.ended.0 {
            return; // told before
        }
        self.ended = (session, self.ended.1 + 1);
        if let Some((sessions, over)) = &self.until
            && self.ended.1 == *sessions
        {
            // The run may be over for another reason.
            let _ = over.send(());
        }
    }
}

impl Node for Sequence {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("updates", &mut self.updates);
        for (symbol, output) in self.quotes.iter_mut().enumerate() {
            ports.output(&format!("quotes{symbol}"), output);
        }
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(update) = self.updates.recv(cx) {
            let Some(quote) = update.quote else {
                self.end(update.session, update.sequence);
                continue;
            };
            let place = self.tracker.quote(update.session, update.sequence);
            if place == Place::New {
                self.quotes[quote.prices.symbol as usize].send(cx, quote)?;
            }
        }
        Ok(())
    }

    fn on_stop(&mut self, _: &mut Context<'_>) -> NodeResult {
        let found = self.tracker.found();
        let _ = self.results.send(Figures::Sequence(found));
        Ok(())
    }
}
