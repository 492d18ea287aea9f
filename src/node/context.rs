//! What a hook can see and ask for during one activation.

use core::cell::Cell;
use core::time::Duration;

use crate::message::{Header, Lineage, TraceId};
use crate::sync::{AtomicU64, Ordering};
use crate::time::{Clock, Timestamp};

use super::passage::Passage;
use super::ports::UNDECLARED;

/// Handed to every hook: the moment, the batch, and requests to the engine.
///
/// An **activation** is one visit of a worker to a ready node: `on_tick` if a
/// tick is due, then `on_message` with up to a batch of messages. One message it
/// may handle whatever else is ready.
pub struct Context<'a> {
    pub(crate) activation: Activation,
    /// Non-zero when another thread told this worker something, or the node is
    /// to ask before each message.
    mail: &'a AtomicU64,
    clock: &'a dyn Clock,
    traces: &'a mut TraceIds,
    host: &'a mut dyn Host,
}

/// What the worker does for a context when the quick checks do not suffice.
pub(crate) trait Host {
    /// Reads the worker's mail; whether a higher band than the present
    /// activation's has something ready.
    fn preempts(&mut self) -> bool;

    /// Whether the node may take a message from the input with this index.
    fn admits(&self, input: usize) -> bool;

    /// Tells the consumer behind the output with this bit at once, rather than
    /// at the end of the activation.
    fn notify_now(&mut self, output: u64);
}

/// The state of one activation: set up by the worker, changed by the ports,
/// evaluated by the worker.
///
/// Port masks have the bit of the port's index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activation {
    /// When it began; read from the clock when first asked for, if at all.
    pub(crate) now: Cell<Option<Timestamp>>,
    /// Messages handled so far.
    pub(crate) handled: u32,
    /// How many this activation may handle: the batch.
    pub(crate) batch: u32,
    /// How many of them while Block outputs surely have room for what follows
    /// from them: the batch, or the credit if that is less.
    pub(crate) credit: u32,
    /// Outputs whose consumers have something new.
    pub(crate) sent: u64,
    /// Outputs that refused a message because they were full.
    pub(crate) refused: u64,
    /// Outputs whose edges are in a higher band than this activation.
    pub(crate) urgent: u64,
    /// What sends inherit.
    pub(crate) current: Lineage,
    pub(crate) tick: Option<TickInfo>,
    /// Shutdown has begun, or the node drains: sources produce nothing more.
    pub(crate) draining: bool,
    pub(crate) wishes: Wishes,
}

impl Activation {
    /// How many messages it may handle, of inputs that need credit or not.
    #[inline(always)]
    const fn limit(&self, credited: bool) -> u32 {
        if credited { self.credit } else { self.batch }
    }
}

/// What a node asked of the engine during an activation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes(u8);

impl Wishes {
    /// To be called again.
    pub(crate) const REARM: u8 = 1;
    /// To have nothing more to do.
    pub(crate) const FINISH: u8 = 2;
    /// That the engine shuts down.
    pub(crate) const SHUTDOWN: u8 = 4;

    #[inline(always)]
    pub(crate) const fn has(self, wish: u8) -> bool {
        self.0 & wish != 0
    }

    #[inline(always)]
    pub(crate) const fn add(&mut self, wish: u8) {
        self.0 |= wish;
    }
}

/// What an activation leaves for its worker to see to; a few words, unlike the
/// state it is taken from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) handled: u32,
    pub(crate) sent: u64,
    pub(crate) refused: u64,
    pub(crate) wishes: Wishes,
}

/// About the tick that [`on_tick`](super::Node::on_tick) was called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TickInfo {
    /// When the tick was due.
    pub due: Timestamp,
    /// How long after that the activation began: the release lateness.
    pub lateness: Duration,
    /// Ticks of this cadence that were skipped since the last call because
    /// their time had passed completely.
    pub missed: u64,
}

/// Generates trace ids: the upper bits from the engine's seed and the worker,
/// the lower ones counting up.
#[derive(Debug)]
pub(crate) struct TraceIds(u64);

impl TraceIds {
    /// Ids of different workers do not meet before 2^40 messages.
    pub(crate) fn new(seed: u64, worker: usize) -> Self {
        let high = (seed ^ (worker as u64).wrapping_mul(0x9E37)) & 0x00FF_FFFF;
        Self(high << 40)
    }

    /// The one generated last, or the worker's zeroth.
    pub(crate) fn last(&self) -> Option<TraceId> {
        TraceId::new(self.0)
    }

    #[inline]
    pub(crate) fn fresh(&mut self) -> TraceId {
        loop {
            self.0 = self.0.wrapping_add(1);
            if let Some(trace) = TraceId::new(self.0) {
                return trace;
            }
        }
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        activation: Activation,
        mail: &'a AtomicU64,
        clock: &'a dyn Clock,
        traces: &'a mut TraceIds,
        host: &'a mut dyn Host,
    ) -> Self {
        Self {
            activation,
            mail,
            clock,
            traces,
            host,
        }
    }

    /// The end of the activation.
    #[inline(always)]
    pub(crate) fn outcome(&self) -> Outcome {
        let activation = &self.activation;
        Outcome {
            handled: activation.handled,
            sent: activation.sent,
            refused: activation.refused,
            wishes: activation.wishes,
        }
    }

    /// The moment of this activation, if anybody asked for it.
    #[inline(always)]
    pub(crate) fn moment(&self) -> Option<Timestamp> {
        self.activation.now.get()
    }

    /// Of the message handled last.
    #[inline(always)]
    pub(crate) fn lineage(&self) -> Lineage {
        self.activation.current
    }

    /// The moment of this activation, by the engine's clock: the same at every
    /// call. The clock is read at most once per activation, and only when
    /// somebody asks for the time or a message needs an origin.
    #[must_use]
    #[inline]
    pub fn now(&self) -> Timestamp {
        now(&self.activation.now, self.clock)
    }

    /// The trace of the message being handled; `None` before the first
    /// message and in ticks.
    #[must_use]
    pub fn trace(&self) -> Option<TraceId> {
        self.activation.current.trace()
    }

    /// About the tick being handled; `None` outside
    /// [`on_tick`](super::Node::on_tick).
    #[must_use]
    pub fn tick(&self) -> Option<TickInfo> {
        self.activation.tick
    }

    /// For sources: whether to produce one more message in this activation.
    ///
    /// Counts against the batch and the credit like a received message, and
    /// begins a new trace. `false` means: return, and ask to be called again
    /// with [`rearm`](Self::rearm).
    #[inline]
    #[must_use]
    pub fn next_turn(&mut self) -> bool {
        if self.activation.draining || !self.admits(true, UNDECLARED) {
            return false;
        }
        self.activation.handled += 1;
        self.activation.current = Lineage::NONE;
        true
    }

    /// For sources: the turn that [`next_turn`](Self::next_turn) granted last
    /// was not used, because there was nothing to produce. It does not count.
    pub fn return_turn(&mut self) {
        self.activation.handled = self.activation.handled.saturating_sub(1);
    }

    /// Asks for another activation, after the other ready nodes of the band
    /// had theirs. Without effect once shutdown has begun.
    pub fn rearm(&mut self) {
        self.activation.wishes.add(Wishes::REARM);
    }

    /// Declares that this node has nothing more to do: it is not called again
    /// except for `on_stop`, its inputs close and its outputs end once drained.
    /// The engine stops by itself when every node has finished. A node whose
    /// inputs have all ended finishes by itself.
    pub fn finish(&mut self) {
        self.activation.wishes.add(Wishes::FINISH);
    }

    /// Asks the engine to shut down, draining its edges.
    pub fn request_shutdown(&mut self) {
        self.activation.wishes.add(Wishes::SHUTDOWN);
    }

    /// Whether one more message may be handled now, of the input with this
    /// index.
    #[inline(always)]
    pub(crate) fn admits(&mut self, credited: bool, input: usize) -> bool {
        if self.activation.handled >= self.activation.limit(credited) {
            return false;
        }
        // A hint: what it misses now it sees before the next message.
        if self.mail.load(Ordering::Relaxed) != 0 {
            return self.read_mail(input);
        }
        true
    }

    /// For messages that go from an input to the output with this bit, as long
    /// as none of them needs a decision; `None` when the next one does.
    #[inline(always)]
    pub(crate) fn passage(&mut self, credited: bool, output: u64) -> Option<Passage<'_>> {
        let activation = &mut self.activation;
        let most = activation
            .limit(credited)
            .saturating_sub(activation.handled);
        if most == 0 || activation.urgent & output != 0 {
            return None;
        }
        Some(Passage::new(activation, self.mail, most, output))
    }

    #[cold]
    fn read_mail(&mut self, input: usize) -> bool {
        if self.host.preempts() {
            self.end_batch();
            if self.activation.handled > 0 {
                return false;
            }
        }
        self.host.admits(input)
    }

    /// No more messages in this activation, except for the first one: every
    /// activation handles at least one, so that an always-ready Control edge
    /// starves nobody.
    fn end_batch(&mut self) {
        let activation = &mut self.activation;
        activation.batch = 1;
        activation.credit = activation.credit.min(1);
    }

    /// A message was taken from an input.
    #[inline(always)]
    pub(crate) fn received(&mut self, header: &Header) {
        let activation = &mut self.activation;
        activation.handled += 1;
        activation.current = header.lineage();
    }

    /// Fills in what the header of an outgoing message lacks.
    #[inline(always)]
    pub(crate) fn normalise(&mut self, header: &mut Header) {
        header.normalise(
            &self.activation.current,
            || now(&self.activation.now, self.clock),
            || self.traces.fresh(),
        );
    }

    /// Something new waits behind the output with this bit.
    #[inline(always)]
    pub(crate) fn sent(&mut self, output: u64) {
        self.activation.sent |= output;
        if self.activation.urgent & output != 0 {
            self.sent_urgently(output);
        }
    }

    /// R7: a Control message does not wait for the rest of this batch, so its
    /// consumer is told now; if that is on this worker, the batch ends.
    #[cold]
    fn sent_urgently(&mut self, output: u64) {
        self.host.notify_now(output);
        if self.host.preempts() {
            self.end_batch();
        }
    }

    /// The tick is served; messages may follow in the same activation. What it
    /// sent used up the credit of one message.
    pub(crate) fn end_tick(&mut self) {
        let activation = &mut self.activation;
        activation.tick = None;
        activation.credit = activation.credit.saturating_sub(1);
    }

    /// The output with this bit was full: its consumer is told now what is
    /// there, so that it makes room meanwhile if it is on another worker.
    #[cold]
    pub(crate) fn full(&mut self, output: u64) {
        if self.activation.sent & output != 0 {
            self.host.notify_now(output);
        }
    }

    /// The output with this bit was full, and the message was handed back.
    #[cold]
    pub(crate) fn refused(&mut self, output: u64) {
        self.activation.refused |= output;
        self.full(output);
    }
}

/// The moment of the activation, read from the clock at the first call.
#[inline]
fn now(moment: &Cell<Option<Timestamp>>, clock: &dyn Clock) -> Timestamp {
    moment.get().unwrap_or_else(|| {
        let now = clock.now();
        moment.set(Some(now));
        now
    })
}

/// The mask bit of a port; indices are below [`MAX_PORTS`](super::MAX_PORTS).
#[inline(always)]
pub(crate) const fn bit(index: usize) -> u64 {
    1 << (index & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_of_workers_differ_and_are_never_zero() {
        let mut first = TraceIds::new(0, 0);
        let mut second = TraceIds::new(0, 1);
        assert_ne!(first.fresh(), second.fresh());
        let mut last = TraceIds(u64::MAX);
        assert_eq!(last.fresh().get(), 1);
    }
}
