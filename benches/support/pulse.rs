//! A source of moments, to measure how long they are on their way.

use std::time::{Duration, Instant};

use tidegate::node::{Context, Node, NodeResult, Output, Ports};

/// The moment, by the machine's monotonic clock. Benchmarks measure against
/// it directly; the library reads time through its own `Clock`.
#[allow(clippy::disallowed_methods)]
pub(crate) fn moment() -> Instant {
    Instant::now()
}

/// Sends the moment whenever this interval has passed since it last did. Looks
/// at the clock rather than at a tick, as the threads do that it is compared
/// with. Without an interval it sends whole batches.
pub(crate) struct Pulse {
    pub(crate) output: Output<Instant>,
    interval: Duration,
    due: Option<Instant>,
    left: usize,
}

impl Pulse {
    pub(crate) fn new(interval: Duration, messages: usize) -> Self {
        Self {
            output: Output::new(),
            interval,
            due: None,
            left: messages,
        }
    }
}

impl Node for Pulse {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.output("out", &mut self.output);
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.rearm();
        Ok(())
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        cx.rearm();
        if self.interval.is_zero() {
            while self.left > 0 && cx.next_turn() {
                self.output.send(cx, moment())?;
                self.left -= 1;
            }
        } else {
            // At most one: what is sent leaves when the activation ends, and
            // another look at the clock would hold it up.
            let now = moment();
            if now < *self.due.get_or_insert(now + self.interval) {
                return Ok(());
            }
            self.due = Some(now + self.interval);
            self.output.send(cx, moment())?;
            self.left -= 1;
        }
        if self.left == 0 {
            cx.finish();
        }
        Ok(())
    }
}
