//! The part of an activation in which messages go from one input to one output
//! and nothing else happens.

use crate::message::{Header, Lineage};
use crate::sync::AtomicU64;

use super::context::Activation;

/// Keeps an activation's books for many messages; they are entered when this
/// is dropped, also by a panic.
pub(crate) struct Passage<'a> {
    activation: &'a mut Activation,
    output: u64,
    /// How many messages may be handled.
    pub(crate) most: u32,
    /// Not zero when the worker has mail: time for a decision.
    pub(crate) mail: &'a AtomicU64,
    received: u32,
    /// Of the last message.
    lineage: Lineage,
    sent: u64,
}

impl<'a> Passage<'a> {
    #[inline(always)]
    pub(super) fn new(
        activation: &'a mut Activation,
        mail: &'a AtomicU64,
        most: u32,
        output: u64,
    ) -> Self {
        Self {
            lineage: activation.current,
            activation,
            output,
            most,
            mail,
            received: 0,
            sent: 0,
        }
    }

    /// A message was taken from the input.
    #[inline(always)]
    pub(crate) fn receive(&mut self, header: &Header) {
        // It was sent through an output.
        debug_assert!(header.is_complete());
        self.received += 1;
        self.lineage = header.lineage();
    }

    /// Something is about to wait behind the output.
    #[inline(always)]
    pub(crate) fn send(&mut self) {
        self.sent = self.output;
    }
}

impl Drop for Passage<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.activation.handled += self.received;
        self.activation.current = self.lineage;
        self.activation.sent |= self.sent;
    }
}
