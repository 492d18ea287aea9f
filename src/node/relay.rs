//! The loop of a node with one input and one output.

use crate::edge::transfer;
use crate::message::Message;
use crate::sync::Ordering;

use super::context::Context;
use super::input::Input;
use super::output::{Output, SendError};

impl<T: Send + 'static> Input<T> {
    /// Receives messages, and sends on what `derive` makes of each payload,
    /// with the message's header: the whole loop of a node with one input and
    /// one output. It does what these lines do, at a fraction of their cost:
    ///
    /// ```
    /// # use tidegate::message::Message;
    /// # use tidegate::node::{Context, Input, Output, SendError};
    /// # fn relay<T: Send, U: Send>(
    /// #     input: &mut Input<T>,
    /// #     output: &mut Output<U>,
    /// #     cx: &mut Context<'_>,
    /// #     mut derive: impl FnMut(T) -> Option<U>,
    /// # ) -> Result<(), SendError<U>> {
    /// while let Some(message) = input.recv(cx) {
    ///     let (header, payload) = message.into_parts();
    ///     if let Some(derived) = derive(payload) {
    ///         output.send_message(cx, Message::from_parts(header, derived))?;
    ///     }
    /// }
    /// Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SendError`] hands back the message that was not sent.
    ///
    /// # Real-time
    /// As [`recv`](Self::recv) and [`send`](Output::send). Between two plain
    /// (Block or Drop) edges without validators each message is moved from
    /// slot to slot and published at once, and everything else is decided once
    /// for as many as are pending and have room.
    ///
    /// ```
    /// use tidegate::node::{Context, Input, Node, NodeResult, Output, Ports};
    ///
    /// /// Sends every other number.
    /// struct Thin { numbers: Input<u32>, thinned: Output<u32>, odd: bool }
    ///
    /// impl Node for Thin {
    ///     fn ports(&mut self, ports: &mut Ports<'_>) {
    ///         ports.input("numbers", &mut self.numbers);
    ///         ports.output("thinned", &mut self.thinned);
    ///     }
    ///
    ///     fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
    ///         let odd = &mut self.odd;
    ///         self.numbers.relay(cx, &mut self.thinned, |number| {
    ///             *odd = !*odd;
    ///             odd.then_some(number)
    ///         })?;
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[inline(always)]
    pub fn relay<U: Send + 'static>(
        &mut self,
        cx: &mut Context<'_>,
        output: &mut Output<U>,
        mut derive: impl FnMut(T) -> Option<U>,
    ) -> Result<(), SendError<U>> {
        loop {
            relay_plain(self, cx, output, &mut derive);
            // One message in the general way, or none: that is the end.
            let Some(message) = self.recv(cx) else {
                return Ok(());
            };
            let (header, payload) = message.into_parts();
            if let Some(derived) = derive(payload) {
                output.send_message(cx, Message::from_parts(header, derived))?;
            }
        }
    }
}

/// Relays as far as nothing needs a decision.
#[inline(always)]
fn relay_plain<T: Send + 'static, U: Send + 'static>(
    input: &mut Input<T>,
    cx: &mut Context<'_>,
    output: &mut Output<U>,
    derive: &mut impl FnMut(T) -> Option<U>,
) {
    let mask = output.mask;
    let (Some(consumer), Some(producer)) = (&mut input.consumer, output.unvalidated()) else {
        return;
    };
    let Some(mut passage) = cx.passage(input.credited, mask) else {
        return;
    };
    let (most, mail) = (passage.most, passage.mail);
    transfer(
        consumer,
        producer,
        most,
        || mail.load(Ordering::Relaxed) == 0, // a hint, as in `Context::admits`
        |message: Message<T>| {
            let (header, payload) = message.into_parts();
            passage.receive(&header);
            let derived = derive(payload)?;
            passage.send();
            Some(Message::from_parts(header, derived))
        },
    );
}
