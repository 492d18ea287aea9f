//! Takes datagrams from the socket.

use std::time::Duration;

use serde::Serialize;
use tidegate::node::{Context, Node, NodeResult, Output, Ports, Tick};

use super::{Figures, Quote, Results, Update};
use crate::socket::FeedSocket;
use crate::wire::Datagram;

/// How many datagrams are looked for in the end, should they never end.
const MOST_UNREAD: u64 = 1_000_000;

/// What came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ReceiveFigures {
    /// Datagrams that were received.
    pub(crate) datagrams: u64,
    /// Those of them that are none of the feed.
    pub(crate) malformed: u64,
    /// Datagrams that still waited in the socket in the end.
    pub(crate) unread: u64,
    /// Datagrams that the kernel threw away; `null` when it does not say.
    pub(crate) kernel_drops: Option<u64>,
}

/// The source of the graph: reads each datagram in place, and hands on what it
/// says.
pub(crate) struct Receive {
    pub(crate) updates: Output<Update>,
    socket: FeedSocket,
    /// How often it looks; all the time when `None`.
    poll: Option<Duration>,
    figures: ReceiveFigures,
    results: Results,
}

impl Receive {
    pub(crate) fn new(socket: FeedSocket, poll: Option<Duration>, results: Results) -> Self {
        Self {
            updates: Output::new(),
            socket,
            poll,
            figures: ReceiveFigures::default(),
            results,
        }
    }

    fn receive(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let mut is_empty = false;
        while cx.next_turn() {
            let Some((bytes, arrived)) = self.socket.next()? else {
                cx.return_turn();
                is_empty = true;
                break;
            };
            self.figures.datagrams += 1;
            let Ok(datagram) = Datagram::view(bytes) else {
                self.figures.malformed += 1;
                continue;
            };
            let quote = Quote {
                prices: datagram.prices(),
                arrived,
                updates: 1,
            };
            let update = Update {
                session: datagram.session(),
                sequence: datagram.sequence(),
                quote: (!datagram.is_end()).then_some(quote),
            };
            self.updates.send(cx, update)?;
        }
        if !is_empty || self.poll.is_none() {
            cx.rearm();
        }
        Ok(())
    }
}

impl Node for Receive {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("updates", &mut self.updates);
        ports.tick(self.poll.map_or(Tick::Never, Tick::Every));
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.rearm();
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.receive(cx)
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.receive(cx)
    }

    fn on_stop(&mut self, _: &mut Context<'_>) -> NodeResult {
        while self.figures.unread < MOST_UNREAD && self.socket.next()?.is_some() {
            self.figures.unread += 1;
        }
        self.figures.kernel_drops = self.socket.kernel_drops().ok();
        let _ = self.results.send(Figures::Receive(self.figures));
        Ok(())
    }
}
