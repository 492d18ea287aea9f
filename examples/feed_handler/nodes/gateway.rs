//! Sends the orders out.

use std::net::TcpStream;
use std::time::Duration;

use hdrhistogram::CreationError;
use serde::Serialize;
use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports, Tick};

use super::{Figures, Order, Results, Switch};
use crate::connector::Lost;
use crate::link::Link;
use crate::percentiles::{Latencies, Percentiles};
use crate::wall;
use crate::wire::OrderFrame;

/// What became of the orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Orders {
    /// Orders that came from the strategy.
    pub(crate) taken: u64,
    /// Written to a connection, to the last byte.
    pub(crate) written: u64,
    /// Of those, the ones that the consumer gave a receipt for.
    pub(crate) acknowledged: u64,
    /// Of those, the ones without: lost on the way, or not.
    pub(crate) unacknowledged: u64,
    /// Given up, because the consumer does not read fast enough.
    pub(crate) slow: u64,
    /// Given up, because there was no connection, or it failed.
    pub(crate) dead: u64,
    /// Stopped by the kill switch.
    pub(crate) halted: u64,
}

/// What the gateway saw and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct GatewayFigures {
    pub(crate) orders: Orders,
    /// Connections that were handed in, and how many of them were lost.
    pub(crate) links: u64,
    pub(crate) lost_links: u64,
    /// From the arrival of a datagram in the kernel to the return of the call
    /// that wrote the order.
    pub(crate) wire_to_wire_us: Percentiles,
    /// From the kill switch to the gateway's knowing.
    pub(crate) kill_heard_us: Percentiles,
    /// From the kill switch to the last order; zero when none came after.
    pub(crate) kill_last_order_us: Percentiles,
}

/// Writes orders to the connection that was handed in last; never waits for it.
pub(crate) struct Gateway {
    pub(crate) kill: Input<Switch>,
    pub(crate) links: Input<TcpStream>,
    pub(crate) orders: Input<Order>,
    pub(crate) lost: Output<Lost>,
    link: Option<Link>,
    /// When it was halted, if it is.
    halted: Option<u64>,
    /// When the last order was written.
    last_order: u64,
    wire_to_wire: Latencies,
    kill_heard: Latencies,
    kill_last_order: Latencies,
    figures: GatewayFigures,
    results: Results,
}

impl Gateway {
    /// # Errors
    /// None with the histograms' constant bounds; their own type says so.
    pub(crate) fn new(results: Results) -> Result<Self, CreationError> {
        Ok(Self {
            kill: Input::new(),
            links: Input::new(),
            orders: Input::new(),
            lost: Output::new(),
            link: None,
            halted: None,
            last_order: 0,
            wire_to_wire: Latencies::new()?,
            kill_heard: Latencies::new()?,
            kill_last_order: Latencies::new()?,
            figures: GatewayFigures::default(),
            results,
        })
    }

    fn switch(&mut self, switch: Switch) {
        if switch.halt && self.halted.is_none() {
            self.halted = Some(switch.at);
            self.kill_heard.record(since(switch.at, wall::nanos()));
        } else if !switch.halt {
            self.release();
        }
    }

    /// What was written after the kill switch is known now.
    fn release(&mut self) {
        if let Some(at) = self.halted.take() {
            self.kill_last_order.record(since(at, self.last_order));
        }
    }

    /// Decides about one order; it is written at the end of the activation.
    fn take(&mut self, order: &Order) {
        let orders = &mut self.figures.orders;
        orders.taken += 1;
        match &mut self.link {
            _ if self.halted.is_some() => orders.halted += 1,
            None => orders.dead += 1,
            Some(link) if link.is_stuck() || !link.has_room() => orders.slow += 1,
            Some(link) => {
                let frame = OrderFrame::new(order.id, order.symbol, order.side, order.price);
                link.push(&frame, order.arrived);
            }
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let Some(link) = &mut self.link else {
            return Ok(());
        };
        // Read after the call that wrote them, and only if it wrote some.
        let mut now = None;
        let flushed = link.flush(|arrived| {
            let now = *now.get_or_insert_with(wall::nanos);
            self.wire_to_wire.record(since(arrived, now));
        });
        self.last_order = now.unwrap_or(self.last_order);
        let orders = &mut self.figures.orders;
        orders.written += flushed.written as u64;
        orders.slow += flushed.slow as u64;
        orders.dead += flushed.dead as u64;
        if flushed.dead > 0 {
            self.lose(cx)?;
        }
        Ok(())
    }

    /// The connection is gone: asks for another.
    fn lose(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.figures.lost_links += 1;
        self.leave();
        self.lost.send(cx, Lost)?;
        Ok(())
    }

    /// Settles the account of the connection.
    fn leave(&mut self) {
        let Some(mut link) = self.link.take() else {
            return;
        };
        self.figures.orders.dead += link.give_up() as u64;
        self.figures.orders.unacknowledged += link.unacknowledged();
    }
}

/// From `begin` to `end`; nothing when it ended before.
const fn since(begin: u64, end: u64) -> Duration {
    Duration::from_nanos(end.saturating_sub(begin))
}

impl Node for Gateway {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.input("kill", &mut self.kill).uncredited();
        ports.input("links", &mut self.links).uncredited();
        ports.input("orders", &mut self.orders);
        ports.output("lost", &mut self.lost);
        ports.tick(Tick::Global);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        while let Some(switch) = self.kill.recv(cx) {
            self.switch(switch.into_payload());
        }
        while let Some(stream) = self.links.recv(cx) {
            self.leave();
            self.figures.links += 1;
            self.link = Some(Link::new(stream.into_payload()));
        }
        while let Some(order) = self.orders.recv(cx) {
            self.take(&order);
        }
        self.flush(cx)
    }

    /// Reads receipts, and completes what was written in part.
    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.flush(cx)?;
        let link = self.link.as_mut();
        if link.is_some_and(|link| link.read_receipts().is_err()) {
            self.lose(cx)?;
        }
        Ok(())
    }

    fn on_stop(&mut self, _: &mut Context<'_>) -> NodeResult {
        self.release();
        if let Some(link) = &mut self.link {
            link.end();
        }
        self.leave();
        let orders = &mut self.figures.orders;
        orders.acknowledged = orders.written - orders.unacknowledged;
        self.figures.wire_to_wire_us = self.wire_to_wire.percentiles();
        self.figures.kill_heard_us = self.kill_heard.percentiles();
        self.figures.kill_last_order_us = self.kill_last_order.percentiles();
        let _ = self.results.send(Figures::Gateway(Box::new(self.figures)));
        Ok(())
    }
}
