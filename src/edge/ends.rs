//! The two ends of an edge, whatever its memory is.

use core::time::Duration;

use super::consumer::Consumer;
use super::control::EdgeControl;
use super::policy::Policy;
use super::producer::Producer;
use super::slots::Slots;
use super::{exchange, ring};
use crate::sync::Shared;

/// The two ends of a new edge, which was made for this policy.
pub(super) fn ends<T: Send>(
    control: &Shared<EdgeControl>,
    slots: &Shared<Slots<T>>,
    policy: Policy<T>,
    max_age: Option<Duration>,
) -> (Producer<T>, Consumer<T>) {
    match policy {
        Policy::Block => {
            let (writer, reader) = ring::pair(control, slots);
            (Producer::block(writer), Consumer::ring(reader, max_age))
        }
        Policy::Drop => {
            let (writer, reader) = ring::pair(control, slots);
            (
                Producer::drop_newest(writer),
                Consumer::ring(reader, max_age),
            )
        }
        Policy::Latest => {
            let (writer, reader) = exchange::pair(control, slots);
            (
                Producer::latest(writer),
                Consumer::exchange(reader, max_age),
            )
        }
        Policy::Coalesce(merge) => {
            let (writer, reader) = exchange::pair(control, slots);
            (
                Producer::coalesce(writer, merge),
                Consumer::exchange(reader, max_age),
            )
        }
    }
}
