//! A node made of closures, whose ports count.

use tidegate::node::{
    Context, Input, Node, NodeResult, Output, Ports, SendError, SendOutcome, Tick,
};

use super::shared::{Count, Log};

/// An input that counts what it received.
pub(crate) struct In<T: Send + 'static> {
    pub(crate) port: Input<T>,
    pub(crate) count: Count,
}

impl<T: Send + 'static> In<T> {
    fn new() -> Self {
        Self {
            port: Input::new(),
            count: Count::default(),
        }
    }

    pub(crate) fn recv(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let message = self.port.recv(cx)?;
        self.count.up();
        Some(message.into_payload())
    }
}

/// An output that counts what it sent.
pub(crate) struct Out<T: Send + 'static> {
    pub(crate) port: Output<T>,
    pub(crate) count: Count,
}

impl<T: Send + 'static> Out<T> {
    fn new() -> Self {
        Self {
            port: Output::new(),
            count: Count::default(),
        }
    }

    pub(crate) fn send(
        &mut self,
        cx: &mut Context<'_>,
        payload: T,
    ) -> Result<SendOutcome, SendError<T>> {
        // Counted first, because a send may panic: in a merge function, or in
        // the drop of an evicted payload. It has been sent then.
        self.count.up();
        let result = self.port.send(cx, payload);
        if !matches!(result, Ok(outcome) if outcome != SendOutcome::Unconnected) {
            self.count.down();
        }
        result
    }
}

/// The ports of a [`Probe`]: `in`, `control`, `out` and `second`, all optional.
pub(crate) struct Io<T: Send + 'static> {
    pub(crate) input: In<T>,
    pub(crate) control: In<T>,
    pub(crate) output: Out<T>,
    pub(crate) second: Out<T>,
}

type Hook<T> = Box<dyn FnMut(&mut Io<T>, &mut Context<'_>) -> NodeResult + Send>;

/// A node made of closures.
pub(crate) struct Probe<T: Send + 'static = u64> {
    pub(crate) io: Io<T>,
    start: Option<Hook<T>>,
    message: Option<Hook<T>>,
    tick: Option<Hook<T>>,
    stop: Option<Hook<T>>,
    cadence: Tick,
    fan_out: u32,
    eager: bool,
    passive: bool,
    uncredited: bool,
}

impl Probe {
    /// A probe of numbers, without hooks.
    pub(crate) fn new() -> Self {
        Self::carrying()
    }
}

impl<T: Send + 'static> Probe<T> {
    /// A probe of another payload type, without hooks.
    pub(crate) fn carrying() -> Self {
        Self {
            io: Io {
                input: In::new(),
                control: In::new(),
                output: Out::new(),
                second: Out::new(),
            },
            start: None,
            message: None,
            tick: None,
            stop: None,
            cadence: Tick::Never,
            fan_out: 1,
            eager: false,
            passive: false,
            uncredited: false,
        }
    }

    pub(crate) fn on_start(
        mut self,
        hook: impl FnMut(&mut Io<T>, &mut Context<'_>) -> NodeResult + Send + 'static,
    ) -> Self {
        self.start = Some(Box::new(hook));
        self
    }

    pub(crate) fn on_message(
        mut self,
        hook: impl FnMut(&mut Io<T>, &mut Context<'_>) -> NodeResult + Send + 'static,
    ) -> Self {
        self.message = Some(Box::new(hook));
        self
    }

    pub(crate) fn on_tick(
        mut self,
        cadence: Tick,
        hook: impl FnMut(&mut Io<T>, &mut Context<'_>) -> NodeResult + Send + 'static,
    ) -> Self {
        self.cadence = cadence;
        self.tick = Some(Box::new(hook));
        self
    }

    pub(crate) fn on_stop(
        mut self,
        hook: impl FnMut(&mut Io<T>, &mut Context<'_>) -> NodeResult + Send + 'static,
    ) -> Self {
        self.stop = Some(Box::new(hook));
        self
    }

    /// Declares this fan-out for `out`.
    pub(crate) fn fan_out(mut self, messages: u32) -> Self {
        self.fan_out = messages;
        self
    }

    /// Has it called from the start on, and again after each call.
    pub(crate) fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    /// Makes `in` passive.
    pub(crate) fn passive(mut self) -> Self {
        self.passive = true;
        self
    }

    /// Makes `control` uncredited.
    pub(crate) fn uncredited(mut self) -> Self {
        self.uncredited = true;
        self
    }

    fn rearm(&self, cx: &mut Context<'_>) {
        if self.eager {
            cx.rearm();
        }
    }
}

impl<T: Send + 'static> Node for Probe<T> {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        let input = ports.input("in", &mut self.io.input.port).optional();
        if self.passive {
            input.passive();
        }
        let control = ports.input("control", &mut self.io.control.port).optional();
        if self.uncredited {
            control.uncredited();
        }
        ports
            .output("out", &mut self.io.output.port)
            .optional()
            .fan_out(self.fan_out);
        ports.output("second", &mut self.io.second.port).optional();
        ports.tick(self.cadence);
    }

    fn on_start(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.rearm(cx);
        call(&mut self.start, &mut self.io, cx)
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        self.rearm(cx);
        call(&mut self.message, &mut self.io, cx)
    }

    fn on_tick(&mut self, cx: &mut Context<'_>) -> NodeResult {
        call(&mut self.tick, &mut self.io, cx)
    }

    fn on_stop(&mut self, cx: &mut Context<'_>) -> NodeResult {
        call(&mut self.stop, &mut self.io, cx)
    }
}

fn call<T: Send + 'static>(
    hook: &mut Option<Hook<T>>,
    io: &mut Io<T>,
    cx: &mut Context<'_>,
) -> NodeResult {
    match hook {
        Some(hook) => hook(io, cx),
        None => Ok(()),
    }
}

/// A source of `0..end`, which then finishes. A number that is refused stays
/// the next one; when the consumer has gone, it finishes.
pub(crate) fn feed(end: u64) -> Probe {
    let mut next = 0;
    Probe::new().eager().on_message(move |io, cx| {
        while cx.next_turn() {
            if next == end || io.output.send(cx, next).is_err() {
                if next == end || io.output.port.is_closed() {
                    cx.finish();
                }
                break;
            }
            next += 1;
        }
        Ok(())
    })
}

/// A source that never finishes by itself.
pub(crate) fn feed_forever() -> Probe {
    feed(u64::MAX)
}

/// A sink that keeps what it received.
pub(crate) fn eat(eaten: &Log<u64>) -> Probe {
    let eaten = eaten.clone();
    Probe::new().on_message(move |io, cx| {
        while let Some(number) = io.input.recv(cx) {
            eaten.push(number);
        }
        Ok(())
    })
}

/// Sends on what it receives.
pub(crate) fn relay() -> Probe {
    Probe::new().on_message(|io, cx| {
        while let Some(number) = io.input.recv(cx) {
            io.output.send(cx, number)?;
        }
        Ok(())
    })
}
