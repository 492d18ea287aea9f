//! What the nodes of a random graph send to each other.

/// A payload stamped with its position on the edge it is sent over, so that the
/// receiver can tell what is missing, repeated or out of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// The position of the first message that this one stands for.
    pub(crate) first: u64,
    /// The position of the last message that was merged into it.
    pub(crate) last: u64,
    /// Whether something was merged into it that does not follow it.
    pub(crate) disordered: bool,
    /// Goes along from edge to edge, and tells runs of an engine apart.
    pub(crate) value: u64,
}

impl Packet {
    pub(crate) fn new(position: u64, value: u64) -> Self {
        Self {
            first: position,
            last: position,
            disordered: false,
            value,
        }
    }

    /// The merge function of Coalesce edges.
    pub(crate) fn absorb(&mut self, new: Self) {
        self.disordered |= new.disordered || self.last + 1 != new.first;
        self.last = new.last;
        self.value = self.value.wrapping_mul(31).wrapping_add(new.value);
    }
}
