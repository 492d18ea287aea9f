//! Choices made of arbitrary bytes. When they are used up, everything is as
//! small as it can be.

use std::time::Duration;

use arbitrary::Unstructured;
use tidegate::Band;
use tidegate::edge::{MAX_CAPACITY, PolicyKind};
use tidegate::graph::Edge;
use tidegate::node::{Direction, FaultPolicy, NodeOptions, PortDefault, Tick};

pub(crate) struct Dice<'a> {
    bytes: Unstructured<'a>,
    /// Whether there is anything that makes nearly every graph unsound.
    troubled: bool,
}

impl<'a> Dice<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        let mut dice = Self {
            bytes: Unstructured::new(data),
            troubled: false,
        };
        dice.troubled = dice.chance(8);
        dice
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.bytes.int_in_range(0..=end - 1).unwrap_or(0)
    }

    /// True for so many of 16 values.
    pub(crate) fn chance(&mut self, of_sixteen: usize) -> bool {
        // Without bytes left it is false.
        self.below(16) >= 16 - of_sixteen
    }

    /// True now and then, for what makes nearly every graph unsound.
    pub(crate) fn rarely(&mut self) -> bool {
        self.troubled && self.below(40) == 39
    }

    /// One of the values; the first one without bytes left.
    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, values: [T; N]) -> T {
        values[self.below(N)]
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Any text.
    fn text(&mut self) -> String {
        self.bytes
            .arbitrary::<&str>()
            .unwrap_or_default()
            .to_owned()
    }

    /// Mostly a name that can be used; few of them, so that they meet.
    pub(crate) fn name(&mut self) -> String {
        if !self.rarely() {
            return format!("n{}", self.below(64));
        }
        match self.below(8) {
            0 => String::new(),
            1 => "a:b".into(),
            2 => "a/b".into(),
            3 => "a->b".into(),
            4 => "two words".into(),
            5 => "x".repeat(48),
            6 => "é".repeat(25),
            _ => self.text(),
        }
    }

    /// What an address is made of, from known ones or not.
    pub(crate) fn address(&mut self, known: &[String]) -> String {
        if !known.is_empty() && !self.rarely() {
            return known[self.below(known.len())].clone();
        }
        match self.below(6) {
            0 => format!(
                "{}:{}",
                self.name(),
                self.pick(["in", "out", "in0", "out0"])
            ),
            1 => format!("{}/{}:out", self.name(), self.name()),
            2 => self.name(),
            3 => ":".into(),
            4 => "a:b:c".into(),
            _ => self.text(),
        }
    }

    pub(crate) fn direction(&mut self) -> Direction {
        self.pick([Direction::Input, Direction::Output])
    }

    fn capacity(&mut self) -> usize {
        if self.rarely() {
            self.pick([0, 64, 65_536, MAX_CAPACITY, MAX_CAPACITY + 1, usize::MAX])
        } else {
            1 + self.below(8)
        }
    }

    fn band(&mut self) -> Band {
        self.pick([Band::Normal, Band::Normal, Band::High, Band::Control])
    }

    /// An edge; a coalescing one mostly merges this payload.
    pub(crate) fn edge(&mut self, payload: Payload) -> Edge {
        let capacity = self.capacity();
        let foreign = self.rarely();
        let edge = match self.below(6) {
            0 | 1 => Edge::block(capacity),
            2 => Edge::drop_newest(capacity),
            3 => Edge::latest(capacity),
            4 => Edge::inherit(),
            _ if (payload == Payload::Number) != foreign => {
                Edge::coalesce(capacity, |pending: &mut u64, new| *pending ^= new).into()
            }
            _ => Edge::coalesce(capacity, |pending: &mut String, new| *pending = new).into(),
        };
        let edge = edge.band(self.band());
        if self.rarely() {
            edge.max_capacity(self.below(9))
        } else if self.chance(3) {
            let growth = self.below(9);
            edge.max_capacity(capacity.saturating_add(growth))
        } else {
            edge
        }
    }

    pub(crate) fn port_default(&mut self) -> PortDefault {
        PortDefault {
            policy: self.pick([
                PolicyKind::Block,
                PolicyKind::Drop,
                PolicyKind::Latest,
                PolicyKind::Coalesce,
            ]),
            capacity: self.capacity(),
        }
    }

    pub(crate) fn tick(&mut self) -> Tick {
        if !self.chance(4) {
            return Tick::Never;
        }
        let interval = if self.rarely() {
            0
        } else {
            self.pick([1_000, 1, u64::MAX])
        };
        self.pick([Tick::Global, Tick::Every(Duration::from_nanos(interval))])
    }

    fn fault_policy(&mut self, may_restart: bool) -> FaultPolicy {
        let count = self.below(4) as u32;
        let least = u32::from(!self.rarely());
        match self.below(4) {
            0 => FaultPolicy::Continue,
            1 => FaultPolicy::Quarantine {
                after: count.max(least),
            },
            2 if may_restart || self.rarely() => FaultPolicy::Restart { limit: count },
            2 => FaultPolicy::Continue,
            _ => FaultPolicy::Stop,
        }
    }

    /// Options of a node that has a factory, if it `may_restart`.
    pub(crate) fn options(&mut self, may_restart: bool) -> NodeOptions {
        let mut options = NodeOptions::new().tick_band(self.band());
        if self.chance(2) {
            options = options.on_error(self.fault_policy(may_restart));
        }
        if self.chance(2) {
            options = options.on_panic(self.fault_policy(may_restart));
        }
        if self.chance(3) {
            options = options.tick(self.tick());
        }
        if self.chance(2) {
            options = options.worker(if self.rarely() { usize::MAX } else { 0 });
        }
        options
    }
}

/// The payload types of the ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Number,
    Text,
}
