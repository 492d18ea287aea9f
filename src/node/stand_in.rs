//! What takes a quarantined node's place: it receives whatever arrives, and
//! sends it on over the edges for dead letters, or drops it.
//!
//! It is made and unmade off the workers, which call it like any other node.
//! The only gates it is held by are those of the edges for dead letters, and a
//! message brings at most one, so it never meets a full Block edge.

use alloc::vec::Vec;
use core::any::Any;

use crate::edge::{Consumer, Sent};
use crate::message::Message;
use crate::util::drop_quietly;

use super::context::{Context, bit};
use super::output::OutputEndpoint;
use super::ports::{Endpoints, PortTable, Ports, UNDECLARED};
use super::{Node, NodeResult};

/// Takes a message from an erased consumer and sends it on, if there is where
/// to; the number is the bit of that output. Whether there was a message.
pub(crate) type Bury =
    fn(&mut (dyn Any + Send), Option<&mut (dyn Any + Send)>, u64, &mut Context<'_>) -> bool;

/// A node in place of another. It has that one's endpoints, those for its dead
/// letters among them.
pub(crate) struct StandIn {
    ends: Endpoints,
    graves: Vec<Grave>,
}

/// An input that is served, and where its dead letters go.
struct Grave {
    input: usize,
    output: Option<usize>,
    bury: Bury,
}

impl StandIn {
    /// In place of a node with these ports and endpoints. What arrives at
    /// passive inputs waits.
    pub(crate) fn new(table: &PortTable, ends: Endpoints) -> Self {
        let served = table.inputs.iter().enumerate();
        let graves = served
            .filter(|(_, port)| !port.passive)
            .map(|(input, port)| Grave {
                input,
                output: (table.outputs.iter())
                    .position(|output| output.dead_letters_of == Some(input)),
                bury: port.bury,
            });
        Self {
            graves: graves.collect(),
            ends,
        }
    }
}

impl Node for StandIn {
    fn ports(&mut self, ports: &mut Ports<'_>) {
        ports.exchange(&mut self.ends);
    }

    fn on_message(&mut self, cx: &mut Context<'_>) -> NodeResult {
        let Endpoints { inputs, outputs } = &mut self.ends;
        for grave in &self.graves {
            let Some(Some(consumer)) = inputs.get_mut(grave.input) else {
                continue;
            };
            while cx.admits(true, UNDECLARED) {
                let output = grave.output.and_then(|index| outputs.get_mut(index));
                let end = output.and_then(Option::as_deref_mut);
                let mask = grave.output.map_or(0, bit);
                if !(grave.bury)(&mut **consumer, end, mask, cx) {
                    break;
                }
                cx.activation.handled += 1;
            }
        }
        // The node did not handle them.
        cx.activation.handled = 0;
        Ok(())
    }
}

/// [`Bury`] for payloads of type `T`.
pub(crate) fn bury<T: Send + 'static>(
    consumer: &mut (dyn Any + Send),
    end: Option<&mut (dyn Any + Send)>,
    mask: u64,
    cx: &mut Context<'_>,
) -> bool {
    let Some(consumer) = consumer.downcast_mut::<Consumer<Message<T>>>() else {
        return false;
    };
    let Some(message) = consumer.take_dead_letter() else {
        return false;
    };
    match end.and_then(|end| end.downcast_mut::<OutputEndpoint<T>>()) {
        Some(end) => pass_on(end, message, mask, cx),
        None => {
            drop_quietly(message);
        }
    }
    true
}

fn pass_on<T: Send + 'static>(
    end: &mut OutputEndpoint<T>,
    message: Message<T>,
    mask: u64,
    cx: &mut Context<'_>,
) {
    let welcome = end
        .validator
        .is_none_or(|validator| validator(message.payload()).is_ok());
    if !welcome {
        drop_quietly(message);
        return;
    }
    match end.producer.send(message) {
        Ok(Sent::Stored | Sent::Coalesced) => cx.sent(mask),
        Ok(Sent::Replaced(old)) => {
            cx.sent(mask);
            drop_quietly(old);
        }
        Ok(Sent::Dropped(new)) => {
            cx.full(mask);
            drop_quietly(new);
        }
        // Nobody receives dead letters any more. (It is not full: see above.)
        Err(error) => {
            drop_quietly(error);
        }
    }
}
